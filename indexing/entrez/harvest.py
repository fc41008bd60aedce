"""All articles that a PubMed query finds, however many: search in slices -> fetch in batches -> catalog.

PubMed hands out at most 9,999 PMIDs of a search, so one that finds more is halved by date, and a single day that finds
more by PMID, until a part fits. Everything that is done is on the agenda: a killed harvest goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from indexing.catalog import Catalog, Tally
from indexing.entrez.agenda import SWEEP, Agenda, HarvestPlan, Slice, State
from indexing.entrez.eutils import HistoryExpiredError, TruncatedAnswerError
from indexing.entrez.source import SEARCH_CAP, DateRange, EntrezSearch, EntrezSource
from retrieval.errors import RecordError, SourceError
from retrieval.records import Article, Deletion, Record

LARGEST_BATCH: Final = 500
_SUCCESSES_TO_GROW: Final = 4
_GARBLED_IN_A_ROW: Final = 5
_OVERLAP_DAYS: Final = 2
"""PubMed's days are those of Bethesda, and an article may be found some hours after its date."""
_FIRST_DAY: Final = "1780-01-01"
"""Before PubMed's oldest citation."""
_LAST_PMID: Final = 99_999_999

HarvestProgress = Callable[[int, int], None]
"""Hears (PMIDs settled, PMIDs known to be wanted)."""


class HarvestReport(Record, frozen=True):
    """What came of a harvest: found = stored + missing + rejected. A sweep's stored ones include those known before."""

    term: str
    since: str
    translation: str
    """The query as PubMed understood it."""
    warnings: tuple[str, ...]
    announced: int
    """How many articles PubMed said match, before any narrowing by date."""
    found: int
    stored: int
    tally: Tally
    """What this run did; a resumed harvest's earlier runs have tallies of their own."""
    missing: tuple[int, ...]
    """Found by the search and, asked for twice, not returned."""
    rejected: tuple[str, ...]
    deleted: tuple[int, ...]
    """Known from an earlier harvest of this query, no longer found, and no longer in PubMed."""
    resumed: bool


class Harvester:
    """Brings the catalog up to date with PubMed queries."""

    def __init__(self, source: EntrezSource, catalog: Catalog, *, today: Callable[[], date] | None = None) -> None:
        self._source = source
        self._catalog = catalog
        self._agenda = Agenda(catalog)
        self._today = today or (lambda: datetime.now(UTC).date())

    def harvest(
        self,
        term: str,
        *,
        full: bool = False,
        sweep_after_days: int = 30,
        progress: HarvestProgress = lambda done, total: None,
    ) -> HarvestReport:
        """First everything that the query finds, later what was entered or modified since; raises SourceError.

        An unfinished harvest of the same query is finished first. `full` fetches everything again; a sweep, which finds
        articles that PubMed has deleted, happens where the last one is older than `sweep_after_days`.
        """
        term = " ".join(term.split())
        resumed = self._agenda.unfinished(term)
        plan = resumed or self._begin(term, full, sweep_after_days)
        return _Run(self._source, self._catalog, self._agenda, plan, self._today(), progress).run(resumed is not None)

    def _begin(self, term: str, full: bool, sweep_after_days: int) -> HarvestPlan:
        done = {source.name: source.date for source in self._catalog.sources()}
        last, swept = done.get(source_name(term)), done.get(_sweep_name(term))
        if full or not last:
            return self._agenda.begin(term, "", [None])
        if not swept or (self._today() - date.fromisoformat(swept)).days >= sweep_after_days:
            # A sweep fetches only what is not known yet, so the modified ones are looked for as well.
            return self._agenda.begin(term, SWEEP, [None, *self._since(last)])
        return self._agenda.begin(term, last, self._since(last))

    def _since(self, last: str) -> list[DateRange]:
        first = (date.fromisoformat(last) - timedelta(days=_OVERLAP_DAYS)).isoformat()
        return [DateRange("edat", first, _horizon(self._today())), DateRange("mdat", first, _horizon(self._today()))]


class _Run:
    """One harvest, from wherever its agenda stands to its end."""

    def __init__(
        self,
        source: EntrezSource,
        catalog: Catalog,
        agenda: Agenda,
        plan: HarvestPlan,
        today: date,
        progress: HarvestProgress,
    ) -> None:
        self._source, self._catalog, self._agenda, self._plan = source, catalog, agenda, plan
        self._today, self._progress = today, progress
        self._name = source_name(plan.term)
        self._tally = Tally()
        self._rejected: list[str] = []
        self._size, self._successes, self._garbled = LARGEST_BATCH, 0, 0
        self._settled = self._wanted = 0

    def run(self, resumed: bool) -> HarvestReport:
        counts = self._agenda.count(self._plan)
        self._wanted = sum(counts.values())
        self._settled = self._wanted - counts.get(State.PENDING, 0)
        if self._plan.announced < 0:
            whole = self._source.search(self._plan.term, limit=0)
            self._plan = self._agenda.note_answer(self._plan, whole.count, whole.query_translation, whole.warnings)
        while (part := self._agenda.next_slice(self._plan)) is not None:
            self._take(part)
        self._ask_again()
        deleted = self._delete_lost() if self._plan.since in ("", SWEEP) else ()
        return self._finish(deleted, resumed)

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
        done = 0
        while done < len(pending):
            place = len(found.pmids) - len(pending)
            in_order = found.history is not None and tuple(pending) == found.pmids[place:]
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
                found, done = self._search(part), 0
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
        lost = self._agenda.no_longer_found(self._plan, self._name)
        gone: list[int] = []
        for start in range(0, len(lost), LARGEST_BATCH):
            batch = lost[start : start + LARGEST_BATCH]
            absent: list[int] = []
            kept = list(self._source.fetch(batch, on_reject=self._reject, on_missing=absent.extend))
            self._tally += self._catalog.apply([*kept, *map(Deletion, absent)], source=self._name)
            gone += absent
        return tuple(gone)

    def _finish(self, deleted: tuple[int, ...], resumed: bool) -> HarvestReport:
        plan, counts = self._plan, self._agenda.count(self._plan)
        found, missing = sum(counts.values()), tuple(self._agenda.pmids(self._plan, State.MISSING))
        warnings = list(plan.warnings)
        if plan.since in ("", SWEEP) and found < plan.announced:
            warnings.append(
                f"Unreached: PubMed announced {plan.announced:,} articles, its searches by date name {found:,}"
            )
        day = plan.started[:10]
        if plan.since in ("", SWEEP):
            self._catalog.mark_complete(_sweep_name(plan.term), "swept", date=day)
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
            rejected=tuple(self._rejected),
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
        self._rejected.append(str(error))


def source_name(term: str) -> str:
    """What the catalog calls a harvested query."""
    return f"PubMed query: {term}"


def _sweep_name(term: str) -> str:
    return f"PubMed sweep: {term}"


def _horizon(today: date) -> str:
    """Publication may be announced for next year; entry and modification may not, but cost nothing to look for."""
    return (today + timedelta(days=400)).isoformat()


def _halves(part: Slice, today: date) -> list[tuple[DateRange | None, tuple[int, int] | None]]:
    """Two parts that make up the whole: by date first, a single day by PMID."""
    dates, uids = part.dates or DateRange("edat", _FIRST_DAY, _horizon(today)), part.uids
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
