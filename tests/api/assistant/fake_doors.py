"""Doors whose searches are real, in the tiny library, and whose verifier, look-up and answers are scripted."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from datetime import UTC, datetime

from fastapi import FastAPI

from api.app import create_app
from api.assistant.assistant import Assistant
from api.assistant.doors import Doors
from api.schemas import Counts, StatusResponse, status_view
from api.settings import ApiSettings
from api.workers import Workers
from retrieval.answer.records import (
    Abstention,
    Answer,
    AnswerEvent,
    AnswerSentence,
    CheckedCitation,
    Finished,
    Incident,
    IncidentKind,
    Question,
    Searched,
    Source,
    Sourced,
    Written,
)
from retrieval.errors import ImageError
from retrieval.freshness import freshness
from retrieval.image.asking import Part
from retrieval.image.concepts import SeenConcept
from retrieval.image.records import ImageHit, ImageQuery, ImageResult, Reason
from retrieval.live import LiveSearcher
from retrieval.lookup.lookup import Progress
from retrieval.lookup.records import Assessment, FoundPaper, LookupRequest, LookupResult, Need, SentenceReport
from retrieval.records import Article, Evidence, Integrity, IntegrityStatus
from retrieval.search import Searcher
from retrieval.verify.base import Claim, Judgement, Verdict
from retrieval.vocabulary.concepts import Concept
from tests.api.library import LUNG, RETRACTED, Library

IMAGE = b"an image"
QUESTION = "Which markers separate lung adenocarcinoma from squamous cell carcinoma?"
SPAN = "TTF-1 marked adenocarcinoma; p40 marked squamous cells."
_START = LUNG.abstract.index(SPAN)
EVIDENCE = Evidence(field="abstract", start=_START, end=_START + len(SPAN), text=SPAN, score=0.9)
SUPPORTED = Judgement(Verdict.SUPPORTED, 0.93, 0.01, 0.06, EVIDENCE)


def sentence(text: str = SPAN, key: str = "K7Q", verdict: Verdict = Verdict.SUPPORTED) -> AnswerSentence:
    return AnswerSentence(text, verdict, (CheckedCitation(key, 101, "pmid:101", SUPPORTED),))


def source(article: Article = LUNG, key: str = "K7Q", status: IntegrityStatus = IntegrityStatus.OK) -> Source:
    return Source(key, article, Integrity(status=status), (EVIDENCE,), 1)


def events_of(answer: Answer) -> list[AnswerEvent]:
    written = [Written(sentence) for sentence in answer.sentences]
    return [Searched(answer.query), Sourced(answer.sources), *written, Finished(answer)]


ANSWER = Answer(
    question=QUESTION,
    sentences=(sentence(), sentence("p40 is a marker of squamous cells.", verdict=Verdict.PARTLY)),
    sources=(source(),),
    dropped=(sentence("Nobody says so.", verdict=Verdict.NOT_FOUND),),
    incidents=(Incident(IncidentKind.UNSUPPORTED, "a sentence was left out", sentence="Nobody says so."),),
    generation="000001",
    query="lung markers",
    models={"composer": "extractive", "verifier": "scripted"},
)
ABSTAINED = Answer(
    question="Who won the match?",
    sentences=(),
    abstention=Abstention("not_answered", "The literature that was found does not answer this.", 0.1),
    generation="000001",
)


class Script:
    """What the doors answer next, and what they were asked."""

    def __init__(self, *, chatty: bool = False) -> None:
        """`chatty`: prints while it works, as a library might."""
        self._chatty = chatty
        self.begin()

    def begin(self) -> None:
        self.events = events_of(ANSWER)
        self.asked: list[tuple[Question, bytes | None]] = []
        self.failure: Exception | None = None
        """What the verifier raises, and an answer before its second sentence."""
        self.fails_first: Exception | None = None
        """What an answer raises before anything else."""
        self.hold = threading.Event()
        """While it is clear, the second sentence does not come."""
        self.hold.set()
        self.closed = threading.Event()

    def answers(self, answer: Answer) -> None:
        self.events = events_of(answer)

    def doors(self, searcher: Searcher) -> Doors:
        return Doors(
            generation=searcher.generation,
            search=searcher.search,
            article=searcher.article,
            judge=self._judge,
            look_up=self._look_up,
            stream=self._stream,
            status=lambda: _status(searcher),
            search_image=_search_image,
        )

    def _stream(self, question: Question, image: bytes | None) -> Generator[AnswerEvent]:
        self.asked.append((question, image))
        if self._chatty:
            print("a library says something")
        self.closed.clear()
        try:
            if self.fails_first is not None:
                raise self.fails_first
            for number, event in enumerate(self.events):
                if number == 3:
                    self.hold.wait(20)
                    if self.failure is not None:
                        raise self.failure
                yield event
        finally:
            self.closed.set()

    def _judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        if self.failure is not None:
            raise self.failure
        unsaid = Judgement(Verdict.NOT_FOUND, 0.1, 0.1, 0.8)
        return [SUPPORTED if claim.article.pmid in (LUNG.pmid, RETRACTED.pmid) else unsaid for claim in claims]

    def _look_up(self, request: LookupRequest, progress: Progress) -> LookupResult:
        progress(1, 1)
        paper = FoundPaper(LUNG, Integrity(), SUPPORTED, rank=1, score=1.0)
        sentences = tuple(
            SentenceReport(
                number=number,
                text=text,
                start=0,
                end=len(text),
                claim=text,
                section="",
                assessment=Assessment(Need.NEEDED, "It states as a fact what holds in general."),
                papers=(paper,) * request.papers,
                looked_up=True,
            )
            for number, text in enumerate(filter(None, request.text.split(". ")), 1)
        )
        return LookupResult(sentences, generation="000001")


def _search_image(query: ImageQuery, data: bytes, part: Part) -> ImageResult:
    if data != IMAGE:
        raise ImageError("not_an_image", "the file is not an image; send PNG, JPEG, TIFF or WEBP")
    concept = Concept("lung adenocarcinoma", "entity", "lung adenocarcinoma")
    hit = ImageHit(LUNG, 1, 0.9, {}, (Reason("concept", "lung adenocarcinoma (91%)", 0.9),), (EVIDENCE,))
    seen = (SeenConcept(concept, 0.91, 0.3),)
    return ImageResult((hit,), "000001", "colours@1", seen, confident=True, query="lung adenocarcinoma")


def _status(searcher: Searcher) -> StatusResponse:
    fresh = freshness(searcher.manifest, datetime.now(UTC), 7.0)
    return status_view(searcher.manifest, fresh, version="0", counts=Counts(searches=0, answers=0, errors=0))


def scripted_assistant(live: LiveSearcher, script: Script, *, waiting: int = 8) -> Assistant:
    return Assistant(lambda: script.doors(live.searcher()), Workers(at_once=2, waiting=waiting))


def assistant_app(library: Library, script: Script, *, waiting: int = 8, **settings: object) -> FastAPI:
    chosen = ApiSettings.model_validate({"mcp_hosts": ("testserver",), **settings})
    live = library.live()
    return create_app(live, settings=chosen, assistant=scripted_assistant(live, script, waiting=waiting))
