"""Images in questions: what is seen becomes what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from retrieval.answer.answerer import Answerer
from retrieval.image.concepts import ConceptFinder
from retrieval.image.search import ImageSearch
from retrieval.live import LiveSearcher
from retrieval.router.rules import RuleRouter
from retrieval.search import Searcher
from tests.api.image_library import OF_LUNG, ImageLibrary, base64_of
from tests.api.test_error_shape import check_shape
from tests.retrieval.answer.stand_ins import WordVerifier
from tests.retrieval.image.image_fakes import CONCEPTS, LUNG, patch, png

LUNG_PNG = png(patch(LUNG))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ImageLibrary:
    return ImageLibrary(tmp_path_factory.mktemp("images"))


def client_of(library: ImageLibrary, *, with_images: bool) -> TestClient:
    finder = ConceptFinder(library.asked_with, CONCEPTS)

    def images(searcher: Searcher) -> ImageSearch:
        return ImageSearch(searcher, library.asked_with, finder)

    def answerer(searcher: Searcher) -> Answerer:
        return Answerer(
            searcher,
            verifier=WordVerifier(),
            router=RuleRouter(),
            images=images(searcher) if with_images else None,
        )

    live = LiveSearcher(library.store, library.open_searcher)
    image_search = images if with_images else None
    return TestClient(create_app(live, settings=ApiSettings(), image_search=image_search, answerer=answerer))


@pytest.fixture
def client(library: ImageLibrary, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("retrieval.answer.finding.answerability", lambda *_: 1.0)
    with client_of(library, with_images=True) as client:
        yield client


def answered(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


@pytest.mark.parametrize("question", ["", "Which drug helped the patients?"])
def test_an_image_finds_the_papers_that_the_answer_quotes(client: TestClient, question: str) -> None:
    answer = answered(client.post("/v1/answer", json={"question": question, "image_base64": base64_of(LUNG_PNG)}))
    assert "image" in answer["decision"]["experts"]
    assert LUNG in answer["query"]
    cited = {citation["id"] for sentence in answer["sentences"] for citation in sentence["citations"]}
    assert cited == {f"pmid:{OF_LUNG}"}


def test_a_form_with_the_file_is_the_same(client: TestClient) -> None:
    question = "Which drug helped the patients?"
    as_json = answered(client.post("/v1/answer", json={"question": question, "image_base64": base64_of(LUNG_PNG)}))
    form = {"question": question, "sentences": "6", "filters": "{}"}
    as_form = answered(client.post("/v1/answer", files={"image": ("Doe, Jane.png", LUNG_PNG)}, data=form))
    assert as_form["sentences"] == as_json["sentences"]


def test_a_damaged_image_is_an_error_of_its_own(client: TestClient) -> None:
    answer = client.post("/v1/answer", json={"question": "x", "image_base64": base64_of(LUNG_PNG[:-200])})
    check_shape(answer, 422, "unusable_image")


def test_a_server_without_images_says_what_its_operator_can_do(library: ImageLibrary) -> None:
    with client_of(library, with_images=False) as client:
        answer = client.post("/v1/answer", json={"question": "", "image_base64": base64_of(LUNG_PNG)})
    assert "PATHLIT_IMAGE_ENCODER" in check_shape(answer, 422, "invalid_input")["error"]["message"]
