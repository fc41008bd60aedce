"""The client of the PMC Cloud, against a bucket on loopback."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexing.figures.pmc_cloud import PmcCloud
from retrieval.errors import RecordError, SourceError
from tests.servers.pmc_bucket import Fault, PmcBucket, article

LIMIT = 1 << 20


@pytest.fixture
def bucket() -> Iterator[PmcBucket]:
    with PmcBucket() as running:
        running.add(article("PMC1.1"), article("PMC1.10"), article("PMC1.2"), article("PMC11.1"))
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def cloud(bucket: PmcBucket, waits: list[float]) -> Iterator[PmcCloud]:
    with PmcCloud(bucket.url, wait=waits.append, jitter=lambda: 1.0, timeout=5.0, max_attempts=3) as opened:
        yield opened


def test_the_newest_version_is_the_highest_number(cloud: PmcCloud) -> None:
    assert cloud.newest("PMC1") == "PMC1.10"
    assert cloud.newest("PMC11") == "PMC11.1"


def test_listings_are_read_to_their_last_page(cloud: PmcCloud, bucket: PmcBucket) -> None:
    bucket.page = 1
    assert cloud.newest("PMC1") == "PMC1.10"
    assert bucket.requests == ["?PMC1."] * 3


def test_an_article_that_is_not_there_is_named(cloud: PmcCloud) -> None:
    with pytest.raises(RecordError, match="PMC2: it is not among PMC's open-access articles"):
        cloud.newest("PMC2")


def test_files_are_read_by_their_key(cloud: PmcCloud, bucket: PmcBucket) -> None:
    bucket.files["PMC1.1/a b+c.jpg"] = b"image"
    assert cloud.read("PMC1.1/a b+c.jpg", LIMIT) == b"image"
    assert cloud.metadata("PMC1.1") == bucket.files["metadata/PMC1.1.json"]


def test_a_missing_file_is_named(cloud: PmcCloud, waits: list[float]) -> None:
    with pytest.raises(RecordError, match=r"PMC1\.1/gone\.jpg: there is no such file"):
        cloud.read("PMC1.1/gone.jpg", LIMIT)
    assert waits == []


def test_a_file_beyond_its_limit_is_refused(cloud: PmcCloud, bucket: PmcBucket) -> None:
    bucket.files["PMC1.1/huge.jpg"] = b"x" * 1001
    with pytest.raises(RecordError, match=r"PMC1\.1/huge\.jpg: it is larger than 1,000 bytes"):
        cloud.read("PMC1.1/huge.jpg", 1000)


@pytest.mark.parametrize(
    "fault", [Fault(status=503), Fault(status=429), Fault(status=500), Fault(keep=0.5), Fault(keep=0.0)]
)
def test_passing_failures_are_asked_again(
    cloud: PmcCloud, bucket: PmcBucket, waits: list[float], fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.faults += [fault, fault]
    with caplog.at_level(logging.WARNING):
        assert cloud.newest("PMC11") == "PMC11.1"
    assert waits == [1.0, 2.0]
    assert len(caplog.messages) == 2


def test_the_server_says_how_long_to_wait(cloud: PmcCloud, bucket: PmcBucket, waits: list[float]) -> None:
    bucket.faults += [Fault(status=503, headers={"Retry-After": "7"})]
    cloud.newest("PMC11")
    assert waits == [7.0]


def test_a_long_pause_is_reported_rather_than_waited_for(cloud: PmcCloud, bucket: PmcBucket) -> None:
    bucket.faults += [Fault(status=503, headers={"Retry-After": "3600"})]
    with pytest.raises(SourceError, match="asks for a pause of 3600 s"):
        cloud.newest("PMC11")


def test_a_lasting_failure_is_reported(cloud: PmcCloud, bucket: PmcBucket) -> None:
    bucket.faults += [Fault(status=503)] * 3
    with pytest.raises(SourceError, match=r"HTTP 503 .*attempts: 3"):
        cloud.newest("PMC11")


def test_a_refusal_is_final(cloud: PmcCloud, bucket: PmcBucket, waits: list[float]) -> None:
    bucket.faults += [Fault(status=403)]
    with pytest.raises(SourceError, match="HTTP 403"):
        cloud.newest("PMC11")
    assert waits == []


def test_another_server_is_recognised(cloud: PmcCloud, bucket: PmcBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "listing", lambda query: b"<html><body>Welcome</body></html>")
    with pytest.raises(SourceError, match="answered a listing with <html>"):
        cloud.newest("PMC11")


def test_an_unreachable_host_is_reported_at_once(waits: list[float]) -> None:
    with (
        PmcCloud("http://127.0.0.1:9/", wait=waits.append) as cloud,
        pytest.raises(SourceError, match=r"127\.0\.0\.1:9 cannot be reached"),
    ):
        cloud.newest("PMC1")
    assert waits == []


def test_never_more_requests_at_once_than_connections(bucket: PmcBucket) -> None:
    with PmcCloud(bucket.url, connections=2) as cloud, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(cloud.newest, ["PMC1", "PMC11"] * 20))
    assert found == ["PMC1.10", "PMC11.1"] * 20
    assert bucket.most_at_once <= 2


def test_stopping_ends_the_pause_of_another_thread(bucket: PmcBucket) -> None:
    bucket.faults += [Fault(status=503, headers={"Retry-After": "60"})] * 9
    failures: list[SourceError] = []

    def ask(cloud: PmcCloud) -> None:
        try:
            cloud.newest("PMC11")
        except SourceError as exc:
            failures.append(exc)

    with PmcCloud(bucket.url) as cloud:
        asking = threading.Thread(target=ask, args=(cloud,))
        asking.start()
        cloud.stop()
        asking.join(timeout=30)
    assert [str(failure) for failure in failures] == [
        f"{cloud.host} answered HTTP 503 for the list of PMC11. (attempts: {len(bucket.requests)}); "
        "what was read is kept, try again later"
    ]
    assert len(bucket.requests) <= 2


def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(SourceError, match="with statement"):
        PmcCloud().newest("PMC1")


def test_a_password_in_the_address_is_not_repeated() -> None:
    assert PmcCloud("https://me:secret@mirror.example/pmc").name == "https://mirror.example/pmc/"
