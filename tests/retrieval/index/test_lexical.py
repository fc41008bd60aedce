"""Phrases and exclusions in the lexical index: compounds with and without their hyphens, and what no phrase crosses."""

from pathlib import Path

import pytest

from retrieval.analysis import Analyzer
from retrieval.index.interface import NO_CONDITION, IndexedArticle
from retrieval.index.lexical import LexicalReader, LexicalWriter
from retrieval.query import parse_query
from retrieval.records import Filters, Integrity, IntegrityPolicy, IntegrityStatus
from tests.fakes import article

ARTICLES = [
    article(1, "Lung cancer-related fatigue."),
    article(2, "Anti-PD-L1 therapy.", "PD-L1 expression was high."),
    article(3, "PDL1 expression."),
    article(4, "Cell line-derived grafts."),
    article(5, "Tumour infiltrating lymphocytes.", "TGFβ was low."),
    article(6, "Tumor-infiltrating lymphocytes in T-cell disease.", "TGF-beta was high. Ki-67, CD-8."),
    article(7, "Colon.", "Lung."),
]
STATUSES = list(IntegrityStatus)


def open_index(folder: Path, articles: list[IndexedArticle]) -> LexicalReader:
    LexicalWriter(folder / "lexical", Analyzer()).write(articles)
    return LexicalReader(folder / "lexical", Analyzer())


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> LexicalReader:
    return open_index(tmp_path_factory.mktemp("lexical"), [IndexedArticle(article=a) for a in ARTICLES])


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> LexicalReader:
    """PMID 1 has the first status, 2 the second and so on."""
    articles = [
        IndexedArticle(article=article(n, "Lung."), integrity=Integrity(status=status))
        for n, status in enumerate(STATUSES, start=1)
    ]
    return open_index(tmp_path_factory.mktemp("judged"), articles)


def matching(reader: LexicalReader, query: str) -> set[int]:
    return set(reader.matching(parse_query(query, Filters()).constraint))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"lung cancer"', {1}),
        ('"lung cancer-related"', {1}),
        ('"lung cancer related"', {1}),
        ('"PD-L1"', {2, 3}),
        ('"PDL1"', {2, 3}),
        ("text:PD-L1", {2, 3}),
        ('"anti-PD-L1"', {2}),
        ('"PD-L1 expression"', {2, 3}),
        ('"cell line"', {4}),
        ('"tumor-infiltrating lymphocytes"', {5, 6}),
        ('"tumour infiltrating lymphocytes"', {5, 6}),
        ('"TGF-β"', {5, 6}),
        ('"TGFβ"', {5, 6}),
        ("title:T-cell", {6}),
        ("title:Tcell", {6}),
        ("title:TGF-beta", set()),
        ("lung -PD-L1", {1, 4, 5, 6, 7}),
        ("lung -PDL1", {1, 4, 5, 6, 7}),
        ('lung -"cell line"', {1, 2, 3, 5, 6, 7}),
        ('lung -"lung cancer"', {2, 3, 4, 5, 6, 7}),
    ],
)
def test_hyphens_make_no_difference_to_phrases_and_exclusions(
    reader: LexicalReader, query: str, found: set[int]
) -> None:
    assert matching(reader, query) == found


@pytest.mark.parametrize("query", ['"Ki67 CD8"', '"Tcell tumorinfiltrating"', '"colon colon"', '"colon lung"'])
def test_no_phrase_reaches_from_one_whole_form_to_the_next_or_from_title_to_abstract(
    reader: LexicalReader, query: str
) -> None:
    assert matching(reader, query) == set()


def test_a_compound_scores_under_all_its_forms(reader: LexicalReader) -> None:
    assert [s.pmid for s in reader.search("PDL1", NO_CONDITION, 10)] == [3, 2]
    assert {s.pmid for s in reader.search("PD-L1", NO_CONDITION, 10)} == {2, 3}


def test_retracted_and_withdrawn_articles_are_left_out(judged: LexicalReader) -> None:
    left_out = sorted(STATUSES.index(status) + 1 for status in (IntegrityStatus.RETRACTED, IntegrityStatus.WITHDRAWN))
    everything = range(1, len(STATUSES) + 1)
    assert judged.left_out(everything) == left_out
    assert judged.left_out([left_out[0], 1, 999, 0, -1, 10**30]) == left_out[:1]
    assert judged.left_out([]) == []
    assert set(everything) - set(judged.matching(parse_query("lung", Filters()).constraint)) == set(left_out)


@pytest.mark.parametrize("policy", [IntegrityPolicy.LABEL, IntegrityPolicy.ALLOW])
def test_the_other_policies_leave_nothing_out(judged: LexicalReader, policy: IntegrityPolicy) -> None:
    constraint = parse_query("lung", Filters(integrity=policy)).constraint
    assert judged.count_matching(constraint) == len(STATUSES)
