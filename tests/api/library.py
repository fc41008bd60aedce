"""A tiny library for the tests of the API: real catalog, builds and index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from retrieval.encoders.base import Vectors
from retrieval.identifiers import local_key
from retrieval.live import LiveSearcher
from retrieval.records import (
    Article,
    Author,
    Correction,
    Journal,
    MeshHeading,
    PartialDate,
    Section,
    Term,
)
from retrieval.search import Searcher
from tests.fakes import Corpus, HashingEncoder

LUNG = Article(
    pmid=101,
    title="TTF-1 and p40 separate lung adenocarcinoma from squamous cell carcinoma.",
    sections=(
        Section(label="BACKGROUND", category="BACKGROUND", text="Small biopsies of the lung are hard to classify."),
        Section(label="RESULTS", category="RESULTS", text="TTF-1 marked adenocarcinoma; p40 marked squamous cells."),
    ),
    authors=(Author(last_name="Smith", fore_name="Jane Ann", initials="JA", orcid="0000-0002-1825-0097"),),
    journal=Journal(title="Modern pathology", abbreviation="Mod Pathol", issn="1530-0285", volume="31", issue="7"),
    published=PartialDate(sortable="2018-07-01", precision="month", raw="2018 Jul"),
    pages="1027-38",
    doi="10.1038/s41379-018-0001-1",
    pmcid="PMC6022342",
    mesh=(MeshHeading(name="Lung Neoplasms", ui="D008175", major=True),),
    languages=("eng",),
    publication_types=(Term(name="Journal Article", ui="D016428"),),
    status="MEDLINE",
    revised="2024-02-01",
)
RETRACTED = Article(
    pmid=102,
    title="A squamous marker that nobody could reproduce.",
    sections=(Section(text="The marker stained every squamous carcinoma of the lung."),),
    published=PartialDate(sortable="2015-01-01", precision="year", raw="2015"),
    publication_types=(Term(name="Retracted Publication", ui="D016441"),),
    corrections=(Correction(ref_type="RetractionIn", pmid=103, source="Mod Pathol. 2016;29:1"),),
)
LOCAL = Article(
    pmid=local_key("scifact:4983"),
    source_id="scifact:4983",
    title="Microstructure of the newborn brain.",
    sections=(Section(text="Diffusion of water in cerebral white matter rises with age."),),
)
DEMONSTRATION = Article(
    pmid=900_000_001,
    title="Invented lung carcinoma in an invented cohort.",
    sections=(Section(text="Every squamous carcinoma of this cohort is invented."),),
)
ARTICLES = (LUNG, RETRACTED, LOCAL, DEMONSTRATION)


class Library(Corpus):
    """A home folder in which generations are built, published and served."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, HashingEncoder(dimension=16, name="words"))

    def release(self, articles: Sequence[Article] = ARTICLES) -> str:
        """Bring the catalog up to these records, build, publish; returns the new generation."""
        return self.publish(articles, source="updatefile-0007.xml").generation

    def live(self, before_each_search: Callable[[], None] = lambda: None) -> LiveSearcher:
        """`before_each_search` is called in the search's own thread, when the query is encoded."""
        encoder = _Interrupted(before_each_search)

        def opened(generation: str) -> Searcher:
            reader = self.open_reader(generation)
            return Searcher(reader, generation=generation, analyzer=self.analyzer, encoder=encoder)

        return LiveSearcher(self.store, opened)


class _Interrupted(HashingEncoder):
    def __init__(self, before: Callable[[], None]) -> None:
        super().__init__(dimension=16, name="words")
        self._before = before

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self._before()
        return super().encode_queries(texts)


class Gate:
    """Once closed, holds every search that comes to it until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._arrival = threading.Condition()
        self.arrived = 0

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def wait_for(self, searches: int) -> None:
        with self._arrival:
            assert self._arrival.wait_for(lambda: self.arrived >= searches, timeout=10)

    def __call__(self) -> None:
        if not self._open.is_set():
            with self._arrival:
                self.arrived += 1
                self._arrival.notify_all()
            assert self._open.wait(20)
