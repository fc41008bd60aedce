"""The optional top-up of a search: what PubMed has on the query and the generation has not yet.

It stands in a list of its own behind the hits and never changes them. The same conditions hold on it: its articles go
into a passing index, so that a filter, a phrase or the integrity policy means there what it means everywhere.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, Protocol

import msgspec

from retrieval.analysis import Analyzer
from retrieval.evidence import find_evidence
from retrieval.freshness import current_to
from retrieval.index.interface import IndexedArticle, IndexReader
from retrieval.index.lexical import LexicalReader, LexicalWriter
from retrieval.integrity import EXCLUDED, assess
from retrieval.query import ParsedQuery, parse_query
from retrieval.records import Article, Filters, Integrity, IntegrityPolicy, RecentArticle, Record, SearchResult

_log = logging.getLogger(__name__)
_LOOKED_AT: Final = 50
_EVIDENCE_EACH: Final = 2


class TopUpResult(Record, frozen=True):
    articles: tuple[Article, ...] = ()
    integrity: dict[int, Integrity] = msgspec.field(default_factory=dict)
    """By PMID, what else is known of them than their own records say."""
    notices: tuple[str, ...] = ()
    """What the asker should know: a failure, a limit."""


class TopUp(Protocol):
    def recent(self, words: str, since: date, limit: int) -> TopUpResult:
        """PubMed's newest articles on these plain words from that day on, at most `limit`.

        It answers within a bounded time, and a failure of the source is a notice, never an exception.
        """
        ...


def topped_up(result: SearchResult, top_up: TopUp, reader: IndexReader, analyzer: Analyzer) -> SearchResult:
    """The result with its `not_indexed` articles. Whatever fails here is a notice; the hits are never lost."""
    start = perf_counter()
    parsed = parse_query(result.query.text, result.query.filters)
    notices: tuple[str, ...]
    found: tuple[RecentArticle, ...] = ()
    if not analyzer.terms(parsed.ranking_text):
        notices = ("PubMed was not asked for newer articles: the query holds no plain words.",)
    else:
        try:
            answer = top_up.recent(parsed.ranking_text, current_to(reader.manifest).date(), _LOOKED_AT)
            found = _usable(answer.articles, answer.integrity, parsed, reader, analyzer)[: result.query.limit]
            notices = (*answer.notices, *_warnings(found, result.query.filters))
            if not found and not notices:
                notices = ("PubMed has nothing newer on this that meets the conditions.",)
        except Exception as exc:  # noqa: BLE001 - an extra that fails must not take the search with it
            # Without the exception's own words, which may hold what somebody asked.
            frames = "".join(traceback.format_tb(exc.__traceback__)).rstrip()
            _log.error("the top-up failed: %s\n%s", type(exc).__name__, frames)
            notices = ("PubMed could not be asked for newer articles; the search has the index alone.",)
    return msgspec.structs.replace(
        result,
        not_indexed=found,
        notices=(*result.notices, *notices),
        timings_ms={**result.timings_ms, "top_up": round((perf_counter() - start) * 1000, 3)},
    )


def _warnings(found: Sequence[RecentArticle], filters: Filters) -> Iterator[str]:
    if filters.integrity is IntegrityPolicy.LABEL:
        for recent in found:
            if recent.integrity.status in EXCLUDED:
                yield f"PMID {recent.article.pmid} is {recent.integrity.status.value}; it must not be relied on."


def _usable(
    articles: Sequence[Article],
    judged: Mapping[int, Integrity],
    parsed: ParsedQuery,
    reader: IndexReader,
    analyzer: Analyzer,
) -> tuple[RecentArticle, ...]:
    """Those that the generation lacks and the conditions allow, best match of the words first."""
    known = reader.articles([article.pmid for article in articles])
    new = {
        article.pmid: IndexedArticle(article, judged.get(article.pmid) or assess(article))
        for article in articles
        if article.pmid not in known
    }
    if not new:
        return ()
    with TemporaryDirectory(prefix="pathlit-") as folder:
        LexicalWriter(Path(folder) / "lexical", analyzer).write(new.values(), threads=1)
        passing = LexicalReader(Path(folder) / "lexical", analyzer)
        ranked = passing.scores(parsed.ranking_text, passing.matching(parsed.constraint))
    chosen = [new[scored.pmid] for scored in ranked]
    evidence = find_evidence(
        parsed.ranking_text, [indexed.article for indexed in chosen], analyzer, limit=_EVIDENCE_EACH
    )
    return tuple(
        RecentArticle(article=indexed.article, integrity=indexed.integrity, evidence=sentences)
        for indexed, sentences in zip(chosen, evidence, strict=True)
    )
