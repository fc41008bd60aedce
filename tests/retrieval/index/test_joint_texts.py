"""What of an article stands in the joint space: title, conclusions and what is seen, each where the article has it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retrieval.index.joint_texts import JointText, joint_texts
from retrieval.records import Article, Section
from tests.fakes import article

PLAIN = "Between May and June we asked every ward for its records."
NUCLEI = "Nuclei were large, and mitoses stood in every gland of the biopsy."
STROMA = "The stroma was fibrosed."
NECROSIS = "Necrosis and granulomas were found in the crypts."
LAST = "Nobody should rely on one marker alone in practice.", "More studies of it are under way in our hospital."


def roles(found: Article) -> list[tuple[str, str]]:
    return [(text.role, text.text) for text in joint_texts(found)]


def test_the_title_the_last_two_sentences_and_the_two_that_name_most_of_what_is_seen() -> None:
    abstract = " ".join([PLAIN, NUCLEI, PLAIN, STROMA, NECROSIS, *LAST])
    assert roles(article(1, "A study of glands.", abstract)) == [
        ("title", "A study of glands."),
        ("conclusion", LAST[0]),
        ("conclusion", LAST[1]),
        ("pathology", NUCLEI),
        ("pathology", NECROSIS),
    ]


def test_a_sentence_in_which_nothing_is_seen_is_left_out() -> None:
    assert roles(article(1, "T.", f"{PLAIN} {PLAIN} {LAST[0]} {LAST[1]}")) == [
        ("title", "T."),
        ("conclusion", LAST[0]),
        ("conclusion", LAST[1]),
    ]


def test_a_conclusion_is_not_repeated_for_what_it_names() -> None:
    assert roles(article(1, "", f"{NUCLEI} {NECROSIS}")) == [("conclusion", NUCLEI), ("conclusion", NECROSIS)]


def test_sentences_of_a_few_characters_say_nothing() -> None:
    assert roles(article(1, "T.", f"{NUCLEI} Really so. It is.")) == [("title", "T."), ("conclusion", NUCLEI)]


def test_without_title_and_abstract_there_is_nothing() -> None:
    assert joint_texts(article(1, "  ")) == []


def test_labels_of_sections_do_not_shift_what_follows() -> None:
    found = Article(
        pmid=1,
        title="Glands.",
        sections=(Section(text=NUCLEI, label="RESULTS"), Section(text=LAST[0], label="CONCLUSIONS")),
    )
    for text in joint_texts(found):
        assert getattr(found, text.field)[text.start : text.end] == text.text


sentences = st.lists(
    st.sampled_from([PLAIN, NUCLEI, STROMA, NECROSIS, *LAST, "So.", "é\u2029x", ""]) | st.text(), max_size=8
)


@given(title=st.text(max_size=30), parts=st.lists(sentences.map(" ".join), max_size=3))
def test_every_text_is_that_of_the_article_at_its_place_and_stands_there_once(title: str, parts: list[str]) -> None:
    found = Article(pmid=1, title=title, sections=tuple(Section(text=part, label="A") for part in parts))
    texts: list[JointText] = joint_texts(found)
    assert len(texts) <= 5
    assert len({(text.field, text.start) for text in texts}) == len(texts)
    for text in texts:
        assert text.text
        assert getattr(found, text.field)[text.start : text.end] == text.text
