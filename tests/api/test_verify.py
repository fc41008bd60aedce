"""POST /v1/verify."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas.verify import MOST_CLAIMS
from api.settings import ApiSettings
from retrieval.records import Evidence
from retrieval.verify.base import Claim, Judgement, Verdict
from tests.api.library import LUNG, RETRACTED, Library

PATH = "/v1/verify"
CLAIM = "The marker stained every squamous carcinoma of the lung."


class WordVerifier:
    """Supported is what shares a word with the text; the whole text is the span."""

    id = "words"

    def load(self) -> None: ...

    def judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        return self.judge_texts([(claim.text, claim.article.abstract) for claim in claims])

    def judge_texts(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return [self._judge(claim, text) for claim, text in pairs]

    def _judge(self, claim: str, text: str) -> Judgement:
        shared = {word.strip(".").lower() for word in claim.split()} & {w.strip(".").lower() for w in text.split()}
        span = Evidence("abstract", 0, len(text), text, 1.0)
        verdict = Verdict.SUPPORTED if shared else Verdict.NOT_FOUND
        return Judgement(verdict, 0.9 if shared else 0.0, 0.0, 0.1 if shared else 1.0, span, {"words": 1.0})


@pytest.fixture(scope="module")
def checking(library: Library) -> Iterator[TestClient]:
    with TestClient(create_app(library.live(), settings=ApiSettings(), verifier=WordVerifier)) as client:
        yield client


def items(client: TestClient, *asked: dict[str, Any], **body: Any) -> list[dict[str, Any]]:
    response = client.post(PATH, json={"items": asked, **body})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]["items"]
    return found


def test_a_claim_is_judged_beside_an_article_with_its_span_and_standing(checking: TestClient) -> None:
    response = checking.post(PATH, json={"items": [{"claim": LUNG.abstract, "pmid": LUNG.pmid}]}).json()
    assert response["meta"]["generation"] == "000001"
    assert response["data"]["verifier"] == "words"
    (item,) = response["data"]["items"]
    assert (item["index"], item["id"], item["usable"], item["error"]) == (0, f"pmid:{LUNG.pmid}", True, None)
    assert item["integrity"]["status"] == "ok"
    assert item["judgement"]["verdict"] == "supported"
    assert item["judgement"]["evidence"]["text"] == LUNG.abstract


def test_a_claim_is_judged_beside_a_text(checking: TestClient) -> None:
    (item,) = items(checking, {"claim": "Zebras bark.", "evidence": "Dogs growl."})
    assert (item["id"], item["integrity"], item["judgement"]["verdict"]) == (None, None, "not_found")


@pytest.mark.parametrize(
    ("policy", "verdict"), [("exclude", "not_found"), ("label", "not_found"), ("allow", "supported")]
)
def test_a_retracted_article_supports_only_where_the_policy_allows(
    checking: TestClient, policy: str, verdict: str
) -> None:
    (item,) = items(checking, {"claim": CLAIM, "pmid": RETRACTED.pmid}, integrity=policy)
    assert (item["integrity"]["status"], item["usable"]) == ("retracted", policy == "allow")
    assert item["judgement"]["verdict"] == verdict


def test_one_item_that_fails_fails_nothing_else(checking: TestClient) -> None:
    found = items(
        checking,
        {"claim": CLAIM, "pmid": 424242},
        {"claim": CLAIM, "evidence": CLAIM},
        {"claim": CLAIM},
        {"claim": CLAIM, "pmid": 101, "evidence": "both"},
        {"claim": "  ", "evidence": "text"},
        {"claim": CLAIM, "pmid": "scifact:4983"},
    )
    codes = [item["error"]["code"] if item["error"] else None for item in found]
    assert codes == ["article_not_found", None, "invalid_input", "invalid_input", "invalid_input", None]
    assert [item["judgement"] is None for item in found] == [True, False, True, True, True, False]
    assert [item["index"] for item in found] == list(range(6))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": []},
        {"items": [{"claim": "a", "evidence": "b"}] * (MOST_CLAIMS + 1)},
        {"items": [{"claim": "", "evidence": "b"}]},
        {"items": [{"claim": "a", "evidence": "b" * 50_000}] * 11},
        {"items": [{"claim": "a", "evidence": "b", "more": 1}]},
    ],
)
def test_too_much_and_too_little_is_refused(checking: TestClient, body: dict[str, Any]) -> None:
    response = checking.post(PATH, json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")


def test_a_server_without_a_verifier_says_so(client: TestClient) -> None:
    response = client.post(PATH, json={"items": [{"claim": "a", "evidence": "b"}]})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")
