"""Real abstracts and real questions: every backend answers as working it out article by article would."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

from indexing.jsonl import read_jsonl
from retrieval.analysis import Analyzer
from retrieval.encoders.text import TextEncoder
from retrieval.index.interface import IndexReader, Words
from retrieval.query import Constraint
from retrieval.records import FACETS, Article, Filters, Query
from retrieval.search import Searcher
from retrieval.synonyms import Synonyms
from retrieval.vocabulary.file import Vocabulary, read_vocabulary
from tests.contracts.backends import Backend, Clustered, Embedded, opened
from tests.contracts.comparing import SAME_VECTOR, as_scores, assert_same_ranking, overlap
from tests.contracts.library import Library
from tests.contracts.oracle import Oracle, oracle_of
from tests.fakes import HashingEncoder

pytestmark = [pytest.mark.data, pytest.mark.slow]

COUNT = 1_500
QUESTIONS = 220
STANDING = Constraint()
ENCODER = HashingEncoder(dimension=128)


@pytest.fixture(scope="session")
def abstracts(data: Path) -> list[Article]:
    """From all over the file, whose sources follow one another."""
    return list(islice(read_jsonl(data / "abstracts.jsonl.gz"), 0, None, 10))[:COUNT]


@pytest.fixture(scope="session")
def questions(data: Path) -> list[str]:
    with gzip.open(data / "scifact" / "queries_train.tsv.gz", "rt", encoding="utf-8") as lines:
        return [row[1] for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)][:QUESTIONS]


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return read_vocabulary()


@pytest.fixture(scope="session")
def abstract_library(
    backend: Backend, abstracts: list[Article], vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Library:
    return _published(backend, abstracts, vocabulary, tmp_path_factory.mktemp(f"abstracts-{backend.name}"))


@pytest.fixture(scope="session")
def embedded_library(
    abstracts: list[Article], vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory
) -> Library:
    return _published(Embedded(), abstracts, vocabulary, tmp_path_factory.mktemp("abstracts-beside"))


def _published(backend: Backend, abstracts: list[Article], vocabulary: Vocabulary, home: Path) -> Library:
    analyzer = Analyzer(vocabulary.symbols())
    synonyms = Synonyms(vocabulary, analyzer)
    library = Library(home, opened(backend.address(home)), ENCODER, analyzer=analyzer, synonyms=synonyms)
    library.publish(abstracts)
    return library


@pytest.fixture(scope="session")
def known(embedded_library: Library) -> Oracle:
    return oracle_of(embedded_library)


@pytest.fixture(scope="session")
def opened_reader(abstract_library: Library) -> IndexReader:
    return abstract_library.open()


def test_words_find_the_same_articles_with_the_same_scores(
    opened_reader: IndexReader, known: Oracle, questions: list[str]
) -> None:
    shares = []
    for question in questions:
        found, expected = opened_reader.lexical(question, STANDING, 100), known.lexical(question, STANDING)
        assert_same_ranking(found, expected, 100)
        shares.append(overlap(found, expected[:100]))
    assert mean(shares) >= 0.99


def test_vectors_find_nearly_the_same_articles(opened_reader: IndexReader, known: Oracle, questions: list[str]) -> None:
    shares = []
    for question, vector in zip(questions, ENCODER.encode_queries(questions), strict=True):
        found, expected = opened_reader.dense(vector, STANDING, 10), known.dense(vector, STANDING)
        exact = dict(expected)
        assert all(abs(scored.score - exact[scored.pmid]) < SAME_VECTOR for scored in found), question
        shares.append(overlap(found, expected[:10]))
    assert mean(shares) >= 0.98


@pytest.mark.parametrize(
    "filters",
    [
        Filters(year_from=2010, year_to=2015),
        Filters(species=("mouse",)),
        Filters(organs=("lung",), year_from=2000),
        Filters(exclude_pmids=tuple(range(1, 40_000_000, 10_000))),
    ],
    ids=["years", "mice", "lungs", "thousands left out"],
)
def test_conditions_hold_on_both_legs(
    opened_reader: IndexReader, known: Oracle, questions: list[str], filters: Filters
) -> None:
    constraint, shares = Constraint(filters=filters), []
    allowed = set(known.allowed(constraint))
    for question, vector in islice(zip(questions, ENCODER.encode_queries(questions), strict=True), 25):
        legs = opened_reader.recall(Words(question), vector, constraint, 20)
        assert_same_ranking(legs.lexical, known.lexical(question, constraint), 20)
        assert {scored.pmid for scored in legs.dense} <= allowed
        assert len(legs.dense) == min(20, len(allowed))
        shares.append(overlap(legs.dense[:10], known.dense(vector, constraint)[:10]))
    assert mean(shares) >= 0.98


def test_facets_are_exact(opened_reader: IndexReader, known: Oracle, questions: list[str]) -> None:
    for question in questions[:25]:
        assert opened_reader.facets(question, STANDING, FACETS, 15) == known.facets(question, STANDING, FACETS, 15)


def test_what_one_leg_found_is_scored_by_the_other(
    opened_reader: IndexReader, known: Oracle, questions: list[str]
) -> None:
    for question, vector in islice(zip(questions, ENCODER.encode_queries(questions), strict=True), 25):
        legs = opened_reader.recall(Words(question), vector, STANDING, 100)
        by_words, by_vector = [s.pmid for s in legs.dense], [s.pmid for s in legs.lexical]
        more = opened_reader.complete(Words(question), vector, lexical=by_words, dense=by_vector)
        assert dict(more.lexical) == {
            pmid: pytest.approx(known.score(question, pmid) or 0.0, rel=1e-4) for pmid in by_words
        }
        assert dict(more.dense) == {
            pmid: pytest.approx(float(known.vectors[pmid] @ vector), abs=SAME_VECTOR) for pmid in by_vector
        }


def test_names_of_the_vocabulary_find_the_same_articles(
    opened_reader: IndexReader, known: Oracle, vocabulary: Vocabulary
) -> None:
    groups = [group for group in vocabulary.groups if len(group.names) > 1][::20][:15]
    for group in groups:
        for text in ("", "carcinoma of the lung"):
            found = opened_reader.lexical(text, STANDING, 50, [group])
            assert_same_ranking(found, known.lexical(text, STANDING, [group]), 50)


# --- Both backends side by side -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def side_by_side(
    clustered: Clustered,
    embedded_library: Library,
    abstracts: list[Article],
    vocabulary: Vocabulary,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Searcher, Searcher]:
    """Of the embedded backend, and of the cluster."""
    home = tmp_path_factory.mktemp("abstracts-far")
    return embedded_library.searcher(), _published(clustered, abstracts, vocabulary, home).searcher()


def _asked(questions: Sequence[str]) -> list[Query]:
    """Plain questions, and the same with conditions of the query language."""
    shapes = (
        "{}",
        "{} year:2000..",
        "{} -mouse",
        '{} "risk factors"',
        "{} organ:lung",
        "title:cancer {}",
        "{} species:human -study:review",
    )
    return [
        Query(
            text=shapes[n % len(shapes)].format(question.replace('"', " ")),
            limit=20,
            facets=FACETS if n % 4 == 0 else (),
            fusion="rrf" if n % 5 == 0 else "minmax",
        )
        for n, question in enumerate(questions)
    ]


@pytest.mark.elasticsearch
def test_a_search_answers_alike_whoever_keeps_the_index(
    side_by_side: tuple[Searcher, Searcher], questions: list[str]
) -> None:
    near, far = side_by_side
    shares, firsts = [], []
    for query in _asked(questions[:90]):
        one, other = near.search(query), far.search(query)
        assert (one.interpretation, one.notices, one.expansions) == (
            other.interpretation,
            other.notices,
            other.expansions,
        )
        assert (one.facets, one.matching) == (other.facets, other.matching)
        here, there = ({hit.article.pmid: hit for hit in result.hits} for result in (one, other))
        shares.append(len(here.keys() & there.keys()) / max(1, len(here)))
        firsts.append(list(here)[:1] == list(there)[:1])
        for pmid in here.keys() & there.keys():
            assert here[pmid].article == there[pmid].article
            assert here[pmid].integrity == there[pmid].integrity
            assert here[pmid].evidence == there[pmid].evidence
            for leg in here[pmid].legs.keys() & there[pmid].legs.keys():
                assert here[pmid].legs[leg].score == pytest.approx(there[pmid].legs[leg].score, rel=1e-4, abs=1e-5)
        if here.keys() == there.keys() and query.fusion == "minmax":
            assert [hit.score for hit in one.hits] == pytest.approx([hit.score for hit in other.hits], abs=0.01)
    assert mean(shares) >= 0.98
    assert mean(firsts) >= 0.98


@pytest.mark.elasticsearch
def test_each_leg_answers_alike_whoever_keeps_the_index(
    side_by_side: tuple[Searcher, Searcher], questions: list[str]
) -> None:
    near, far = (searcher.reader for searcher in side_by_side)
    assert near.pmids().tolist() == far.pmids().tolist() == far.vector_pmids().tolist()
    shares = []
    for question, vector in zip(questions, ENCODER.encode_queries(questions), strict=True):
        one, other = (reader.recall(Words(question), vector, STANDING, 100) for reader in (near, far))
        assert_same_ranking(other.lexical, one.lexical, 100)
        assert overlap(other.lexical, one.lexical) >= 0.99
        shares.append(overlap(other.dense[:10], one.dense[:10]))
        both = {s.pmid for s in one.dense} & {s.pmid for s in other.dense}
        assert {s.pmid: s.score for s in other.dense if s.pmid in both} == {
            pmid: score for pmid, score in as_scores(one.dense).items() if pmid in both
        }
    assert mean(shares) >= 0.98


@pytest.mark.elasticsearch
def test_vectors_of_a_real_encoder_find_nearly_the_same_articles(
    clustered: Clustered, abstracts: list[Article], questions: list[str], tmp_path: Path
) -> None:
    encoder = TextEncoder()
    library = Library(tmp_path, opened(clustered.address(tmp_path)), encoder)
    some = [article for article in abstracts if article.abstract][:600]
    library.publish(some)
    reader, shares = library.open(), []
    kept = {pmid: reader.vector(pmid) for pmid in (article.pmid for article in some)}
    pmids, vectors = list(kept), np.stack(list(kept.values()))
    for vector in encoder.encode_queries(questions[:100]):
        best = [pmids[place] for place in np.argsort(-(vectors @ vector), kind="stable")[:10]]
        found = [scored.pmid for scored in reader.dense(vector, STANDING, 10)]
        shares.append(len(set(best) & set(found)) / 10)
    assert mean(shares) >= 0.98
