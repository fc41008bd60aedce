"""Who is let in."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from tests.api.library import Library

KEY, OTHER = "0123456789abcdef", "schlüssel-0123456789"


@pytest.fixture(scope="module")
def locked(library: Library) -> TestClient:
    settings = ApiSettings(api_keys=(SecretStr(KEY), SecretStr(OTHER)))
    return TestClient(create_app(library.live(), settings=settings))


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"X-API-Key": KEY},
        {"X-API-Key": OTHER},
        {"Authorization": "Bearer wrong", "X-API-Key": KEY},
    ],
)
def test_either_header_with_any_key_opens(locked: TestClient, headers: dict[str, str]) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    assert locked.get("/v1/status", headers=raw).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": KEY},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": f"Bearer {KEY}0"},
        {"X-API-Key": ""},
        {"X-API-Key": KEY.upper()},
        {"Cookie": f"X-API-Key={KEY}"},
    ],
)
def test_anything_else_does_not(locked: TestClient, headers: dict[str, str]) -> None:
    assert locked.get("/v1/status", headers=headers).status_code == 401


def test_a_key_in_the_link_does_not_open(locked: TestClient) -> None:
    assert locked.get(f"/v1/search?q=lung&api_key={KEY}").status_code == 401


def test_without_a_key_the_body_is_not_even_looked_at(locked: TestClient) -> None:
    assert locked.post("/v1/search", content=b"x" * 2_000_000).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json"])
def test_health_and_documentation_need_no_key(locked: TestClient, path: str) -> None:
    assert locked.get(path).status_code in (200, 503)


def test_without_keys_in_the_settings_everybody_is_let_in(client: TestClient) -> None:
    assert client.get("/v1/status").status_code == 200
    assert "security" not in client.get("/openapi.json").json()["paths"]["/v1/status"]["get"]


def test_the_documentation_tells_about_keys(locked: TestClient) -> None:
    document = locked.get("/openapi.json").json()
    assert document["paths"]["/v1/search"]["post"]["security"] == [{"HTTPBearer": []}, {"APIKeyHeader": []}]
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_a_short_key_is_refused_and_no_key_is_ever_printed() -> None:
    with pytest.raises(ValidationError, match="at least 16"):
        ApiSettings(api_keys=(SecretStr("short"),))
    assert KEY not in repr(ApiSettings(api_keys=(SecretStr(KEY),)))
