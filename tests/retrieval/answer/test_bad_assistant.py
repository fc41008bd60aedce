"""A language model that lies, forges, rambles and breaks, before a real search and the whole answer pipeline.

Whatever it does: no sentence that its papers do not say is presented as supported, and each failure is an incident.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.answer.answerer import Answerer
from retrieval.answer.llm.language_model import LanguageModel
from retrieval.answer.llm.openai_client import OpenAIModel
from retrieval.answer.records import (
    Answer,
    Finished,
    Happened,
    IncidentKind,
    Question,
    Turn,
    Written,
)
from retrieval.records import Article, Evidence, Filters, IntegrityPolicy, Section, Term
from retrieval.router.rules import RuleRouter
from retrieval.search import Searcher
from retrieval.tools.calling import Toolbox
from retrieval.tools.registry import ToolKind, ToolSpec
from retrieval.verify.base import Claim, Judgement, Verdict
from tests.fakes import Corpus, HashingEncoder
from tests.servers.chat import Asked, Reply, ScriptedChat

SAYS = {
    11: ("Tumour budding predicts nodal spread in colon carcinoma.", "Budding was scored at the invasive front."),
    12: ("Tumour budding in colon carcinoma is linked to poor survival.", "Ten buds per field were the limit."),
    13: ("Nodal spread in colon carcinoma is rare without vascular invasion.", "Lymph nodes were cut in full."),
    14: ("Immune cells around tumour buds lower nodal spread in colon carcinoma.", "CD8 was counted by eye."),
}
RETRACTED = 15
LIE = "Tumour budding cures colon carcinoma in every patient."
DENIAL = "Tumour budding does not predict nodal spread in colon carcinoma."
QUESTION = "Does tumour budding predict nodal spread in colon carcinoma?"
TOOL = ToolSpec(
    name="count_buds",
    description="Counts tumour buds.",
    kind=ToolKind.COUNTING,
    url="",
    summary="{count} buds were counted",
    needs_image=False,
    when=("count buds",),
)


class StrictVerifier:
    """A sentence is supported by the paper that has it word for word, and contradicted by one that it denies."""

    id = "strict"

    def load(self) -> None:
        """There is nothing to load."""

    def judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        return [_judged(claim.text, claim.article.abstract) for claim in claims]

    def judge_texts(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return [_judged(claim, text) for claim, text in pairs]


def _judged(claim: str, text: str) -> Judgement:
    bare, said = _bare(claim), _bare(text)
    evidence = Evidence("abstract", 0, len(text), text, 1.0)
    if bare and f" {bare} " in f" {said} ":
        return Judgement(Verdict.SUPPORTED, 0.98, 0.01, 0.01, evidence)
    if "does not predict" in bare and bare.replace("does not predict", "predicts") in said:
        return Judgement(Verdict.CONTRADICTED, 0.01, 0.98, 0.01, evidence)
    return Judgement(Verdict.NOT_FOUND, 0.01, 0.01, 0.98, evidence)


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("literature"), HashingEncoder())
    withdrawn = Article(
        pmid=RETRACTED,
        title="Tumour budding and nodal spread in colon carcinoma.",
        sections=(Section(text=LIE),),
        publication_types=(Term(ui="D016441", name="Retracted Publication"),),
    )
    papers = [
        Article(pmid=pmid, title=f"Colon carcinoma, study {pmid}.", sections=(Section(text=" ".join(sentences)),))
        for pmid, sentences in SAYS.items()
    ]
    corpus.publish([*papers, withdrawn])
    return corpus.open_searcher()


class Seen(NamedTuple):
    answer: Answer
    kinds: set[IncidentKind]


def ask(
    searcher: Searcher,
    chat: ScriptedChat,
    *,
    question: Question | None = None,
    toolbox: Toolbox | None = None,
    **settings: Any,
) -> Seen:
    """One answer, of which everything is checked that must hold whatever the model did."""
    chosen: dict[str, Any] = {"timeout": 5.0, "max_retries": 0, **settings}
    model: LanguageModel = OpenAIModel(chat.url, "scripted", **chosen)
    answerer = Answerer(searcher, verifier=StrictVerifier(), router=RuleRouter(), model=model, toolbox=toolbox)
    events = list(answerer.stream(question or Question(QUESTION)))
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert [type(event) for event in events].count(Finished) == 1
    answer = finished.answer
    assert [e.sentence for e in events if isinstance(e, Written)] == [s for s in answer.sentences if s.origin != "tool"]
    assert [e.incident for e in events if isinstance(e, Happened)] == list(answer.incidents)
    assert_nothing_unsupported(answer)
    return Seen(answer, {incident.kind for incident in answer.incidents})


def assert_nothing_unsupported(answer: Answer) -> None:
    """By the table of what the papers say, not by the verifier's verdicts."""
    sources = {source.key: source for source in answer.sources}
    for sentence in answer.sentences:
        if sentence.origin == "tool":
            assert sentence.citations == ()
            assert sentence.verdict is Verdict.NOT_FOUND
            continue
        assert sentence.verdict in (Verdict.SUPPORTED, Verdict.PARTLY)
        assert sentence.citations
        for citation in sentence.citations:
            source = sources[citation.key]
            assert source.usable
            assert source.article.pmid == citation.pmid != RETRACTED
            assert _bare(sentence.text) in [_bare(said) for said in SAYS[citation.pmid]]
        assert not re.search(r"PMID|10\.\d{4}|http|\[[A-Z]\d[A-Z]\]", sentence.text)


