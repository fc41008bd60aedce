"""Whether the literature answers: features that fall as they should, a packaged model, and files that are checked."""

from importlib.resources import as_file, files
from pathlib import Path

import pytest

from indexing.pubmed.reader import read_pubmed_xml
from retrieval.analysis import Analyzer
from retrieval.answer.abstention import (
    SHIPPED,
    THRESHOLD,
    AbstentionModel,
    Tried,
    Weights,
    answerability,
    read_abstention,
    shipped,
    write_abstention,
)
from retrieval.answer.answerable import BY_MEANING, BY_WORDS, read_features
from retrieval.encoders.text import TextEncoder
from retrieval.errors import ConfigurationError
from retrieval.records import Article, Filters, IntegrityPolicy, Query, Section, Term
from retrieval.rerank.opening import open_reranker
from retrieval.search import Searcher
from retrieval.synonyms import Synonyms
from retrieval.vocabulary.file import PATHOLOGY, read_vocabulary
from tests.fakes import Corpus, HashingEncoder, article
from tests.retrieval.answer.word_reader import open_reading_searcher

RETRACTED = Term(ui="D016441", name="Retracted Publication")
ARTICLES = [
    article(1, "Budding.", "Tumour budding predicts nodal spread of colon carcinoma."),
    article(2, "Melanoma.", "Melanoma of the skin is staged by thickness."),
    *(article(n, "Other things.", "Tissue was studied in patients with carcinoma.") for n in range(10, 30)),
    Article(pmid=3, title="Zeal.", sections=(Section("Zealin cures keratosis."),), publication_types=(RETRACTED,)),
]
MEANING_TOO = AbstentionModel("words@1", Weights(-4, {"weakest": 8.0}), Weights(50, {}))


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    return open_reading_searcher(tmp_path_factory.mktemp("abstention"), ARTICLES)


def features(searcher: Searcher, text: str, filters: Filters | None = None) -> dict[str, float]:
    return read_features(text, searcher.search(Query(text=text, filters=filters or Filters())), searcher)


def test_every_feature_lies_between_0_and_1_and_says_yes_where_a_sentence_is_the_question(searcher: Searcher) -> None:
    found = features(searcher, "tumour budding predicts nodal spread of colon carcinoma")
    assert tuple(found) == BY_WORDS + BY_MEANING
    assert found["missing"] == 0
    for name in ("covered", "sentence", "named", "weakest", "cosine"):
        assert found[name] == pytest.approx(1.0, abs=0.01)


def test_a_word_that_no_article_holds_misses_with_its_whole_weight(searcher: Searcher) -> None:
    assert features(searcher, "does zorlatinib predict spread of colon carcinoma")["missing"] == 1.0


def test_a_rare_word_misses_more_than_a_common_one(searcher: Searcher) -> None:
    rare, common = features(searcher, "budding of melanoma"), features(searcher, "melanoma in patients")
    assert rare["missing"] > common["missing"] > 0


def test_a_word_of_articles_that_are_left_out_counts_as_one_of_none(searcher: Searcher) -> None:
    text = "budding of colon carcinoma"
    assert features(searcher, text)["missing"] == 0
    assert features(searcher, text, Filters(exclude_pmids=(1,)))["missing"] == 1.0


def test_words_on_two_articles_do_not_add_up(searcher: Searcher) -> None:
    assert features(searcher, "budding melanoma")["covered"] < 0.7


def test_a_retracted_article_answers_only_where_the_policy_lets_answers_use_it(searcher: Searcher) -> None:
    text = "zealin cures keratosis"
    label, allow = (
        features(searcher, text, Filters(integrity=p)) for p in (IntegrityPolicy.LABEL, IntegrityPolicy.ALLOW)
    )
    assert label["covered"] < 0.5 < allow["covered"]


