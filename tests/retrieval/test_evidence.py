"""Evidence quotes an article to the character; standing and coverage decide which sentence it quotes."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analysis import Analyzer
from retrieval.errors import InputError
from retrieval.evidence import find_evidence
from retrieval.records import Article, Evidence, Section
from tests.real_data import DATA, needs_data

ANALYZER = Analyzer()

PAIRS = DATA / "claim_evidence_pairs" / "pairs.jsonl.gz"


def article(title: str, *sections: str | tuple[str, str]) -> Article:
    parts = [Section(s) if isinstance(s, str) else Section(s[1], label=s[0]) for s in sections]
    return Article(pmid=1, title=title, sections=tuple(parts))


def best(query: str, *articles: Article, limit: int = 2) -> list[list[str]]:
    return [[e.text for e in found] for found in find_evidence(query, articles, ANALYZER, limit=limit)]


LUNG = article(
    "A study of biopsies",
    ("AIMS", "To determine PD-L1 expression in lung adenocarcinoma. Little is known."),
    ("METHODS", "We stained 40 biopsies. Two readers scored them."),
    ("RESULTS", "PD-L1 expression was high in lung adenocarcinoma (P = .04). Necrosis was rare."),
    ("CONCLUSIONS", "Scoring is reproducible."),
)


def test_the_sentence_that_covers_the_query_is_quoted_without_its_label() -> None:
    assert find_evidence("PD-L1 expression in lung adenocarcinoma", [LUNG], ANALYZER) == [
        (
            Evidence(
                field="abstract",
                start=144,
                end=203,
                text="PD-L1 expression was high in lung adenocarcinoma (P = .04).",
                score=1.0,
            ),
        )
    ]


def test_a_result_outranks_the_aim_that_has_the_same_words() -> None:
    text = "To determine whether necrosis matters. Mice were kept. Rats were kept. In mice necrosis matters."
    found = find_evidence("necrosis matters", [article("", text)], ANALYZER)[0]
    assert [(e.text, e.score) for e in found] == [("In mice necrosis matters.", 1.0)]
    only_the_aim = "To determine whether necrosis matters. Mice were kept. Rats were kept."
    found = find_evidence("necrosis matters", [article("", only_the_aim)], ANALYZER)[0]
    assert [(e.text, e.score) for e in found] == [("To determine whether necrosis matters.", 0.375)]


def test_a_question_is_weaker_than_a_statement() -> None:
    asking, stating = article("Does necrosis matter?"), article("Necrosis matters.")
    (asked,), (stated,) = find_evidence("necrosis matters", [asking, stating], ANALYZER)
    assert (asked.score, stated.score) == (0.375, 0.5)


def test_a_second_sentence_needs_half_the_score_of_the_first() -> None:
    close = article("", "Mice were bred. Ki-67, p16 and CK20 were high. Ki-67 and p16 were low.")
    far = article("", "Mice were bred. Ki-67, p16, CK20 and HMB45 were high. Ki-67 was low.")
    query = "Ki-67 p16 CK20 HMB45"
    assert best(query, close) == [["Ki-67, p16 and CK20 were high.", "Ki-67 and p16 were low."]]
    assert best(query, far) == [["Ki-67, p16, CK20 and HMB45 were high."]]


def test_a_compound_counts_once_and_its_parts_for_half() -> None:
    whole, part = article("", "Mice had PD-L1."), article("", "Mice had PD-1 only.")
    (one,), (other,) = find_evidence("PD-L1", [whole, part], ANALYZER)
    assert (one.score, other.score) == (1.0, 0.25)


def test_rare_words_among_the_hits_weigh_more() -> None:
    hit = article("", "Mice were bred. Carcinoma was seen. Emperipolesis was seen.")
    beside = [article("", f"Carcinoma number {i} was large.") for i in range(9)]
    first, *_ = best("carcinoma emperipolesis", hit, *beside, limit=1)
    assert first == ["Emperipolesis was seen."]


def test_the_title_counts_where_it_covers_clearly_more() -> None:
    titled = article("Melanoma of the conjunctiva", "We saw patients. Melanoma was common.")
    assert best("conjunctiva melanoma", titled) == [["Melanoma of the conjunctiva", "Melanoma was common."]]
    matched = article("Melanoma of the conjunctiva", "We saw a melanoma of the conjunctiva.")
    assert best("conjunctiva melanoma", matched) == [["We saw a melanoma of the conjunctiva."]]


def test_an_article_without_abstract_offers_its_title() -> None:
    bare = article(" Melanoma of the eye. ")
    assert find_evidence("eye melanoma", [bare], ANALYZER) == [
        (Evidence(field="title", start=1, end=21, text="Melanoma of the eye.", score=0.5),)
    ]


def test_where_no_word_matches_the_conclusion_stands_in_with_a_token_score() -> None:
    text = (
        "Mice were bred. We conclude that breeding works well. Conclusions. © 2016 Wiley Periodicals, Inc. and others."
    )
    found = find_evidence("melanoma", [article("A title", text)], ANALYZER)[0]
    assert [(e.text, e.score) for e in found] == [("We conclude that breeding works well.", 0.01)]
    assert best("melanoma", article("A title", "Short. Shorter.")) == [["Shorter."]]
    assert best("melanoma", article("A title")) == [["A title"]]


def test_no_text_no_evidence() -> None:
    assert find_evidence("melanoma", [article(""), article(" ", " ", ("AIMS", ""))], ANALYZER) == [(), ()]
    assert find_evidence("melanoma", [], ANALYZER) == []


def test_the_limit_holds_for_each_article() -> None:
    hit = article("", "Melanoma grew. Melanoma shrank. Melanoma stayed.")
    assert best("melanoma", hit, hit, limit=1) == [["Melanoma shrank."], ["Melanoma shrank."]]
    assert best("melanoma", hit, limit=3) == [["Melanoma shrank.", "Melanoma stayed.", "Melanoma grew."]]
    assert best("melanoma", hit, limit=0) == [[]]
    with pytest.raises(InputError, match="an evidence limit of -1 makes no sense; give 0 or more"):
        find_evidence("melanoma", [hit], ANALYZER, limit=-1)


@pytest.mark.parametrize("query", ["", "  ", "?!", "what is the", "😀", '"', "\ud800"])
def test_a_query_without_words_does_not_crash(query: str) -> None:
    assert find_evidence(query, [LUNG], ANALYZER)[0]


TEXTS = st.text(max_size=40) | st.lists(
    st.sampled_from(
        ["PD-L1", "melanoma", "β", "İ", "ß", ".", ". ", " ", "\n", "e.g. ", "We", "to study", "😀", "\ud800", "ﬁ"]
    ),
    max_size=20,
).map("".join)
ARTICLES = st.builds(
    Article,
    pmid=st.just(1),
    title=TEXTS,
    sections=st.lists(st.builds(Section, TEXTS, label=TEXTS), max_size=3).map(tuple),
)


@given(TEXTS, st.lists(ARTICLES, max_size=4), st.integers(0, 4))
def test_evidence_always_quotes_its_article(query: str, articles: list[Article], limit: int) -> None:
    found = find_evidence(query, articles, ANALYZER, limit=limit)
    assert len(found) == len(articles)
    assert found == find_evidence(query, articles, Analyzer(), limit=limit)
    for source, chosen in zip(articles, found, strict=True):
        assert len(chosen) <= limit
        assert [e.score for e in chosen] == sorted((e.score for e in chosen), reverse=True)
        for e in chosen:
            assert getattr(source, e.field)[e.start : e.end] == e.text == e.text.strip() != ""
            assert 0 < e.score <= 1
        for field in ("title", "abstract"):
            places = sorted((e.start, e.end) for e in chosen if e.field == field)
            assert all(end <= start for (_, end), (start, _) in pairwise(places))


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(("source", "least"), [("scifact", (0.64, 0.80)), ("evidence_inference_v2", (0.53, 0.71))])
def test_the_chosen_sentence_is_one_that_people_marked(source: str, least: tuple[float, float]) -> None:
    first = both = n = 0
    with gzip.open(PAIRS, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["source"] == source]
    for row in rows:
        marked = {m.strip() for rationale in row["rationales"] for m in rationale if m.strip() in row["evidence"]}
        if marked and (source != "scifact" or int(row["id"].split("-")[0]) % 2):
            chosen = best(row["claim"], article(row["title"], row["evidence"]))[0]
            right = [any(text in m or m in text for m in marked) for text in chosen]
            n, first, both = n + 1, first + right[0], both + any(right)
    assert n > 200
    assert (first / n >= least[0], both / n >= least[1]) == (True, True), f"{first / n:.3f}, {both / n:.3f} of {n}"
