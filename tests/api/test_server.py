"""The server as it runs: real connections, generations that come and go under load, clients that misbehave."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from api.server import listen
from api.settings import ApiSettings
from retrieval.errors import ConfigurationError
from tests.api.library import ARTICLES, Gate, Library
from tests.api.running import RunningServer, ask

pytestmark = pytest.mark.server

QUERY = {"query": "lung carcinoma", "limit": 100, "filters": {"integrity": "label"}}


@pytest.fixture(scope="module")
def server(library: Library) -> Iterator[RunningServer]:
    with RunningServer(library.live(), max_body_bytes=5_000, body_timeout_s=0.4) as running:
        yield running


def edition(library: Library, number: int) -> str:
    """Publish a generation in which every title says its number."""
    titled = (msgspec.structs.replace(a, version=number, title=f"{a.title} Edition {number:06d}.") for a in ARTICLES)
    return library.release(list(titled))


def test_generations_change_under_load_and_every_answer_is_of_one(empty_library: Library) -> None:
    library, stop = empty_library, threading.Event()
    assert edition(library, 1) == "000001"

    answered: set[str] = set()

    def user(running: RunningServer) -> list[tuple[int, str, set[str]]]:
        connection, seen = running.connect(), []
        while not stop.is_set():
            answer = ask(connection, "POST", "/v1/search", QUERY)
            titles = {hit["title"][-7:-1] for hit in answer.body["data"]["hits"]} if answer.status == 200 else set()
            seen.append((answer.status, answer.body.get("meta", {}).get("generation", ""), titles))
            answered.add(seen[-1][1])
        connection.close()
        return seen

    def reached(generation: str) -> None:
        """Waits until users, too, were answered from it."""
        answered.discard(generation)
        deadline = time.monotonic() + 30
        while generation not in answered:
            assert time.monotonic() < deadline, f"nobody was answered from {generation}"
            time.sleep(0.01)

    # Each search takes a moment, so that every change meets some that are under way.
    live = library.live(lambda: time.sleep(0.01))
    with RunningServer(live, watch_every_s=0.05) as running, ThreadPoolExecutor(6) as pool:
        users = [pool.submit(user, running) for _ in range(6)]
        try:
            for number in (2, 3):
                assert edition(library, number) == f"{number:06d}"
                reached(f"{number:06d}")
            for to in (None, None, "000003", "000001", "000002", None):
                reached(library.store.rollback(to))
        finally:
            stop.set()
        seen = [answer for each in users for answer in each.result()]

    assert {status for status, _, _ in seen} == {200}
    assert {generation for _, generation, _ in seen} == {"000001", "000002", "000003"}
    assert [(generation, titles) for _, generation, titles in seen if titles != {generation}] == []


def test_a_running_search_is_answered_before_the_server_stops(library: Library) -> None:
    gate = Gate()
    with RunningServer(library.live(gate)) as running, ThreadPoolExecutor(1) as pool:
        gate.close()
        connection = running.connect()
        answer = pool.submit(lambda: ask(connection, "POST", "/v1/search", QUERY))
        gate.wait_for(1)
        running.stop()
        running.wait_until_closed()
        gate.open()
        assert answer.result().status == 200
        connection.close()


def test_many_requests_share_a_connection(server: RunningServer) -> None:
    connection = server.connect()
    assert [ask(connection, "POST", "/v1/search", QUERY).status for _ in range(5)] == [200] * 5
    assert ask(connection, "GET", "/v1/articles/7").status == 404
    assert ask(connection, "GET", "/v1/articles/101").status == 200
    connection.close()


def test_a_body_that_never_ends_is_given_up(server: RunningServer) -> None:
    with server.raw() as connection:
        connection.sendall(
            b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 408
        assert b'"body_timeout"' in answer.read()


@pytest.mark.parametrize("length", [b"Content-Length: 100000000", b"Transfer-Encoding: chunked"])
def test_a_huge_body_is_refused_before_it_has_arrived(server: RunningServer, length: bytes) -> None:
    with server.raw() as connection:
        connection.sendall(
            b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + length + b"\r\n\r\n"
        )
        connection.sendall(b"1771\r\n" + b"a" * 0x1771 + b"\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 413
        assert b'"body_too_large"' in answer.read()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /v1/status",
        b"no HTTP at all\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{",
        b"GET /v1/search?q=lung HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_a_client_that_hangs_up_does_no_harm(server: RunningServer, sent: bytes) -> None:
    with server.raw() as connection:
        connection.sendall(sent)
    connection_of_another = server.connect()
    assert ask(connection_of_another, "POST", "/v1/search", QUERY).status == 200
    connection_of_another.close()


def test_the_answer_does_not_name_the_software(server: RunningServer) -> None:
    connection = server.connect()
    assert "server" not in ask(connection, "GET", "/healthz").headers
    connection.close()


def test_an_address_in_use_is_refused_with_advice() -> None:
    with listen(ApiSettings(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"cannot listen on 127.0.0.1, port {port}: .*choose another"):
            listen(ApiSettings(port=port))


PROGRAM = """
import sys
from pathlib import Path
from api.app import create_app
from api.server import run
from api.settings import ApiSettings
from tests.api.library import Library
settings = ApiSettings(port=0)
run(create_app(Library(Path(sys.argv[1])).live(), settings=settings), settings)
"""


@pytest.mark.parametrize(("end", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 0)])
def test_a_process_serves_until_it_is_told_to_stop_and_logs_no_question(
    library: Library, end: signal.Signals, code: int
) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM, str(library.home)]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log = []
        for line in process.stderr:
            log.append(line)
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                break
        assert found, log
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=20)
        assert ask(connection, "GET", "/readyz").status == 200
        assert ask(connection, "GET", "/v1/search?q=privatematter").status == 200
        assert ask(connection, "POST", "/v1/search", {"query": "privatematter"}).status == 200
        connection.close()
        process.send_signal(end)
        log += process.stderr.readlines()
        process.wait(20)
    told = "".join(log)
    assert process.returncode == code
    assert "privatematter" not in told
    assert len(re.findall(r"INFO api\.access (?:GET|POST) /v1/search 200 [\d.]+ ms [0-9a-f]{32}\n", told)) == 2
    assert "generation 000001 is in service" in told
    assert "Traceback" not in told
