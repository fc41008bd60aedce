"""External models in answers: asked before the literature, told as a tool's word, never cited."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from retrieval.answer.answerer import Answerer
from retrieval.answer.asked_image import AskedPicture
from retrieval.answer.llm.language_model import ToolCall
from retrieval.answer.records import Decision, IncidentKind, Question
from retrieval.router.base import Asked
from retrieval.search import Searcher
from retrieval.tools.calling import Toolbox, png
from retrieval.tools.registry import ToolKind, ToolSpec
from tests.fakes import Corpus, HashingEncoder
from tests.retrieval.answer.stand_ins import ARTICLES, HER2, ScriptedModel, WordVerifier
from tests.servers.tool_server import ToolServer

ASKED = "Does amplification predict response to trastuzumab here?"
PICTURE = AskedPicture(png(np.full((64, 64, 3), 200, dtype=np.uint8)), (), (), ())


class WithTools:
    id = "tools"

    def decide(self, asked: Asked) -> Decision:
        return Decision(
            ("lexical", "dense", "tools"), ("It asks to count.",), self.id, tuple(s.name for s in asked.tools)
        )


@pytest.fixture(autouse=True)
def _answerable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.answer.finding.answerability", lambda *_: 1.0)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("tools"), HashingEncoder())
    corpus.publish(ARTICLES)
    return corpus.open_searcher()


@pytest.fixture
def server() -> Iterator[ToolServer]:
    with ToolServer() as server:
        yield server


def spec(server: ToolServer, path: str = "/good", name: str = "count_nuclei") -> ToolSpec:
    return ToolSpec(
        name=name,
        description="Counts nuclei.",
        kind=ToolKind.COUNTING,
        url=server.url + path,
        summary="{count} nuclei, grade {grade.name}",
        query="HER2 breast carcinoma {grade.name}",
    )


def answerer(searcher: Searcher, toolbox: Toolbox, model: ScriptedModel | None = None) -> Answerer:
    return Answerer(searcher, verifier=WordVerifier(), router=WithTools(), model=model, toolbox=toolbox)


def test_what_the_router_wants_is_asked_with_the_image_and_enters_query_and_answer(
    searcher: Searcher, server: ToolServer
) -> None:
    answer = answerer(searcher, Toolbox([spec(server)])).answer(Question(ASKED), PICTURE)
    ((_, _, body),) = server.received
    assert body["image"]
    assert answer.query.endswith("HER2 breast carcinoma high")
    first = answer.sentences[0]
    assert (first.origin, first.text, first.citations) == ("tool", "412 nuclei, grade high", ())
    assert [result.tool for result in answer.tools] == ["count_nuclei"]
    assert HER2 in {source.article.pmid for source in answer.sources}


def test_a_language_model_chooses_for_itself(searcher: Searcher, server: ToolServer) -> None:
    model = ScriptedModel([ToolCall("1", "second", "{}")], [], ["NOT ANSWERED"])
    both = Toolbox([spec(server), spec(server, name="second")])
    answer = answerer(searcher, both, model).answer(Question(ASKED), PICTURE)
    assert [result.tool for result in answer.tools] == ["second"]
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("calls", "kind"),
    [
        ([ToolCall("1", "erase_disk", "{}")], IncidentKind.UNKNOWN_TOOL),
        ([ToolCall("1", "count_nuclei", '{"image": "x"}')], IncidentKind.UNKNOWN_TOOL),
        ([ToolCall("1", "count_nuclei", "[")], IncidentKind.UNKNOWN_TOOL),
        ([ToolCall("1", "count_nuclei", "{}"), ToolCall("2", "count_nuclei", "{}")], IncidentKind.TOOL_LOOP),
    ],
)
def test_calls_that_make_no_sense_are_incidents(
    searcher: Searcher, server: ToolServer, calls: list[ToolCall], kind: IncidentKind
) -> None:
    model = ScriptedModel(calls, [], ["NOT ANSWERED"])
    answer = answerer(searcher, Toolbox([spec(server)]), model).answer(Question(ASKED), PICTURE)
    assert kind in {incident.kind for incident in answer.incidents}


@pytest.mark.parametrize("path", ["/status/500", "/broken", "/drop"])
def test_a_tool_that_fails_is_told_and_the_literature_answers(
    searcher: Searcher, server: ToolServer, path: str
) -> None:
    answer = answerer(searcher, Toolbox([spec(server, path)])).answer(Question(ASKED), PICTURE)
    assert IncidentKind.TOOL_FAILED in {incident.kind for incident in answer.incidents}
    assert all(sentence.origin == "extract" for sentence in answer.sentences)
    assert answer.sources
