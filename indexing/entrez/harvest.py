"""All articles that a PubMed query finds, however many: search in slices -> fetch in batches -> catalog.

PubMed hands out at most 9,999 PMIDs of a search, so one that finds more is halved by date, and a single day that finds
more by PMID, until a part fits. Everything that is done is on the agenda: a killed harvest goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from indexing.catalog import Catalog
from indexing.entrez.agenda import SWEEP, Agenda, HarvestPlan
from indexing.entrez.harvest_report import HarvestReport, source_name, sweep_name
from indexing.entrez.harvest_run import HarvestProgress, HarvestRun, horizon
from indexing.entrez.source import DateRange, EntrezSource
from retrieval.errors import InputError

_OVERLAP_DAYS: Final = 2
"""PubMed's days are those of Bethesda, and an article may be found some hours after its date."""


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
        max_lost: float = 0.1,
        progress: HarvestProgress = lambda done, total: None,
    ) -> HarvestReport:
        """First everything that the query finds, later what was entered or modified since; raises SourceError.

        An unfinished harvest of the same query is finished first. `full` fetches everything again; a sweep, which finds
        articles that PubMed has deleted, happens where the last one is older than `sweep_after_days`. GateError where
        more than `max_lost` of the query's articles (a share of 1) would be deleted at once.
        """
        term = " ".join(term.split())
        if not term:
            raise InputError("the PubMed query is empty: give at least one word")
        resumed = self._agenda.unfinished(term)
        plan = resumed or self._begin(term, full, sweep_after_days)
        run = HarvestRun(self._source, self._catalog, self._agenda, plan, self._today(), progress, max_lost)
        return run.run(resumed is not None)

    def _begin(self, term: str, full: bool, sweep_after_days: int) -> HarvestPlan:
        done = {source.name: source.date for source in self._catalog.sources()}
        last, swept = done.get(source_name(term)), done.get(sweep_name(term))
        # A day still to come was written by a clock that ran ahead; nothing can be told from it.
        if full or not last or date.fromisoformat(last) > self._today() + timedelta(days=1):
            return self._agenda.begin(term, "", [None], self._today())
        if not swept or not 0 <= (self._today() - date.fromisoformat(swept)).days < sweep_after_days:
            # A sweep fetches only what is not known yet, so the modified ones are looked for as well.
            return self._agenda.begin(term, SWEEP, [None, *self._since(last)], self._today())
        return self._agenda.begin(term, last, self._since(last), self._today())

    def _since(self, last: str) -> list[DateRange]:
        first = (date.fromisoformat(last) - timedelta(days=_OVERLAP_DAYS)).isoformat()
        return [DateRange("edat", first, horizon(self._today())), DateRange("mdat", first, horizon(self._today()))]
