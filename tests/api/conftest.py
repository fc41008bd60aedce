from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from tests.api.library import Library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """One published generation, 000001, of tests.api.library.ARTICLES. Tests only read it."""
    library = Library(tmp_path_factory.mktemp("library"))
    assert library.release() == "000001"
    return library


@pytest.fixture(scope="session")
def client(library: Library) -> Iterator[TestClient]:
    with TestClient(create_app(library.live(), settings=ApiSettings())) as client:
        yield client


@pytest.fixture
def empty_library(tmp_path: Path) -> Library:
    """Nothing is published in it yet."""
    return Library(tmp_path)
