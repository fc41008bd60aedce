"""Facet counts and the conditions that go with them, checked against counting by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError
from retrieval.index.interface import NO_CONDITION, FacetCounts, IndexedArticle
from retrieval.index.lexical import LexicalReader, LexicalWriter
from retrieval.mesh_tree import Heading, MeshTree
from retrieval.query import Constraint, parse_query
from retrieval.records import (
    FACETS,
    Article,
    Facet,
    FacetValue,
    Filters,
    Integrity,
    IntegrityPolicy,
    IntegrityStatus,
    Journal,
    MeshHeading,
    PartialDate,
    Term,
)

TREE = MeshTree(
    (
        Heading("Neoplasms", "D009369", ("C04",)),
        Heading("Lung Neoplasms", "D008175", ("C04.588.520",)),
        Heading("Carcinoma, Small Cell", "D018288", ("C04.557.465",)),
    )
)


def indexed(
    pmid: int,
    title: str,
    *,
    year: int | None = None,
    journal: str = "",
    mesh: tuple[str, ...] = (),
    types: tuple[str, ...] = (),
    languages: tuple[str, ...] = (),
    status: IntegrityStatus = IntegrityStatus.OK,
) -> IndexedArticle:
    article = Article(
        pmid=pmid,
        title=title,
        journal=Journal(title=journal),
        published=PartialDate(sortable=f"{year}-01-01", precision="year", raw=str(year)) if year else None,
        mesh=tuple(MeshHeading(name=name) for name in mesh),
        publication_types=tuple(Term(name=name) for name in types),
        languages=languages,
    )
    return IndexedArticle(article=article, integrity=Integrity(status=status))


ARTICLES = [
    indexed(1, "Lung cancer.", year=2019, journal="Chest", mesh=("Humans", "Lung Neoplasms"), types=("Case Reports",)),
    indexed(2, "Lung cancer in mice.", year=2020, journal="CHEST", mesh=("Animals", "Mice", "Neoplasms")),
    indexed(3, "Breast cancer.", year=2020, journal="Breast", languages=("eng", "fre"), types=("Review", "Review")),
    indexed(4, "Lung transplantation.", year=2020, languages=("eng",), status=IntegrityStatus.CORRECTED),
    indexed(5, "Lung cancer withdrawn.", status=IntegrityStatus.RETRACTED),
    indexed(6, "Colon.", mesh=("Carcinoma, Small Cell",)),
]


def opened(folder: Path, articles: list[IndexedArticle], tree: MeshTree = TREE) -> LexicalReader:
    LexicalWriter(folder / "lexical", Analyzer(), tree).write(articles)
    return LexicalReader(folder / "lexical", Analyzer())


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> LexicalReader:
    return opened(tmp_path_factory.mktemp("facets"), ARTICLES)


def counted(reader: LexicalReader, query: str, filters: Filters = Filters()) -> dict[str, dict[str, int]]:  # noqa: B008
    parsed = parse_query(query, filters)
    counts = reader.facets(parsed.ranking_text, parsed.constraint, FACETS, 10)
    return {facet.name: {value.value: value.count for value in facet.values} for facet in counts.facets}


def matching(reader: LexicalReader, query: str, filters: Filters = Filters()) -> set[int]:  # noqa: B008
    return set(reader.matching(parse_query(query, filters).constraint))


def test_every_facet_counts_the_articles_that_hold_a_word_and_meet_the_conditions(reader: LexicalReader) -> None:
    assert counted(reader, "cancer lung year:2015..") == {
        "year": {"2020": 3, "2019": 1},
        "journal": {"Chest": 2, "Breast": 1},
        "type": {"Case Reports": 1, "Review": 1},
        "mesh": {"Animals": 1, "Humans": 1, "Lung Neoplasms": 1, "Mice": 1, "Neoplasms": 1},
        "language": {"eng": 2, "fre": 1},
        "species": {"animal": 1, "human": 1, "mouse": 1},
        "organ": {"lung": 3, "breast": 1},
        "study": {"animal study": 1, "case report": 1, "review": 1},
        "integrity": {"ok": 3, "corrected": 1},
    }


def test_retracted_articles_count_only_where_they_may_appear(reader: LexicalReader) -> None:
    assert counted(reader, "cancer")["integrity"] == {"ok": 3}
    labelled = Filters(integrity=IntegrityPolicy.LABEL)
    assert counted(reader, "cancer", labelled)["integrity"] == {"ok": 3, "retracted": 1}


def test_conditions_alone_count_all_that_meet_them(reader: LexicalReader) -> None:
    counts = reader.facets("", NO_CONDITION, ("organ",), 2)
    assert counts == FacetCounts(6, (Facet("organ", (FacetValue("lung", 4), FacetValue("breast", 1))),))


def test_words_that_nobody_has_count_nothing(reader: LexicalReader) -> None:
    assert reader.facets("xylophone", NO_CONDITION, ("year", "mesh"), 10) == FacetCounts(
        0, (Facet("year", ()), Facet("mesh", ()))
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("organ:lung", {1, 2, 4}),
        ("organ:PULMONARY", {1, 2, 4}),
        ("organ:breast", {3}),
        ("organ:spoon", set()),
        ("lung -organ:lung", {3, 6}),
        ("species:human", {1}),
        ("species:mice", {2}),
        ('study:"case report"', {1}),
        ("study:review", {3}),
        ("integrity:corrected", {4}),
        ("integrity:retracted", set()),
        ("-integrity:ok lung", {4}),
        ("mesh:Neoplasms", {1, 2, 6}),
        ('mesh:"lung neoplasms"', {1}),
        ("mesh:D009369", {1, 2, 6}),
        ("lung -mesh:Neoplasms", {3, 4}),
    ],
)
def test_each_value_is_a_condition_of_the_query(reader: LexicalReader, query: str, found: set[int]) -> None:
    assert matching(reader, query) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(mesh=("Neoplasms",)), {1, 2, 6}),
        (Filters(mesh=("Neoplasms",), mesh_explode=False), {2}),
        (Filters(species=("human", "mouse")), {1, 2}),
        (Filters(organs=("breast", "unheard of"), study_types=("review",)), {3}),
        (Filters(integrity_statuses=(IntegrityStatus.CORRECTED, IntegrityStatus.RETRACTED)), {4}),
        (
            Filters(integrity_statuses=(IntegrityStatus.RETRACTED,), integrity=IntegrityPolicy.LABEL),
            {5},
        ),
    ],
)
def test_filters_are_conditions_too(reader: LexicalReader, filters: Filters, found: set[int]) -> None:
    assert set(reader.matching(Constraint(filters=filters))) == found


def test_mesh_in_the_query_follows_the_filter(reader: LexicalReader) -> None:
    assert matching(reader, "mesh:Neoplasms", Filters(mesh_explode=False)) == {2}


def test_what_a_condition_cannot_do_is_said(reader: LexicalReader, tmp_path: Path) -> None:
    def notices(reader: LexicalReader, query: str, filters: Filters = Filters()) -> list[str]:  # noqa: B008
        return reader.notices(parse_query(query, filters).constraint)

    assert notices(reader, "organ:lung mesh:Neoplasms species:human") == []
    assert notices(reader, "species:unicorn -species:troll") == [
        'No article has the species "unicorn", "troll"; there are: animal, human, mouse.'
    ]
    assert notices(reader, "lung mesh:Humours") == [
        '"Humours": not in this generation\'s MeSH tree, so looked for as it is.'
    ]
    without_tree = opened(tmp_path, ARTICLES, MeshTree())
    assert notices(without_tree, "mesh:Neoplasms") == [
        'MeSH headings below "Neoplasms" were not looked for: this generation was built without NLM\'s tree '
        "(setting mesh_descriptors)."
    ]
    assert notices(without_tree, "mesh:Neoplasms", Filters(mesh_explode=False)) == []
    assert matching(without_tree, "mesh:Neoplasms") == {2}


def test_equally_frequent_values_stand_by_name_however_many_there_are(tmp_path: Path) -> None:
    names = [f"Journal {n:03}" for n in range(300)]
    reader = opened(tmp_path, [indexed(n, "Lung.", journal=name) for n, name in enumerate(reversed(names), start=1)])
    for size in (1, 5, 300):
        (facet,) = reader.facets("lung", NO_CONDITION, ("journal",), size).facets
        assert facet.values == tuple(FacetValue(name, 1) for name in names[:size])


def test_years_are_all_there_newest_first(tmp_path: Path) -> None:
    reader = opened(tmp_path, [indexed(year, "Lung.", year=year) for year in range(1900, 2020)])
    (facet,) = reader.facets("lung", NO_CONDITION, ("year",), 1).facets
    assert [value.value for value in facet.values] == [str(year) for year in range(2019, 1899, -1)]


@pytest.mark.parametrize("content", [None, b"[]", b"\xff"])
def test_an_index_without_the_names_of_its_codes_is_refused(tmp_path: Path, content: bytes | None) -> None:
    opened(tmp_path, ARTICLES)
    path = tmp_path / "lexical" / "facets.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(GenerationError, match=r"facets\.json cannot be read.*rebuild or roll back"):
        LexicalReader(tmp_path / "lexical", Analyzer())


VALUES = st.lists(st.sampled_from([f"Value {n}" for n in range(12)] + ["value 1", "Välue 1"]), max_size=4)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["lung", "breast", "lung breast"]), VALUES), min_size=1, max_size=60),
    size=st.integers(1, 15),
)
def test_counts_are_those_of_counting_one_by_one(rows: list[tuple[str, list[str]]], size: int) -> None:
    articles = [indexed(n, words, mesh=tuple(values)) for n, (words, values) in enumerate(rows, start=1)]
    expected: Counter[str] = Counter()
    for words, values in rows:
        if "lung" in words:
            expected.update({"value 1" if value == "Välue 1" else value.lower() for value in values})
    # The engine's own threads may still be merging when the folder goes.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        counts = opened(Path(folder), articles).facets("lung", NO_CONDITION, ("mesh",), size)
    found = {value.value.replace("ä", "a").lower(): value.count for value in counts.facets[0].values}
    assert counts.articles == sum("lung" in words for words, _ in rows)
    assert sorted(found.values(), reverse=True) == sorted(expected.values(), reverse=True)[:size]
    assert all(expected[name] == count for name, count in found.items())
