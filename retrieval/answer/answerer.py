"""Answerer.stream: the one path from a question to an answer of which every sentence was checked.

condense -> route -> tools -> search -> enough to answer? -> pack -> write -> check -> repair once, or leave out
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Final, Literal

from retrieval.answer.abstention import THRESHOLD, AbstentionModel
from retrieval.answer.asked_image import AskedImage
from retrieval.answer.condensing import condensed
from retrieval.answer.extract import compose
from retrieval.answer.finding import Literature, find_by_image, find_by_words
from retrieval.answer.hygiene import suspicious
from retrieval.answer.ledger import Ledger
from retrieval.answer.llm.language_model import LanguageModel
from retrieval.answer.packing import pack
from retrieval.answer.prompt import answer_messages, problem_of, repair_messages, shown_text
from retrieval.answer.records import (
    Abstention,
    Answer,
    AnswerEvent,
    Decision,
    Draft,
    Finished,
    Incident,
    IncidentKind,
    Question,
    Searched,
    Source,
    Sourced,
)
from retrieval.answer.tool_rounds import ToolRun, run_tools
from retrieval.answer.writing import Attempt, Declined, falls_back, reply_tokens, rewrite, write
from retrieval.errors import InputError
from retrieval.image.search import ImageSearch
from retrieval.records import LEGS
from retrieval.router.base import Asked, Router
from retrieval.router.log import LoggedRouter
from retrieval.search import Searcher
from retrieval.tools.calling import Toolbox
from retrieval.verify.base import Verifier

LONGEST_QUESTION: Final = 4_000
MOST_SOURCES: Final = 20
MOST_SENTENCES: Final = 12
_PROMPT_TOKENS: Final = 450
"""Of the rules and what holds the sources together."""
_LEAST_ROOM: Final = 200


class Answerer:
    """Answers from one generation; safe to use from several threads. Without a `model` papers are quoted verbatim,
    without `abstention` the packaged weights say whether what was found answers."""

    def __init__(
        self,
        searcher: Searcher,
        *,
        verifier: Verifier,
        router: Router,
        model: LanguageModel | None = None,
        images: ImageSearch | None = None,
        toolbox: Toolbox | None = None,
        abstention: AbstentionModel | None = None,
    ) -> None:
        self._searcher = searcher
        self._verifier = verifier
        self._router = router
        self._model = model
        self._images = images
        self._toolbox = toolbox
        self._judge = abstention

    def answer(self, question: Question, image: AskedImage | None = None) -> Answer:
        """The last event of `stream`."""
        for event in self.stream(question, image):
            if isinstance(event, Finished):
                return event.answer
        raise RuntimeError("an answer's stream ended without its answer")

    def stream(self, question: Question, image: AskedImage | None = None) -> Iterator[AnswerEvent]:
        """Events as they happen; a sentence comes out only once it was checked and stays. Closing it stops all work.

        InputError for a question that is empty, too long, or asks for too much; ConfigurationError for an image where
        images cannot be asked with.
        """
        _require_usable(question, image)
        ledger = Ledger(question, self._searcher, self._verifier, self._model)
        text, failed = condensed(question, self._model)
        ledger.query = text
        if failed is not None:
            yield from ledger.happened(failed)
        if said := suspicious(question.text):
            yield from ledger.happened(Incident(IncidentKind.INJECTION, _IN_QUESTION, said))
        routed = self._asked(text, image)
        decision = ledger.decision = self._router.decide(routed)
        with closing(self._answered(text, question, decision, image, ledger)) as events:
            for event in events:
                if isinstance(event, Finished) and isinstance(self._router, LoggedRouter):
                    self._router.note_answer(routed, event.answer)
                yield event

    def _answered(
        self, text: str, question: Question, decision: Decision, image: AskedImage | None, ledger: Ledger
    ) -> Generator[AnswerEvent, None, None]:
        if not decision.experts:
            yield Searched(query="", decision=decision)
            yield ledger.finished(Abstention("no_question", " ".join(decision.reasons)))
            return
        with ledger.timed("tools"):
            tools = self._tools(text, decision, image)
        ledger.tools = tools.results
        yield from (event for incident in tools.incidents for event in ledger.happened(incident))
        with ledger.timed("search"):
            by_tools = " ".join(result.query for result in tools.results if result.query)
            found = self._find(text, by_tools, question, decision, image)
        ledger.query = found.query
        ledger.notices += found.notices
        ledger.reranker = found.reranker
        yield Searched(query=found.query, decision=decision)
        # "Which markers confirm this?" asks about what the image shows.
        asked = found.query if image is not None else text
        if abstention := _nothing_to_answer_with(found):
            yield ledger.finished(abstention)
            return
        with ledger.timed("sources"):
            sources = self._sources(asked, found, question)
        ledger.sources = sources
        yield Sourced(sources)
        for source in sources:
            if said := next(filter(None, (suspicious(e.text) for e in source.evidence)), ""):
                message = f"{source.article.id} holds text that addresses a language model; read as data"
                yield from ledger.happened(Incident(IncidentKind.INJECTION, message, said))
        if not any(source.usable for source in sources):
            yield ledger.finished(Abstention("no_sources", _NONE_USABLE))
            return
        declined = yield from self._write(asked, question, ledger)
        yield ledger.finished(self._abstention(ledger, declined=declined, confidence=found.confidence))

    def _asked(self, text: str, image: AskedImage | None) -> Asked:
        specs = self._toolbox.specs if self._toolbox else ()
        slide = image is not None and image.is_slide
        return Asked(text, has_image=image is not None and not slide, has_slide=slide, tools=specs)

    def _tools(self, text: str, decision: Decision, image: AskedImage | None) -> ToolRun:
        if self._toolbox is None or "tools" not in decision.experts:
            return ToolRun((), ())
        return run_tools(text, decision.tools, self._toolbox, image.file if image else None, self._model)

    def _find(
        self, text: str, by_tools: str, question: Question, decision: Decision, image: AskedImage | None
    ) -> Literature:
        """`by_tools`: the words that tools added to the question."""
        filters, expand = question.filters, question.expand
        query = f"{text} {by_tools}".strip()
        by_image: Literature | None = None
        if image is not None and {"image", "slide"} & set(decision.experts):
            words = query if set(LEGS) & set(decision.experts) else by_tools
            by_image = find_by_image(self._images, image, words, filters, expand=expand)
            if by_image.found or not text:
                return by_image
        found = find_by_words(
            self._searcher, text, query, filters, decision.experts, expand=expand, abstention=self._judge
        )
        # What an image that says nothing leaves over.
        return found._replace(notices=(*by_image.notices, *found.notices)) if by_image else found

    def _sources(self, asked: str, found: Literature, question: Question) -> tuple[Source, ...]:
        model = self._model
        room = 0
        if model is not None:
            used = _PROMPT_TOKENS + model.count_tokens(asked) + reply_tokens(question.sentences)
            room = model.context_tokens - used
            if room < _LEAST_ROOM:
                raise InputError(
                    f"the question leaves {max(room, 0)} of the language model's {model.context_tokens:,} tokens for "
                    "sources; ask a shorter one, for fewer sentences, or use a model with more context"
                )
        return pack(
            asked,
            found.found,
            self._searcher.evidence,
            policy=question.filters.integrity,
            limit=question.sources,
            seed=f"{self._searcher.generation}\n{asked}",
            count_tokens=model.count_tokens if model else None,
            budget=room,
        )

    def _write(self, asked: str, question: Question, ledger: Ledger) -> Generator[AnswerEvent, None, bool]:
        """Writes by the model, else by quoting. Returns whether the model said that the sources do not answer."""
        if self._model is not None:
            outcome = yield from self._by_model(self._model, asked, question, ledger)
            if outcome != "quote":
                return outcome == "declined"
            ledger.composer = f"{self._model.id}, then extractive"
        with ledger.timed("writing"):
            drafts = compose(asked, ledger.sources, self._searcher, question.sentences)
        for draft in drafts:
            checked = ledger.check(draft, origin="extract")
            yield from ledger.settle(checked)
        return False

    def _by_model(
        self, model: LanguageModel, asked: str, question: Question, ledger: Ledger
    ) -> Generator[AnswerEvent, None, _Outcome]:
        """Returns "quote" where nothing that the model wrote could be kept: the papers then speak for themselves."""
        messages = answer_messages(asked, ledger.sources, ledger.tools, sentences=question.sentences)
        keys = [source.key for source in ledger.sources if source.usable]
        shown = shown_text(ledger.sources, f"{question.text}\n{asked}")
        for piece in write(model, messages, keys, shown, sentences=question.sentences):
            if isinstance(piece, Declined):
                return "declined" if not ledger.kept else "done"
            if isinstance(piece, Incident):
                yield from ledger.happened(piece)
                if falls_back(piece) and not ledger.kept:
                    return "quote"
                continue
            if len(ledger.kept) >= question.sentences:
                message = f"the model went on beyond {question.sentences} sentences; the rest was not read"
                yield from ledger.happened(Incident(IncidentKind.TOO_LONG, message))
                break
            yield from self._settle(model, piece, keys, shown, ledger)
        return "done" if ledger.kept else "quote"

    def _settle(
        self, model: LanguageModel, attempt: Attempt, keys: list[str], shown: str, ledger: Ledger
    ) -> Iterator[AnswerEvent]:
        """Keeps a sentence, lets the model repair it once, or leaves it out."""
        yield from ledger.doubts(attempt)
        draft = Draft(attempt.marked.text, attempt.marked.keys)
        checked = ledger.check(draft, origin="model")
        if checked.stays and not attempt.forged:
            yield from ledger.settle(checked)
            return
        problem = _FORGED_PROBLEM if attempt.forged else problem_of(checked.written)
        again = None
        if ledger.repairs:
            again = rewrite(model, repair_messages(attempt.marked.text, problem, ledger.sources), keys, shown)
        if isinstance(again, Incident):
            # A model that failed once would fail, and take its time, for every sentence to come.
            ledger.repairs = False
            yield from ledger.happened(again)
        elif again is not None and not again.forged and not again.marked.unknown:
            second = ledger.check(Draft(again.marked.text, again.marked.keys), origin="model", repaired=True)
            if second.stays and second.sentence.text not in {kept.text for kept in ledger.kept}:
                yield from ledger.replace(checked, second)
                return
        yield from ledger.drop(checked)

    def _abstention(self, ledger: Ledger, *, declined: bool, confidence: float) -> Abstention | None:
        if ledger.kept:
            return None
        if declined:
            return Abstention("not_answered", _MODEL_SAYS, confidence)
        return Abstention("nothing_supported", _NOTHING_HELD, confidence)


_Outcome = Literal["done", "declined", "quote"]

_IN_QUESTION: Final = "the question holds text that addresses a language model; read as data"
_NONE_USABLE: Final = (
    "Only papers were found that an answer must not rest on: retracted or withdrawn ones, or notices about others."
)
_MODEL_SAYS: Final = "The sources that were found do not answer this; they are listed for reading."
_NOTHING_HELD: Final = "Nothing that was written is supported by the sources; they are listed for reading."
_FORGED_PROBLEM: Final = "it names an identifier or address, and none was shown"


def _nothing_to_answer_with(found: Literature) -> Abstention | None:
    if not found.found:
        return Abstention("no_sources", "Nothing was found on this question.", found.confidence)
    if found.confidence < THRESHOLD:
        message = (
            f"The literature that is indexed does not seem to answer this (probability {found.confidence:.2f}, needed "
            f"{THRESHOLD:.2f}); ask with other words, or search for what is near."
        )
        return Abstention("not_answered", message, found.confidence)
    return None


def _require_usable(question: Question, image: AskedImage | None) -> None:
    if not question.text.strip() and image is None:
        raise InputError("nothing is asked: give a question, an image, or both")
    if len(question.text) > LONGEST_QUESTION:
        raise InputError(f"the question has {len(question.text):,} characters; {LONGEST_QUESTION:,} are the most")
    if not 1 <= question.sources <= MOST_SOURCES:
        raise InputError(f"sources is {question.sources}; it must lie between 1 and {MOST_SOURCES}")
    if not 1 <= question.sentences <= MOST_SENTENCES:
        raise InputError(f"sentences is {question.sentences}; it must lie between 1 and {MOST_SENTENCES}")
