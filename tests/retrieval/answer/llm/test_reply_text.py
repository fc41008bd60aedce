"""What of a model's output is its reply, however it is cut into pieces."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.answer.llm.reply_text import ReplyText

FRAGMENTS = [
    "Budding predicts spread [K7Q]. ",
    "p < 0.05 ",
    "<think>",
    "</think>",
    "<THINKING>hm</thinking>",
    "<|im_end|>",
    "</s>",
    "<",
    "</",
    "```",
    "```json\n",
    "\n```\n",
    "`x` ",
    "\n\n",
    "{}",
]


def read(pieces: Sequence[str]) -> str:
    reply = ReplyText()
    return "".join(map(reply.feed, pieces)) + reply.finish()


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=10), st.integers(1, 9))
def test_the_same_text_comes_of_any_pieces(fragments: list[str], size: int) -> None:
    text = "".join(fragments)
    cut = [text[start : start + size] for start in range(0, len(text), size)]
    assert read(cut).rstrip() == read([text]).rstrip()


@given(st.text(alphabet="abc <>/[]{}.\n", max_size=60))
def test_text_without_tags_and_fences_is_left_alone(text: str) -> None:
    assert read([text]).rstrip() == text.strip() or "</s>" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>a</think>b", "b"),
        ("a<think>b</think>c<reasoning>d</reasoning>e", "ace"),
        ("<think>never closed", ""),
        ("thoughts without their beginning</think>b", "thoughts without their beginningb"),
        ("<think>a<think>b</think>c", "c"),
        ("a</s>b", "a"),
        ("a<|im_start|>user", "a"),
        ("a <b> c </b>", "a <b> c </b>"),
        ("```\na\n```", "a"),
        ("<think>a</think>\n```text\nb\n```\n", "b"),
        ("a\n```\n", "a\n"),
        ("```", ""),
        ("x ```y``` z", "x ```y``` z"),
    ],
)
def test_thoughts_fences_and_what_follows_the_end_are_dropped(text: str, said: str) -> None:
    assert read([text]) == said


def test_text_comes_as_soon_as_it_is_sure() -> None:
    reply = ReplyText()
    assert [reply.feed(piece) for piece in ("p ", "<", " 0.05", " <th", "e end")] == [
        "p ",
        "",
        "< 0.05",
        " ",
        "<the end",
    ]


def test_thoughts_are_counted_and_not_kept() -> None:
    reply = ReplyText()
    reply.feed("<think>")
    for _ in range(1000):
        assert reply.feed("hm " * 100) == ""
    assert reply.thoughts > 299_000
    assert len(reply._held) < 20
