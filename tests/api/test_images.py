"""Asking with images over HTTP: as JSON or as a form, with one answer; and that nothing of it is kept."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from tests.api.image_library import MOLE, OF_LUNG, OF_SKIN, ImageLibrary, answer, asked, base64_of, sent
from tests.api.library import Library
from tests.api.test_error_shape import check_shape
from tests.retrieval.image.image_fakes import COLON, LUNG, SKIN, encoded, figure_of, patch, png

SEARCH, OVERLAY, SLIDE = "/v1/search/image", "/v1/image/overlay", "/v1/search/slide"
JSON = {"content-type": "application/json"}
LUNG_PNG = png(patch(LUNG))
GOOD = {"image_base64": base64_of(LUNG_PNG)}
FILE = {"image": ("a.png", LUNG_PNG)}
ROOM = 60_000_000


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageLibrary:
    return ImageLibrary(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def client(images: ImageLibrary) -> Iterator[TestClient]:
    with TestClient(images.app()) as client:
        yield client


def test_an_image_finds_articles_with_concepts_and_reasons(client: TestClient) -> None:
    found = answer(asked(client, LUNG_PNG))
    assert found["hits"][0]["pmid"] == OF_LUNG
    assert found["confident"] is True
    assert {concept["name"] for concept in found["concepts"] if concept["probability"] > 0.5} == {LUNG, "lung"}
    first = found["hits"][0]
    assert first["score"] == pytest.approx(sum(leg["share"] for leg in first["legs"].values()))
    assert first["reasons"][0]["kind"] == "concept"
    assert (found["encoder"], found["gate"], found["overlay_png"], found["regions"]) == ("colours@1", [], None, [])


def test_a_figure_is_named_as_a_reason(client: TestClient) -> None:
    found = answer(asked(client, png(patch(SKIN))))["hits"][0]
    (named,) = [reason["figure"] for reason in found["reasons"] if reason["kind"] == "figure"]
    assert named == {"id": MOLE.id, "label": "Figure 1", "caption": "Pigment in nests.", "license_code": "CC BY"}


def test_a_form_and_json_are_answered_alike(client: TestClient) -> None:
    fields: dict[str, Any] = {
        "words": "moles",
        "genes": "ERBB2:4.1",
        "image_weight": 0.7,
        "limit": 1,
        "expand": False,
        "filters": {"year_from": 2019},
        "region": "0,0,200,200",
        "mpp": 0.5,
    }
    as_text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    by_json, by_form = answer(asked(client, LUNG_PNG, **fields)), answer(sent(client, LUNG_PNG, **as_text))
    for found in (by_json, by_form):
        del found["timings_ms"]
    assert by_json == by_form
    assert [hit["pmid"] for hit in by_json["hits"]] == [OF_SKIN]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_the_usual_formats_are_read(client: TestClient, kind: str) -> None:
    assert answer(sent(client, encoded(patch(LUNG), kind)))["confident"]


def test_words_alone_are_answered(client: TestClient) -> None:
    for response in (
        client.post(SEARCH, json={"words": "moles"}),
        client.post(SEARCH, files={"words": (None, "moles")}),
    ):
        found = answer(response)
        assert (found["hits"][0]["pmid"], found["confident"], found["concepts"]) == (OF_SKIN, False, [])


def test_an_image_of_nothing_known_brings_no_hits_and_says_so(client: TestClient) -> None:
    found = answer(asked(client, png(patch(""))))
    assert (found["hits"], found["confident"]) == ([], False)
    assert found["notices"][0].startswith("No confident match")


def test_what_was_asked_with_is_drawn(client: TestClient) -> None:
    found = answer(asked(client, png(figure_of(LUNG, SKIN))))
    assert found["notices"] == ["A compound figure: asked with 2 panels."]
    with Image.open(io.BytesIO(base64.b64decode(found["overlay_png"]))) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (524, 256))


def test_warnings_of_the_gate_go_along(client: TestClient) -> None:
    (finding,) = answer(asked(client, png(patch(LUNG)[:80, :80])))["gate"]
    assert (finding["kind"], finding["severity"], finding["measure"]) == ("too_small", "warning", 80)


# --- Privacy --------------------------------------------------------------------------------------------------------


def with_exif(secret: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = exif[0x9286] = exif[0x013B] = secret
    return encoded(patch(LUNG), "JPEG", exif=exif)


def test_nothing_of_image_words_or_file_name_is_logged_or_echoed(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    image = with_exif("privatematter")
    assert b"privatematter" in image
    with caplog.at_level(logging.INFO):
        responses = [
            asked(client, image, words="confidential"),
            sent(client, image, words="confidential", region_text="stroma"),
            sent(client, image, OVERLAY, region_text="stroma"),
            asked(client, image[:3000], words="confidential"),
            sent(client, image, words="confidential", limit="0"),
            client.post(SEARCH, content=b'{"words": "confidential', headers=JSON),
        ]
    assert [response.status_code for response in responses] == [200, 200, 200, 422, 422, 422]
    for response in responses:
        assert b"privatematter" not in response.content
    overlay = answer(responses[1])["overlay_png"]
    assert b"privatematter" not in base64.b64decode(overlay)
    for secret in ("privatematter", "confidential", "Jane", base64_of(image)[:40]):
        assert secret not in caplog.text


def test_a_failure_is_logged_without_what_was_asked(images: ImageLibrary, caplog: pytest.LogCaptureFixture) -> None:
    secret = "private" + "matter"

    def fails(_: object) -> Any:
        raise ValueError(secret)

    app = images.app()
    app.state.service._image_search = fails
    with caplog.at_level(logging.INFO):
        check_shape(asked(TestClient(app), LUNG_PNG, words="confidential"), 500, "internal")
    assert "ValueError" in caplog.text
    assert secret not in caplog.text
    assert "confidential" not in caplog.text


@pytest.mark.parametrize(
    ("method", "path"), [("POST", SEARCH), ("POST", OVERLAY), ("POST", SLIDE), ("GET", "/v1/image/regions")]
)
def test_keys_open_these_paths_too(images: ImageLibrary, method: str, path: str) -> None:
    client = TestClient(images.app(ApiSettings(api_keys=(SecretStr("0123456789abcdef"),))))
    check_shape(client.request(method, path), 401, "unauthorized")
    assert client.request(method, path, headers={"X-API-Key": "0123456789abcdef"}).status_code in (200, 415, 422)


# --- Regions --------------------------------------------------------------------------------------------------------


def test_the_regions_are_listed_with_how_each_was_checked(client: TestClient) -> None:
    body = client.get("/v1/image/regions").json()
    listed = {category["name"]: category for category in body["data"]["categories"]}
    assert {"glands", "stroma", "nuclei", "background"} <= set(listed)
    for category in listed.values():
        assert set(category) == {"name", "also", "means", "checked"}
        assert category["means"]
        assert category["checked"]
    assert body["meta"]["generation"] is None


def test_a_region_is_drawn_as_png(client: TestClient) -> None:
    for response in (
        asked(client, LUNG_PNG, OVERLAY, region_text="stroma"),
        sent(client, LUNG_PNG, OVERLAY, region_text="stroma"),
    ):
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/png"
        assert response.headers["x-request-id"]
        with Image.open(io.BytesIO(response.content)) as drawn:
            assert (drawn.format, drawn.size) == ("PNG", (256, 256))


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "region_text"), ({"region": "0,0,200,200"}, "region_text"), ({"image_base64": "", "words": "lung"}, "image")],
)
def test_without_anything_to_draw_it_says_what_is_missing(
    client: TestClient, fields: dict[str, str], field: str
) -> None:
    body = check_shape(client.post(OVERLAY, json={**GOOD, **fields}), 422, "invalid_input")
    assert body["error"]["details"][0]["field"] == field


def test_a_region_that_the_image_lacks_is_told(client: TestClient) -> None:
    body = check_shape(asked(client, png(patch(COLON)), region_text="DAB"), 422, "unusable_image")
    assert body["error"]["details"][0]["message"] == "no_region (0)"


# --- Servers that take no images ------------------------------------------------------------------------------------


def test_a_server_without_image_encoder_says_what_its_operator_can_do(library: Library) -> None:
    client = TestClient(create_app(library.live(), settings=ApiSettings(max_slide_bytes=ROOM)))
    for response in (asked(client, LUNG_PNG), client.post(SLIDE, files={"slide": ("a.tif", b"a")})):
        body = check_shape(response, 422, "invalid_input")
        assert "PATHLIT_IMAGE_ENCODER" in body["error"]["message"]
    # What needs no encoder works all the same.
    assert client.get("/v1/image/regions").status_code == 200
    assert asked(client, LUNG_PNG, OVERLAY, region_text="stroma").status_code == 200


def test_a_generation_without_joint_space_is_the_operators_business(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = TestClient(ImageLibrary(tmp_path, with_joint=False).app())
    body = check_shape(asked(client, LUNG_PNG), 500, "configuration")
    assert "image encoder" not in body["error"]["message"]
    assert "000001 was built without an image encoder; build again with `pathlit index`" in caplog.text
    assert answer(client.post(SEARCH, json={"words": "moles"}))["hits"][0]["pmid"] == OF_SKIN
