"""Asking with a whole slide over HTTP: off by default; nothing of what was sent stays on the disk."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from api.settings import ApiSettings
from retrieval.errors import PathlitError
from tests.api.image_library import OF_LUNG, OF_SKIN, ImageLibrary, answer
from tests.api.test_error_shape import check_shape
from tests.retrieval.image.image_fakes import LUNG, patch, png
from tests.retrieval.image.slide_files import write_slide

SEARCH, OVERLAY, SLIDE = "/v1/search/image", "/v1/image/overlay", "/v1/search/slide"
JSON = {"content-type": "application/json"}
LUNG_PNG = png(patch(LUNG))
FILE = {"image": ("a.png", LUNG_PNG)}
ROOM = 60_000_000


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageLibrary:
    return ImageLibrary(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def client(images: ImageLibrary) -> Iterator[TestClient]:
    with TestClient(images.app()) as client:
        yield client


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_slide(tmp_path_factory.mktemp("slides") / "a.tif", 4096).read_bytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def slides(images: ImageLibrary, folder: Path) -> TestClient:
    return TestClient(images.app(ApiSettings(max_slide_bytes=ROOM)))


def test_slides_are_taken_only_where_the_operator_says_so(client: TestClient, slide: bytes) -> None:
    body = check_shape(client.post(SLIDE, files={"slide": ("a.tif", slide[:1000])}), 422, "invalid_input")
    assert body["error"]["message"] == "this server takes no slides; its operator can set api.max_slide_bytes"


def test_a_slide_is_asked_with_by_some_of_its_tiles(slides: TestClient, slide: bytes, folder: Path) -> None:
    found = answer(slides.post(SLIDE, files={"slide": ("Doe, Jane.tif", slide)}, data={"limit": "5"}))
    assert {hit["pmid"] for hit in found["hits"]} == {OF_LUNG, OF_SKIN}
    weights = [region["weight"] for region in found["regions"]]
    assert sum(weights) == pytest.approx(1)
    for region in found["regions"]:
        x, y, width, height = map(int, region["box"].split(","))
        assert 0 <= x < x + width <= 4096
        assert 0 <= y < y + height <= 4096
        assert region["concepts"]
    with Image.open(io.BytesIO(base64.b64decode(found["overlay_png"]))) as thumbnail:
        assert thumbnail.format == "PNG"
    assert list(folder.iterdir()) == []


# What is sent in place of a slide, and what comes back: (what, status, code, field at fault).
NO_SLIDES: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "nothing": ({"files": {"words": (None, "lung")}}, 422, "invalid_input", "slide"),
    "a slide as text": ({"files": {"slide": (None, "a.tif")}}, 422, "invalid_input", "slide"),
    "an image": ({"files": FILE}, 422, "invalid_input", "slide"),
    "JSON": ({"json": {"words": "lung"}}, 415, "unsupported_media_type", ""),
    "text": ({"files": {"slide": ("a.svs", b"no slide at all")}}, 422, "unusable_image", "image"),
    "a strange suffix": ({"files": {"slide": ("a.\x00/.. \x7f", b"no slide")}}, 422, "unusable_image", "image"),
    "a bad number": ({"files": {"slide": ("a.svs", b"a")}, "data": {"limit": "x"}}, 422, "invalid_input", "limit"),
    "a box": ({"files": {"slide": ("a.svs", b"a")}, "data": {"region": "0,0,9,9"}}, 422, "invalid_input", "region"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_SLIDES)
def test_what_is_no_slide_is_refused_and_nothing_of_it_stays(slides: TestClient, folder: Path, name: str) -> None:
    what, status, code, field = NO_SLIDES[name]
    body = check_shape(slides.post(SLIDE, **what), status, code)
    assert [detail["field"] for detail in body["error"].get("details", [])] == ([field] if field else [])
    assert list(folder.iterdir()) == []


def test_a_cut_slide_is_refused_and_nothing_of_it_stays(slides: TestClient, slide: bytes, folder: Path) -> None:
    check_shape(slides.post(SLIDE, files={"slide": ("a.tif", slide[: len(slide) // 2])}), 422, "unusable_image")
    assert list(folder.iterdir()) == []


def test_a_slide_beyond_the_limit_is_413(images: ImageLibrary, folder: Path) -> None:
    client = TestClient(images.app(ApiSettings(max_slide_bytes=1_000_000)))
    check_shape(client.post(SLIDE, files={"slide": ("a.tif", bytes(3_000_000))}), 413, "body_too_large")
    assert list(folder.iterdir()) == []


def test_a_search_that_fails_leaves_nothing_of_the_slide(images: ImageLibrary, slide: bytes, folder: Path) -> None:
    def fails(_: object) -> Any:
        raise PathlitError("the disk is full")

    app = images.app(ApiSettings(max_slide_bytes=ROOM))
    app.state.service._image_search = fails
    check_shape(TestClient(app).post(SLIDE, files={"slide": ("a.tif", slide)}), 500, "internal")
    assert list(folder.iterdir()) == []