def key_of(asked: Asked, sentence: str) -> str:
    """The key of the paper that says it, as the model was shown it."""
    return next(str(s["key"]) for s in asked.sources() if any(_bare(sentence) == _bare(said) for said in s["says"]))


def key_of_retracted(answer: Answer) -> str:
    return next(source.key for source in answer.sources if source.article.pmid == RETRACTED)


def other_key(asked: Asked, sentence: str) -> str:
    right = key_of(asked, sentence)
    return next(str(source["key"]) for source in asked.sources() if source["key"] != right)


TRUE, SECOND = SAYS[11][0], SAYS[12][0]


def written(*parts: str) -> Callable[[Asked], str]:
    """Text with {right}, {wrong}, {second}: keys of papers that say TRUE, do not say it, and say SECOND."""

    def text(asked: Asked) -> str:
        keys = {"right": key_of(asked, TRUE), "wrong": other_key(asked, TRUE), "second": key_of(asked, SECOND)}
        return " ".join(parts).format(**keys)

    return text


def replies(text: Callable[[Asked], str], **more: Any) -> Callable[[Asked], Reply]:
    return lambda asked: Reply([text(asked)], **more)


@pytest.fixture
def chat(chat_server: ScriptedChat) -> ScriptedChat:
    """Its repairs say that there is nothing to repair."""
    chat_server.otherwise = Reply(["NOTHING"])
    return chat_server


def texts(answer: Answer) -> list[str]:
    return [sentence.text for sentence in answer.sentences]


# --- An honest one --------------------------------------------------------------------------------------------------


def test_an_honest_assistant_is_quoted_with_its_citations(searcher: Searcher, chat: ScriptedChat) -> None:
    chat.will(replies(written(f"{TRUE[:-1]} [{{right}}]. {SECOND[:-1]} [{{second}}].")))
    answer, kinds = ask(searcher, chat)
    assert texts(answer) == [TRUE, SECOND]
    assert [[c.pmid for c in s.citations] for s in answer.sentences] == [[11], [12]]
    assert kinds == set()
    assert (answer.citation_recall, answer.citation_precision) == (1.0, 1.0)


def test_the_model_is_shown_no_identifier(searcher: Searcher, chat: ScriptedChat) -> None:
    ask(searcher, chat)
    shown = chat.requests[0].text
    assert not re.search(r"pmid|\b1[1-5]\b", shown)
    assert LIE not in shown


