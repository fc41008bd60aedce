"""Probes that a library cannot answer: each kind keeps its promise, and the same seed makes the same."""

import pytest

from evaluation.answer_probes import KINDS, Probe, is_first_half, make_probes
from retrieval.index.interface import NO_CONDITION
from retrieval.records import Query
from retrieval.search import Searcher
from retrieval.vocabulary.file import SynonymGroup
from tests.fakes import Corpus, HashingEncoder, article

ARTICLES = [
    article(1, "", "Tumour budding predicts nodal spread in colon carcinoma. Kuru was not seen."),
    article(2, "", "Aspirin lowers fever in small children."),
    article(3, "", "Statins lower cholesterol in old men."),
    article(4, "", "Another text on budding, of yeast."),
    *(article(n, "", "Patients with carcinoma were treated.") for n in range(10, 20)),
]
QUESTIONS = {
    "a": ("Does tumour budding predict nodal spread in colon carcinoma?", [1]),
    "b": ("Does aspirin lower fever in small children?", [2]),
    "c": ("Do statins lower cholesterol in old men?", [3]),
}
GROUPS = [
    SynonymGroup("mesothelioma", "entity"),
    SynonymGroup("calretinin", "marker"),
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("probes"), HashingEncoder())
    corpus.publish(ARTICLES)
    return corpus.open_searcher()


@pytest.fixture(scope="module")
def probes(searcher: Searcher) -> dict[str, list[Probe]]:
    made = make_probes(searcher, QUESTIONS, GROUPS, ["calretinin in kuru"], size=25, seed=1)
    return {kind: [probe for probe in made if probe.kind == kind] for kind in KINDS}


def test_there_are_as_many_of_each_kind_as_the_library_gives_and_was_asked_for(probes: dict[str, list[Probe]]) -> None:
    assert {kind: len(found) for kind, found in probes.items()} == {
        "elsewhere": 25,
        "invented": 25,
        "subjects": 25,
        "removed": 3,
        "crossed": 2,
        "apart": 1,
    }


def test_what_is_invented_is_in_no_article_and_is_asked_of_things_that_exist(
    searcher: Searcher, probes: dict[str, list[Probe]]
) -> None:
    for probe in probes["invented"]:
        assert probe.made_of in probe.text
        assert "mesothelioma" in probe.text
        assert not searcher.reader.lexical(probe.made_of, NO_CONDITION, 1)


def test_a_subject_that_the_library_names_is_not_asked_for(searcher: Searcher) -> None:
    made = make_probes(searcher, {}, (), (), size=10_000, seed=1, wanted=lambda made_of: made_of in ("kuru", "noma"))
    assert {probe.made_of for probe in made} == {"noma"}


def test_what_is_removed_takes_its_own_article_and_all_with_its_rarest_word_along(
    searcher: Searcher, probes: dict[str, list[Probe]]
) -> None:
    removed = {probe.made_of: probe for probe in probes["removed"]}
    for key, (_, own) in QUESTIONS.items():
        assert set(own) <= set(removed[key].filters.exclude_pmids)
    found = searcher.search(Query(text=removed["a"].text, filters=removed["a"].filters))
    assert 1 not in {hit.article.pmid for hit in found.hits}


def test_a_crossed_question_is_of_two_whose_rarest_words_never_meet(probes: dict[str, list[Probe]]) -> None:
    heads = {text.split(" in ")[0]: key for key, (text, _) in QUESTIONS.items()}
    tails = {text.split(" in ")[1]: key for key, (text, _) in QUESTIONS.items()}
    for probe in probes["crossed"]:
        head, tail = probe.text.split(" in ")
        assert heads[head] != tails[tail] == probe.made_of


def test_the_same_seed_makes_the_same_and_another_makes_others(searcher: Searcher) -> None:
    one, same, other = (make_probes(searcher, QUESTIONS, GROUPS, (), size=9, seed=s) for s in (1, 1, 2))
    assert one == same
    assert {p.text for p in one} != {p.text for p in other}


def test_the_halves_are_halves_and_have_no_probe_in_common(searcher: Searcher) -> None:
    first = make_probes(searcher, QUESTIONS, GROUPS, (), size=500, seed=1, wanted=is_first_half)
    other = make_probes(searcher, QUESTIONS, GROUPS, (), size=500, seed=1, wanted=lambda m: not is_first_half(m))
    assert not {p.made_of for p in first} & {p.made_of for p in other}
    assert 0.3 < len(first) / (len(first) + len(other)) < 0.7
