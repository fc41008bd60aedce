"""The rules: which experts a question goes to, and the reason that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.router.base import EXPERTS, Asked
from retrieval.router.rules import RuleRouter
from retrieval.tools.registry import ToolKind, ToolSpec

BOTH = ("lexical", "dense")


def tool(name: str, kind: ToolKind, *when: str, needs_image: bool = True) -> ToolSpec:
    return ToolSpec(
        name=name,
        description="Does it.",
        kind=kind,
        url="http://127.0.0.1:9/",
        summary="done",
        when=when,
        needs_image=needs_image,
    )


COUNTER = tool("mitosis_counter", ToolKind.COUNTING, "count* mitos*", "mitotic count")
NUCLEI = tool("nuclei_counter", ToolKind.COUNTING)
DRAWER = tool("drawer", ToolKind.GENERATION, "draw", needs_image=False)


def experts(text: str, **given: bool) -> tuple[str, ...]:
    return RuleRouter().decide(Asked(text, **given)).experts  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Hi",
        "Hello there!",
        "Good morning. How are you today?",
        "Thanks a lot, that was very helpful!",
        "ok",
        "Who are you?",
        "What can you do for me?",
        "Are you a robot?",
        "2+2",
        "What is 12 * (3 + 4)?",
        "15 percent of 80",
        "What is the square root of 16?",
        "Convert 5 mg to g",
        "Tell me a joke about cats",
        "What is the weather in Berlin?",
    ],
)
def test_what_asks_nothing_of_literature_is_not_searched(text: str) -> None:
    decision = RuleRouter().decide(Asked(text))
    assert decision.experts == ()
    assert decision.reasons[0].endswith("; the literature is not searched.")


@pytest.mark.parametrize("text", ["", "  ", "???", "…"])
def test_without_a_word_nothing_is_searched(text: str) -> None:
    decision = RuleRouter().decide(Asked(text))
    assert (decision.experts, decision.reasons) == ((), ("The question holds no word to look for.",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pmid:29952771", "It holds an identifier"),
        ("29952771", "It holds an identifier"),
        ("PMC5334499", "It holds an identifier"),
        ("What does 10.1000/xyz123 say?", "It holds an identifier"),
        ("NCT01234567 results", "It holds an identifier"),
        ("title:review lung cancer", "It uses the fields of the query language"),
        ("lung cancer -mouse", "It uses the fields of the query language"),
        ('"sessile serrated lesion" and BRAF', "It holds a phrase in quotation marks"),
        ("“sessile serrated lesion”", "It holds a phrase in quotation marks"),
        ("PD-L1", "It is a short query with the exact symbol PD-L1"),
        ("TTF-1 lung", "It is a short query with the exact symbol TTF-1"),
        ("p40 squamous", "It is a short query with the exact symbol p40"),
    ],
)
def test_what_must_match_exactly_is_searched_by_words(text: str, reason: str) -> None:
    decision = RuleRouter().decide(Asked(text))
    assert decision.experts == ("lexical",)
    assert decision.reasons == (f"{reason}: searched by words alone, which match exactly.",)


@pytest.mark.parametrize(
    "text",
    [
        "Hello, which stain shows amyloid?",
        "Thanks, and what about BRAF in melanoma?",
        "Is PD-L1 expression prognostic in melanoma?",
        "good prognosis in melanoma",
        "How do you grade prostate cancer?",
        "melanoma prognosis",
        "storage at -80 degrees",
        "What is the 5-year survival of 2 + 3 staged disease?",
        "Are you more likely to die of sepsis with cirrhosis?",
        "Help of exercise in depression",
        "no evidence of disease",
        "COVID-19 2019-2020 mortality in hospitals",
    ],
)
def test_other_questions_are_searched_by_words_and_by_meaning(text: str) -> None:
    assert experts(text) == BOTH


@pytest.mark.parametrize("text", ["", "What does this image show?", "Please describe the picture.", "Hi!", "thanks"])
def test_an_image_alone_is_searched_with(text: str) -> None:
    assert experts(text, has_image=True) == ("image",)
    assert experts(text, has_slide=True) == ("slide",)


def test_words_beside_an_image_are_searched_as_well() -> None:
    assert experts("Which markers confirm this tumor?", has_image=True) == ("image", *BOTH)
    assert experts("PD-L1", has_slide=True) == ("slide", "lexical")


def test_tools_are_called_for_what_is_wished_of_an_image() -> None:
    tools = (COUNTER, NUCLEI, DRAWER)
    asked = Asked("Please count the mitoses", has_image=True, tools=tools)
    decision = RuleRouter().decide(asked)
    assert (decision.tools, decision.experts[-1]) == (("mitosis_counter", "nuclei_counter"), "tools")
    assert "The question asks for counting ('count* mitos*'): mitosis_counter is called." in decision.reasons
    assert RuleRouter().decide(Asked("How many nuclei?", has_image=True, tools=tools)).tools == ("nuclei_counter",)
    assert RuleRouter().decide(Asked("Which tumor is it?", has_image=True, tools=tools)).tools == ()


def test_a_tool_without_its_image_is_named_and_not_called() -> None:
    decision = RuleRouter().decide(Asked("How many nuclei?", tools=(NUCLEI,)))
    assert (decision.tools, "tools" in decision.experts) == ((), False)
    assert decision.reasons[-1].endswith("it is not called, because there is no image to give to it.")
    slide = RuleRouter().decide(Asked("How many nuclei?", has_slide=True, tools=(NUCLEI,)))
    assert slide.reasons[-1].endswith("because a whole slide is not sent to tools.")


def test_a_tool_that_needs_no_image_is_called_for_words() -> None:
    assert RuleRouter().decide(Asked("Draw a glomerulus with crescents", tools=(DRAWER,))).tools == ("drawer",)


def test_three_tools_are_the_most() -> None:
    tools = tuple(tool(f"counter_{n}", ToolKind.COUNTING) for n in range(4))
    decision = RuleRouter().decide(Asked("How many nuclei?", has_image=True, tools=tools))
    assert len(decision.tools) == 3
    assert decision.reasons[-1].endswith("counter_3 is not called, because 3 tools are the most.")


@given(st.text(max_size=300), st.booleans(), st.booleans())
def test_any_text_is_decided_with_a_reason(text: str, image: bool, slide: bool) -> None:
    decision = RuleRouter().decide(Asked(text, image, slide, (COUNTER, NUCLEI, DRAWER)))
    assert set(decision.experts) <= set(EXPERTS)
    assert decision.reasons
    assert all(reason.endswith(".") for reason in decision.reasons)


def test_long_texts_are_decided_in_no_time() -> None:
    for part in ("no ", "1-", "((((", "a:", '"', "-", "hi hi "):
        assert RuleRouter().decide(Asked(part * 20_000)).reasons
        assert RuleRouter().decide(Asked(part * (200 // len(part)))).reasons
