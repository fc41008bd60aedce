"""One file from a server: whole, verified, resumed, and what is said when it cannot be had."""

from __future__ import annotations

import errno
import gzip
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from indexing.bulk import download as bulk_download
from indexing.bulk.listing import BulkFile
from indexing.bulk.source import BulkSource
from retrieval.errors import SourceError
from tests.servers.bulk_server import BulkServer, Fault
from tests.servers.bulk_tree import BulkTree

NAME = "pubmed26n0001.xml.gz"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def tree() -> BulkTree:
    return BulkTree(seed=5, baseline_files=1, update_files=1, citations_per_file=30)


@pytest.fixture
def server(tree: BulkTree) -> Iterator[BulkServer]:
    tree.file(NAME)  # packs the files now, and not while a client waits
    with tree.serve() as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    """The pauses made before asking again; no time passes in them."""
    return []


@pytest.fixture
def source(server: BulkServer, tmp_path: Path, pauses: list[float]) -> BulkSource:
    return a_source(server, tmp_path, pauses)


def a_source(server: BulkServer, folder: Path, pauses: list[float], **options: Any) -> BulkSource:
    # Jitter 1.0 makes the pauses 1, 2, 4, ... seconds.
    options = {"wait": lambda _stop, seconds: pauses.append(seconds), "jitter": lambda: 1.0, "timeout": 5.0, **options}
    return BulkSource(server.url, folder, **options)


@pytest.fixture
def file(server: BulkServer) -> BulkFile:
    address = f"{server.url}baseline/{NAME}"
    return BulkFile(NAME, 26, 1, address, "2025-12-10", md5=f"{address}.md5")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ranges(server: BulkServer) -> list[str]:
    """The Range of each request for the file itself, empty where it asked for all of it."""
    return [asked.headers.get("range", "") for asked in server.requests if asked.path.endswith(".gz")]


# --- The usual course ------------------------------------------------------------------------------------------------


