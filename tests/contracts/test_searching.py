"""From words to hits with evidence, and generations that change under whoever searches."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from retrieval.errors import ArticleNotFoundError, NotPublishedError
from retrieval.records import FACETS, Deletion, Filters, IntegrityPolicy, Query
from retrieval.search import Searcher
from retrieval.synonyms import Synonyms
from retrieval.vocabulary.file import SynonymGroup, Vocabulary
from tests.contracts.documents import ARTICLES, paper
from tests.contracts.library import Library
from tests.fakes import HashingEncoder

VOCABULARY = Vocabulary((SynonymGroup("PD-L1", "marker", ("CD274", "B7-H1")),), {})


@pytest.fixture
def searcher(library: Library) -> Searcher:
    return Searcher(
        library.open(),
        generation=library.generations.current(),
        analyzer=library.analyzer,
        encoder=library.encoder,
        synonyms=Synonyms(VOCABULARY, library.analyzer),
    )


def test_hits_carry_their_articles_standing_and_sentences(searcher: Searcher) -> None:
    result = searcher.search(Query(text="PD-L1 expression in lung adenocarcinoma", limit=3))
    first = result.hits[0]
    assert (result.generation, first.article, first.rank) == ("000001", ARTICLES[0], 1)
    assert first.evidence[0].text == "PD-L1 expression in lung adenocarcinoma."
    assert set(first.legs) == {"lexical", "dense"}
    assert sum(leg.share for leg in first.legs.values()) == pytest.approx(first.score)
    assert [hit.article.pmid for hit in result.hits] == [1, 2, 3]


def test_conditions_of_the_query_hold_and_are_shown(searcher: Searcher) -> None:
    result = searcher.search(Query(text='lung -nodules year:2016.. "PD-L1"', filters=Filters(languages=("eng",))))
    assert [hit.article.pmid for hit in result.hits] == [1, 2]
    assert result.interpretation == 'lung -nodules year:2016.. "PD-L1"'
    newest = searcher.search(Query(text="journal:chest"))
    assert [hit.article.pmid for hit in newest.hits] == [10, 9, 3, 2]


def test_a_retracted_article_is_left_out_named_or_allowed(searcher: Searcher) -> None:
    def found(policy: IntegrityPolicy) -> tuple[set[int], tuple[str, ...]]:
        result = searcher.search(Query(text="lung marker pmid:7", filters=Filters(integrity=policy)))
        return {hit.article.pmid for hit in result.hits}, result.notices

    assert found(IntegrityPolicy.EXCLUDE) == (
        set(),
        ("PMID 7 is retracted and therefore left out; ask for retracted articles to see it.",),
    )
    assert found(IntegrityPolicy.LABEL) == ({7}, ("PMID 7 is retracted; it must not be relied on.",))
    assert found(IntegrityPolicy.ALLOW) == ({7}, ())


def test_a_name_is_searched_by_its_other_names(searcher: Searcher) -> None:
    result = searcher.search(Query(text="CD274", legs=("lexical",)))
    assert [(e.matched, set(e.added)) for e in result.expansions] == [("CD274", {"PD-L1", "B7-H1"})]
    assert {hit.article.pmid for hit in result.hits} == {1, 2}
    assert searcher.search(Query(text="CD274", legs=("lexical",), expand=False)).hits == ()


def test_facets_and_matching_articles_come_with_the_hits(searcher: Searcher) -> None:
    result = searcher.search(Query(text="lung", facets=FACETS, facet_size=1, limit=1))
    counts = {facet.name: [(value.value, value.count) for value in facet.values] for facet in result.facets}
    assert result.matching == 7
    assert counts["integrity"] == [("ok", 4)]
    assert counts["journal"] == [("Chest", 2)] or counts["journal"] == [("Modern Pathology", 2)]


@pytest.mark.parametrize("fusion", ["minmax", "rrf"])
def test_the_same_question_has_the_same_answer_each_time(searcher: Searcher, fusion: str) -> None:
    query = Query(text="tumour lymphocytes of the lung", limit=50, fusion=fusion, facets=("year",))  # type: ignore[arg-type]
    first = searcher.search(query)
    for _ in range(5):
        again = searcher.search(query)
        assert (again.hits, again.facets, again.notices) == (first.hits, first.facets, first.notices)


def test_an_article_is_found_by_its_identifier(searcher: Searcher) -> None:
    assert searcher.article("pmid:7").article == ARTICLES[6]
    with pytest.raises(ArticleNotFoundError, match="'777' is not in generation 000001"):
        searcher.article("777")


# --- Generations that change ----------------------------------------------------------------------------------------


def edition(library: Library, number: int) -> None:
    """Generation N holds article 1000 + N alone, so a result that mixed two generations would show it."""
    library.publish([Deletion(pmid=999 + number), paper(1000 + number, f"Carcinoma in generation {number}.")])


def test_before_the_first_publish_the_error_says_what_to_do(new_library: Callable[..., Library]) -> None:
    library = new_library(HashingEncoder())
    live = library.live()
    for ask in (live.searcher, live.refresh):
        with pytest.raises(NotPublishedError, match="pathlit index"):
            ask()
    edition(library, 1)
    live.refresh()
    assert live.ready == "000001"


def test_searches_go_on_unharmed_while_generations_are_published_and_rolled_back(
    new_library: Callable[..., Library],
) -> None:
    library = new_library(HashingEncoder())
    edition(library, 1)
    live = library.live()
    live.refresh()
    done, answered, faults = threading.Event(), set[str](), list[str]()

    def keep_searching() -> None:
        while not done.is_set():
            try:
                result = live.searcher().search(Query(text="carcinoma", facets=("year",)))
            except Exception as exc:  # noqa: BLE001 - whatever goes wrong in a query is what this test looks for
                faults.append(repr(exc))
                return
            found = [hit.article.pmid for hit in result.hits]
            if found != [1000 + int(result.generation)] or result.matching != 1:
                faults.append(f"generation {result.generation} answered {found}")
            answered.add(result.generation)

    def wait_for_an_answer_of(generation: str) -> None:
        while generation not in answered and not faults:
            done.wait(0.001)

    threads = [threading.Thread(target=keep_searching, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, 7):
            edition(library, number)
            live.refresh()
            wait_for_an_answer_of(f"{number:06d}")
            if number % 2 == 0:
                library.generations.rollback()
                live.refresh()
                assert live.ready == f"{number - 1:06d}"
                library.generations.rollback(f"{number:06d}")
                live.refresh()
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert faults == []
    assert answered >= {f"{number:06d}" for number in range(2, 7)}
    assert live.searcher().generation == "000006"
