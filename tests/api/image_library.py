"""A tiny library that can be asked with images: real catalog, build, index and gate, an encoder that goes by colour."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from retrieval.image.concepts import ConceptFinder
from retrieval.image.search import ImageSearch
from retrieval.live import LiveSearcher
from retrieval.records import Figure
from retrieval.search import Searcher
from tests.fakes import article
from tests.retrieval.image.image_fakes import CONCEPTS, LUNG, SKIN, ColourEncoder, ImageCorpus, figure, patch, png

SEARCH = "/v1/search/image"
OF_LUNG, OF_SKIN = 101, 102
ARTICLES = (
    article(OF_LUNG, "Lung adenocarcinoma.", "Gefitinib helped some of the patients in this trial.", year=2018),
    article(OF_SKIN, "Skin melanoma.", "Moles of the skin should be looked at once a year.", year=2020),
)
MOLE: Figure = figure(OF_SKIN, "Pigment in nests.")


class ImageLibrary(ImageCorpus):
    """Generation 000001 of ARTICLES is published in it."""

    def __init__(self, home: Path, *, with_joint: bool = True) -> None:
        self.asked_with = ColourEncoder()
        super().__init__(home, image_encoder=self.asked_with if with_joint else None)
        self.add_figures({MOLE: png(patch(SKIN)), figure(OF_SKIN, "A nevus.", name="fig2"): png(patch(LUNG, 5))})
        self.publish(ARTICLES)

    def app(self, settings: ApiSettings | None = None) -> FastAPI:
        finder = ConceptFinder(self.asked_with, CONCEPTS)

        def opened(searcher: Searcher) -> ImageSearch:
            return ImageSearch(searcher, self.asked_with, finder)

        live = LiveSearcher(self.store, self.open_searcher)
        return create_app(live, settings=settings or ApiSettings(), image_search=opened)


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def asked(client: TestClient, data: bytes, path: str = SEARCH, **fields: Any) -> Any:
    return client.post(path, json={"image_base64": base64_of(data), **fields})


def sent(client: TestClient, data: bytes, path: str = SEARCH, **fields: str) -> Any:
    return client.post(path, files={"image": ("Doe, Jane 1950.png", data)}, data=fields)


def answer(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    assert list(body) == ["data", "meta"]
    assert body["meta"]["generation"] == "000001"
    found: dict[str, Any] = body["data"]
    return found
