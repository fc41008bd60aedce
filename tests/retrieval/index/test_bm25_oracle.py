"""BM25 scores against an independent implementation that reads the same terms."""

import random
from pathlib import Path

import pytest
from rank_bm25 import BM25Okapi

from retrieval.analysis import Analyzer
from retrieval.index.interface import NO_CONDITION, IndexedArticle
from retrieval.index.lexical import LexicalReader, LexicalWriter
from tests.fakes import article

WORDS = "lung colon breast tumour carcinoma stain budding PD-L1 grade score node margin slide biopsy T-cell".split()
ANALYZER = Analyzer()


class LuceneBM25(BM25Okapi):  # type: ignore[misc]
    """rank-bm25 with the idf that never goes below zero, ln(1 + (N - df + 0.5) / (df + 0.5)), as Lucene has it."""

    def _calc_idf(self, nd: dict[str, int]) -> None:
        from math import log

        self.idf = {term: log(1 + (self.corpus_size - df + 0.5) / (df + 0.5)) for term, df in nd.items()}


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, str]]:
    rng = random.Random(5)
    return [(" ".join(rng.choices(WORDS, k=4)), " ".join(rng.choices(WORDS, k=rng.randint(3, 30)))) for _ in range(200)]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, corpus: list[tuple[str, str]]) -> LexicalReader:
    folder: Path = tmp_path_factory.mktemp("bm25") / "lexical"
    articles = [IndexedArticle(article=article(n, t, a)) for n, (t, a) in enumerate(corpus, start=1)]
    assert LexicalWriter(folder, ANALYZER).write(articles) == 200
    return LexicalReader(folder, ANALYZER)


@pytest.mark.parametrize(
    "query", ["lung carcinoma", "tumour budding grade of the colon", "slide slide stain", "node", "PD-L1", "PDL1"]
)
def test_scores_agree_with_rank_bm25(reader: LexicalReader, corpus: list[tuple[str, str]], query: str) -> None:
    fields = [ANALYZER.combine(ANALYZER.text(t), ANALYZER.text(a)) for t, a in corpus]
    documents = [" ".join(values).split() for values in fields]
    expected = LuceneBM25(documents, k1=1.2, b=0.75).get_scores(ANALYZER.query_terms(query))
    found = {s.pmid: s.score for s in reader.search(query, NO_CONDITION, 200)}
    # Tantivy keeps document lengths in one byte: exact below 40 terms, a few per cent off above.
    for number, score in enumerate(expected, start=1):
        assert found.get(number, 0.0) == pytest.approx(score, rel=0.03, abs=1e-6)


def test_equal_scores_are_ordered_by_pmid_even_across_the_limit(tmp_path: Path) -> None:
    articles = [IndexedArticle(article=article(n, "the same words")) for n in range(500, 0, -1)]
    LexicalWriter(tmp_path / "lexical", ANALYZER).write(articles)
    reader = LexicalReader(tmp_path / "lexical", ANALYZER)
    assert [s.pmid for s in reader.search("words", NO_CONDITION, 10)] == list(range(1, 11))


def test_given_articles_score_as_in_a_search_and_strangers_score_nothing(reader: LexicalReader) -> None:
    searched = reader.search("lung carcinoma", NO_CONDITION, 200)
    chosen = [s.pmid for s in searched[::7]]
    assert reader.scores("lung carcinoma", chosen) == [s for s in searched if s.pmid in chosen]
    assert [s.score for s in reader.scores("lung carcinoma", [9999])] == [0.0]
