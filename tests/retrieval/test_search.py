"""The one query path: legs, filters, syntax, integrity and evidence, over a small index of real parts."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from retrieval.errors import ArticleNotFoundError, InputError
from retrieval.identifiers import local_key
from retrieval.records import (
    Article,
    Author,
    Correction,
    Filters,
    IntegrityPolicy,
    IntegrityStatus,
    Journal,
    MeshHeading,
    PartialDate,
    Query,
    SearchResult,
    Section,
    Term,
)
from retrieval.search import Searcher
from retrieval.synonyms import Synonyms
from retrieval.vocabulary.file import read_vocabulary
from tests.fakes import Corpus, HashingEncoder, article

RETRACTED = Term(ui="D016441", name="Retracted Publication")

ARTICLES = [
    Article(
        pmid=11,
        title="TTF-1 and p40 in lung carcinoma.",
        sections=(Section(text="TTF-1 marks adenocarcinoma. p40 marks squamous cell carcinoma.", label="RESULTS"),),
        authors=(Author(last_name="Müller", initials="AB"),),
        journal=Journal(title="The journal of pathology", abbreviation="J Pathol", issn="0022-3417"),
        published=PartialDate(sortable="2015-03-01", precision="month", raw="2015 Mar"),
        mesh=(MeshHeading(ui="D008175", name="Lung Neoplasms", major=True),),
        publication_types=(Term(ui="D016454", name="Review"),),
        languages=("eng",),
        doi="10.5555/A.1",
    ),
    article(12, "Tumour budding in colon carcinoma.", "Budding predicts nodal spread in the colon.", year=2019),
    article(13, "Carcinoma of the lung in mice.", "Mouse models of lung carcinoma.", year=2020),
    Article(pmid=14, title="Lung carcinoma cured by nothing.", publication_types=(RETRACTED,)),
    Article(
        pmid=15,
        title="Retraction of a lung carcinoma paper.",
        corrections=(Correction(ref_type="RetractionOf", pmid=14),),
    ),
    article(16, "Cell squamous carcinoma written backwards.", "Squamous, cell."),
    article(17, "Skin.", ""),
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("search"), HashingEncoder())
    corpus.publish(ARTICLES)
    return corpus.open_searcher()


def pmids(result: SearchResult) -> list[int]:
    return [hit.article.pmid for hit in result.hits]


def find(searcher: Searcher, text: str, **filters: object) -> set[int]:
    return set(pmids(searcher.search(Query(text=text, filters=Filters(**filters)))))  # type: ignore[arg-type]


def test_hits_come_best_first_with_ranks_and_the_legs_that_brought_them(searcher: Searcher) -> None:
    result = searcher.search(Query(text="tumor budding colon"))
    assert result.hits[0].article.pmid == 12
    assert [hit.rank for hit in result.hits] == list(range(1, len(result.hits) + 1))
    assert result.hits[0].score >= result.hits[-1].score
    assert set(result.hits[0].legs) == {"lexical", "dense"}
    assert result.hits[0].legs["lexical"].rank == 1
    assert result.generation == "000001"


def test_evidence_is_a_sentence_of_the_article_at_its_place(searcher: Searcher) -> None:
    hit = searcher.search(Query(text="TTF-1 adenocarcinoma, p40 marks squamous cell carcinoma", limit=1)).hits[0]
    assert hit.article.pmid == 11
    best = hit.evidence[0]
    assert best.text in ("TTF-1 marks adenocarcinoma.", "p40 marks squamous cell carcinoma.")
    assert hit.article.abstract[best.start : best.end] == best.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"squamous cell carcinoma"', {11}),
        ("lung -mouse -mice", {11, 12, 15, 16, 17}),
        ("title:budding", {12}),
        ("text:nodal", {12}),
        ('"lung carcinoma lung"', set()),
        ('"carcinoma budding"', set()),
        ('author:"Müller AB"', {11}),
        ("author:muller", {11}),
        ('author:"Muller B"', set()),
        ('journal:"j pathol" lung', {11}),
        ("journal:0022-3417", {11}),
        ('mesh:"lung neoplasms"', {11}),
        ("mesh:D008175", {11}),
        ("type:review", {11}),
        ("language:eng", {11}),
        ("year:2019..2020", {12, 13}),
        ("year:..2015", {11}),
        ("pmid:17", {17}),
        ("doi:10.5555/a.1", {11}),
        ('"PD-L1 score"', set()),
        ('-"lung carcinoma" year:2015..2020', {12}),
    ],
)
def test_the_query_language_holds_on_every_leg(searcher: Searcher, text: str, found: set[int]) -> None:
    assert find(searcher, text) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"year_from": 2019}, {12, 13}),
        ({"year_to": 2015}, {11}),
        ({"year_from": 0, "year_to": 0}, set()),
        ({"year_from": 10**30}, set()),
        ({"mesh": ("LUNG NEOPLASMS", "Mice")}, {11}),
        ({"publication_types": ("Review",)}, {11}),
        ({"journals": ("J Pathol",)}, {11}),
        ({"languages": ("eng", "fre")}, {11}),
        ({"pmids": (11, 12, 99)}, {11, 12}),
        ({"pmids": (11, 12), "exclude_pmids": (12,)}, {11}),
        ({"languages": ("ger",)}, set()),
    ],
)
@pytest.mark.parametrize("legs", [("lexical",), ("dense",), ("lexical", "dense")])
def test_filters_hold_on_every_leg(
    searcher: Searcher, filters: dict[str, object], found: set[int], legs: tuple[str, ...]
) -> None:
    query = Query(text="carcinoma of the lung or colon", filters=Filters(**filters), legs=legs)  # type: ignore[arg-type]
    assert set(pmids(searcher.search(query))) == found


@pytest.mark.parametrize("legs", [("lexical",), ("dense",), ("lexical", "dense")])
def test_retracted_articles_are_left_out_unless_asked_for(searcher: Searcher, legs: tuple[str, ...]) -> None:
    query = Query(text="lung carcinoma cured by nothing", legs=legs)
    assert 14 not in pmids(searcher.search(query))
    labelled = Query(text=query.text, legs=legs, filters=Filters(integrity=IntegrityPolicy.LABEL))
    hit = searcher.search(labelled).hits[0]
    assert (hit.article.pmid, hit.integrity.status) == (14, IntegrityStatus.RETRACTED)
    assert hit.integrity.related_pmids == (15,)


def test_a_retracted_article_asked_for_by_pmid_is_explained(searcher: Searcher) -> None:
    result = searcher.search(Query(text="pmid:14"))
    assert result.hits == ()
    assert result.notices == ("PMID 14 is retracted and therefore left out; ask for retracted articles to see it.",)


def test_many_retracted_articles_asked_for_by_pmid_are_counted_and_ten_are_named(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([Article(pmid=n, title="Lung.", publication_types=(RETRACTED,)) for n in range(1, 14)])
    query = Query(text="lung", legs=("lexical",), filters=Filters(pmids=tuple(range(1, 14))))
    notices = corpus.open_searcher().search(query).notices
    assert notices[0].startswith("PMID 1 is retracted")
    assert notices[10:] == ("3 more of the PMIDs asked for are retracted or withdrawn and left out.",)


@pytest.mark.parametrize(("policy", "named"), [(IntegrityPolicy.LABEL, True), (IntegrityPolicy.ALLOW, False)])
def test_a_retracted_hit_is_named_in_a_notice_where_labels_were_asked_for(
    searcher: Searcher, policy: IntegrityPolicy, named: bool
) -> None:
    result = searcher.search(Query(text="lung carcinoma cured by nothing", filters=Filters(integrity=policy)))
    assert 14 in pmids(result)
    assert ("PMID 14 is retracted; it must not be relied on." in result.notices) is named


def test_a_notice_of_retraction_is_labelled_and_not_left_out(searcher: Searcher) -> None:
    hit = searcher.search(Query(text="pmid:15")).hits[0]
    assert hit.integrity.status is IntegrityStatus.RETRACTION_NOTICE


def test_a_malformed_query_still_finds_and_says_how(searcher: Searcher) -> None:
    result = searcher.search(Query(text='"tumour budding'))
    assert result.hits[0].article.pmid == 12
    assert result.notices == ('Searched as plain words: a quotation mark " is never closed.',)


def test_conditions_without_words_list_the_highest_pmids_first(searcher: Searcher) -> None:
    assert pmids(searcher.search(Query(text="year:2015..2020"))) == [13, 12, 11]


@pytest.mark.parametrize("text", ["???", "— …", "😀"])
def test_a_query_without_letters_or_digits_finds_nothing_by_words_and_says_so(searcher: Searcher, text: str) -> None:
    result = searcher.search(Query(text=text, legs=("lexical",)))
    assert result.hits == ()
    assert result.notices == ("The query holds no letter or digit to look for.",)


def test_numbers_that_cannot_be_pmids_match_nothing(searcher: Searcher) -> None:
    assert find(searcher, "lung", pmids=(10**30, -5, 0)) == set()
    assert find(searcher, "lung", exclude_pmids=(10**30,)) == find(searcher, "lung")


def test_reciprocal_rank_fusion_can_be_chosen(searcher: Searcher) -> None:
    hit = searcher.search(Query(text="tumor budding colon", fusion="rrf")).hits[0]
    assert hit.article.pmid == 12
    assert hit.score < 1 / 60


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (Query(text="lung", limit=0), "limit is 0; it must lie between 1 and 1,000"),
        (Query(text="lung", limit=1001), "limit is 1001"),
        (Query(text="lung", legs=("image",)), r"legs are \['image'\]; choose at least one of"),
        (Query(text="lung", legs=()), "choose at least one"),
        (Query(text="lung", filters=Filters(year_from=2020, year_to=2010)), "the years 2020 to 2010 run backwards"),
        (Query(text=" "), "the query is empty"),
        (Query(text="lung", facets=("year",), facet_size=0), "facet_size is 0; it must lie between 1 and 1,000"),
    ],
)
def test_an_unusable_query_is_refused_by_name(searcher: Searcher, query: Query, message: str) -> None:
    with pytest.raises(InputError, match=message):
        searcher.search(query)


def test_an_article_is_shown_by_its_key(searcher: Searcher) -> None:
    assert searcher.article("14").integrity.status is IntegrityStatus.RETRACTED
    assert searcher.article("PMID 14") == searcher.article("pmid:14")
    with pytest.raises(ArticleNotFoundError, match="'404' is not in generation 000001"):
        searcher.article("404")


def test_a_generation_without_vectors_is_searched_by_words_and_says_so(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, encoder=None)
    corpus.publish(ARTICLES)
    result = corpus.open_searcher().search(Query(text="budding"))
    assert pmids(result) == [12]
    assert result.notices == ("This generation has no vectors: searched by words alone.",)


def test_an_article_of_another_source_is_shown_by_its_own_id_even_if_that_is_digits(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([Article(pmid=local_key("4983"), source_id="4983", title="A claim.")])
    assert corpus.open_searcher().article("4983").article.title == "A claim."


def test_facets_count_what_either_leg_may_find_by_words_and_conditions(searcher: Searcher) -> None:
    asked = Query(text="carcinoma organ:lung", limit=1, facets=("organ",), legs=("dense",))
    result = searcher.search(asked)
    assert (len(result.hits), result.matching) == (1, dict(counts(result))["lung"])
    without = searcher.search(Query(text="carcinoma organ:lung"))
    assert (without.facets, without.matching) == ((), None)


def test_a_name_counts_by_all_its_names_where_the_query_is_expanded(corpus_of_names: Searcher) -> None:
    asked = Query(text="HER2", facets=("organ",))
    assert counts(corpus_of_names.search(asked)) == [("breast", 1), ("stomach", 1)]
    assert counts(corpus_of_names.search(replace(asked, expand=False))) == [("breast", 1)]


def test_a_standing_that_the_policy_leaves_out_is_said(searcher: Searcher) -> None:
    notice = "Articles that are retracted are left out; ask for retracted articles to see them."
    asked = Query(text="lung", filters=Filters(integrity_statuses=(IntegrityStatus.RETRACTED,)))
    for query in (asked, Query(text="lung integrity:retracted")):
        result = searcher.search(query)
        assert result.hits == ()
        assert notice in result.notices
    labelled = Filters(integrity=IntegrityPolicy.LABEL)
    shown = searcher.search(Query(text="carcinoma integrity:retracted", filters=labelled))
    assert {hit.integrity.status for hit in shown.hits} == {IntegrityStatus.RETRACTED}
    assert notice not in shown.notices


def counts(result: SearchResult) -> list[tuple[str, int]]:
    return [(value.value, value.count) for facet in result.facets for value in facet.values]


@pytest.fixture
def corpus_of_names(tmp_path: Path) -> Searcher:
    corpus = Corpus(tmp_path)
    corpus.publish([article(1, "HER2 in the breast."), article(2, "ERBB2 in the stomach.")])
    return Searcher(
        corpus.open_reader(),
        generation="000001",
        analyzer=corpus.analyzer,
        encoder=None,
        synonyms=Synonyms(read_vocabulary(), corpus.analyzer),
    )