def test_a_source_that_may_not_be_used_is_not_shown(searcher: Searcher, chat: ScriptedChat) -> None:
    labelled = Question(QUESTION, filters=Filters(integrity=IntegrityPolicy.LABEL))
    key = key_of_retracted(ask(searcher, chat, question=labelled).answer)
    chat.will(Reply([f"{LIE[:-1]} [{key}]."]))
    answer, kinds = ask(searcher, chat, question=labelled)
    assert key_of_retracted(answer) == key
    assert LIE not in texts(answer)
    assert kinds & {IncidentKind.UNKNOWN_KEY, IncidentKind.UNCITED, IncidentKind.UNSUPPORTED}


def test_the_prompt_fits_a_small_context_with_room_for_the_reply(searcher: Searcher, chat: ScriptedChat) -> None:
    ask(searcher, chat, context_tokens=2048)
    assert chat.requests[0].body["max_tokens"] == 6 * 120 + 60


# --- Bad ones -------------------------------------------------------------------------------------------------------

GOOD = f"{TRUE[:-1]} [{{right}}]."

SCENES: dict[str, tuple[Callable[[Asked], Reply], list[str], set[IncidentKind]]] = {
    "a forged key": (replies(written(f"{LIE[:-1]} [Z9Z].")), [], {IncidentKind.UNKNOWN_KEY}),
    "a true sentence under a forged key": (
        replies(written(f"{TRUE[:-1]} [Z9Z].")),
        [TRUE],
        {IncidentKind.UNKNOWN_KEY, IncidentKind.UNCITED},
    ),
    "numbers for keys": (replies(written(f"{LIE[:-1]} [1, 2].")), [], {IncidentKind.UNKNOWN_KEY}),
    "an author and a year": (replies(written(f"{LIE[:-1]} (Smith et al., 2019).")), [], {IncidentKind.UNKNOWN_KEY}),
    "an invented PMID": (
        replies(written(f"{LIE[:-1]}, PMID: 31540000 [{{right}}].")),
        [],
        {IncidentKind.FORGED_IDENTIFIER},
    ),
    "an invented DOI in a true sentence": (
        replies(written(f"{TRUE[:-1]} (doi:10.1000/xyz123) [{{right}}].")),
        [],
        {IncidentKind.FORGED_IDENTIFIER},
    ),
    "a link": (
        replies(written(f"{TRUE[:-1]}, see https://example.org/x [{{right}}].")),
        [],
        {IncidentKind.FORGED_IDENTIFIER},
    ),
    "a lie under a true key": (replies(written(f"{LIE[:-1]} [{{right}}].")), [], {IncidentKind.UNSUPPORTED}),
    "the opposite": (replies(written(f"{DENIAL[:-1]} [{{right}}].")), [], {IncidentKind.CONTRADICTED}),
    "the wrong paper": (replies(written(f"{TRUE[:-1]} [{{wrong}}].")), [TRUE], {IncidentKind.WRONG_PAPER}),
    "a right and a wrong paper": (
        replies(written(f"{TRUE[:-1]} [{{right}}][{{wrong}}].")),
        [TRUE],
        {IncidentKind.WRONG_PAPER},
    ),
    "no citation": (replies(written(LIE)), [], {IncidentKind.UNCITED}),
    "a right sentence, then a lie": (
        replies(written(GOOD, f"{LIE[:-1]} [{{right}}].")),
        [TRUE],
        {IncidentKind.UNSUPPORTED},
    ),
    "half a stream, then a drop": (
        replies(written(GOOD, "Tumour budding cures"), drop=True),
        [TRUE],
        {IncidentKind.DROPPED},
    ),
    "a drop in the only sentence": (replies(written(TRUE[:-1]), drop=True), [], {IncidentKind.DROPPED}),
    "an end without a mark": (replies(written(GOOD, LIE), finish=None, done=False), [TRUE], {IncidentKind.DROPPED}),
    "an error within": (
        replies(written(GOOD, LIE), chunks=[{"error": {"message": "x"}}]),
        [TRUE],
        {IncidentKind.DROPPED},
    ),
    "garbage in a chunk": (replies(written(GOOD, LIE), chunks=[b'{"choices": [{']), [TRUE], {IncidentKind.MALFORMED}),
    "broken JSON as the reply": (replies(written('{{"sentences": [{{"text": "x"')), [], {IncidentKind.MALFORMED}),
    "JSON of another kind": (replies(written('{{"foo": 3}}')), [], {IncidentKind.MALFORMED}),
    "a refusal in words": (replies(written("I cannot help with that.")), [], {IncidentKind.REFUSED}),
    "a refusal in its field": (lambda _: Reply(refusal="No."), [], {IncidentKind.REFUSED}),
    "a filter after a sentence": (replies(written(GOOD, LIE), finish="content_filter"), [TRUE], {IncidentKind.REFUSED}),
    "the bound on tokens": (replies(written(GOOD, LIE), finish="length"), [TRUE], {IncidentKind.TOO_LONG}),
    "endless lies": (replies(written(f"{LIE[:-1]} [{{right}}]. "), endless=True), [], {IncidentKind.TOO_LONG}),
    "one endless sentence": (replies(written("and so on "), endless=True), [], {IncidentKind.TOO_LONG}),
    "endless white space": (lambda _: Reply([" \n"], endless=True), [], {IncidentKind.TOO_LONG}),
    "endless thoughts": (lambda _: Reply(["<think>", *["hm "] * 99], endless=True), [], {IncidentKind.TOO_LONG}),
    "nothing": (lambda _: Reply([]), [], {IncidentKind.MALFORMED}),
    "thoughts alone": (lambda _: Reply([f"<think>{TRUE}</think>"]), [], {IncidentKind.MALFORMED}),
    "markers alone": (replies(written("[{right}][{wrong}]")), [], set()),
    "a call where none was offered": (
        replies(written(GOOD), calls=[("search_everything", '{"policy": "allow"}')]),
        [TRUE],
        {IncidentKind.UNKNOWN_TOOL},
    ),
    "an error of the server": (lambda _: Reply.error(500, "CUDA"), [], {IncidentKind.UNAVAILABLE}),
    "a web page": (lambda _: Reply(body="<html>"), [], {IncidentKind.UNAVAILABLE}),
    "a stop token and another turn": (replies(written(GOOD, "<|im_end|>", LIE), endless=True), [TRUE], set()),
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_bad_assistant_is_never_believed(searcher: Searcher, chat: ScriptedChat, scene: str) -> None:
    script, kept, kinds = SCENES[scene]
    chat.will(script)
    answer, found = ask(searcher, chat)
    assert kinds <= found
    by_model = [s.text for s in answer.sentences if s.origin == "model"]
    assert by_model == kept
    if not answer.sentences:
        assert answer.abstention is not None


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        ("a fence", "```\n{good}\n{lie}\n```"),
        ("a fence with a name", "```markdown\n{good}\n{lie}\n```"),
        ("a list", "- {good}\n- {lie}\n"),
        ("a heading", "## Answer\n\n{good} {lie}"),
        (
            "JSON",
            '{{"sentences": [{{"text": "{true}", "keys": ["{right}"]}}, {{"text": "{lie}", "keys": ["{right}"]}}]}}',
        ),
    ],
)
def test_whatever_a_reply_is_wrapped_in_its_sentences_are_checked(
    searcher: Searcher, chat: ScriptedChat, shape: str, parts: str
) -> None:
    def reply(asked: Asked) -> Reply:
        right = key_of(asked, TRUE)
        good = f"{TRUE[:-1]} [{right}]."
        return Reply([parts.format(good=good, lie=f"{LIE[:-1]} [{right}].", true=TRUE, right=right)])

    chat.will(reply)
    answer, kinds = ask(searcher, chat)
    assert texts(answer) == [TRUE]
    assert IncidentKind.UNSUPPORTED in kinds


