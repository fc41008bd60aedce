"""The lexical leg: BM25 over the analyzer's terms, to four digits that of working it out article by article."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from retrieval.index.interface import NO_CONDITION, IndexReader, Scored
from retrieval.query import Constraint
from retrieval.records import Filters
from retrieval.vocabulary.file import SynonymGroup
from tests.contracts.comparing import SAME_WORDS, assert_same_ranking
from tests.contracts.documents import PMIDS, paper
from tests.contracts.library import Library
from tests.contracts.oracle import Oracle

STANDING = Constraint()
EVERYTHING = 100
GROUPS = {
    "PD-L1": SynonymGroup("PD-L1", "marker", ("CD274", "B7-H1", "programmed death ligand 1")),
    "TGF": SynonymGroup("TGF-beta", "marker", ("transforming growth factor beta", "TGFB")),
    "carcinoma": SynonymGroup("carcinoma", "entity", ("xenografts of carcinoma", "tumour")),
    "unknown": SynonymGroup("xylophone", "stain", ("glockenspiel", "lung nodules")),
    "vague": SynonymGroup("Ki-67", "marker", ambiguous=("count", "rain")),
    "nowhere": SynonymGroup("xylophone", "stain"),
}


@pytest.mark.parametrize(
    "text",
    [
        "lung",
        "lung carcinoma",
        "carcinoma carcinoma lung",
        "PD-L1",
        "PDL1 expression",
        "pd l1",
        "TGF-β",
        "TGF beta small cell",
        "tumour tumor tumors",
        "Sjögren's naïve B-cells 3.5 IFN-γ",
        "HER2/neu",
        "α-SMA κ",
        "of the and",
        "a lung in the colon",
        "xylophone",
        "xylophone lung",
        "!?",
        "lymphocytes of T-cell disease that infiltrate tumours, and what was concerned",
    ],
)
def test_scores_are_those_of_bm25(reader: IndexReader, oracle: Oracle, text: str) -> None:
    for constraint in (STANDING, NO_CONDITION):
        found = reader.lexical(text, constraint, EVERYTHING)
        assert_same_ranking(found, oracle.lexical(text, constraint), EVERYTHING)


def test_a_score_is_what_the_formula_gives_by_hand(new_library: Callable[..., Library]) -> None:
    library = new_library()
    # Titles count twice, and a mark stands between: lengths 3, 3 and 9, of 15 in all.
    library.publish([paper(1, "Gland."), paper(2, "Nucleus."), paper(3, "Nucleus gland.", "Stroma of gland.")])
    weight = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5)) * 2.2
    expected = {
        1: weight * 2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 5)),
        3: weight * 3 / (3 + 1.2 * (0.25 + 0.75 * 9 / 5)),
    }
    found = library.open().lexical("gland", STANDING, 10)
    assert dict(found) == pytest.approx(expected, rel=SAME_WORDS)


def test_equal_scores_stand_by_pmid_also_where_the_list_ends_among_them(reader: IndexReader) -> None:
    alike = list(range(21, 41))
    for limit in (1, 3, 19, 20):
        found = reader.lexical("xenografts", STANDING, limit)
        assert [scored.pmid for scored in found] == alike[:limit]
        assert len({scored.score for scored in found}) == 1


def test_a_list_ends_where_it_should(reader: IndexReader, oracle: Oracle) -> None:
    for limit in (1, 2, 5, 10, 1_000):
        found = reader.lexical("lung carcinoma", STANDING, limit)
        assert_same_ranking(found, oracle.lexical("lung carcinoma", STANDING), limit)


def test_without_words_the_newest_come_first(reader: IndexReader, oracle: Oracle) -> None:
    constraint = Constraint(filters=Filters(year_from=2019))
    newest = sorted(oracle.allowed(constraint), reverse=True)
    expected = [Scored(pmid, 1 / rank) for rank, pmid in enumerate(newest, start=1)]
    for limit in (3, 1_000):
        found = reader.lexical("", constraint, limit)
        assert [scored.pmid for scored in found] == newest[:limit]
        assert [scored.score for scored in found] == pytest.approx([s.score for s in expected[:limit]], rel=1e-6)
    assert [scored.pmid for scored in reader.lexical("", NO_CONDITION, 1_000)] == PMIDS[::-1]


@pytest.mark.parametrize("text", ["", "lung", "expression of the tumour", "of the"])
@pytest.mark.parametrize("names", [["PD-L1"], ["TGF"], ["carcinoma"], ["unknown"], ["vague"], ["PD-L1", "carcinoma"]])
def test_a_thing_of_several_names_scores_by_its_best_one(
    reader: IndexReader, oracle: Oracle, text: str, names: list[str]
) -> None:
    groups = [GROUPS[name] for name in names]
    found = reader.lexical(text, STANDING, EVERYTHING, groups)
    assert_same_ranking(found, oracle.lexical(text, STANDING, groups), EVERYTHING)


def test_a_name_that_is_asked_for_twice_counts_twice(reader: IndexReader, oracle: Oracle) -> None:
    groups = [GROUPS["carcinoma"], GROUPS["carcinoma"]]
    found = reader.lexical("lung", STANDING, EVERYTHING, groups)
    assert_same_ranking(found, oracle.lexical("lung", STANDING, groups), EVERYTHING)


def test_names_that_no_article_has_find_nothing(reader: IndexReader) -> None:
    assert reader.lexical("", STANDING, EVERYTHING, [GROUPS["nowhere"]]) == []
    assert reader.lexical_scores("", [1, 2], [GROUPS["nowhere"]]) == [Scored(1, 0.0), Scored(2, 0.0)]


@pytest.mark.parametrize("names", [(), ("PD-L1",)])
def test_given_articles_score_as_they_do_when_found(
    reader: IndexReader, oracle: Oracle, names: tuple[str, ...]
) -> None:
    groups = [GROUPS[name] for name in names]
    found = dict(reader.lexical("lung carcinoma", NO_CONDITION, EVERYTHING, groups))
    asked = [6, 1, 7, 12, 51, 9, 50, 6, 1 << 50]
    scored = reader.lexical_scores("lung carcinoma", asked, groups)
    assert scored == sorted(scored, key=lambda each: (-each.score, each.pmid))
    assert dict(scored) == {pmid: pytest.approx(found.get(pmid, 0.0), rel=1e-6) for pmid in asked}
    assert dict(scored)[12] == 0.0
    assert reader.lexical_scores("lung", [], groups) == []


def test_words_that_are_none_score_nothing(reader: IndexReader) -> None:
    assert reader.lexical_scores("!?", [1, 2]) == []
    assert reader.lexical_scores("xylophone", [2, 1]) == [Scored(1, 0.0), Scored(2, 0.0)]


def test_articles_without_text_change_nothing_for_the_others(new_library: Callable[..., Library]) -> None:
    library = new_library()
    library.publish(
        [*(paper(n, "Gland." if n % 2 else "Nucleus.") for n in range(1, 9)), *(paper(n, "") for n in range(9, 12))]
    )
    found = library.open().lexical("gland", STANDING, 10)
    # A mark alone stands in each of the three.
    mean = (8 * 3 + 3 * 1) / 11
    weight = math.log(1 + (11 - 4 + 0.5) / (4 + 0.5)) * 2.2
    expected = weight * 2 / (2 + 1.2 * (0.25 + 0.75 * 3 / mean))
    assert dict(found) == {pmid: pytest.approx(expected, rel=SAME_WORDS) for pmid in (1, 3, 5, 7)}
