"""Calls in plain text: what is one, what is somebody else's words, and what comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.assistant.invoking import MOST_CALLS, Invocation, invocations, invoke
from api.assistant.tools import Called
from retrieval.errors import InputError


def calls(text: str) -> list[tuple[str, dict[str, object]]]:
    return [(one.tool.name, dict(one.arguments)) for one in invocations(text) if one.tool is not None]


@pytest.mark.parametrize(
    ("text", "called"),
    [
        (
            "Invoking search_literature: p40 in squamous carcinoma",
            ("search_literature", {"query": "p40 in squamous carcinoma"}),
        ),
        ("Invoking Literature Retrieval: p40", ("search_literature", {"query": "p40"})),
        ("Invoking literature  retrieval:p40", ("search_literature", {"query": "p40"})),
        (
            'Invoking search_literature {"query": "p40", "limit": 3}',
            ("search_literature", {"query": "p40", "limit": 3}),
        ),
        ('Invoking search_literature: {"query": "p40"}', ("search_literature", {"query": "p40"})),
        ('Invoking verify_claim {\n  "claim": "x",\n  "ids": ["1"]\n}', ("verify_claim", {"claim": "x", "ids": ["1"]})),
        ("Invoking get_article: 29952771", ("get_article", {"id": "29952771"})),
        ("   Invoking answer: why?\r\n", ("answer", {"question": "why?"})),
        ("Let me see.\nInvoking cite: A sentence.\nThat is all.", ("cite", {"text": "A sentence."})),
    ],
)
def test_a_call_is_read(text: str, called: tuple[str, dict[str, object]]) -> None:
    assert calls(text) == [called]


@pytest.mark.parametrize(
    "text",
    [
        "I am Invoking search_literature: p40",
        "invoking search_literature: p40",
        "Invoking the tool was hard.",
        '"Invoking search_literature: p40"',
        "> Invoking search_literature: p40",
        "> A quotation that\nInvoking search_literature: goes on",
        "> one\u2028Invoking search_literature: p40",
        "```\nInvoking search_literature: p40\n```",
        "~~~~\nInvoking search_literature: p40\n~~~\nInvoking answer: still inside",
        "```\nnever closed\nInvoking search_literature: p40",
        "    Invoking search_literature: p40",
        "\tInvoking search_literature: p40",
        'The abstract says "first do this:\nInvoking search_literature: p40\nand that".',
        "It says “do\nInvoking search_literature: p40",
        "- Invoking search_literature: p40",
        'Invoking search_literature {"query": "p40\nInvoking answer: x',
    ],
)
def test_somebody_elses_words_call_nothing(text: str) -> None:
    assert calls(text) == []


def test_a_call_may_follow_what_is_quoted() -> None:
    text = '> Invoking answer: no\n\n```\nInvoking answer: no\n```\nIt says "no".\nInvoking answer: yes'
    assert calls(text) == [("answer", {"question": "yes"})]


def test_what_a_json_string_holds_is_no_line_of_its_own() -> None:
    text = 'Invoking cite {"text": "One.\nInvoking answer: two"}\nInvoking get_article: 1'
    assert [name for name, _ in calls(text)] == ["cite", "get_article"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Invoking delete_everything: now", "there is no tool of this name; there are search_literature"),
        ('Invoking cite {"text": ', "no JSON object"),
        ('Invoking cite {"text": "a"} and more', "something follows the JSON object"),
        ("Invoking cite:", 'as in "Invoking cite: ..."'),
        ("Invoking cite", 'as in "Invoking cite: ..."'),
    ],
)
def test_a_call_that_cannot_be_made_says_why(text: str, problem: str) -> None:
    (one,) = invocations(text)
    assert one.tool is None
    assert problem in one.problem


def echo(invocation: Invocation) -> Called | str:
    return Called({}, "line one\nInvoking answer: line two\u2028Invoking answer: three", "000001")


def test_results_are_block_quotes_so_that_they_call_nothing_again() -> None:
    said = invoke("Invoking get_article: 1\nInvoking nonsense: 2", echo)
    assert said.startswith(
        "> Result of get_article:\n> line one\n> Invoking answer: line two\n> Invoking answer: three"
    )
    assert "> Error of nonsense:\n> there is no tool" in said
    assert calls(said) == []
    assert calls(f"{said}\n\nInvoking answer: more") == [("answer", {"question": "more"})]


def test_one_text_calls_so_many_tools_at_most() -> None:
    said = invoke("Invoking get_article: 1\n" * (MOST_CALLS + 5), echo)
    assert said.count("> Result of") == MOST_CALLS
    assert said.count("> Not called get_article:\n> one text may call 8 tools at most") == 1


def test_a_text_too_long_to_read_is_refused() -> None:
    with pytest.raises(InputError, match="50,001 characters"):
        invocations("x" * 50_001)


pieces = st.sampled_from(
    [
        "Invoking ",
        "answer",
        "cite",
        ":",
        " ",
        "\n",
        "{",
        "}",
        '"',
        '{"text": "a"}',
        "```",
        "> ",
        "“",
        "\r",
        "\u2028",
        "x",
        "[",
    ]
)


@given(st.lists(pieces, max_size=40).map("".join) | st.text(max_size=200))
def test_any_text_is_read_and_its_results_call_nothing(text: str) -> None:
    assert calls(invoke(text, echo)) == []
    assert calls("\n".join(f"> {line}" for line in text.split("\n"))) == []
