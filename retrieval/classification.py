"""What an article is about and how it was made: organs, species and study types, by the tables of retrieval.vocabulary.

It is told by MeSH headings, publication types and words of the title, at index time. The tables say what is not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from retrieval.analysis import Analyzer, fold
from retrieval.mesh_tree import MeshTree
from retrieval.records import Article
from retrieval.vocabulary.classes import ORGANS, SPECIES, STUDY_TYPES, ArticleClass, ClassTable, read_classes


class Classes(NamedTuple):
    """Names of each kind, in the order of its table."""

    species: list[ArticleClass]
    organs: list[ArticleClass]
    study_types: list[ArticleClass]


class Classifier:
    """Tells the classes of articles; `tree` adds the headings below those that the tables list."""

    def __init__(
        self, analyzer: Analyzer, tree: MeshTree, tables: tuple[ClassTable, ClassTable, ClassTable] | None = None
    ) -> None:
        species, organs, study_types = tables or read_tables()
        self._species = _Rules(species, analyzer, tree)
        self._organs = _Rules(organs, analyzer, tree)
        self._study_types = _Rules(study_types, analyzer, tree)

    def classify(self, article: Article, title_row: str) -> Classes:
        """`title_row`: the row of terms that the analyzer makes of the article's title."""
        terms = title_row.split()
        # Names before identifiers: records of other sources have names only, PubMed's have both and agree.
        headings = [heading.name for heading in article.mesh]
        types = [term.name for term in article.publication_types]
        return Classes(
            self._species.classes(headings, types, terms),
            self._organs.classes(headings, types, terms),
            self._study_types.classes(headings, types, terms),
        )


def read_tables() -> tuple[ClassTable, ClassTable, ClassTable]:
    """Species, organs and study types."""
    return read_classes(SPECIES), read_classes(ORGANS), read_classes(STUDY_TYPES)


class _Row(NamedTuple):
    """Terms of a title in a row, without the first one, and the classes that they tell."""

    rest: list[str]
    classes: frozenset[int]


class _Rules:
    """One table, turned round: from a heading, a type or a word to the classes that it tells."""

    def __init__(self, table: ClassTable, analyzer: Analyzer, tree: MeshTree) -> None:
        self._classes = table.classes
        self._title_always = table.title_words == "always"
        self._by_heading = _Told(
            (i, tree.terms(known.mesh) + tree.terms(known.mesh_alone, explode=False))
            for i, known in enumerate(table.classes)
        )
        self._forbidden = _Told((i, map(fold, known.unless)) for i, known in enumerate(table.classes))
        self._by_type = _Told((i, map(fold, known.types)) for i, known in enumerate(table.classes))
        self._rows = _rows(table, analyzer)

    def classes(self, headings: Sequence[str], types: Sequence[str], terms: Sequence[str]) -> list[ArticleClass]:
        found: set[int] = set()
        if headings:
            found.update(*map(self._by_heading.__getitem__, headings))
            if self._forbidden.any and found:
                found.difference_update(*map(self._forbidden.__getitem__, headings))
        found.update(*map(self._by_type.__getitem__, types))
        if self._title_always or not headings:
            self._read(terms, found)
        return [self._classes[i] for i in sorted(found)] if found else []

    def _read(self, terms: Sequence[str], found: set[int]) -> None:
        """The longest row at each place counts, and the next place lies behind it."""
        rows = self._rows
        if rows.keys().isdisjoint(terms):
            return
        place = 0
        while place < len(terms):
            behind = place + 1
            for rest, classes in rows.get(terms[place], ()):
                if terms[behind : behind + len(rest)] == rest:
                    found |= classes
                    behind += len(rest)
                    break
            place = behind


class _Told(dict[str, tuple[int, ...]]):
    """A heading or type as it is written -> the classes that it tells; each spelling is folded once."""

    def __init__(self, listed: Iterable[tuple[int, Iterable[str]]]) -> None:
        super().__init__()
        folded: dict[str, dict[int, None]] = defaultdict(dict)
        for i, keys in listed:
            for key in keys:
                folded[key][i] = None
        self._folded = {key: tuple(classes) for key, classes in folded.items()}
        self.any = bool(self._folded)

    def __missing__(self, written: str) -> tuple[int, ...]:
        told = self[written] = self._folded.get(fold(written), ())
        return told


def _rows(table: ClassTable, analyzer: Analyzer) -> dict[str, list[_Row]]:
    """By their first term, the longest first."""
    told: dict[tuple[str, ...], set[int]] = {row: set() for text in table.ignored for row in analyzer.phrases(text)}
    for i, known in enumerate(table.classes):
        for text in known.title:
            for row in analyzer.phrases(text):
                told.setdefault(row, set()).add(i)
    rows: dict[str, list[_Row]] = defaultdict(list)
    for row in sorted(told, key=lambda row: (-len(row), row)):
        rows[row[0]].append(_Row(list(row[1:]), frozenset(told[row])))
    return dict(rows)
