"""One harvest, slice by slice and batch by batch, from wherever its agenda stands to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

from indexing.catalog import Catalog, Tally
from indexing.entrez.agenda import SWEEP, Agenda, HarvestPlan, Slice, State
from indexing.entrez.eutils import HistoryExpiredError, TruncatedAnswerError
from indexing.entrez.harvest_report import HarvestReport, source_name, sweep_name
from indexing.entrez.source import SEARCH_CAP, DateRange, EntrezSearch, EntrezSource
from retrieval.errors import GateError, RecordError, SourceError
from retrieval.records import Article, Deletion

LARGEST_BATCH: Final = 500
_SUCCESSES_TO_GROW: Final = 4
_GARBLED_IN_A_ROW: Final = 5
_FORGOTTEN: Final = 5
"""Searches of one slice that the history server may lose before PMIDs are sent instead."""
_FEW: Final = 20
_SHORTFALL: Final = 0.02
"""Share of the announced articles that the searches may fail to name."""
_FIRST_DAY: Final = "1780-01-01"
"""Before PubMed's oldest citation."""
_LAST_PMID: Final = 99_999_999

HarvestProgress = Callable[[int, int], None]
"""Hears (PMIDs settled, PMIDs known to be wanted)."""


class HarvestRun:
    """One harvest, from wherever its agenda stands to its end."""

    def __init__(
        self,
        source: EntrezSource,
        catalog: Catalog,
        agenda: Agenda,
        plan: HarvestPlan,
        today: date,
        progress: HarvestProgress,
        max_lost: float,
    ) -> None:
        self._source, self._catalog, self._agenda, self._plan = source, catalog, agenda, plan
        self._today, self._progress, self._max_lost = today, progress, max_lost
        self._name = source_name(plan.term)
        self._tally = Tally()
        self._rejected: dict[str, str] = {}
        self._size, self._successes, self._garbled = LARGEST_BATCH, 0, 0
        self._settled = self._wanted = 0

    def run(self, resumed: bool) -> HarvestReport:
        counts = self._agenda.count(self._plan)
        self._wanted = sum(counts.values())
        self._settled = self._wanted - counts.get(State.PENDING, 0)
        if self._plan.announced < 0:
            whole = self._source.search(self._plan.term, limit=0)
            self._plan = self._agenda.note_answer(self._plan, whole.count, whole.query_translation, whole.warnings)
        self._take_all()
        whole_search = self._plan.since in ("", SWEEP)
        if whole_search and self._falls_short():
            self._agenda.search_again(self._plan)
            self._take_all()
            if self._falls_short():
                self._agenda.search_again(self._plan)
                raise SourceError(
                    f"PubMed announced {self._plan.announced:,} articles for {self._plan.term!r}, and its searches "
                    f"name {self._found():,}; run the same command again later, it goes on from here"
                )
        self._ask_again()
        return self._finish(self._delete_lost() if whole_search else (), resumed)

    def _take_all(self) -> None:
        while (part := self._agenda.next_slice(self._plan)) is not None:
            self._take(part)

    def _found(self) -> int:
        return sum(self._agenda.count(self._plan).values())

    def _falls_short(self) -> bool:
        """Articles come and go while they are searched for, but few."""
        return self._plan.announced - self._found() > max(_FEW, _SHORTFALL * self._plan.announced)

    def _take(self, part: Slice) -> None:
        found = self._search(part)
        if found.count > SEARCH_CAP:
            self._agenda.replace(self._plan, part, _halves(part, self._today))
            return
        pending = self._want(part, found)
        self._wanted += len(pending)
        self._fetch_slice(part, found, pending)
        self._agenda.replace(self._plan, part)

    def _want(self, part: Slice, found: EntrezSearch) -> list[int]:
        modified = part.dates is not None and part.dates.kind == "mdat"
        return self._agenda.want(self._plan, found.pmids, known_too=self._plan.since != SWEEP or modified)

    def _search(self, part: Slice) -> EntrezSearch:
        found = self._source.search(self._plan.term, limit=SEARCH_CAP, dates=part.dates, uids=part.uids, history=True)
        if len(found.pmids) < min(found.count, SEARCH_CAP):
            raise SourceError(
                f"PubMed announced {found.count:,} PMIDs for a part of {self._plan.term!r} and handed out "
                f"{len(found.pmids):,}; run the same command again, it goes on from here"
            )
        return found

    def _fetch_slice(self, part: Slice, found: EntrezSearch, pending: list[int]) -> None:
        """By the history server where the pending PMIDs are the end of its list, otherwise by sending them."""
        done = forgotten = 0
        while done < len(pending):
            place = len(found.pmids) - len(pending)
            keeps = found.history is not None and forgotten < _FORGOTTEN
            in_order = keeps and tuple(pending) == found.pmids[place:]
            batch = pending[done : done + self._size]
            try:
                records, absent = self._source.fetch_batch(
                    batch,
                    on_reject=self._reject,
                    history=found.history if in_order else None,
                    start=place + done,
                    last_chance=len(batch) == 1,
                )
            except HistoryExpiredError:
                found, done, forgotten = self._search(part), 0, forgotten + 1
                pending = self._want(part, found)
                continue
            except TruncatedAnswerError as exc:
                if len(batch) > 1:
                    self._size, self._successes = max(1, len(batch) // 2), 0
                    continue
                self._give_up(batch[0], exc)
                records, absent = [], ()
            else:
                self._grow()
            self._store(batch, records, absent, State.ABSENT_ONCE)
            done += len(batch)

    def _ask_again(self) -> None:
        """The PMIDs that did not come when they were asked for; and any that a killed run left between two steps."""
        left = self._agenda.pmids(self._plan, State.PENDING, State.ABSENT_ONCE)
        for start in range(0, len(left), LARGEST_BATCH):
            batch = left[start : start + LARGEST_BATCH]
            absent: list[int] = []
            stored = self._source.fetch(batch, on_reject=self._reject, on_missing=absent.extend)
            self._store(batch, list(stored), absent, State.MISSING)

    def _delete_lost(self) -> tuple[int, ...]:
        """Articles that this query once found and no longer finds: deleted if PubMed does not return them either."""
        lost = self._agenda.no_longer_found(self._plan)
        kept: list[Article | Deletion] = []
        gone: list[int] = []
        for start in range(0, len(lost), LARGEST_BATCH):
            records = self._source.fetch(
                lost[start : start + LARGEST_BATCH], on_reject=self._reject, on_missing=gone.extend
            )
            kept += records
        known = self._agenda.known(self._plan.term)
        if len(gone) > max(_FEW, self._max_lost * known):
            # An outage looks like this, too; the search that named so few is not to be trusted either.
            self._agenda.search_again(self._plan)
            raise GateError(
                f"PubMed no longer has {len(gone):,} of the {known:,} articles that {self._plan.term!r} found before, "
                f"more than {self._max_lost:.0%}; none was deleted. Run the same command again later; if it stays so "
                "and is right, raise refresh.max_shrink"
            )
        self._tally += self._catalog.apply([*kept, *map(Deletion, gone)], source=self._name)
        return tuple(gone)

    def _finish(self, deleted: tuple[int, ...], resumed: bool) -> HarvestReport:
        plan, counts = self._plan, self._agenda.count(self._plan)
        found, missing = sum(counts.values()), tuple(self._agenda.pmids(self._plan, State.MISSING))
        warnings = list(plan.warnings)
        if plan.since in ("", SWEEP) and found < plan.announced:
            warnings.append(f"Unreached: PubMed announced {plan.announced:,} articles, its searches name {found:,}")
        day = plan.started[:10]
        # A first search that finds nothing is asked in full the next time as well.
        if found or plan.since:
            if plan.since in ("", SWEEP):
                self._catalog.mark_complete(sweep_name(plan.term), "swept", date=day)
            self._catalog.mark_complete(self._name, f"{plan.since or 'all'}, {found} found", date=day)
        self._agenda.finish(plan)
        return HarvestReport(
            term=plan.term,
            since=plan.since,
            translation=plan.translation,
            warnings=tuple(warnings),
            announced=plan.announced,
            found=found,
            stored=counts.get(State.STORED, 0),
            tally=self._tally,
            missing=missing,
            unusable=counts.get(State.REJECTED, 0),
            rejected=tuple(self._rejected.values()),
            deleted=deleted,
            resumed=resumed,
        )

    # --- Batches ----------------------------------------------------------------------------------------------------

    def _store(
        self, batch: Sequence[int], records: Sequence[Article | Deletion], absent: Sequence[int], absence: State
    ) -> None:
        """Records and their being settled in one transaction. What neither came nor is absent was rejected."""
        outcomes = dict.fromkeys(batch, State.REJECTED)
        outcomes |= dict.fromkeys((record.pmid for record in records), State.STORED)
        outcomes |= dict.fromkeys(absent, absence)
        if records:
            self._tally += self._catalog.apply(
                records,
                source=self._name,
                along=lambda connection, _: self._agenda.settle(connection, self._plan, outcomes.items()),
            )
        else:
            with self._catalog.writing() as connection:
                self._agenda.settle(connection, self._plan, outcomes.items())
        self._settled += len(batch)
        self._progress(min(self._settled, self._wanted), max(self._wanted, self._plan.announced))

    def _grow(self) -> None:
        self._garbled = 0
        self._successes += 1
        if self._successes >= _SUCCESSES_TO_GROW and self._size < LARGEST_BATCH:
            self._size, self._successes = min(self._size * 2, LARGEST_BATCH), 0

    def _give_up(self, pmid: int, exc: TruncatedAnswerError) -> None:
        """One record that never comes whole is rejected; several in a row mean that the server is in trouble."""
        self._garbled += 1
        if self._garbled >= _GARBLED_IN_A_ROW:
            raise SourceError(f"{exc}; run the same command again later, it goes on from here") from exc
        self._reject(RecordError("PubMed", str(pmid), str(exc)))

    def _reject(self, error: RecordError) -> None:
        # Once each: what is asked for again would be told again.
        self._rejected[error.identifier] = str(error)


def horizon(today: date) -> str:
    """Publication may be announced for next year; entry and modification may not, but cost nothing to look for."""
    return (today + timedelta(days=400)).isoformat()


def _halves(part: Slice, today: date) -> list[tuple[DateRange | None, tuple[int, int] | None]]:
    """Two parts that make up the whole: by date first, a single day by PMID."""
    dates, uids = part.dates or DateRange("edat", _FIRST_DAY, horizon(today)), part.uids
    if uids is None and dates.first < dates.last:
        first, last = date.fromisoformat(dates.first), date.fromisoformat(dates.last)
        middle = first + (last - first) // 2
        return [
            (DateRange(dates.kind, dates.first, middle.isoformat()), None),
            (DateRange(dates.kind, (middle + timedelta(days=1)).isoformat(), dates.last), None),
        ]
    low, high = uids or (1, _LAST_PMID)
    middle_uid = (low + high) // 2
    return [(dates, (low, middle_uid)), (dates, (middle_uid + 1, high))]
