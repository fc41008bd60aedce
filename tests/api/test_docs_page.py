"""The documentation page, opened as a person would: in a browser, without internet access."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from api.server import listen, make_server
from api.settings import ApiSettings
from retrieval.live import LiveSearcher
from tests.fakes import Corpus, HashingEncoder, article

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish([article(1, "Lung.")])
    settings = ApiSettings(port=0)
    socket = listen(settings)
    server = make_server(create_app(LiveSearcher(corpus.store, corpus.open_searcher), settings=settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    yield "http://{}:{}".format(*socket.getsockname()[:2])
    server.should_exit = True
    thread.join()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install Debian's package chromium")
def test_the_documentation_page_lists_every_route_without_internet_access(address: str, tmp_path: Path) -> None:
    page = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-background-networking",
            "--no-first-run",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=8000",
            "--dump-dom",
            f"{address}/docs",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    for path in ("/v1/search", "/v1/articles/{id}", "/v1/status", "/healthz", "/readyz"):
        assert f'data-path="{path}"' in page
