"""Sentences out of a stream, however it is cut up and whatever it is wrapped in."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.answer.llm.language_model import LanguageModelError
from retrieval.answer.reading import SentenceReader, is_not_answered, is_refusal

KNOWN = {"K7Q", "M2P"}


def read(*pieces: str) -> list[str]:
    reader = SentenceReader(KNOWN)
    return [sentence for piece in pieces for sentence in reader.feed(piece)] + reader.finish()


def test_a_sentence_comes_once_another_one_has_begun() -> None:
    reader = SentenceReader(KNOWN)
    assert reader.feed("One is so [K7Q]") == []
    assert reader.feed(". [M2P]") == []
    assert reader.feed(" Two is so.") == ["One is so [K7Q]. [M2P]"]
    assert reader.finish() == ["Two is so."]


@given(st.lists(st.integers(1, 9), max_size=30))
def test_where_the_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    text = "Budding predicts spread [K7Q]. Mites do not. [M2P][K7Q] HER2 does (95 % CI 1.2-3.4) [M2P]."
    pieces, rest = [], text
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert read(*pieces, rest) == read(text)


def test_lists_emphasis_and_headings_are_undone() -> None:
    text = "## Answer\n\n- **Budding** predicts spread [K7Q].\n2. Mites do *not* [M2P].\n\nIn summary:\n"
    assert read(text) == ["Budding predicts spread [K7Q].", "Mites do not [M2P]."]


def test_fenced_text_is_text() -> None:
    assert read("```text\nBudding predicts spread [K7Q].\n```") == ["Budding predicts spread [K7Q]."]


@pytest.mark.parametrize(
    "value",
    [
        {"answer": [{"text": "Budding predicts spread.", "citations": ["K7Q"]}]},
        {"sentences": [{"sentence": "Budding predicts spread.", "source": "K7Q"}]},
        [{"claim": "Budding predicts spread.", "keys": ["[K7Q]"]}],
        {"answer": "Budding predicts spread. [K7Q]"},
    ],
)
def test_json_is_read_as_sentences(value: object) -> None:
    assert read(json.dumps(value)) == ["Budding predicts spread. [K7Q]"]
    assert read(f"```json\n{json.dumps(value, indent=2)}\n```") == ["Budding predicts spread. [K7Q]"]


@pytest.mark.parametrize("text", ['{"answer": [{"text": "Bud', "[[[[", '{"a": {"b": 1}}', "{" * 5_000])
def test_broken_json_is_malformed(text: str) -> None:
    with pytest.raises(LanguageModelError, match="JSON"):
        read(text)


@given(st.lists(st.text(max_size=30), max_size=10))
def test_any_stream_can_be_read(pieces: list[str]) -> None:
    with suppress(LanguageModelError):
        read(*pieces)


def test_refusals_and_the_word_for_no_answer_are_told() -> None:
    assert is_not_answered("NOT ANSWERED.")
    assert is_not_answered("**Not answered**")
    assert not is_not_answered("This was not answered by the trial.")
    assert is_refusal("I'm sorry, but I can't help with that.")
    assert is_refusal("I am unable to answer.")
    assert not is_refusal("Iron deposits were seen.")
