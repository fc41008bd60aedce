"""What GET /v1/status answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import msgspec
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas import Counts, status_view
from api.settings import ApiSettings
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
BUILT = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_generation_in_service_is_described(library: Library, client: TestClient) -> None:
    data = client.get("/v1/status").json()["data"]
    assert data.pop("created") == library.store.manifest("000001").created
    assert 0 <= data.pop("age_days") < 1
    del data["counts"]
    assert data == {
        "version": version("pathlit"),
        "generation": "000001",
        "stale": False,
        "source": "updatefile-0007.xml",
        "articles": 4,
        "vectors": 4,
        "encoder": {"name": "words", "revision": "1", "dimension": 16, "licence": "MIT"},
        "analyzer": {"fingerprint": library.analyzer.fingerprint, "stemmer": library.analyzer.stemmer},
    }


@pytest.mark.parametrize(
    ("age", "days", "stale"),
    [
        (timedelta(hours=36), 1.5, False),
        (timedelta(days=7), 7.0, False),
        (timedelta(days=7, hours=1), 7.04, True),
        (timedelta(hours=-2), 0.0, False),
    ],
)
def test_a_generation_is_stale_once_it_is_older_than_allowed(age: timedelta, days: float, stale: bool) -> None:
    status = status_view(
        MANIFEST, version="1", now=BUILT + age, stale_after_days=7, counts=Counts(searches=0, errors=0)
    )
    assert (status.age_days, status.stale) == (days, stale)


def test_a_time_without_zone_counts_as_utc() -> None:
    manifest = msgspec.structs.replace(MANIFEST, created="2026-03-01T00:00:00")
    counts = Counts(searches=0, errors=0)
    assert status_view(manifest, version="1", now=BUILT, stale_after_days=7, counts=counts).age_days == 0


def test_a_generation_without_vectors_has_no_encoder_and_no_source_is_null() -> None:
    status = status_view(
        MANIFEST, version="1", now=BUILT, stale_after_days=7, counts=Counts(searches=0, errors=0)
    ).model_dump()
    assert (status["encoder"], status["source"]) == (None, None)


def test_searches_and_failures_are_counted(library: Library) -> None:
    def fail() -> None:
        raise ValueError

    failing = TestClient(create_app(library.live(fail), settings=ApiSettings()))
    failing.post("/v1/search", json={"query": "lung"})
    failing.post("/v1/search", json={"query": "lung", "legs": ["lexical"]})
    failing.post("/v1/search", json={})
    assert failing.get("/v1/status").json()["data"]["counts"] == {"searches": 1, "errors": 1}
