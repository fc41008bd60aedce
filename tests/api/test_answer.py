"""Questions over HTTP: one envelope, or a stream of events; nothing unchecked, nothing logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from retrieval.answer.answerer import Answerer
from retrieval.answer.llm.language_model import LanguageModel
from retrieval.live import LiveSearcher
from retrieval.router.rules import RuleRouter
from retrieval.search import Searcher
from tests.api.test_error_shape import check_shape
from tests.fakes import Corpus, HashingEncoder
from tests.retrieval.answer.stand_ins import ARTICLES, BUDDING, RETRACTED, ScriptedModel, WordVerifier, key_of

ASKED = "Does tumour budding predict nodal metastasis in colorectal carcinoma?"
TRUE = "Tumour budding predicts nodal metastasis in colorectal carcinoma"


def app(corpus: Corpus, model: LanguageModel | None = None, **settings: Any) -> Any:
    def answerer(searcher: Searcher) -> Answerer:
        return Answerer(searcher, verifier=WordVerifier(), router=RuleRouter(), model=model)

    live = LiveSearcher(corpus.store, corpus.open_searcher)
    return create_app(live, settings=ApiSettings(**settings), answerer=answerer)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    corpus = Corpus(tmp_path_factory.mktemp("answers"), HashingEncoder())
    corpus.publish(ARTICLES)
    return corpus


@pytest.fixture
def client(corpus: Corpus) -> Iterator[TestClient]:
    with TestClient(app(corpus)) as client:
        yield client


@pytest.fixture(autouse=True)
def _answerable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.answer.finding.answerability", lambda *_: 1.0)


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_an_answer_has_sentences_with_verdicts_spans_and_sources(client: TestClient) -> None:
    answer = client.post("/v1/answer", json={"question": ASKED})
    assert answer.status_code == 200
    body = answer.json()
    assert body["meta"]["generation"] == "000001"
    first = body["data"]["sentences"][0]
    sources = {source["key"]: source for source in body["data"]["sources"]}
    citation = first["citations"][0]
    assert sources[citation["key"]]["pmid"] == BUDDING
    assert citation["judgement"]["verdict"] == first["verdict"] == "supported"
    assert (
        citation["judgement"]["evidence"]["text"] in {article.abstract for article in ARTICLES} or TRUE in first["text"]
    )
    assert body["data"]["models"] == {"encoder": "hashing@1", "verifier": "words", "composer": "extractive"}
    assert body["data"]["decision"]["experts"] == ["lexical", "dense"]


def test_the_stream_tells_each_step_and_ends_with_the_same_answer(client: TestClient) -> None:
    whole = client.post("/v1/answer", json={"question": ASKED}).json()
    answer = client.post("/v1/answer", json={"question": ASKED, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    assert [name for name, _ in told[:2]] == ["searched", "sources"]
    assert told[-1][0] == "answer"
    last = told[-1][1]
    assert set(last) == {"data", "meta"}
    assert [data for name, data in told if name == "sentence"] == last["data"]["sentences"]
    for body in (whole, last):
        body["data"].pop("timings_ms")
    assert last["data"] == whole["data"]


def test_a_sentence_of_the_model_that_no_paper_says_is_never_in_the_stream(corpus: Corpus) -> None:
    model = ScriptedModel(
        lambda messages: [
            f"{TRUE} [{key_of(messages, 'budding predicts')}]. ",
            f"It cures everything [{key_of(messages, 'budding predicts')}]. ",
            "See PMID: 12345678 for more.",
        ]
    )
    with TestClient(app(corpus, model)) as client:
        told = events(client.post("/v1/answer", json={"question": ASKED, "stream": True}).text)
    assert [data["text"] for name, data in told if name == "sentence"] == [f"{TRUE}."]
    assert {data["kind"] for name, data in told if name == "incident"} >= {"unsupported", "forged_identifier"}
    assert len(told[-1][1]["data"]["dropped"]) == 2


@pytest.mark.parametrize("policy", ["exclude", "label"])
def test_a_retracted_paper_supports_nothing(client: TestClient, policy: str) -> None:
    body = {"question": "Is tumour budding in colorectal carcinoma cured by aspirin?", "filters": {"integrity": policy}}
    answer = client.post("/v1/answer", json=body).json()["data"]
    assert all(c["id"] != f"pmid:{RETRACTED}" for s in answer["sentences"] for c in s["citations"])
    shown = [source for source in answer["sources"] if source["pmid"] == RETRACTED]
    assert [(s["usable"], s["integrity"]["status"]) for s in shown] == (
        [(False, "retracted")] if policy == "label" else []
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"question": "x" * 5_000}, "question"),
        ({"question": "x", "sources": 0}, "sources"),
        ({"question": "x", "sentences": "3"}, "sentences"),
        ({"question": "x", "temperature": 1}, "temperature"),
        ({"question": "x", "image_base64": "§"}, "image_base64"),
        ({"question": "x", "conversation": [{"role": "system", "text": "x"}]}, "conversation.0.role"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_asked_is_an_ordinary_error(
    client: TestClient, body: dict[str, Any], field: str | None, stream: bool
) -> None:
    answer = client.post("/v1/answer", json={**body, "stream": stream})
    check_shape(answer, 422, answer.json()["error"]["code"])
    if field:
        assert answer.json()["error"]["details"][0]["field"] == field


def test_a_failure_in_the_middle_of_a_stream_is_its_last_event(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "zebra"

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr("retrieval.answer.answerer.compose", fails)
    with TestClient(app(corpus)) as client, caplog.at_level(logging.INFO):
        told = events(client.post("/v1/answer", json={"question": ASKED, "stream": True}).text)
    assert [name for name, _ in told] == ["searched", "sources", "error"]
    assert told[-1][1]["error"]["code"] == "internal"
    assert words not in caplog.text + json.dumps(told)


def test_what_is_asked_is_not_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/answer", json={"question": f"{ASKED} Zebra?"})
        client.post("/v1/answer", json={"question": f"{ASKED} Zebra?", "stream": True})
    ours = [r.getMessage() for r in caplog.records if r.name.startswith(("api", "retrieval"))]
    assert ours
    assert "Zebra" not in "".join(ours)


def test_answers_are_counted(client: TestClient) -> None:
    client.post("/v1/answer", json={"question": ASKED})
    client.post("/v1/answer", json={"question": ASKED, "stream": True})
    assert client.get("/v1/status").json()["data"]["counts"]["answers"] == 2


def test_a_server_that_only_searches_says_so(corpus: Corpus) -> None:
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    with TestClient(create_app(live, settings=ApiSettings())) as client:
        check_shape(client.post("/v1/answer", json={"question": ASKED}), 422, "invalid_input")
