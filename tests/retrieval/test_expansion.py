"""A query by all names of what it names: the same for each of them, told, and to be switched off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.analysis import Analyzer
from retrieval.evidence import find_evidence
from retrieval.expansion import Named, expanded
from retrieval.query import parse_query
from retrieval.records import Expansion, Filters, Hit, Query
from retrieval.search import Searcher
from retrieval.synonyms import Synonyms
from retrieval.vocabulary.file import SynonymGroup, Vocabulary
from tests.fakes import Corpus, HashingEncoder, article

HER2 = SynonymGroup("HER2", "marker", ("ERBB2", "c-erbB-2", "human epidermal growth factor receptor 2"), ("neu",))
VOCABULARY = Vocabulary((HER2, SynonymGroup("PD-L1", "marker", ("CD274",))), {"marker": ("stain",)})
NAMES = HER2.names

ARTICLES = [
    article(1, "HER2 in the stomach.", "Gastric biopsies with HER2."),
    article(2, "ERBB2 in the stomach.", "Gastric biopsies with ERBB2."),
    article(3, "c-erbB-2 in the stomach.", "Gastric biopsies with c-erbB-2."),
    article(4, "A receptor in the stomach.", "Human epidermal growth factor receptor 2 was seen. Nothing else."),
    article(5, "Gastritis.", "The stomach alone."),
    article(6, "Neu is a word of German.", "Not of the stomach."),
    *(article(n, "HER2 elsewhere.", f"Breast {n}.") for n in range(10, 20)),
]


def wording(text: str) -> tuple[str, str, list[str]]:
    synonyms = Synonyms(VOCABULARY, Analyzer())
    made = expanded(parse_query(text, Filters()), synonyms)
    return made.rest, made.canonical, [name.typed for name in made.names]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("expansion"), HashingEncoder())
    corpus.publish(ARTICLES)
    return Searcher(
        corpus.open_reader(),
        generation="000001",
        analyzer=corpus.analyzer,
        encoder=corpus.encoder,
        synonyms=Synonyms(VOCABULARY, corpus.analyzer),
    )


def pmids(hits: tuple[Hit, ...]) -> list[int]:
    return [hit.article.pmid for hit in hits]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("legs", [("lexical",), ("dense",), ("lexical", "dense")])
def test_each_name_finds_the_same_articles_in_the_same_order(
    searcher: Searcher, name: str, legs: tuple[str, ...]
) -> None:
    expected = searcher.search(Query("HER2 in the stomach", legs=legs))
    assert pmids(searcher.search(Query(f"{name} in the stomach", legs=legs)).hits) == pmids(expected.hits)


def test_an_article_with_another_name_scores_as_if_it_had_the_best_known_one(searcher: Searcher) -> None:
    hits = searcher.search(Query("CD274 ERBB2 stomach", legs=("lexical",), limit=3)).hits
    assert set(pmids(hits)) == {1, 2, 3}
    assert hits[0].legs["lexical"].score == pytest.approx(hits[2].legs["lexical"].score, rel=0.2)


def test_switched_off_a_name_finds_itself_alone(searcher: Searcher) -> None:
    result = searcher.search(Query("ERBB2", legs=("lexical",), expand=False))
    assert pmids(result.hits) == [2]
    assert result.expansions == ()


def test_what_was_added_and_why_is_told(searcher: Searcher) -> None:
    assert searcher.search(Query("neu stain, and CD274")).expansions == (
        Expansion("neu", NAMES, "names of one marker, vocabulary; neu is taken for it beside stain"),
        Expansion("CD274", ("PD-L1",), "names of one marker, vocabulary"),
    )


@pytest.mark.parametrize("text", ['"ERBB2 in the stomach"', "title:ERBB2 stomach", "stomach -ERBB2", "gastritis"])
def test_phrases_exclusions_and_fields_are_taken_at_their_word(searcher: Searcher, text: str) -> None:
    on, off = searcher.search(Query(text)), searcher.search(Query(text, expand=False))
    assert (pmids(on.hits), on.expansions) == (pmids(off.hits), ())


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("ERBB2 in gastritis", ("in gastritis", "HER2 in gastritis", ["ERBB2"])),
        ("anti-CD274-antibodies", ("anti- -antibodies", "anti-PD-L1-antibodies", ["CD274"])),
        ("ERBB2 or c-erbB-2", ("or", "HER2 or HER2", ["ERBB2", "c-erbB-2"])),
        ('CD274 "ERBB2 gene" ERBB2', ("ERBB2 gene", "PD-L1 ERBB2 gene HER2", ["CD274", "ERBB2"])),
        ("gastritis", ("gastritis", "gastritis", [])),
    ],
)
def test_the_legs_get_the_rest_with_groups_and_the_canonical_text(text: str, made: tuple[str, str, list[str]]) -> None:
    assert wording(text) == made


def test_a_thing_named_twice_is_told_once(searcher: Searcher) -> None:
    assert [e.matched for e in searcher.search(Query("ERBB2 or c-erbB-2")).expansions] == ["ERBB2"]


def test_a_name_that_no_article_has_does_no_harm(searcher: Searcher) -> None:
    assert pmids(searcher.search(Query("CD274 gastritis", legs=("lexical",))).hits) == [5]
    assert searcher.search(Query("CD274", legs=("lexical",))).hits == ()


def test_a_sentence_with_another_name_is_evidence() -> None:
    analyzer = Analyzer()
    paper = article(1, "A paper.", "Gastric mucosa was normal. It expressed human epidermal growth factor receptor 2.")
    (quoted,) = find_evidence("ERBB2", [paper], analyzer, names=[Named("ERBB2", HER2)])
    assert quoted[0].text == "It expressed human epidermal growth factor receptor 2."
    assert quoted[0].score == 1.0


def stretches(text: str) -> Iterator[str]:
    parsed = parse_query(text, Filters())
    return (parsed.ranking_text[start:end] for start, end in parsed.plain)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("lung cancer", ["lung cancer"]),
        ('lung "cell carcinoma" of title:mice the skin', ["lung", "of", "the skin"]),
        ('"lung cancer"', []),
        ("lung -mouse year:2015 cancer", ["lung cancer"]),
        ('lung "cancer', ["lung cancer"]),
        ("foo:bar lung", ["foo:bar lung"]),
    ],
)
def test_plain_words_are_told_from_those_of_phrases(text: str, plain: list[str]) -> None:
    assert list(stretches(text)) == plain


def test_a_candidate_of_another_leg_gets_the_score_that_a_search_gives(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish(ARTICLES)
    reader = corpus.open_reader()
    scored = {s.pmid: s.score for s in reader.lexical("stomach", parse_query("x", Filters()).constraint, 5, [HER2])}
    again = {s.pmid: s.score for s in reader.lexical_scores("stomach", list(scored), [HER2])}
    assert again == pytest.approx(scored)
