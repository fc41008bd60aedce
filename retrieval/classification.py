"""What an article is about and how it was made: organs, species and study types, by the tables of retrieval.vocabulary.

It is told by MeSH headings, publication types and words of the title, at index time. The tables say what is not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from retrieval.analysis import Analyzer, fold
from retrieval.mesh_tree import MeshTree
from retrieval.records import Article, FacetName
from retrieval.vocabulary.classes import ORGANS, SPECIES, STUDY_TYPES, ClassTable, read_classes

_CACHE_LIMIT: Final = 100_000

Tables = tuple[ClassTable, ClassTable, ClassTable]
"""Species, organs, study types."""


class Classes(NamedTuple):
    """Names of each kind, in the order of its table."""

    species: tuple[str, ...]
    organs: tuple[str, ...]
    study_types: tuple[str, ...]


CLASS_FACETS: Final[tuple[FacetName, ...]] = ("species", "organ", "study")
"""The facets of these three."""


def read_tables() -> Tables:
    return read_classes(SPECIES), read_classes(ORGANS), read_classes(STUDY_TYPES)


class Classifier:
    """Tells the classes of articles; `tree` adds the headings below those that the tables list.

    Classes are numbered through all three tables, so that a heading is looked up once.
    """

    def __init__(self, analyzer: Analyzer, tree: MeshTree, tables: Tables | None = None) -> None:
        self._tables = tables or read_tables()
        numbered = list(enumerate(known for table in self._tables for known in table.classes))
        self._by_heading = _Told(
            (i, tree.terms(known.mesh) + tree.terms(known.mesh_alone, explode=False)) for i, known in numbered
        )
        self._forbidden_by = _Told((i, map(fold, known.unless)) for i, known in numbered)
        self._may_be_forbidden = frozenset(i for i, known in numbered if known.unless)
        self._by_type = _Told((i, map(fold, known.types)) for i, known in numbered)
        self._titles: list[_Titles] = []
        first = 0
        for table in self._tables:
            self._titles.append(_Titles(table, analyzer, first))
            first += len(table.classes)
        self._first_terms = frozenset(term for titles in self._titles for term in titles.rows)
        self._named: dict[frozenset[int], Classes] = {}

    @property
    def also(self) -> dict[FacetName, dict[str, str]]:
        """Of each facet the other words to ask with, folded, and the class that each asks for."""
        return {
            facet: {fold(word): known.name for known in table.classes for word in (known.name, *known.also)}
            for facet, table in zip(CLASS_FACETS, self._tables, strict=True)
        }

    def classify(self, article: Article, title_row: str) -> Classes:
        """`title_row`: the row of terms that the analyzer makes of the article's title."""
        # Names, not identifiers: records of other sources have names only, PubMed's have both and agree.
        headings = [heading.name for heading in article.mesh]
        found: set[int] = set()
        for heading in headings:
            found.update(self._by_heading[heading])
        if headings and not self._may_be_forbidden.isdisjoint(found):
            found.difference_update(*map(self._forbidden_by.__getitem__, headings))
        for term in article.publication_types:
            found.update(self._by_type[term.name])
        terms = title_row.split()
        places = [place for place, term in enumerate(terms) if term in self._first_terms]
        if places:
            for titles in self._titles:
                if titles.always or not headings:
                    titles.read(terms, places, found)
        return self._name(frozenset(found))

    def _name(self, found: frozenset[int]) -> Classes:
        named = self._named.get(found)
        if named is None:
            if len(self._named) >= _CACHE_LIMIT:
                self._named.clear()
            named = self._named[found] = Classes(*(titles.names(found) for titles in self._titles))
        return named


class _Row(NamedTuple):
    """Terms of a title in a row, without the first one, and the classes that they tell."""

    rest: list[str]
    classes: frozenset[int]


class _Titles:
    """The title words of one table, whose classes are numbered from `first`."""

    def __init__(self, table: ClassTable, analyzer: Analyzer, first: int) -> None:
        self._table = table
        self._first = first
        self.always = table.title_words == "always"
        self.rows = _rows(table, analyzer, first)

    def read(self, terms: Sequence[str], places: Sequence[int], found: set[int]) -> None:
        """The longest row at each place counts, and the next place lies behind it."""
        behind = 0
        for place in places:
            if place >= behind:
                for rest, classes in self.rows.get(terms[place], ()):
                    end = place + 1 + len(rest)
                    if not rest or terms[place + 1 : end] == rest:
                        found |= classes
                        behind = end
                        break

    def names(self, found: Iterable[int]) -> tuple[str, ...]:
        classes = self._table.classes
        return tuple(classes[i - self._first].name for i in sorted(found) if 0 <= i - self._first < len(classes))


class _Told(dict[str, tuple[int, ...]]):
    """A heading or type as it is written -> the classes that it tells; each spelling is folded once."""

    def __init__(self, listed: Iterable[tuple[int, Iterable[str]]]) -> None:
        super().__init__()
        folded: dict[str, dict[int, None]] = defaultdict(dict)
        for i, keys in listed:
            for key in keys:
                folded[key][i] = None
        self._folded = {key: tuple(classes) for key, classes in folded.items()}

    def __missing__(self, written: str) -> tuple[int, ...]:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        told = self[written] = self._folded.get(fold(written), ())
        return told


def _rows(table: ClassTable, analyzer: Analyzer, first: int) -> dict[str, list[_Row]]:
    """By their first term, the longest first."""
    told: dict[tuple[str, ...], set[int]] = {row: set() for text in table.ignored for row in analyzer.phrases(text)}
    for i, known in enumerate(table.classes, start=first):
        for text in known.title:
            for row in analyzer.phrases(text):
                told.setdefault(row, set()).add(i)
    rows: dict[str, list[_Row]] = defaultdict(list)
    for row in sorted(told, key=lambda row: (-len(row), row)):
        rows[row[0]].append(_Row(list(row[1:]), frozenset(told[row])))
    return dict(rows)