def test_keys_and_words_may_be_split_anywhere(searcher: Searcher, chat: ScriptedChat) -> None:
    def reply(asked: Asked) -> Reply:
        text = f"{TRUE[:-1]} [{key_of(asked, TRUE)}]. {SECOND} [{key_of(asked, SECOND)}]"
        return Reply(list(text))

    chat.will(reply)
    answer, kinds = ask(searcher, chat)
    assert (texts(answer), kinds) == ([TRUE, SECOND], set())


REPAIRS: dict[str, tuple[Reply | Callable[[Asked], Reply], IncidentKind | None]] = {
    "the same lie": (lambda asked: Reply([f"{LIE[:-1]} [{key_of(asked, TRUE)}]."]), None),
    "a forged key": (Reply([f"{TRUE[:-1]} [Z9Z]."]), None),
    "a forged PMID": (lambda asked: Reply([f"{TRUE[:-1]}, PMID 31540000 [{key_of(asked, TRUE)}]."]), None),
    "two sentences": (lambda asked: Reply([f"{TRUE[:-1]} [{key_of(asked, TRUE)}]. {LIE}"]), None),
    "a drop": (Reply([TRUE], drop=True), IncidentKind.DROPPED),
    "endless": (Reply([f"{LIE} "], endless=True), IncidentKind.TOO_LONG),
    "garbage": (Reply(chunks=[b"{"]), IncidentKind.MALFORMED),
    "an error": (Reply.error(503, "loading"), IncidentKind.UNAVAILABLE),
    "a refusal": (Reply(refusal="No."), IncidentKind.REFUSED),
    "nothing": (Reply([]), IncidentKind.MALFORMED),
}


