"""What an index of some articles must answer, worked out article by article, without any engine."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from retrieval.analysis import Analyzer, fold
from retrieval.classification import CLASS_FACETS, Classifier
from retrieval.encoders.base import Passage
from retrieval.index.interface import FacetCounts, IndexedArticle, Scored
from retrieval.integrity import EXCLUDED
from retrieval.mesh_tree import MeshTree
from retrieval.query import Clause, Constraint
from retrieval.records import Author, Facet, FacetName, FacetValue, Filters, IntegrityPolicy, Term
from retrieval.synonyms import group_rows
from retrieval.vocabulary.file import SynonymGroup
from tests.contracts.library import Library

K1, B = 1.2, 0.75


def kept_length(length: int) -> int:
    """The number of terms as engines keep it in one byte: four significant bits above 40."""
    if length < 24:
        return length
    beyond = length - 24
    shift = max(beyond.bit_length() - 4, 0)
    return 24 + (beyond >> shift << shift)


class Oracle:
    """The answers of a generation that holds `indexed`; `vectors` by PMID, shape (dimension,)."""

    def __init__(
        self,
        indexed: Iterable[IndexedArticle],
        analyzer: Analyzer,
        tree: MeshTree,
        vectors: Mapping[int, npt.NDArray[np.float32]],
    ) -> None:
        self.articles = {each.article.pmid: each for each in indexed}
        self.vectors = vectors
        self._analyzer = analyzer
        self._tree = tree
        self._worked_out: dict[Constraint, dict[int, None]] = {}
        self._rows: dict[int, dict[str, list[list[str]]]] = {}
        self._terms: dict[int, Counter[str]] = {}
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._facets: dict[int, dict[FacetName, set[str]]] = {}
        self._shown: dict[FacetName, dict[str, str]] = defaultdict(dict)
        self._named: dict[FacetName, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        classifier = Classifier(analyzer, tree)
        self._also = {
            name: {word: fold(value) for word, value in words.items()} for name, words in classifier.also.items()
        }
        for pmid, each in sorted(self.articles.items()):
            self._read(pmid, each, classifier)
        lengths = {pmid: terms.total() for pmid, terms in self._terms.items()}
        mean = sum(lengths.values()) / max(1, len(lengths))
        self._norms = {pmid: K1 * (1 - B + B * kept_length(length) / mean) for pmid, length in lengths.items()}

    def _read(self, pmid: int, each: IndexedArticle, classifier: Classifier) -> None:
        article = each.article
        title, abstract = self._analyzer.text(article.title), self._analyzer.text(article.abstract)
        combined = [value.split() for value in self._analyzer.combine(title, abstract)]
        self._rows[pmid] = {"text": combined, "title": [value.split() for value in (title.row, *title.wholes)]}
        self._terms[pmid] = Counter(term for row in combined for term in row)
        for term in self._terms[pmid]:
            self._postings[term].append(pmid)
        species, organs, studies = classifier.classify(article, title.row)
        values: dict[FacetName, Sequence[str]] = {
            "year": [str(article.year)] if article.year is not None else [],
            "journal": list(filter(None, [article.journal.title or article.journal.abbreviation])),
            "type": self._terms_of("type", article.publication_types),
            "mesh": self._terms_of("mesh", article.mesh),
            "language": article.languages,
            "species": species,
            "organ": organs,
            "study": studies,
            "integrity": [each.integrity.status.value],
        }
        self._facets[pmid] = {name: set(map(fold, found)) for name, found in values.items()}
        for name, found in values.items():
            for value in found:
                self._shown[name].setdefault(fold(value), value)

    def _terms_of(self, name: FacetName, terms: Sequence[Term]) -> list[str]:
        for term in terms:
            if term.ui:
                self._named[name][fold(term.ui)].add(fold(term.name))
        return [term.name for term in terms]

    # --- Conditions -------------------------------------------------------------------------------------------------

    def allowed(self, constraint: Constraint) -> list[int]:
        """Rising."""
        return list(self._allowed(constraint))

    def _allowed(self, constraint: Constraint) -> dict[int, None]:
        if constraint not in self._worked_out:
            self._worked_out[constraint] = {
                pmid: None for pmid in sorted(self.articles) if self._meets(pmid, constraint)
            }
        return self._worked_out[constraint]

    def _meets(self, pmid: int, constraint: Constraint) -> bool:
        filters = constraint.filters
        return (
            self._passes(pmid, filters)
            and all(self._holds(pmid, clause, filters) for clause in constraint.required)
            and not any(self._holds(pmid, clause, filters) for clause in constraint.excluded)
        )

    def _passes(self, pmid: int, filters: Filters) -> bool:
        coded: dict[FacetName, Sequence[str]] = {
            "mesh": filters.mesh,
            "type": filters.publication_types,
            "language": filters.languages,
            "species": filters.species,
            "organ": filters.organs,
            "study": filters.study_types,
            "integrity": filters.integrity_statuses,
        }
        status = self.articles[pmid].integrity.status
        return (
            (
                (filters.year_from is None and filters.year_to is None)
                or self._dated(pmid, filters.year_from, filters.year_to)
            )
            and (not filters.journals or any(self._in_journal(pmid, name) for name in filters.journals))
            and all(not values or self._has(pmid, name, values, filters) for name, values in coded.items())
            and (not filters.pmids or pmid in filters.pmids)
            and pmid not in filters.exclude_pmids
            and (filters.integrity is not IntegrityPolicy.EXCLUDE or status not in EXCLUDED)
        )

    def _holds(self, pmid: int, clause: Clause, filters: Filters) -> bool:
        article, value = self.articles[pmid].article, clause.value
        match clause.field:
            case "text" | "title":
                rows = self._rows[pmid][clause.field]
                return any(_stands_in(phrase, row) for phrase in self._analyzer.phrases(value) for row in rows)
            case "year":
                return self._dated(pmid, clause.year_from, clause.year_to)
            case "pmid":
                return pmid == int(value)
            case "doi":
                return bool(article.doi) and article.doi.lower() == value.lower()
            case "journal":
                return self._in_journal(pmid, value)
            case "author":
                return any(fold(value) in _forms(author) for author in article.authors)
            case name:
                return self._has(pmid, name, [value], filters)

    def _dated(self, pmid: int, first: int | None, last: int | None) -> bool:
        year = self.articles[pmid].article.year
        return year is not None and (first or 0) <= year <= (9999 if last is None else last)

    def _in_journal(self, pmid: int, name: str) -> bool:
        journal = self.articles[pmid].article.journal
        return fold(name) in {fold(known) for known in (journal.title, journal.abbreviation, journal.issn) if known}

    def _has(self, pmid: int, name: FacetName, values: Sequence[str], filters: Filters) -> bool:
        folded = set(map(fold, values))
        if name == "mesh":
            folded = set(self._tree.terms(values, explode=filters.mesh_explode))
        asked: set[str] = set()
        for value in folded:
            identified = self._named[name].get(value) if name in self._named else None
            if name in CLASS_FACETS:
                asked.add(self._also[name].get(value, value))
            else:
                asked |= identified or {value}
        return not asked.isdisjoint(self._facets[pmid][name])

    # --- Legs -------------------------------------------------------------------------------------------------------

    def lexical(self, text: str, constraint: Constraint, names: Sequence[SynonymGroup] = ()) -> list[Scored]:
        """All that could be found, best first; the newest first without words."""
        if not text and not names:
            return [Scored(pmid, 1 / rank) for rank, pmid in enumerate(reversed(self.allowed(constraint)), start=1)]
        allowed = self._allowed(constraint).keys()
        if not names:
            by_words: dict[int, float] = defaultdict(float)
            for term in self._analyzer.query_terms(text):
                idf = self._idf(term)
                for pmid in self._postings.get(term, ()):
                    times = self._terms[pmid][term]
                    by_words[pmid] += idf * (K1 + 1) * times / (times + self._norms[pmid])
            return _ranked({pmid: score for pmid, score in by_words.items() if pmid in allowed})
        holders = self._holders(text, names) & allowed
        scores = {pmid: self.score(text, pmid, names) for pmid in holders}
        return _ranked({pmid: score for pmid, score in scores.items() if score is not None})

    def _holders(self, text: str, names: Sequence[SynonymGroup]) -> set[int]:
        """All articles that may hold one of the words or names, and some others."""
        terms = set(self._analyzer.terms(" ".join([text, *(name for group in names for name in group.names)])))
        for group in names:
            terms.update(term for rows in group_rows(group, self._analyzer) for row in rows for term in row)
        return set().union(*(self._postings.get(term, ()) for term in terms))

    def score(self, text: str, pmid: int, names: Sequence[SynonymGroup] = ()) -> float | None:
        """By BM25; None for an article that holds none of the words and names."""
        terms = self._analyzer.telling_terms(text) if names else self._analyzer.query_terms(text)
        found = [self._of_row((term,), pmid) for term in terms]
        found += [self._of_group(group, pmid) for group in names]
        held = [score for score in found if score is not None]
        return sum(held) if held else None

    def _of_row(self, row: Sequence[str], pmid: int) -> float | None:
        """Of a term, or of several that stand in a row."""
        times = min(self._terms[pmid][term] for term in row)
        if times and len(row) > 1:
            times = sum(_times(row, held) for held in self._rows[pmid]["text"])
        if not times:
            return None
        return sum(map(self._idf, row)) * (K1 + 1) * times / (times + self._norms[pmid])

    def _of_group(self, group: SynonymGroup, pmid: int) -> float | None:
        """The best of its names, each worth what the best known one is worth."""
        known = self._best_known(group)
        worth = sum(map(self._idf, known))
        held = [score for term in known if (score := self._of_row((term,), pmid)) is not None]
        found = [sum(held)] if held else []
        sure, vague = group_rows(group, self._analyzer)
        rows = [(row, False) for row in sure if row != (*known,) or len(row) > 1] + [(row, True) for row in vague]
        for row, is_vague in rows:
            if all(term in self._postings for term in row):
                boost = worth / sum(map(self._idf, row))
                score = self._of_row(row, pmid)
                if score is not None:
                    found.append(score * (min(boost, 1.0) if is_vague else boost))
        return max(found, default=None)

    def _best_known(self, group: SynonymGroup) -> list[str]:
        for name in group.names:
            terms = self._analyzer.query_terms(name)
            if all(term in self._postings for term in terms):
                return terms
        return self._analyzer.query_terms(group.name)

    def _idf(self, term: str) -> float:
        count = len(self._postings.get(term, ()))
        return math.log(1 + (len(self.articles) - count + 0.5) / (count + 0.5))

    def dense(self, vector: npt.NDArray[np.float32], constraint: Constraint) -> list[Scored]:
        """All that could be found, best first."""
        return _ranked(
            {pmid: float(self.vectors[pmid] @ vector) for pmid in self.allowed(constraint) if pmid in self.vectors}
        )

    # --- Facets -----------------------------------------------------------------------------------------------------

    def facets(
        self,
        text: str,
        constraint: Constraint,
        wanted: Sequence[FacetName],
        size: int,
        names: Sequence[SynonymGroup] = (),
    ) -> FacetCounts:
        found = [scored.pmid for scored in self.lexical(text, constraint, names)]
        facets = []
        for name in wanted:
            counts = Counter(value for pmid in found for value in self._facets[pmid][name])
            values = [FacetValue(self._shown[name][value], count) for value, count in counts.items()]
            if name == "year":
                values.sort(key=lambda value: -int(value.value))
            else:
                values = sorted(values, key=lambda value: (-value.count, value.value))[:size]
            facets.append(Facet(name, tuple(values)))
        return FacetCounts(len(found), tuple(facets))


def oracle_of(library: Library) -> Oracle:
    """Of the catalog's present state; vectors as half precision keeps them."""
    indexed = library.indexed()
    vectors: dict[int, npt.NDArray[np.float32]] = {}
    if library.encoder is not None:
        found = library.encoder.encode_documents([Passage(i.article.title, i.article.abstract) for i in indexed])
        kept = found.astype(np.float16).astype(np.float32)
        vectors = {each.article.pmid: vector for each, vector in zip(indexed, kept, strict=True)}
    return Oracle(indexed, library.analyzer, library.tree, vectors)


def _ranked(scores: Mapping[int, float]) -> list[Scored]:
    return sorted((Scored(*item) for item in scores.items()), key=lambda scored: (-scored.score, scored.pmid))


def _stands_in(phrase: Sequence[str], row: Sequence[str]) -> bool:
    return _times(phrase, row) > 0


def _times(phrase: Sequence[str], row: Sequence[str]) -> int:
    first, wanted = phrase[0], list(phrase)
    return sum(list(row[at : at + len(wanted)]) == wanted for at, term in enumerate(row) if term == first)


def _forms(author: Author) -> set[str]:
    """ "Smith JA" is smith, smith j and smith ja."""
    name, initials = fold(author.last_name or author.collective_name), fold(author.initials)
    if not name:
        return set()
    return {name, *(f"{name} {initials[:length]}" for length in range(1, len(initials) + 1))}
