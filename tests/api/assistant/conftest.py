from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.api.assistant.fake_doors import Script, assistant_app
from tests.api.library import Library


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def client(library: Library, script: Script) -> Iterator[TestClient]:
    with TestClient(assistant_app(library, script)) as client:
        yield client