@pytest.mark.parametrize("repair", REPAIRS)
def test_a_bad_repair_saves_nothing(searcher: Searcher, chat: ScriptedChat, repair: str) -> None:
    script, kind = REPAIRS[repair]
    chat.will(replies(written(f"{LIE[:-1]} [{{right}}].")), script)
    answer, kinds = ask(searcher, chat)
    assert LIE in [sentence.text for sentence in answer.dropped]
    assert {IncidentKind.UNSUPPORTED, *([kind] if kind else [])} <= kinds
    assert "model" not in {sentence.origin for sentence in answer.sentences}
    assert len(chat.requests) == 2  # repaired once, never twice


def test_after_a_repair_that_failed_no_other_is_asked_for(searcher: Searcher, chat: ScriptedChat) -> None:
    chat.will(replies(written(f"{LIE[:-1]} [{{right}}]. {DENIAL[:-1]} [{{right}}]. {GOOD}")))
    chat.otherwise = Reply.error(503, "loading")
    answer, kinds = ask(searcher, chat)
    assert texts(answer) == [TRUE]
    assert kinds >= {IncidentKind.UNSUPPORTED, IncidentKind.CONTRADICTED, IncidentKind.UNAVAILABLE}
    assert len(chat.requests) == 2


def test_a_good_repair_stands_marked(searcher: Searcher, chat: ScriptedChat) -> None:
    chat.will(
        replies(written(f"{LIE[:-1]} [{{right}}].")), lambda asked: Reply([f"{TRUE[:-1]} [{key_of(asked, TRUE)}]."])
    )
    answer, kinds = ask(searcher, chat)
    assert [(s.text, s.repaired) for s in answer.sentences] == [(TRUE, True)]
    assert kinds == {IncidentKind.UNSUPPORTED}


def test_a_follow_up_that_is_condensed_badly_is_still_answered_from_papers(
    searcher: Searcher, chat: ScriptedChat
) -> None:
    follow_up = Question(QUESTION, conversation=(Turn("user", "Hello"), Turn("assistant", "Hello.")))
    chat.will(Reply([QUESTION[:10]], drop=True), replies(written(GOOD)))
    answer, kinds = ask(searcher, chat, question=follow_up)
    assert (texts(answer), kinds) == ([TRUE], {IncidentKind.DROPPED})


# --- Tools ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def toolbox(chat: ScriptedChat) -> Toolbox:
    chat.pages["/tool"] = Reply(body={"count": 12})
    return Toolbox(
        [ToolSpec(**{f: getattr(TOOL, f) for f in TOOL.__struct_fields__} | {"url": f"http://{chat.host}/tool"})]
    )


ASKS_FOR_TOOL = Question(f"Count buds. {QUESTION}")


