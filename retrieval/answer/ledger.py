"""The books of one answer: what was kept, what was left out, what went wrong, and what it all comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import Literal

from retrieval.analysis import Analyzer
from retrieval.answer.alce import citation_quality
from retrieval.answer.checking import Checked, check
from retrieval.answer.conflicts import conflicts
from retrieval.answer.llm.language_model import LanguageModel
from retrieval.answer.records import (
    Abstention,
    Answer,
    AnswerEvent,
    AnswerSentence,
    Decision,
    Draft,
    Finished,
    Happened,
    Incident,
    IncidentKind,
    Question,
    Source,
    ToolResult,
    Written,
)
from retrieval.answer.writing import Attempt
from retrieval.classification import Classifier
from retrieval.mesh_tree import MeshTree
from retrieval.records import Article
from retrieval.search import Searcher
from retrieval.verify.base import Judgement, Verdict, Verifier


class Ledger:
    def __init__(self, question: Question, searcher: Searcher, verifier: Verifier, model: LanguageModel | None) -> None:
        self.query = ""
        self.decision: Decision | None = None
        self.tools: tuple[ToolResult, ...] = ()
        self.sources: tuple[Source, ...] = ()
        self.notices: tuple[str, ...] = ()
        self.reranker = ""
        self.composer = model.id if model else "extractive"
        self.repairs = True
        """Whether the model is still asked to repair sentences."""
        self.kept: list[AnswerSentence] = []
        self.dropped: list[AnswerSentence] = []
        self._question = question
        self._searcher = searcher
        self._verifier = verifier
        self._incidents: list[Incident] = []
        self._written: list[AnswerSentence] = []
        self._judged: list[tuple[AnswerSentence, Mapping[str, Judgement]]] = []
        self._timings: dict[str, float] = {}
        self._started = perf_counter()

    def happened(self, incident: Incident) -> Iterator[AnswerEvent]:
        self._incidents.append(incident)
        yield Happened(incident)

    def doubts(self, attempt: Attempt) -> Iterator[AnswerEvent]:
        """What is wrong with a sentence before any paper is asked."""
        text = attempt.marked.text
        for marker in attempt.marked.unknown:
            message = "it names no source that the model was given; it counts for nothing"
            yield from self.happened(Incident(IncidentKind.UNKNOWN_KEY, message, marker, text))
        for identifier in attempt.forged:
            message = "the model was shown no such identifier; a sentence that names one is not kept as it is"
            yield from self.happened(Incident(IncidentKind.FORGED_IDENTIFIER, message, identifier, text))

    def check(self, draft: Draft, *, origin: Literal["model", "extract"], repaired: bool = False) -> Checked:
        with self.timed("checking"):
            return check(draft, self.sources, self._verifier, origin=origin, repaired=repaired)

    def settle(self, checked: Checked) -> Iterator[AnswerEvent]:
        """Enters a sentence that needs no repair, whether it stays or not."""
        if not checked.stays:
            yield from self.drop(checked)
            return
        self._written.append(checked.written)
        yield from self._keep(checked)

    def replace(self, first: Checked, second: Checked) -> Iterator[AnswerEvent]:
        """Enters a sentence that failed and, in its place, the one that it was repaired to."""
        yield from self.drop(first)
        yield from self._keep(second)

    def drop(self, checked: Checked) -> Iterator[AnswerEvent]:
        self._written.append(checked.written)
        self.dropped.append(checked.written)
        yield from self._told(checked)

    def _keep(self, checked: Checked) -> Iterator[AnswerEvent]:
        yield from self._told(checked)
        self.kept.append(checked.sentence)
        self._judged.append((checked.sentence, checked.judgements))
        yield Written(checked.sentence)

    def _told(self, checked: Checked) -> Iterator[AnswerEvent]:
        for incident in checked.incidents:
            yield from self.happened(incident)

    def finished(self, abstention: Abstention | None) -> Finished:
        with self.timed("checking"):
            quality = citation_quality(self._written, self._verifier)
        from_tools = tuple(AnswerSentence(result.text, Verdict.NOT_FOUND, origin="tool") for result in self.tools)
        manifest = self._searcher.manifest
        models = {
            "encoder": manifest.encoder.id if manifest.encoder else "",
            "reranker": self.reranker,
            "verifier": self._verifier.id,
            "composer": self.composer,
        }
        self._timings["total"] = round((perf_counter() - self._started) * 1000, 3)
        answer = Answer(
            question=self._question.text,
            sentences=(*from_tools, *self.kept),
            dropped=tuple(self.dropped),
            sources=self.sources,
            abstention=abstention,
            conflicts=conflicts(self._judged, self.sources, _study_types(self._searcher.analyzer)),
            incidents=tuple(self._incidents),
            tools=self.tools,
            notices=self.notices,
            citation_recall=quality.recall,
            citation_precision=quality.precision,
            generation=self._searcher.generation,
            query=self.query,
            policy=self._question.filters.integrity,
            models={name: value for name, value in models.items() if value},
            decision=self.decision,
            timings_ms=self._timings,
        )
        return Finished(answer)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            spent = (perf_counter() - start) * 1000
            self._timings[stage] = round(self._timings.get(stage, 0.0) + spent, 3)


class _StudyTypes:
    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._classifier = Classifier(analyzer, MeshTree())

    def __call__(self, article: Article) -> tuple[str, ...]:
        return self._classifier.classify(article, self._analyzer.text(article.title).row).study_types


@cache
def _study_types(analyzer: Analyzer) -> _StudyTypes:
    return _StudyTypes(analyzer)
