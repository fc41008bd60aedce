"""Pairs that a corpus has in itself, and articles that share words without belonging together."""

from retrieval.records import Article, MeshHeading, Section
from tests.fakes import article
from training.negatives import with_negatives
from training.pairs import Pair, find_pairs, held_out

ABSTRACT = (
    "Tumours of the lung were stained with two antibodies and read by three pathologists who did not know the outcome "
    "of the patients. Most tumours took the stain in their nuclei and few of them in the cytoplasm as well. "
    "Nuclear staining tells adenocarcinoma from squamous cell carcinoma in small biopsies."
)
LAST = "Nuclear staining tells adenocarcinoma from squamous cell carcinoma in small biopsies."


def kinds(pairs: list[Pair]) -> list[str]:
    return [pair.kind for pair in pairs]


def with_mesh(pmid: int, *names: str, major: bool = True) -> Article:
    headings = tuple(MeshHeading(ui=name, name=name, major=major) for name in names)
    text = (Section(text="Short."),)
    return Article(pmid=pmid, title=f"A title of four words {pmid}", sections=text, mesh=headings)


def test_a_title_belongs_to_its_abstract_and_the_last_sentence_to_the_rest() -> None:
    pairs = find_pairs([article(1, "Staining of tumours of the lung", ABSTRACT)], set())
    assert kinds(pairs) == ["title", "conclusion"]
    assert pairs[0].document == ABSTRACT
    assert pairs[1].question == LAST
    assert LAST not in pairs[1].document
    assert pairs[1].document.startswith("Staining of tumours of the lung Tumours of the lung were stained")


def test_a_title_belongs_to_the_articles_that_it_cites_where_they_are_known() -> None:
    citing = Article(
        pmid=1, title="A title of four words", sections=(Section(text="Short."),), references=(9, 2, 1, 3, 4, 5)
    )
    cited = [article(pmid, "T", "An abstract.") for pmid in (2, 3, 4, 5)]
    found = [pair for pair in find_pairs([citing, *cited], set()) if pair.kind == "citation"]
    assert [pair.answer for pair in found] == [2, 3, 4]
    assert {pair.question for pair in found} == {citing.title}


def test_articles_that_share_two_rare_major_headings_are_neighbours_once() -> None:
    others = [with_mesh(pmid, "Common") for pmid in range(10, 210)]
    close = [with_mesh(1, "Rare", "Rarer"), with_mesh(2, "Rare", "Rarer"), with_mesh(3, "Rare")]
    minor = [with_mesh(4, "Odd", "Odder", major=False), with_mesh(5, "Odd", "Odder", major=False)]
    found = [pair for pair in find_pairs([*close, *minor, *others], set()) if pair.kind == "neighbour"]
    assert [(pair.article, pair.answer) for pair in found] == [(1, 2)]


def test_articles_held_out_are_in_no_pair() -> None:
    articles = [article(pmid, f"A title of four words {pmid}", ABSTRACT) for pmid in range(1, 101)]
    kept = held_out(articles, seed=0)
    assert len(kept) == 5
    assert kept == held_out(list(reversed(articles)), seed=0) != held_out(articles, seed=1)
    pairs = find_pairs(articles, kept)
    assert pairs
    assert not {pmid for pair in pairs for pmid in (pair.article, pair.answer)} & kept


def test_a_negative_is_ranked_by_words_and_has_nothing_to_do_with_the_question() -> None:
    asked = Article(pmid=1, title="A title of four words", sections=(Section(text="Own."),), references=(2,))
    cited, same, citing, held, right = (
        article(2, "Cited", "c"),
        article(3, "a title of four words ", "s"),
        Article(pmid=4, title="Citing", references=(1,)),
        article(5, "Held out", "h"),
        article(6, "Another", "other words"),
    )
    articles = {a.pmid: a for a in (asked, cited, same, citing, held, right)}
    pair = Pair("title", 1, asked.title, 1, "Own.")
    found = list(with_negatives([pair], articles, {5}, lambda text, limit: [1, 2, 3, 4, 5, 99, 6], seed=0))
    assert [example.negative for example in found] == ["Another other words"]


def test_the_first_ranks_are_left_alone_where_there_are_enough() -> None:
    articles = {pmid: article(pmid, f"Title {pmid}", "text") for pmid in range(1, 40)}
    pair = Pair("title", 1, "Title 1", 1, "text")
    found = [
        next(with_negatives([pair], articles, set(), lambda text, limit: range(1, limit), seed=seed)).negative
        for seed in range(30)
    ]
    assert not {"Title 2 text", "Title 9 text"} & set(found)


def test_a_pair_without_any_negative_gives_no_example() -> None:
    lonely = {1: article(1, "Title", "text")}
    assert list(with_negatives([Pair("title", 1, "q", 1, "d")], lonely, set(), lambda text, limit: [1], seed=0)) == []
