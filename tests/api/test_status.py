"""What GET /v1/status answers."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas import Counts, StatusResponse, status_view
from api.settings import ApiSettings
from retrieval.freshness import freshness
from retrieval.index.manifest import Manifest
from tests.api.library import Library

MANIFEST = Manifest(
    generation="000042",
    format_version=1,
    created="2026-03-01T00:00:00+00:00",
    analyzer="abc",
    stemmer="english",
    encoder=None,
    articles=5,
    vectors=0,
    source="",
    files={},
)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def view(**changed: Any) -> StatusResponse:
    manifest = msgspec.structs.replace(MANIFEST, **changed)
    counts = Counts(searches=0, answers=0, errors=0)
    return status_view(manifest, freshness(manifest, NOW, 7), version="1", counts=counts)


def test_the_generation_in_service_is_described(library: Library, client: TestClient) -> None:
    data = client.get("/v1/status").json()["data"]
    assert data.pop("created") == library.store.manifest("000001").created
    assert 0 <= data.pop("age_days") < 1
    assert data.pop("freshness").startswith("current to updatefile-0007.xml, whose date is not known; built on ")
    assert data.pop("integrity") == library.store.manifest("000001").integrity
    del data["counts"]
    assert data == {
        "version": version("pathlit"),
        "generation": "000001",
        "source": "updatefile-0007.xml",
        "source_date": None,
        "stale": False,
        "warnings": [],
        "articles": 4,
        "vectors": 4,
        "encoder": {"name": "words", "revision": "1", "dimension": 16, "licence": "MIT"},
        "analyzer": {"fingerprint": library.analyzer.fingerprint, "stemmer": library.analyzer.stemmer},
    }


def test_a_stale_generation_gives_a_warning(library: Library) -> None:
    with TestClient(create_app(library.live(), settings=ApiSettings(), stale_after_days=1e-9)) as client:
        data = client.get("/v1/status").json()["data"]
    assert data["stale"] is True
    assert data["warnings"] == [f"The index is stale: {data['freshness']}."]
    assert data["freshness"].endswith("less than a day ago, more than the 1e-09 allowed")


def test_freshness_counts_from_the_date_of_the_source() -> None:
    status = view(source="pubmed26n1512.xml.gz", source_date="2026-02-20")
    assert (status.source, status.source_date, status.age_days, status.stale) == (
        "pubmed26n1512.xml.gz",
        "2026-02-20",
        10.0,
        True,
    )
    assert status.warnings == [
        "The index is stale: current to update file 1512 (pubmed26n1512.xml.gz), 20 February 2026; 10 days old, more "
        "than the 7 allowed."
    ]


def test_the_standing_of_the_articles_is_counted_where_the_build_counted_it() -> None:
    assert view(integrity={"retracted": 3, "corrected": 7}).integrity == {"retracted": 3, "corrected": 7}
    assert view().integrity == {}


def test_a_generation_without_vectors_has_no_encoder_and_what_is_not_known_is_null() -> None:
    status = view().model_dump()
    assert (status["encoder"], status["source"], status["source_date"]) == (None, None, None)


def test_searches_and_failures_are_counted(library: Library) -> None:
    def fail() -> None:
        raise ValueError

    failing = TestClient(create_app(library.live(fail), settings=ApiSettings()))
    failing.post("/v1/search", json={"query": "lung"})
    failing.post("/v1/search", json={"query": "lung", "legs": ["lexical"]})
    failing.post("/v1/search", json={})
    assert failing.get("/v1/status").json()["data"]["counts"] == {"searches": 1, "answers": 0, "errors": 1}
