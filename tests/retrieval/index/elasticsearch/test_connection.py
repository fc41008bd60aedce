"""How a cluster is reached: settings that cannot be used, other versions, dead and hanging hosts, secrets."""

from __future__ import annotations

import base64
import logging
import time
from pathlib import Path

import pytest

from retrieval.errors import ConfigurationError, UnavailableError
from retrieval.index.elasticsearch.connection import Access, ClusterFacts, connect, require_usable
from retrieval.index.elasticsearch.errors import translated
from tests.servers.elasticsearch_answers import (
    AnsweringServer,
    Asked,
    Reply,
    always,
    dead_address,
    nodes_of,
    silent_server,
)

PASSWORD = "open sesame"  # noqa: S105
NOTHING_FOUND = {"took": 1, "timed_out": False, "hits": {"hits": []}}


def test_secrets_are_not_shown() -> None:
    access = Access(hosts=("https://es1:9200",), api_key="bm90IHRoaXM=", username="reader", password="nor this")  # noqa: S106
    for shown in (repr(access), str(access), repr(access.__rich_repr__())):
        assert "bm90" not in shown
        assert "nor this" not in shown
        assert "reader" in shown
        assert "https://es1:9200" in shown


def test_a_password_within_an_address_is_not_shown_and_refused() -> None:
    access = Access(hosts=("https://reader:secret@es1:9200",))
    assert "secret" not in repr(access)
    with pytest.raises(ConfigurationError, match=r"https://es1:9200 is written with a user") as refused:
        connect(access)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("access", "message"),
    [
        (Access(hosts=()), r"hosts` is empty"),
        (Access(hosts=("es1:9200",)), r"'es1:9200' .* is no address such as"),
        (Access(hosts=("http://es1",)), r"'http://es1' .* is no address"),
        (Access(hosts=("http://es1:port",)), r"is no address"),
        (Access(hosts=("http://es1:1",), api_key="k", username="u"), r"not both"),
        (Access(hosts=("http://es1:1",), username="u"), r"password` is missing"),
        (Access(hosts=("http://es1:1",), password="p"), r"username` is missing"),  # noqa: S106
        (Access(hosts=("http://es1:1",), ca_fingerprint="a" * 64), r"http://es1:1 shows no certificate: write https"),
        (Access(hosts=("https://es1:1",), ca_fingerprint="ab:cd"), r"'ab:cd'; a SHA-256 has 64"),
        (Access(hosts=("https://es1:1",), ca_file=Path("/no/such.pem")), r"/no/such.pem cannot be used: No such file"),
    ],
)
def test_settings_that_cannot_be_used_are_named(access: Access, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        connect(access)


def test_connecting_sends_nothing() -> None:
    with AnsweringServer(nodes_of("9.2.4")) as server:
        connect(Access(hosts=(server.url,)))
        assert server.asked == []


def test_a_cluster_of_the_clients_version_is_usable() -> None:
    with AnsweringServer(nodes_of("9.2.4", "9.2.0", "9.10.0")) as server:
        assert require_usable(connect(Access(hosts=(server.url,)))) == ClusterFacts(version="9.2.0", data_nodes=3)


def test_masters_and_frozen_nodes_hold_no_data() -> None:
    with AnsweringServer(nodes_of("9.2.4", roles=("master", "data_frozen"))) as server:
        assert require_usable(connect(Access(hosts=(server.url,)))).data_nodes == 0


@pytest.mark.parametrize(
    ("version", "remedy"),
    [("8.19.3", "upgrade the cluster to Elasticsearch 9"), ("10.0.1", "install a pathlit for Elasticsearch 10")],
)
def test_another_major_version_is_refused_with_both_versions(version: str, remedy: str) -> None:
    with (
        AnsweringServer(nodes_of(version)) as server,
        pytest.raises(
            ConfigurationError, match=rf"runs Elasticsearch {version}, .* client is elasticsearch 9\..*{remedy}"
        ),
    ):
        require_usable(connect(Access(hosts=(server.url,))))


@pytest.mark.parametrize(("version", "remedy"), [("8.19.3", "9"), ("9.1.7", r"9\.2 or later")])
def test_one_old_node_among_new_ones_is_found(version: str, remedy: str) -> None:
    with (
        AnsweringServer(nodes_of("9.2.4", version)) as server,
        pytest.raises(ConfigurationError, match=rf"runs Elasticsearch {version}.*upgrade .* to .*{remedy}"),
    ):
        require_usable(connect(Access(hosts=(server.url,))))


@pytest.mark.parametrize("body", [{"nodes": {}}, "<html>welcome</html>"])
def test_what_is_not_elasticsearch_is_refused(body: object) -> None:
    with (
        AnsweringServer(always(200, body, {})) as server,
        pytest.raises(ConfigurationError, match=rf"what answers at {server.url} is not Elasticsearch"),
    ):
        require_usable(connect(Access(hosts=(server.url,))))


def test_nothing_listens() -> None:
    nowhere = dead_address()
    with pytest.raises(UnavailableError, match=rf"Elasticsearch at {nowhere} cannot be reached \(Connection refused\)"):
        require_usable(connect(Access(hosts=(nowhere,))))


def test_every_dead_host_is_named() -> None:
    hosts = (dead_address(), dead_address(), dead_address())
    with pytest.raises(UnavailableError) as refused:
        require_usable(connect(Access(hosts=hosts)))
    assert all(host in str(refused.value) for host in hosts)


def test_a_name_that_does_not_resolve_is_said() -> None:
    with pytest.raises(UnavailableError, match=r"http://no-such-host\.invalid:9200 cannot be reached"):
        require_usable(connect(Access(hosts=("http://no-such-host.invalid:9200",))))


def test_a_server_that_hangs_costs_one_timeout() -> None:
    with silent_server() as silent:
        client = connect(Access(hosts=(silent,), timeout_s=0.4))
        start = time.monotonic()
        with pytest.raises(UnavailableError, match=rf"{silent} did not answer in time"):
            require_usable(client)
        assert 0.3 < time.monotonic() - start < 2.5


def test_a_hanging_cluster_costs_two_timeouts_however_many_its_hosts() -> None:
    with silent_server() as one, silent_server() as two, silent_server() as three, silent_server() as four:
        client = connect(Access(hosts=(one, two, three, four), timeout_s=0.4))
        start = time.monotonic()
        with pytest.raises(UnavailableError, match="did not answer in time"):
            require_usable(client)
        assert 0.7 < time.monotonic() - start < 2.5


def test_a_search_survives_dead_and_hanging_hosts() -> None:
    with AnsweringServer(always(200, NOTHING_FOUND)) as server, silent_server() as silent:
        client = connect(Access(hosts=(dead_address(), silent, server.url, dead_address()), timeout_s=0.5))
        for _ in range(8):
            assert client.search(index="any", query={"match_all": {}})["hits"]["hits"] == []


def test_a_request_that_may_not_be_repeated_is_sent_once() -> None:
    with silent_server() as one, silent_server() as two:
        client = connect(Access(hosts=(one, two), timeout_s=0.4)).options(retry_on_timeout=False)
        start = time.monotonic()
        with pytest.raises(UnavailableError), translated("trying"):
            client.search(index="any", query={"match_all": {}})
        assert time.monotonic() - start < 0.7


def test_a_host_that_is_overloaded_is_passed_over() -> None:
    with AnsweringServer(always(503, {})) as busy, AnsweringServer(always(200, NOTHING_FOUND)) as idle:
        client = connect(Access(hosts=(busy.url, idle.url)))
        for _ in range(4):
            client.search(index="any", query={"match_all": {}})
        assert len(idle.asked) == 4


def _who_asks(asked: Asked) -> Reply:
    if asked.headers.get("authorization") in ("ApiKey dGhlOmtleQ==", f"Basic {_encoded(f'reader:{PASSWORD}')}"):
        return nodes_of("9.2.4")(asked)
    return Reply(401, {"error": {"root_cause": [], "type": "security_exception", "reason": "unable"}, "status": 401})


def _encoded(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def test_an_api_key_or_a_password_opens_the_cluster() -> None:
    with AnsweringServer(_who_asks) as server:
        hosts = (server.url,)
        assert require_usable(connect(Access(hosts=hosts, api_key="dGhlOmtleQ=="))).version == "9.2.4"
        assert require_usable(connect(Access(hosts=hosts, username="reader", password=PASSWORD))).version == "9.2.4"


def test_refused_credentials_are_not_repeated() -> None:
    with AnsweringServer(_who_asks) as server:
        for access in (
            Access(hosts=(server.url,)),
            Access(hosts=(server.url,), api_key="b3RoZXI6a2V5"),
            Access(hosts=(server.url,), username="reader", password="wrong"),  # noqa: S106
        ):
            with pytest.raises(ConfigurationError, match=rf"{server.url} refuses the credentials") as refused:
                require_usable(connect(access))
            assert "b3RoZXI6a2V5" not in str(refused.value)
            assert "wrong" not in str(refused.value)


def test_neither_queries_nor_secrets_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with AnsweringServer(always(200, NOTHING_FOUND)) as server:
        client = connect(Access(hosts=(dead_address(), server.url), api_key="dGhlOmtleQ=="))
        for _ in range(3):
            client.search(index="any", query={"match": {"text": "a rare disease"}})
    assert "rare disease" not in caplog.text
    assert "dGhlOmtleQ" not in caplog.text
    assert "Traceback" not in caplog.text
    assert "has failed" in caplog.text