def test_a_file_arrives_whole_and_leaves_nothing_unfinished(
    source: BulkSource, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    heard: list[tuple[int, int | None]] = []
    path = source.fetch(file, lambda here, total: heard.append((here, total)))
    assert path == tmp_path / NAME
    assert path.read_bytes() == tree.file(NAME)
    assert names(tmp_path) == [NAME, f"{NAME}.md5"]
    assert heard[-1] == (len(tree.file(NAME)), len(tree.file(NAME)))


def test_a_verified_file_is_neither_fetched_nor_read_again(
    source: BulkSource, server: BulkServer, file: BulkFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.fetch(file)
    asked = len(server.requests)
    monkeypatch.setattr(bulk_download, "md5_of", lambda path: pytest.fail("it was read through"))
    source.fetch(file)
    assert len(server.requests) == asked


def test_a_file_that_has_changed_on_disk_is_fetched_again(source: BulkSource, tree: BulkTree, file: BulkFile) -> None:
    path = source.fetch(file)
    path.write_bytes(b"something else")
    assert source.fetch(file).read_bytes() == tree.file(NAME)


def test_a_file_without_a_note_is_kept_if_its_sum_is_right(
    source: BulkSource, server: BulkServer, file: BulkFile, tmp_path: Path
) -> None:
    source.fetch(file)
    (tmp_path / f"{NAME}.md5").unlink()
    source.fetch(file)
    assert server.paths[2:] == [f"baseline/{NAME}.md5"]


def test_a_file_that_is_listed_under_a_new_date_is_fetched_again_if_its_sum_has_changed(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile
) -> None:
    source.fetch(file)
    later = BulkFile(NAME, 26, 1, file.location, "2026-01-29", md5=file.md5)
    source.fetch(later)
    assert ranges(server) == [""]
    tree.republished.add(NAME)
    renewed = BulkFile(NAME, 26, 1, file.location, "2026-01-30", md5=file.md5)
    assert source.fetch(renewed).read_bytes() == tree.file(NAME)
    assert ranges(server) == ["", ""]


def test_a_redirect_is_followed(source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile) -> None:
    elsewhere = f"{server.url}mirror/baseline/{NAME}"
    server.faults.append(Fault(match=".gz", status=302, headers={"Location": elsewhere}))
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert server.paths == [f"baseline/{NAME}.md5", f"baseline/{NAME}", f"mirror/baseline/{NAME}"]


def test_a_redirect_out_of_https_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        away = {"Location": str(request.url).replace("https", "http")}
        return httpx2.Response(302, headers=away) if request.url.scheme == "https" else httpx2.Response(200)

    monkeypatch.setattr(httpx2, "Client", partial(httpx2.Client, transport=httpx2.MockTransport(answer)))
    with pytest.raises(SourceError, match=r"mirror.example leads from https to plain http for /pubmed/baseline/"):
        BulkSource("https://mirror.example/pubmed", tmp_path).listing()


# --- Resuming --------------------------------------------------------------------------------------------------------


def test_a_download_that_breaks_off_goes_on_where_it_was(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile, pauses: list[float]
) -> None:
    size = len(tree.file(NAME))
    server.faults += [Fault(match=".gz", keep=0.5), Fault(match=".gz", keep=0.5)]
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    half = size // 2
    assert ranges(server) == ["", f"bytes={half}-", f"bytes={half + (size - half) // 2}-"]
    assert pauses == [1.0, 2.0]


def test_a_download_goes_on_in_another_process(
    server: BulkServer, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    server.faults.append(Fault(match=".gz", keep=0.5))
    with pytest.raises(SourceError, match=r"what has arrived is kept, try again later$"):
        a_source(server, tmp_path, [], max_attempts=1).fetch(file)
    half = len(tree.file(NAME)) // 2
    assert (tmp_path / f"{NAME}.part").stat().st_size == half
    assert a_source(server, tmp_path, []).fetch(file).read_bytes() == tree.file(NAME)
    assert ranges(server) == ["", f"bytes={half}-"]


@pytest.mark.parametrize("by", ["another version", "a server without ranges"])
def test_a_half_download_starts_anew_with(
    by: str, server: BulkServer, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    server.faults.append(Fault(match=".gz", keep=0.5))
    with pytest.raises(SourceError):
        a_source(server, tmp_path, [], max_attempts=1).fetch(file)
    if by == "another version":
        tree.republished.add(NAME)
    else:
        tree.ranges = False
    assert a_source(server, tmp_path, []).fetch(file).read_bytes() == tree.file(NAME)
    assert len(ranges(server)) == 2


def test_a_part_without_the_mark_of_its_version_starts_anew(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"whose bytes are these?")
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert ranges(server) == [""]


def test_a_part_that_is_complete_is_not_fetched_again(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    source.fetch(file)
    (tmp_path / NAME).rename(tmp_path / f"{NAME}.part")
    tag = dict(tree.answer("GET", f"baseline/{NAME}", {})[1])["ETag"]
    (tmp_path / f"{NAME}.part.tag").write_text(tag)
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert ranges(server) == ["", f"bytes={len(tree.file(NAME))}-"]


def test_a_part_that_is_too_long_starts_anew(
    source: BulkSource, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(tree.file(NAME) + b"more")
    (tmp_path / f"{NAME}.part.tag").write_text(dict(tree.answer("GET", f"baseline/{NAME}", {})[1])["ETag"])
    assert source.fetch(file).read_bytes() == tree.file(NAME)


def test_a_server_that_resumes_at_another_place_is_asked_for_everything(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile
) -> None:
    odd = Fault(match=".gz", status=206, headers={"Content-Range": "bytes 7-9/10"}, body=b"abc")
    server.faults += [Fault(match=".gz", keep=0.5), odd]
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert ranges(server)[2] == ""


def test_progress_earns_new_attempts(
    server: BulkServer, tree: BulkTree, file: BulkFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_download, "_STEP", 1000)
    server.faults += [Fault(match=".gz", keep=0.3)] * 6
    pauses: list[float] = []
    source = a_source(server, tmp_path, pauses, max_attempts=2)
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert pauses == [1.0] * 6


# --- What passes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=502),
        Fault(status=403),
        Fault(status=404),
        Fault(status=408),
        Fault(reset=True),
        Fault(keep=0.0),
        Fault(keep=0.9),
    ],
    ids=["500", "502", "403 once", "404 once", "408", "reset", "nothing", "cut short"],
)
def test_a_passing_fault_is_waited_out(
    fault: Fault, source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile, pauses: list[float]
) -> None:
    server.faults += [fault, fault]
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert pauses == [1.0, 2.0]


def test_retry_after_in_seconds_is_honoured(
    source: BulkSource, server: BulkServer, file: BulkFile, pauses: list[float]
) -> None:
    server.faults.append(Fault(status=429, headers={"Retry-After": "17"}))
    source.fetch(file)
    assert pauses == [17.0]


def test_retry_after_as_a_date_is_honoured(
    source: BulkSource, server: BulkServer, file: BulkFile, pauses: list[float]
) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    server.faults.append(Fault(status=503, headers={"Retry-After": when}))
    source.fetch(file)
    assert 100 < pauses[0] <= 120


def test_a_server_that_wants_a_long_pause_is_reported(source: BulkSource, server: BulkServer, file: BulkFile) -> None:
    server.faults.append(Fault(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceError, match=r"HTTP 429 .*; it asks for a pause of 3600 s: try again after that"):
        source.fetch(file)


def test_a_server_that_falls_silent_is_asked_again(
    server: BulkServer, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    server.faults.append(Fault(match=".md5", delay=30.0))
    assert a_source(server, tmp_path, [], timeout=2.0).fetch(file).read_bytes() == tree.file(NAME)


def test_a_server_that_drips_is_asked_again(server: BulkServer, tree: BulkTree, file: BulkFile, tmp_path: Path) -> None:
    server.faults.append(Fault(match=".gz", drip=0.01))
    pauses: list[float] = []
    assert a_source(server, tmp_path, pauses, timeout=2.0).fetch(file).read_bytes() == tree.file(NAME)
    assert pauses == [1.0]
    assert ranges(server)[1].startswith("bytes=")


def test_a_wrong_sum_is_followed_by_one_download_from_the_beginning(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile
) -> None:
    tree.wrong_md5[NAME] = 1
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert ranges(server) == ["", ""]


def test_a_body_cut_short_without_a_sign_is_found_by_its_sum(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile
) -> None:
    server.faults.append(Fault(match=".gz", keep=0.5, announce=False))
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert ranges(server) == ["", ""]


# --- What does not ---------------------------------------------------------------------------------------------------


def test_a_sum_that_is_wrong_twice_is_an_error_that_names_both(
    source: BulkSource, tree: BulkTree, file: BulkFile, tmp_path: Path
) -> None:
    tree.wrong_md5[NAME] = 9
    with pytest.raises(
        SourceError, match=rf"{NAME} arrived twice with the MD5 [0-9a-f]{{32}}, but .*\.md5 says [0-9a-f]{{32}}"
    ):
        source.fetch(file)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, r"HTTP 404 for /pubmed/baseline/pubmed26n0001.xml.gz.md5: .*list the files again.* \(attempts: 3\)"),
        (403, r"HTTP 403 for .*: the server refuses access: check the address, or wait an hour.* \(attempts: 3\)"),
        (503, r"HTTP 503 for .* \(attempts: 3\); what has arrived is kept, try again later$"),
        (410, r"HTTP 410 for .*: check the address$"),
    ],
)
def test_a_refusal_that_lasts_says_what_to_do(
    status: int, says: str, server: BulkServer, file: BulkFile, tmp_path: Path
) -> None:
    server.faults += [Fault(status=status)] * 3
    with pytest.raises(SourceError, match=says):
        a_source(server, tmp_path, [], max_attempts=3).fetch(file)


def test_redirects_in_a_circle_are_an_error(source: BulkSource, server: BulkServer, file: BulkFile) -> None:
    server.faults += [Fault(status=302, headers={"Location": f"{file.location}"})] * 9
    with pytest.raises(SourceError, match=r"cannot be asked for .*; check the address"):
        source.fetch(file)


def test_an_md5_file_without_a_sum_is_an_error(source: BulkSource, server: BulkServer, file: BulkFile) -> None:
    server.faults += [Fault(body=b"<html>maintenance</html>")] * 6
    with pytest.raises(
        SourceError, match=r"\.md5 short, or gave another one: '<html>maintenance</html>' \(attempts: 6\)"
    ):
        source.fetch(file)


def test_a_server_that_is_not_there_is_reported_at_once(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://me:secret@127.0.0.1:{unused.getsockname()[1]}/"
    source = BulkSource(address, tmp_path, wait=lambda stop, seconds: pytest.fail("it waited"))
    with pytest.raises(
        SourceError, match=r"^127\.0\.0\.1:\d+ cannot be reached: .*, or read a local mirror$"
    ) as caught:
        source.listing()
    assert "secret" not in str(caught.value)


def test_a_full_disk_is_an_error_and_the_download_goes_on_after_it(
    source: BulkSource, server: BulkServer, tree: BulkTree, file: BulkFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("indexing.bulk.download.os.fsync", full)
        with pytest.raises(
            SourceError, match=r"the disk is full while .*\.part is written: free some space and run again"
        ):
            source.fetch(file)
    assert source.fetch(file).read_bytes() == tree.file(NAME)
    assert ranges(server)[1].startswith("bytes=")


def test_a_folder_that_is_a_file_is_an_error(server: BulkServer, file: BulkFile, tmp_path: Path) -> None:
    (tmp_path / "downloads").write_text("")
    with pytest.raises(SourceError, match="downloads cannot be used: File exists"):
        a_source(server, tmp_path / "downloads", []).fetch(file)


def test_a_tree_without_sums_is_believed_if_its_length_is_right(
    source: BulkSource, server: BulkServer, file: BulkFile
) -> None:
    server.faults.append(Fault(match=".gz", keep=0.5))
    path = source.fetch(BulkFile(NAME, 26, 1, file.location))
    assert gzip.decompress(path.read_bytes()).endswith(b"</PubmedArticleSet>\n")


def test_requests_come_one_at_a_time_and_name_their_maker(
    source: BulkSource, server: BulkServer, file: BulkFile
) -> None:
    source.listing()
    source.fetch(file)
    assert server.most_at_once == 1
    assert {asked.headers["user-agent"] for asked in server.requests} == {"pathlit"}
    assert {asked.headers["accept-encoding"] for asked in server.requests} == {"identity"}