def test_a_name_counts_by_all_its_names_and_only_where_one_sentence_has_it_whole(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish(
        [
            article(1, "", "PD-L1 was seen in diffuse large B-cell lymphoma."),
            article(2, "", "CD274 was large. A lymphoma was diffuse. It held a B-cell."),
        ]
    )
    plain = corpus.open_searcher()
    groups = read_vocabulary(PATHOLOGY)
    named = Searcher(
        plain.reader,
        generation="000001",
        analyzer=corpus.analyzer,
        encoder=corpus.encoder,
        synonyms=Synonyms(groups, corpus.analyzer),
    )
    assert features(named, "CD274 in DLBCL")["named"] == 1.0
    assert features(named, "PD-L1 in DLBCL", Filters(pmids=(2,)))["named"] == 0.5
    assert features(named, "was it large?")["named"] == 1.0


def test_without_hits_the_probability_is_0(searcher: Searcher) -> None:
    nothing = searcher.search(Query(text="budding", filters=Filters(pmids=(999,))))
    assert answerability("budding", nothing, searcher) == 0.0


def test_the_weights_for_meaning_are_used_only_with_the_encoder_that_they_were_learned_with(searcher: Searcher) -> None:
    text = "zorlatinib in france"
    result = searcher.search(Query(text=text))
    assert answerability(text, result, searcher, MEANING_TOO) < 0.5
    other = AbstentionModel("another@2", MEANING_TOO.weights, MEANING_TOO.words_alone)
    assert answerability(text, result, searcher, other) > 0.99


@pytest.mark.parametrize(
    ("text", "answered"), [("tumour budding and nodal spread", True), ("capital of France", False)]
)
def test_the_packaged_model_answers_by_words_alone_where_there_is_no_reader(
    tmp_path: Path, text: str, answered: bool
) -> None:
    searcher = open_reading_searcher(tmp_path, ARTICLES, reading=False)
    assert (answerability(text, searcher.search(Query(text=text)), searcher) >= THRESHOLD) is answered


def test_the_packaged_model_says_how_each_kind_fared_by_weights_that_had_not_seen_it() -> None:
    model = shipped()
    assert {tried.answerable for tried in model.tried} == {True, False}
    assert all(tried.low <= tried.answered <= tried.high for tried in model.tried)
    assert model.weights.features["missing"] < 0 < model.weights.features["weakest"]


def test_a_model_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    tried = (Tried("removed", False, 40, 0.05, 0.0138, 0.165),)
    model = AbstentionModel("a@1", Weights(-1.5, {"weakest": 2.25}), Weights(0.5, {"covered": 1.0}), "x", "y", tried)
    write_abstention(tmp_path / "m.toml", model)
    assert read_abstention(tmp_path / "m.toml") == model


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("missing = ", "mising = ", "weighs 'mising', which is no feature"),
        ("bias = ", "bais = ", "is no abstention model"),
        ("[weights]", "[weights", "is no abstention model"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        read_abstention(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_abstention(tmp_path / "none.toml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("Which markers separate lung adenocarcinoma from squamous cell carcinoma?", True),
        ("HER2 and Ki-67 in breast cancer", True),
        ('"mismatch repair" tumour budding colorectal', True),
        ("Which stains show amyloid?", True),
        ("What is the capital of France?", False),
        ("How do I bake sourdough bread?", False),
        ("Is zorlatinib effective in lung adenocarcinoma?", False),
        ("What is the treatment of malaria?", False),
    ],
)
def test_the_demonstration_texts_answer_what_they_are_about_and_nothing_else(
    demonstration: Searcher, text: str, answered: bool
) -> None:
    found = answerability(text, demonstration.search(Query(text=text)), demonstration)
    assert (found >= THRESHOLD) is answered


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    """The packaged encoder, reranker and vocabulary over the demonstration texts."""
    encoder = TextEncoder()
    corpus = Corpus(tmp_path_factory.mktemp("demonstration"), encoder)
    vocabulary = read_vocabulary(PATHOLOGY)
    corpus.analyzer = Analyzer(vocabulary.symbols())
    with as_file(files("pathlit") / "demo_corpus.xml") as path:
        corpus.publish(record for record in read_pubmed_xml(path) if isinstance(record, Article))
    reader = corpus.open_reader()
    return Searcher(
        reader,
        generation=reader.manifest.generation,
        analyzer=corpus.analyzer,
        encoder=encoder,
        synonyms=Synonyms(vocabulary, corpus.analyzer),
        reranker=open_reranker("learned", corpus.analyzer, encoder, accepted_licences=frozenset()),
        rerank_budget_s=600.0,
    )
