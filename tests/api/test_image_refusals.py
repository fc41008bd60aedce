"""What cannot be asked with: every refusal of an image has the one shape, the right status and names the field."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.settings import ApiSettings
from tests.api.image_library import ImageLibrary, answer, asked, base64_of, sent
from tests.api.test_error_shape import check_shape
from tests.retrieval.image.image_fakes import LUNG, chart, encoded, patch, png

SEARCH, OVERLAY, SLIDE = "/v1/search/image", "/v1/image/overlay", "/v1/search/slide"
JSON = {"content-type": "application/json"}
LUNG_PNG = png(patch(LUNG))
ROOM = 60_000_000


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageLibrary:
    return ImageLibrary(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def client(images: ImageLibrary) -> Iterator[TestClient]:
    with TestClient(images.app()) as client:
        yield client


GOOD = {"image_base64": base64_of(LUNG_PNG)}


def bomb() -> bytes:
    """A PNG of 20,000 x 20,000 pixels in a few kilobytes."""

    def block(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = (20_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", header) + block(b"IDAT", pixels) + block(b"IEND", b"")


# The bytes of an image, and what is said of them.
UNUSABLE = {
    "text": (b"Dear colleague, enclosed please find the image.", "not_an_image"),
    "empty": (b"", "not_an_image"),
    "truncated": (LUNG_PNG[:4000], "truncated"),
    "bomb": (bomb(), "too_many_pixels"),
    "chart": (png(chart()), "pen"),
    "glass": (png(np.full((256, 256, 3), 242, dtype=np.uint8)), "blank (0)"),
    "tiny": (png(patch(LUNG)[:9, :9]), "too_small (9)"),
}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("path", [SEARCH, OVERLAY])
def test_an_unusable_image_is_refused_with_its_kind_and_measure(client: TestClient, path: str, name: str) -> None:
    data, kind = UNUSABLE[name]
    for response in [sent(client, data, path), *([asked(client, data, path)] if data else [])]:
        body = check_shape(response, 422, "unusable_image")
        assert body["error"]["details"][0]["field"] == "image"
        assert body["error"]["details"][0]["message"].startswith(kind)


FILE = {"image": ("a.png", LUNG_PNG)}
# What is sent, and what comes back: (what, status, code, field at fault).
REFUSED: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "nothing": ({"json": {}}, 422, "invalid_input", ""),
    "an empty form": ({"files": {"words": (None, "")}}, 422, "invalid_input", ""),
    "not base64": ({"json": {"image_base64": "@@@@"}}, 422, "invalid_input", "image_base64"),
    "base64 cut short": ({"json": {"image_base64": "abcde"}}, 422, "invalid_input", "image_base64"),
    "base64 of another alphabet": ({"json": {"image_base64": "é"}}, 422, "invalid_input", "image_base64"),
    "base64 in a form": ({"files": {"image_base64": (None, "aaaa")}}, 422, "invalid_input", "image_base64"),
    "an image as text": ({"files": {"image": (None, "a.png")}}, 422, "invalid_input", "image"),
    "a file of another name": ({"files": {"file": ("a.png", LUNG_PNG)}}, 422, "invalid_input", "image"),
    "two files": ({"files": [("image", ("a", b"a")), ("image", ("b", b"b"))]}, 400, "malformed_body", ""),
    "no boundary": ({"content": b"a", "headers": {"content-type": "multipart/form-data"}}, 400, "malformed_body", ""),
    "text": ({"content": "lung", "headers": {"content-type": "text/plain"}}, 415, "unsupported_media_type", ""),
    "an image": ({"content": b"a", "headers": {"content-type": "image/png"}}, 415, "unsupported_media_type", ""),
    "another form": ({"data": {"words": "lung"}}, 415, "unsupported_media_type", ""),
    "no content type": ({"content": b"{}"}, 415, "unsupported_media_type", ""),
    "no JSON": ({"content": "{words: lung}", "headers": JSON}, 422, "invalid_input", "body"),
    "cut JSON": ({"content": '{"words": "lu', "headers": JSON}, 422, "invalid_input", "body"),
    "no UTF-8": ({"content": b'{"words": "Sj\xf6gren"}', "headers": JSON}, 422, "invalid_input", "body"),
    "deep JSON": ({"content": "[" * 9_000, "headers": JSON}, 422, "invalid_input", "body"),
    "JSON but no object": ({"json": [1]}, 422, "invalid_input", "body"),
    "an unknown field": ({"json": {**GOOD, "top_k": 5}}, 422, "invalid_input", "top_k"),
    "an unknown field in a form": ({"files": FILE, "data": {"top_k": "5"}}, 422, "invalid_input", "top_k"),
    "an unknown filter": ({"json": {**GOOD, "filters": {"yaer": 1}}}, 422, "invalid_input", "filters.yaer"),
    "years backwards": ({"json": {**GOOD, "filters": {"year_from": 2, "year_to": 1}}}, 422, "invalid_input", ""),
    "filters in a form": ({"files": FILE, "data": {"filters": "year=1"}}, 422, "invalid_input", "filters"),
    "deep filters": ({"files": FILE, "data": {"filters": "[" * 9_000}}, 422, "invalid_input", "filters"),
    "no number": ({"files": FILE, "data": {"limit": "ten"}}, 422, "invalid_input", "limit"),
    "half a hit": ({"files": FILE, "data": {"limit": "1.5"}}, 422, "invalid_input", "limit"),
    "no hits": ({"json": {**GOOD, "limit": 0}}, 422, "invalid_input", "limit"),
    "no number at all": ({"files": FILE, "data": {"mpp": "NaN"}}, 422, "invalid_input", "mpp"),
    "more than numbers hold": ({"files": FILE, "data": {"mpp": "1e999"}}, 422, "invalid_input", "mpp"),
    "an impossible scale": ({"files": FILE, "data": {"mpp": "-1"}}, 422, "invalid_input", "mpp"),
    "too much weight": ({"files": FILE, "data": {"image_weight": "1.01"}}, 422, "invalid_input", "image_weight"),
    "no truth": ({"files": FILE, "data": {"expand": "maybe"}}, 422, "invalid_input", "expand"),
    "a box of three": ({"json": {**GOOD, "region": "1,2,3"}}, 422, "invalid_input", ""),
    "a box outside": ({"json": {**GOOD, "region": "0,0,999,999"}}, 422, "invalid_input", ""),
    "an unknown region": ({"json": {**GOOD, "region_text": "the moon"}}, 422, "invalid_input", ""),
    "genes that are none": ({"json": {"genes": "ERBB2:0"}}, 422, "invalid_input", ""),
    "only conditions": ({"json": {"words": "year:2018"}}, 422, "invalid_input", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_every_refusal_has_the_one_shape_and_names_the_field(client: TestClient, name: str) -> None:
    what, status, code, field = REFUSED[name]
    body = check_shape(client.post(SEARCH, **what), status, code)
    assert [detail["field"] for detail in body["error"].get("details", [])] == ([field] if field else [])


def test_a_refusal_never_repeats_what_was_sent(client: TestClient) -> None:
    for response in (
        client.post(SEARCH, files=FILE, data={"limit": "privatematter"}),
        client.post(SEARCH, json={"words": ["privatematter"], "image_base64": "privatematter"}),
        client.post(SEARCH, content='{"words": "privatematter', headers=JSON),
    ):
        assert "privatematter" not in response.text


def test_what_was_found_wrong_is_declared_in_the_openapi_document(client: TestClient) -> None:
    declared = client.get("/openapi.json").json()["paths"]
    for path in (SEARCH, OVERLAY, SLIDE):
        statuses = set(declared[path]["post"]["responses"])
        assert statuses == {"200", "400", "401", "408", "413", "415", "422", "500", "503"}


def test_a_body_beyond_all_limits_is_413_and_an_image_beyond_its_own_422(images: ImageLibrary) -> None:
    client = TestClient(images.app(ApiSettings(max_image_bytes=100_000)))
    assert answer(sent(client, encoded(patch(LUNG), "JPEG")))["confident"]
    for send in (sent, asked):
        for path in (SEARCH, OVERLAY):
            body = check_shape(send(client, bytes(200_000), path), 422, "unusable_image")
            assert body["error"]["details"][0]["message"] == "too_many_bytes (2e+05)"
            check_shape(send(client, bytes(2_000_000), path), 413, "body_too_large")
    # A length that nobody declared counts as well.
    parts = iter([b'{"image_base64": "', *[b"a" * 100_000] * 30, b'"}'])
    check_shape(client.post(SEARCH, content=parts, headers=JSON), 413, "body_too_large")


def test_other_paths_keep_their_own_limit(client: TestClient) -> None:
    check_shape(client.post("/v1/search", json={"query": "a" * 2_000_000}), 413, "body_too_large")


def test_more_pixels_than_the_operator_allows_are_refused(images: ImageLibrary) -> None:
    client = TestClient(images.app(ApiSettings(max_image_pixels=10_000)))
    body = check_shape(asked(client, LUNG_PNG), 422, "unusable_image")
    assert body["error"]["details"][0]["message"] == "too_many_pixels (6.554e+04)"


few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(
    name=st.sampled_from(["image", "words", "filters", "limit", "mpp", "region", "region_text", "genes", "\x00"]),
    value=st.text(max_size=20) | st.sampled_from(["{}", "null", "[]", "0", "1e400", '"\\ud800"', "true", "nuclei"]),
)
def test_any_field_of_a_form_is_answered_or_refused(client: TestClient, name: str, value: str) -> None:
    response = sent(client, LUNG_PNG, **{name: value.encode(errors="replace").decode()})
    if response.status_code != 200:
        assert response.status_code < 500, response.text
        check_shape(response, response.status_code, response.json()["error"]["code"])


@few
@given(body=st.binary(max_size=80), kind=st.sampled_from(["application/json", "multipart/form-data; boundary=a"]))
def test_any_bytes_are_answered_or_refused(client: TestClient, body: bytes, kind: str) -> None:
    response = client.post(SEARCH, content=body, headers={"content-type": kind})
    assert 400 <= response.status_code < 500
    check_shape(response, response.status_code, response.json()["error"]["code"])
