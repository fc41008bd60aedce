"""CitationLookup.look_up: from a draft to sentences, their need, the papers that carry them and those they cite."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import Final

from msgspec.structs import replace

from retrieval.errors import InputError, PathlitError
from retrieval.integrity import may_support
from retrieval.lookup.cited import cited_paper, speaks_for
from retrieval.lookup.draft import Draft, Sentence, clean, read_draft
from retrieval.lookup.markers import find_markers, without_markers
from retrieval.lookup.need import assess, says_something
from retrieval.lookup.ranking import told
from retrieval.lookup.records import (
    LONGEST_SENTENCE,
    LONGEST_TEXT,
    MOST_LOOKED_UP,
    MOST_PAPERS,
    Assessment,
    CheckedReference,
    CitedPaper,
    FoundPaper,
    ItemError,
    ItemOutcome,
    LookupRequest,
    LookupResult,
    Marker,
    Need,
    SentenceReport,
)
from retrieval.lookup.shelf import Shelf
from retrieval.records import Query
from retrieval.references.records import Reference
from retrieval.search import Searcher
from retrieval.verify.base import Claim, Judgement, Verifier

Progress = Callable[[int, int], None]
"""Sentences done, and all of them."""

_JUDGED: Final = 10
"""Hits that the verifier reads for each sentence."""
# What the query language would take for more than words.
_SIGNS: Final = re.compile(r"[\"“”„‟«»:]|(?<!\S)[-‐-―−]+")
_ALNUM: Final = re.compile(r"[^\W_]")
_REPORTING: Final = re.compile(
    r"^(?:(?:\w+ly\s)?(?:showed|reported|found|demonstrated|observed|suggested|concluded|described|argued|noted)\s)?that\s",
    re.IGNORECASE,
)


class CitationLookup:
    """Looks up in one generation; safe to use from several threads where the verifier is loaded."""

    def __init__(self, searcher: Searcher, verifier: Verifier) -> None:
        self._searcher = searcher
        self._verifier = verifier

    def look_up(self, request: LookupRequest, progress: Progress = lambda done, total: None) -> LookupResult:
        """InputError for a text that is empty or too long, an impossible number of papers, unreadable references."""
        _require_usable(request)
        started = perf_counter()
        draft = read_draft(request.text)
        shelf = Shelf(draft, request, self._searcher)
        notices = list(shelf.notices)
        resolved = perf_counter()
        reports = list(_assessed(draft, request.text, shelf))
        wanted = {report.number for report in reports if _is_wanted(report, request, alone=len(reports) == 1)}
        kept = set(sorted(wanted)[:MOST_LOOKED_UP])
        if not reports:
            notices.append("The text holds no sentence.")
        if len(wanted) > len(kept):
            notices.append(
                f"{len(wanted):,} sentences are to be looked up, more than {MOST_LOOKED_UP:,} at once: those from "
                f"sentence {sorted(wanted)[MOST_LOOKED_UP]:,} on were not; hand over the rest by itself."
            )
        found: list[SentenceReport] = []
        for report in reports:
            found.append(self._looked_up(report, request, shelf) if report.number in kept else report)
            progress(report.number, len(reports))
        timings = {
            "references": round((resolved - started) * 1000, 3),
            "sentences": round((perf_counter() - resolved) * 1000, 3),
        }
        return LookupResult(
            sentences=tuple(found),
            references=tuple(_checked(shelf, found)),
            notices=tuple(notices),
            generation=self._searcher.generation,
            policy=request.filters.integrity,
            models=self._models(),
            timings_ms=timings,
        )

    def look_up_each(self, requests: Iterable[LookupRequest]) -> Iterator[ItemOutcome]:
        """An outcome for each request as soon as it is there; one that fails has an error of its own."""
        for index, request in enumerate(requests):
            try:
                yield ItemOutcome(index, result=self.look_up(request))
            except PathlitError as exc:
                yield ItemOutcome(index, error=ItemError(exc.code, str(exc)))

    def _looked_up(self, report: SentenceReport, request: LookupRequest, shelf: Shelf) -> SentenceReport:
        cited = self._cited(report, request, shelf)
        if any(paper.usable and speaks_for(paper.judgement) for paper in cited):
            return replace(report, cited=cited, looked_up=True)
        if cited and not (request.check_cited and says_something(report.claim)):
            return replace(report, cited=cited)
        return replace(report, cited=cited, papers=self._papers(report.claim, request), looked_up=True)

    def _papers(self, claim: str, request: LookupRequest) -> tuple[FoundPaper, ...]:
        words = " ".join(_SIGNS.sub(" ", claim).split())
        if not _ALNUM.search(words):
            return ()
        depth = max(_JUDGED, request.papers)
        hits = self._searcher.search(Query(text=words, limit=depth, filters=request.filters)).hits
        judgements = self._verifier.judge([Claim(claim, hit.article) for hit in hits])
        policy = request.filters.integrity
        papers = [
            FoundPaper(hit.article, hit.integrity, judgement, hit.rank, hit.score, may_support(hit.integrity, policy))
            for hit, judgement in zip(hits, judgements, strict=True)
        ]
        return told(papers, request.papers)

    def _cited(self, report: SentenceReport, request: LookupRequest, shelf: Shelf) -> tuple[CitedPaper, ...]:
        pointed = {key: shelf.point(marker, key) for marker in report.markers for key in marker.keys}
        articles = {
            key: to.resolution.found.article for key, to in pointed.items() if to.resolution and to.resolution.found
        }
        judged: dict[str, Judgement] = {}
        if request.check_cited and _ALNUM.search(report.claim):
            judgements = self._verifier.judge([Claim(report.claim, article) for article in articles.values()])
            judged = dict(zip(articles, judgements, strict=True))
        return tuple(cited_paper(key, to, judged.get(key), request) for key, to in pointed.items())

    def _models(self) -> dict[str, str]:
        encoder = self._searcher.manifest.encoder
        reranker = self._searcher.reranker
        models = {
            "encoder": encoder.id if encoder else "",
            "reranker": reranker.name if reranker else "",
            "verifier": self._verifier.id,
        }
        return {name: model for name, model in models.items() if model}


def _require_usable(request: LookupRequest) -> None:
    if not request.text.strip():
        raise InputError("the text is empty; give a sentence, a paragraph or a draft")
    if len(request.text) > LONGEST_TEXT:
        raise InputError(
            f"the text has {len(request.text):,} characters; the limit is {LONGEST_TEXT:,}: hand it over in parts"
        )
    if not 1 <= request.papers <= MOST_PAPERS:
        raise InputError(f"{request.papers} papers for each sentence were asked for; choose 1 to {MOST_PAPERS}")


def _assessed(draft: Draft, text: str, shelf: Shelf) -> Iterator[SentenceReport]:
    """Every sentence with its markers and its need, before anything is looked up."""
    numbers = shelf.numbers
    before: Assessment | None = None
    place: tuple[str, int] | None = None
    for number, sentence in enumerate(draft.sentences, start=1):
        raw = text[sentence.start : sentence.end]
        markers = find_markers(raw, sentence.start, numbers) if len(raw) <= 2 * LONGEST_SENTENCE else ()
        claim = _claim(sentence, raw, markers)
        same = place == (sentence.section, sentence.paragraph)
        before = assess(claim, section=sentence.section, markers=markers, before=before if same else None)
        place = (sentence.section, sentence.paragraph)
        yield SentenceReport(number, raw, sentence.start, sentence.end, claim, sentence.section, before, markers)


def _claim(sentence: Sentence, raw: str, markers: tuple[Marker, ...]) -> str:
    if not markers:
        return sentence.text
    # Of "Smith et al. (2014) showed that" nothing is part of the claim.
    return _REPORTING.sub("", clean(without_markers(raw, markers, sentence.start)), count=1)


def _is_wanted(report: SentenceReport, request: LookupRequest, *, alone: bool) -> bool:
    if len(report.claim) > LONGEST_SENTENCE:
        return False
    return alone or request.every_sentence or report.assessment.need is not Need.NOT_NEEDED


def _checked(shelf: Shelf, reports: Sequence[SentenceReport]) -> Iterator[CheckedReference]:
    citing: dict[int, list[int]] = {}
    for report in reports:
        for marker in report.markers:
            for key in marker.keys if marker.kind != "identifier" else ():
                if to := shelf.point(marker, key).resolution:
                    citing.setdefault(to.reference.place, []).append(report.number)
    for item in shelf.items:
        cited_by = tuple(dict.fromkeys(citing.get(item.place, ())))
        if isinstance(item, Reference):
            resolution = shelf.resolved[item.place]
            problem = "" if resolution.found else resolution.reason
            yield CheckedReference(item.label or str(item.place), item.raw, resolution, problem, cited_by)
        else:
            yield CheckedReference(str(item.place), item.raw, None, f"It cannot be read: {item.reason}.", cited_by)
