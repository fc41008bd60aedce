"""Bring a home folder up to date: harvest what is new -> catalog -> encode what changed -> build -> verify -> publish.

One at a time; killed at any moment and run again, it comes to the same end. Until a new generation has passed its
checks, the published one stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from indexing.build import ImageSide, Progress, build_generation, built_before
from indexing.bulk.listing import BulkFile, BulkListing
from indexing.bulk.plan import Plan, pending
from indexing.bulk.source import BulkSource
from indexing.catalog import Catalog, Tally
from indexing.embeddings import EmbeddingCache
from indexing.encoding.runner import Runner
from indexing.entrez.harvest import Harvester
from indexing.entrez.harvest_report import HarvestReport
from indexing.entrez.source import EntrezSource
from indexing.mesh_file import MeshFile
from indexing.pubmed.reader import read_pubmed_xml
from indexing.refresh_report import Journal, RefreshReport, Stage, StageLog
from indexing.rollover import carry_over, take_the_place
from retrieval.analysis import Analyzer
from retrieval.checksums import sha256_of
from retrieval.encoders.base import Encoder
from retrieval.errors import (
    ConfigurationError,
    GateError,
    GenerationError,
    MalformedFileError,
    PathlitError,
    RecordError,
    SourceError,
)
from retrieval.exclusive import exclusive
from retrieval.index.generations import Generations
from retrieval.index.manifest import Manifest
from retrieval.records import Record

HOME_LOCK: Final = ".lock"
_NEXT: Final = "catalog.next.sqlite"
_FEW: Final = 20
"""Rejections in one file that are never too many, whatever their share."""


class Gates(Record, frozen=True):
    """What holds a refresh back, as shares of 1."""

    max_rejected: float = 0.01
    """Of the records of one bulk file."""
    max_shrink: float = 0.1
    """Of the published articles."""


class Sources(NamedTuple):
    """Where new records come from; a refresh reads the bulk files first."""

    bulk: BulkSource | None
    entrez: EntrezSource | None
    queries: tuple[str, ...]
    sweep_after_days: int = 30


class Refresher:
    """`encoder` None makes generations without vectors, searched by words alone."""

    def __init__(
        self,
        home: Path,
        catalog_path: Path,
        store: Generations,
        cache: EmbeddingCache,
        analyzer: Analyzer,
        encoder: Encoder | None,
        sources: Sources,
        *,
        mesh: MeshFile | None = None,
        images: ImageSide | None = None,
        runner: Runner | None = None,
        gates: Gates = Gates(),  # noqa: B008 - immutable
        keep: int = 3,
        progress: Progress = lambda stage, done, total: None,
        hear: Callable[[Stage], None] = lambda stage: None,
    ) -> None:
        self._home, self._catalog_path = home, catalog_path
        self._store, self._cache, self._analyzer, self._encoder = store, cache, analyzer, encoder
        self._sources, self._gates, self._keep = sources, gates, keep
        self._mesh, self._images, self._runner = mesh, images, runner
        self._progress, self._hear = progress, hear

    def refresh(self) -> RefreshReport:
        """Raises what stopped it, after noting that in the report: BusyError, GateError, SourceError and so on."""
        if self._sources.bulk is None and not self._sources.queries:
            raise ConfigurationError(
                "there is nothing to refresh from: name PubMed's bulk files with --bulk (or PATHLIT_REFRESH__BULK), "
                "or PubMed queries with --query"
            )
        if not all(query.strip() for query in self._sources.queries):
            raise ConfigurationError("one of the PubMed queries is empty: give each at least one word, or leave it out")
        with exclusive(self._home / HOME_LOCK, "refresh"):
            journal = Journal(self._home, self._hear)
            journal.begin()
            try:
                return self._run(journal)
            except BaseException as exc:
                reason = str(exc) if isinstance(exc, PathlitError) else f"{type(exc).__name__}: {exc}"
                journal.end("failed", reason=reason, generation=self._published_name())
                raise

    def _run(self, journal: Journal) -> RefreshReport:
        if self._sources.bulk is not None:
            self._read_bulk(self._sources.bulk, journal)
        with Catalog.open(self._catalog_path) as catalog:
            if self._sources.queries:
                self._ask(catalog, journal)
            self._require_no_great_loss(catalog, self._published())
            unchanged = built_before(
                self._store, catalog, self._analyzer, self._encoder, mesh=self._mesh, images=self._images
            )
            if unchanged:
                return journal.end("unchanged", **_facts(unchanged))
            with journal.stage("build") as log:
                built = build_generation(
                    catalog,
                    self._store,
                    self._cache,
                    self._analyzer,
                    self._encoder,
                    mesh=self._mesh,
                    images=self._images,
                    runner=self._runner,
                    keep=self._keep,
                    progress=self._progress,
                )
                log.accepted = built.articles
                log.notes.append(
                    f"{built.encoded:,} texts encoded, {built.retracted:,} articles retracted or withdrawn"
                )
                log.notes += [f"generation {name} deleted" for name in built.pruned]
        return journal.end("published", **_facts(self._store.manifest(built.generation)))

    # --- Bulk files -------------------------------------------------------------------------------------------------

    def _read_bulk(self, bulk: BulkSource, journal: Journal) -> None:
        with journal.stage("list bulk files") as log:
            plan, path = self._plan(bulk, log)
        with Catalog.open(path) as catalog, journal.stage("read bulk files") as log:
            tally = Tally()
            for number, (file, local) in enumerate(bulk.files(plan.files)):
                self._progress("Bulk files", number, len(plan.files))
                tally += self._apply(catalog, file, local, log)
            self._progress("Bulk files", len(plan.files), len(plan.files))
            log.notes += [f"{len(plan.files):,} files", _changes(tally)]
        if path != self._catalog_path:
            with journal.stage("change over to the new year") as log:
                with Catalog.open(path) as catalog:
                    log.accepted = carry_over(self._catalog_path, catalog)
                    # While the old catalog is still in its place.
                    self._require_no_great_loss(catalog, self._published())
                take_the_place(path, self._catalog_path)

    def _plan(self, bulk: BulkSource, log: StageLog) -> tuple[Plan, Path]:
        """What to read, and into which catalog: a new year is read into a new one beside it."""
        listing = bulk.listing()
        before, again = _read_before(self._catalog_path, listing)
        plan, path = pending(listing, before), self._catalog_path
        log.notes += [*listing.warnings, *(f"{name} was published again and is read again" for name in again)]
        log.notes += plan.warnings
        beside = self._home / _NEXT
        if plan.rollover:
            log.notes.append(f"A new year: everything is read anew from the baseline of 20{listing.year}.")
            begun = pending(listing, _read_before(beside, listing)[0])
            if begun.rollover:
                _remove(beside)
                begun = pending(listing, ())
            plan, path = begun, beside
        else:
            _remove(beside)
        log.accepted = len(listing.files)
        return plan, path

    def _apply(self, catalog: Catalog, file: BulkFile, local: Path, log: StageLog) -> Tally:
        first: list[RecordError] = []
        before = log.rejected

        def reject(error: RecordError) -> None:
            log.reject(error)
            if not first:
                first.append(error)

        try:
            tally = catalog.apply(
                read_pubmed_xml(local, on_reject=reject),
                source=file.name,
                progress=lambda done: self._progress(f"Reading {file.name}", done, 0),
            )
        except MalformedFileError as exc:
            raise SourceError(f"{exc}: PubMed's file is damaged; look whether it was replaced, and run again") from exc
        log.accepted += tally.read
        rejected = log.rejected - before
        if rejected > max(_FEW, self._gates.max_rejected * (tally.read + rejected)):
            # Not marked as complete: the next refresh reads it again and stops here again.
            raise GateError(
                f"{rejected:,} of {tally.read + rejected:,} records of {file.name} were rejected, which is more "
                f"than {self._gates.max_rejected:.1%}; nothing was published. The first: {first[0]}. Look at the file, "
                "or raise refresh.max_rejected"
            )
        catalog.mark_complete(file.name, sha256_of(local), date=file.date)
        return tally

    # --- Queries ----------------------------------------------------------------------------------------------------

    def _ask(self, catalog: Catalog, journal: Journal) -> None:
        if self._sources.entrez is None:
            raise ConfigurationError("PubMed queries need the E-utilities: set PATHLIT_ENTREZ__EMAIL")
        harvester = Harvester(self._sources.entrez, catalog)
        for query in self._sources.queries:
            with journal.stage(f"PubMed query: {query}") as log:
                report = harvester.harvest(
                    query,
                    sweep_after_days=self._sources.sweep_after_days,
                    max_lost=self._gates.max_shrink,
                    progress=lambda done, total: self._progress("Fetching from PubMed", done, total),
                )
                note_harvest(report, log)

    # --- Building ---------------------------------------------------------------------------------------------------

    def _require_no_great_loss(self, catalog: Catalog, published: Manifest | None) -> None:
        if published is None:
            return
        lost = published.articles - len(catalog)
        if lost > self._gates.max_shrink * published.articles:
            raise GateError(
                f"the catalog holds {len(catalog):,} articles, the published generation {published.articles:,}: more "
                f"than {self._gates.max_shrink:.0%} would vanish; nothing was published. If that is right, raise "
                "refresh.max_shrink or publish with `pathlit index`"
            )

    def _published(self) -> Manifest | None:
        try:
            return self._store.manifest(self._store.current())
        except GenerationError:
            # Nothing, or nothing that can be read: in either case a new one is needed.
            return None

    def _published_name(self) -> str:
        published = self._published()
        return published.generation if published else ""


def note_harvest(report: HarvestReport, log: StageLog) -> None:
    """Count a harvest in its stage, and note what PubMed said."""
    log.accepted += report.stored
    log.reject_all(report.rejected, report.unusable)
    for pmid in report.missing:
        log.reject(f"PMID {pmid} was found by the search and not returned")
    log.notes.append(f"understood by PubMed as: {report.translation}")
    log.notes += report.warnings
    log.notes.append(_changes(report.tally))
    if report.deleted:
        log.notes.append(f"{len(report.deleted):,} articles are no longer in PubMed and were deleted")
    if report.resumed:
        log.notes.append("went on from a harvest that had not come to its end")


def _changes(tally: Tally) -> str:
    words = {"added": tally.added, "updated": tally.updated, "unchanged": tally.unchanged, "deleted": tally.deleted}
    words |= {"older than known": tally.stale, "deletions of unknown articles": tally.absent}
    return ", ".join(f"{count:,} {word}" for word, count in words.items() if count) or "nothing new"


def _facts(manifest: Manifest) -> dict[str, str | int]:
    return {"generation": manifest.generation, "current_to": manifest.source, "articles": manifest.articles}


def _read_before(catalog_path: Path, listing: BulkListing) -> tuple[list[str], list[str]]:
    """The sources that a catalog has read to their end; and apart from them, the files that were replaced since."""
    if not catalog_path.exists():
        return [], []
    with Catalog.open(catalog_path) as catalog:
        sources = catalog.sources()
    listed = {file.name: file for file in listing.files}
    read: list[str] = []
    replaced: list[str] = []
    for source in sources:
        file = listed.get(source.name)
        newer = file is not None and source.date != "" and file.date > source.date
        # A mirror's dates may change without its files.
        same = newer and file is not None and file.is_local and sha256_of(Path(file.location)) == source.fingerprint
        (replaced if newer and not same else read).append(source.name)
    return read, replaced


def _remove(catalog_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        catalog_path.with_name(catalog_path.name + suffix).unlink(missing_ok=True)