@pytest.mark.parametrize(
    ("calls", "kind", "most"),
    [
        ([("count_buds", "{}")], IncidentKind.TOOL_LOOP, 1),
        ([("count_buds", "{}")] * 20, IncidentKind.TOOL_LOOP, 1),
        ([("delete_everything", "{}")], IncidentKind.UNKNOWN_TOOL, 1),
        ([("count_buds", '{"url": "http://evil"}')], IncidentKind.UNKNOWN_TOOL, 1),
        ([("count_buds", "{broken")], IncidentKind.UNKNOWN_TOOL, 1),
        ([("count_buds", "[1]")], IncidentKind.UNKNOWN_TOOL, 1),
    ],
)
def test_calls_without_end_or_sense_are_incidents(
    searcher: Searcher,
    chat: ScriptedChat,
    toolbox: Toolbox,
    calls: list[tuple[str, str]],
    kind: IncidentKind,
    most: int,
) -> None:
    def loops(asked: Asked) -> Reply:
        return Reply(calls=calls) if asked.body.get("tools") else replies(written(GOOD))(asked)

    chat.otherwise = loops
    answer, kinds = ask(searcher, chat, question=ASKS_FOR_TOOL, toolbox=toolbox)
    assert kind in kinds
    assert TRUE in texts(answer)
    assert len([asked for asked in chat.others if asked.path == "/tool"]) <= most


def test_a_tool_is_no_paper(searcher: Searcher, chat: ScriptedChat, toolbox: Toolbox) -> None:
    chat.pages["/tool"] = Reply(body={"count": LIE})
    chat.will(
        Reply(calls=[("count_buds", "{}")]), Reply(["NOTHING"]), replies(written(f"{LIE[:-1]} [{{right}}].", GOOD))
    )
    answer, kinds = ask(searcher, chat, question=ASKS_FOR_TOOL, toolbox=toolbox)
    assert [s.text for s in answer.sentences if s.origin == "model"] == [TRUE]
    assert IncidentKind.UNSUPPORTED in kinds


# --- Anything at all ------------------------------------------------------------------------------------------------

_FRAGMENTS = (
    f"{TRUE[:-1]} [{{right}}]. ",
    f"{TRUE} [{{right}}] ",
    f"{TRUE[:-1]} [{{wrong}}]. ",
    f"{SECOND[:-1]} [{{second}}, {{right}}]. ",
    f"{LIE[:-1]} [{{right}}]. ",
    f"{LIE} ",
    f"{DENIAL[:-1]} [{{right}}]. ",
    f"{LIE[:-1]} [Z9Z]. ",
    f"{TRUE[:-1]} PMID 31540000 [{{right}}]. ",
    "See 10.1000/xyz [{right}]. ",
    "[{right}]",
    "[{wrong}] ",
    "\n- ",
    "\n\n",
    "```\n",
    "## Findings\n",
    '{{"text": "',
    '"}}',
    "<think>",
    "</think>",
    "NOT ANSWERED",
    "I cannot answer. ",
    "\u202e\x00",
    "(see {right}) ",
    " not ",
)
_ENDS: tuple[dict[str, Any], ...] = (
    {},
    {"drop": True},
    {"finish": "length"},
    {"finish": "content_filter"},
    {"finish": None, "done": False},
    {"chunks": [b"{"]},
    {"streams": False},
    {"refusal": "No."},
    {"calls": [("x", "{")]},
)


@pytest.fixture(scope="module")
def lasting_chat() -> Iterator[ScriptedChat]:
    with ScriptedChat() as chat:
        yield chat


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(_FRAGMENTS), max_size=8),
    st.lists(st.sampled_from(_FRAGMENTS), max_size=3),
    st.sampled_from(_ENDS),
    st.integers(1, 40),
)
def test_no_mixture_of_truth_and_lies_gets_a_lie_through(
    searcher: Searcher, lasting_chat: ScriptedChat, said: list[str], repair: list[str], end: dict[str, Any], size: int
) -> None:
    def pieces(parts: list[str]) -> Callable[[Asked], Reply]:
        def reply(asked: Asked) -> Reply:
            text = written("".join(parts))(asked)
            return Reply([text[n : n + size] for n in range(0, len(text), size)], **end)

        return reply

    lasting_chat.script.clear()
    lasting_chat.will(pieces(said))
    lasting_chat.otherwise = pieces(repair)
    seen = ask(searcher, lasting_chat)
    assert json.dumps([incident.message for incident in seen.answer.incidents])
