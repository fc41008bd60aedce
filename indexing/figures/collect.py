"""Figures of open-access articles into the figure store: ask, check the licence, read, keep.

Threads fetch and parse; one thread writes, an article at a time. Killed at any moment, the next run goes on with the
articles that are not yet in: those that are in are told by their stamp, and not asked for again.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from indexing.catalog import Catalog
from indexing.figures.images import ImageFolder
from indexing.figures.licences import OPEN_LICENCES, licence_code
from indexing.figures.pmc_folder import PmcSource
from indexing.figures.reading import ArticleReader, Reading, Wanted
from indexing.figures.store import ArticleState, FigureStore
from retrieval.records import LOCAL_PMID_FLOOR, Record

_PMCID: Final = re.compile(r"PMC[1-9]\d{0,11}")
_AHEAD: Final = 4
"""Articles under way per thread: enough that none waits, few enough that a kill loses little."""


class PmcRetraction(Record, frozen=True):
    """PMC's word that an article is retracted."""

    pmid: int | None
    pmcid: str
    """With its version."""


class FiguresReport(Record, frozen=True):
    """What became of the articles asked for: `asked` is the sum of unchanged, older, kept, refused and rejected."""

    source: str
    asked: int
    unchanged: int
    older: int
    """Older versions than the store holds, ignored."""
    kept: int
    """Articles whose licence allows it, with or without figures."""
    refused: dict[str, int]
    """Articles by the licence that is not allowed; "" where none is stated."""
    rejected: tuple[str, ...]
    """Articles that could not be read, each with the reason."""
    figures: int
    figures_refused: dict[str, int]
    """Figures of kept articles that have other terms than their article, by licence."""
    without_image: int
    images: int
    """Image files that are kept now."""
    images_rejected: tuple[str, ...]
    withdrawn: int
    """Articles removed because their licence is no longer among those allowed."""
    retractions: tuple[PmcRetraction, ...]
    """All that the store knows of, from this run and those before."""


def collect_figures(
    wanted: Iterable[Wanted],
    source: PmcSource,
    store: FigureStore,
    *,
    licences: Iterable[str] = OPEN_LICENCES,
    images: ImageFolder,
    with_images: bool = False,
    threads: int = 4,
    progress: Callable[[int], None] | None = None,
) -> FiguresReport:
    """Bring the store up to date with the wanted articles, and `images` as well where they are asked for.

    SourceError where the source fails as a whole: what was read is kept. `progress` hears the articles done so far.
    """
    allowed = frozenset(licence_code(licence) for licence in licences)
    withdrawn = _withdraw(store, allowed, images)
    reader = ArticleReader(source, allowed, images if with_images else None)
    counts: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    figures_refused: Counter[str] = Counter()
    rejected: list[str] = []
    images_rejected: list[str] = []

    for reading in _in_order(wanted, reader, source, store, threads):
        _keep(store, images, reading)
        counts["asked"] += 1
        counts[reading.outcome] += 1
        if reading.outcome == "refused":
            refused[reading.licence] += 1
        elif reading.outcome == "rejected":
            rejected.append(reading.reason)
        counts["figures"] += len(reading.figures)
        counts["without_image"] += sum(not figure.file for figure in reading.figures)
        counts["images"] += reading.images
        figures_refused.update(dict(reading.figures_refused))
        images_rejected += reading.images_rejected
        if progress:
            progress(counts["asked"])
    return FiguresReport(
        source=source.name,
        asked=counts["asked"],
        unchanged=counts["unchanged"],
        older=counts["older"],
        kept=counts["kept"],
        refused=dict(refused),
        rejected=tuple(rejected),
        figures=counts["figures"],
        figures_refused=dict(figures_refused),
        without_image=counts["without_image"],
        images=counts["images"],
        images_rejected=tuple(images_rejected),
        withdrawn=withdrawn,
        retractions=retractions(store),
    )


def wanted_by(catalog: Catalog) -> list[Wanted]:
    """The articles of the catalog that PMC has, by rising PMID."""
    return [
        Wanted(article.pmcid.partition(".")[0].upper(), article.pmid if article.pmid < LOCAL_PMID_FLOOR else None)
        for article in (entry.article for entry in catalog.articles())
        if article.pmcid
    ]


def retractions(store: FigureStore) -> tuple[PmcRetraction, ...]:
    """Every article that PMC calls retracted, whatever its licence."""
    return tuple(
        PmcRetraction(article.pmid, f"{article.pmcid}.{article.version}")
        for article in store.articles()
        if article.is_retracted
    )


def _in_order(
    wanted: Iterable[Wanted], reader: ArticleReader, source: PmcSource, store: FigureStore, threads: int
) -> Iterator[Reading]:
    """Readings in the order of the articles, a bounded number of them under way."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="pathlit-figures")
    under_way: deque[Future[Reading]] = deque()
    try:
        for article in wanted:
            if not _PMCID.fullmatch(article.pmcid):
                reason = f"{article.pmcid!r:.40} (PMID {article.pmid}) is no PMCID such as PMC1234567"
                under_way.append(Future())
                under_way[-1].set_result(Reading("rejected", ArticleState(article.pmcid, 0), reason=reason))
            else:
                under_way.append(pool.submit(reader.read, article, store.article(article.pmcid)))
            if len(under_way) > threads * _AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BaseException:
        source.stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _keep(store: FigureStore, images: ImageFolder, reading: Reading) -> None:
    known, state = reading.known, reading.state
    if reading.outcome == "unchanged" and known and known.stamp != state.stamp:
        store.stamp(state.pmcid, state.stamp)
    if reading.outcome in ("unchanged", "older") or not state.stamp:
        return
    if reading.outcome == "rejected" and known and known.version and not reading.is_gone:
        # What is known stays until it can be read again.
        return
    if known and known.version:
        # Before the rows: killed in between, the article is read again.
        images.drop(f"{known.pmcid}.{known.version}", keep=[figure.file for figure in reading.figures])
    store.put(state, reading.figures)


def _withdraw(store: FigureStore, allowed: frozenset[str], images: ImageFolder) -> int:
    articles = store.not_under(allowed)
    for pmcid in articles:
        if known := store.article(pmcid):
            images.drop(f"{pmcid}.{known.version}")
        store.delete(pmcid)
    return len(articles)
