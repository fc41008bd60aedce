from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.api.assistant.fake_doors import Script, assistant_app
from tests.api.library import Library


@pytest.fixture(scope="package")
def _one(library: Library) -> Iterator[tuple[Script, TestClient]]:
    script = Script()
    with TestClient(assistant_app(library, script), raise_server_exceptions=False) as client:
        yield script, client


@pytest.fixture
def script(_one: tuple[Script, TestClient]) -> Script:
    """The one that `client` plays, as new."""
    _one[0].begin()
    return _one[0]


@pytest.fixture
def client(_one: tuple[Script, TestClient], script: Script) -> TestClient:
    return _one[1]
