"""A search's top-up from PubMed itself, through the E-utilities: bounded in time, and kept for some minutes."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from indexing.entrez.source import EntrezSource
from retrieval.errors import PathlitError
from retrieval.freshness import day
from retrieval.records import Article, Integrity
from retrieval.topup import TopUpResult

LONGEST_LOOK_BACK: Final = timedelta(days=30)

_log = logging.getLogger(__name__)
_PUBMED_WORD = re.compile(r"\w+(?:-\w+)*")
_OPERATORS: Final = frozenset({"and", "or", "not"})
_KEPT_ANSWERS: Final = 64
_MOST_AT_WORK: Final = 4
_SHOWN_PMIDS: Final = 5
_ALONE: Final = "this search has the index alone"


class _Question(NamedTuple):
    term: str
    limit: int


class _Asked(NamedTuple):
    answer: Future[TopUpResult]
    at: float


class EntrezTopUp:
    """Implements retrieval.topup.TopUp; safe to use from several threads.

    Whoever asks waits `patience_s` at most; the request goes on behind, and its answer serves the same question for
    `keep_s` seconds. At most four requests are under way at once. The words of a query go to NCBI and nowhere else.
    `judge` says what is known against articles beyond their own records.
    """

    def __init__(
        self,
        source: EntrezSource,
        *,
        patience_s: float = 4.0,
        keep_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        judge: Callable[[Sequence[Article]], dict[int, Integrity]] = lambda articles: {},
    ) -> None:
        self._source = source
        self._judge = judge
        self._patience_s = patience_s
        self._keep_s = keep_s
        self._clock = clock
        self._today = today
        self._asked: dict[_Question, _Asked] = {}
        self._lock = threading.Lock()

    def recent(self, words: str, since: date, limit: int) -> TopUpResult:
        """PubMed's newest articles on these words that were entered since that day, at most 30 days ago."""
        first = max(since, self._today() - LONGEST_LOOK_BACK)
        term = pubmed_term(words, first)
        if not term:
            return _notice(f"PubMed was not asked for newer articles: the query holds no plain words; {_ALONE}.")
        answer = self._answer(_Question(term, limit), first)
        if first == since:
            return answer
        capped = f"PubMed was asked from {day(first)} on; the index is older and may lack more than that."
        return TopUpResult(answer.articles, answer.integrity, (*answer.notices, capped))

    def _answer(self, question: _Question, first: date) -> TopUpResult:
        answer = self._under_way(question, first)
        if answer is None:
            return _notice(f"PubMed was not asked, because it is slow to answer others; {_ALONE}.")
        try:
            return answer.result(self._patience_s)
        except TimeoutError:
            return _notice(
                f"PubMed did not answer within {self._patience_s:g} s; {_ALONE}. Ask again in a moment: the answer is "
                "kept when it comes."
            )
        except PathlitError as exc:
            # The first clause alone: behind it stand NCBI's words, which may repeat what somebody asked.
            _log.warning("PubMed could not be asked: %s", str(exc).partition(": ")[0])
            return _notice(f"PubMed could not be asked for newer articles; {_ALONE}.")

    def _under_way(self, question: _Question, first: date) -> Future[TopUpResult] | None:
        """The answer to come, or one that is kept; None where too many requests are under way."""
        with self._lock:
            self._forget_old()
            if question in self._asked:
                return self._asked[question].answer
            if sum(not asked.answer.done() for asked in self._asked.values()) >= _MOST_AT_WORK:
                return None
            answer: Future[TopUpResult] = Future()
            self._asked[question] = _Asked(answer, self._clock())
        # A daemon: a program that ends does not wait for PubMed.
        work = threading.Thread(target=self._work, args=(question, first, answer), name="pathlit-top-up", daemon=True)
        work.start()
        return answer

    def _forget_old(self) -> None:
        oldest = self._clock() - self._keep_s
        for question, asked in list(self._asked.items()):
            if asked.answer.done() and (asked.at <= oldest or len(self._asked) > _KEPT_ANSWERS):
                del self._asked[question]

    def _work(self, question: _Question, first: date, answer: Future[TopUpResult]) -> None:
        try:
            answer.set_result(self._ask(question, first))
        except Exception as exc:  # noqa: BLE001 - raised again in the thread of whoever waits for it
            with self._lock:
                self._asked.pop(question, None)
            answer.set_exception(exc)

    def _ask(self, question: _Question, first: date) -> TopUpResult:
        found = self._source.search(question.term, limit=question.limit)
        rejected: list[str] = []
        missing: list[int] = []
        records = self._source.fetch(
            found.pmids,
            on_reject=lambda error: rejected.append(error.identifier),
            on_missing=missing.extend,
        )
        articles = tuple(record for record in records if isinstance(record, Article))
        notices = []
        if found.count > len(found.pmids):
            notices.append(
                f"PubMed has {found.count:,} articles on these words since {day(first)}; the {len(found.pmids):,} "
                "newest were looked at."
            )
        if unusable := [*rejected, *map(str, missing)]:
            notices.append(
                f"{len(unusable):,} of PubMed's newer records could not be read: {', '.join(unusable[:_SHOWN_PMIDS])}"
                f"{', ...' if len(unusable) > _SHOWN_PMIDS else ''}."
            )
        return TopUpResult(articles, self._judge(articles), tuple(notices))


def pubmed_term(words: str, first: date) -> str:
    """A PubMed query for articles on all of the words, entered on that day or later; empty where there is no word.

    Whatever PubMed could take for its own syntax is gone: brackets, quotation marks, wildcards, operators.
    """
    plain = [word for word in _PUBMED_WORD.findall(words.lower()) if word not in _OPERATORS]
    if not plain:
        return ""
    return f'({" ".join(plain)}) AND ("{first:%Y/%m/%d}"[edat] : "3000"[edat])'


def _notice(text: str) -> TopUpResult:
    return TopUpResult(notices=(text,))
