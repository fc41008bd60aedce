"""The way to a real cluster: health, room, refusals, users and certificates, and nodes that die."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from retrieval.errors import ConfigurationError, GenerationError, UnavailableError
from retrieval.index.elasticsearch import draft, merging
from retrieval.index.elasticsearch.connection import Access, connect, require_usable
from retrieval.index.elasticsearch.errors import translated
from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
from retrieval.index.elasticsearch.health import disk_warnings, require_healthy, require_room
from retrieval.index.elasticsearch.layout import Layout
from retrieval.index.elasticsearch.snapshots import Snapshots
from retrieval.records import Query
from tests.cluster.searching import articles
from tests.contracts.library import Library
from tests.fakes import HashingEncoder
from tests.servers.elasticsearch import Cluster
from tests.servers.elasticsearch_distribution import VERSION
from tests.servers.elasticsearch_security import write_certificates

if TYPE_CHECKING:
    from pathlib import Path

    from elasticsearch import Elasticsearch

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(900)]

ROLES = {
    "onlooker": {"cluster": ["monitor"], "indices": [{"names": ["open-*"], "privileges": ["read"]}]},
    "stranger": {"cluster": [], "indices": []},
    "builder": {"cluster": ["monitor"], "indices": [{"names": ["pathlit*"], "privileges": ["all"]}]},
    "keeper": {
        "cluster": ["monitor", "create_snapshot"],
        "indices": [{"names": ["pathlit*"], "privileges": ["all"]}],
    },
    "server": {
        "cluster": ["monitor"],
        "indices": [{"names": ["pathlit*"], "privileges": ["read", "view_index_metadata"]}],
    },
}
USERS = {
    "onlooker": ("looking", "onlooker"),
    "stranger": ("strange", "stranger"),
    "builder": ("building", "builder"),
    "keeper": ("keeping", "keeper"),
    "server": ("serving", "server"),
}


@pytest.fixture(scope="module")
def secured() -> Iterator[Cluster]:
    """One node, for all but the last test."""
    with Cluster(tls=True, users=USERS, roles=ROLES) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(secured: Cluster) -> Elasticsearch:
    return connect(_access(secured))


def _access(cluster: Cluster, **changed: object) -> Access:
    # A busy machine must not change what the tests find: an index takes long to make there.
    usual = {"username": cluster.username, "password": cluster.password, "ca_file": cluster.ca_file, "timeout_s": 120.0}
    return Access(hosts=tuple(cluster.urls), **{**usual, **changed})  # type: ignore[arg-type]


@contextmanager
def _watermarks(client: Elasticsearch, low: str, high: str, *, heeded: bool = True) -> Iterator[None]:
    """How much must stay free, while the test runs."""
    names = {"watermark.low": low, "watermark.high": high, "watermark.flood_stage": "1mb", "threshold_enabled": heeded}
    settings = {f"cluster.routing.allocation.disk.{name}": value for name, value in names.items()}
    client.cluster.put_settings(persistent=settings)
    try:
        yield
    finally:
        client.cluster.put_settings(persistent=dict.fromkeys(settings))


def test_a_password_and_the_authority_open_it(client: Elasticsearch) -> None:
    facts = require_usable(client)
    assert facts.version == VERSION
    assert facts.data_nodes == 1


def test_a_healthy_index_passes_also_without_its_replicas(client: Elasticsearch) -> None:
    client.indices.create(index="whole", settings={"number_of_replicas": 1})
    require_healthy(client, "whole")


def test_a_red_index_names_its_missing_shards_and_why(client: Elasticsearch) -> None:
    settings = {"number_of_shards": 2, "number_of_replicas": 0, "routing.allocation.require.rack": "none-such"}
    client.indices.create(index="homeless", settings=settings, wait_for_active_shards=0)
    with pytest.raises(UnavailableError) as refused:
        require_healthy(client, "homeless")
    assert "homeless is red: 2 primary shards are missing (homeless[0], homeless[1])" in str(refused.value)
    assert 'rack:"none-such"' in str(refused.value)
    assert "INDEX_CREATED" in str(refused.value)
    with pytest.raises(UnavailableError, match="cannot answer now"), translated("searching homeless"):
        client.options(max_retries=0).search(index="homeless", query={"match_all": {}})


def test_a_missing_index_is_told_as_missing(client: Elasticsearch) -> None:
    with pytest.raises(UnavailableError, match="the cluster has no index nowhere"):
        require_healthy(client, "nowhere")
    with pytest.raises(GenerationError, match="has no index nowhere"), translated("counting nowhere"):
        client.count(index="nowhere")


def test_watermarks_are_those_that_the_cluster_heeds(client: Elasticsearch) -> None:
    assert disk_warnings(client) == []
    require_room(client)
    with _watermarks(client, "900tb", "2mb"):
        (warning,) = disk_warnings(client)
        assert "node-0 has " in warning
        assert "passed the low watermark" in warning
        require_room(client)
    with _watermarks(client, "900tb", "800tb"):
        assert "passed the high watermark" in disk_warnings(client)[0]
        with pytest.raises(GenerationError, match="no room for a new generation"):
            require_room(client)
    with _watermarks(client, "3mb", "2mb", heeded=False):
        (warning,) = disk_warnings(client)
        assert "threshold_enabled is false" in warning


def test_a_block_for_a_full_disk_says_what_to_do(client: Elasticsearch) -> None:
    client.indices.create(index="full", settings={"number_of_replicas": 0})
    client.indices.put_settings(index="full", settings={"blocks.read_only_allow_delete": True})
    once = client.options(max_retries=0)
    with pytest.raises(GenerationError, match=r"watermark\.flood_stage; delete"), translated("writing full"):
        once.index(index="full", document={"title": "anything"})


def test_a_field_that_the_mapping_does_not_have_is_named(client: Elasticsearch) -> None:
    client.indices.create(index="strict", mappings={"dynamic": "strict", "properties": {"year": {"type": "integer"}}})
    with pytest.raises(GenerationError, match=r"dynamic introduction of \[title\]"), translated("writing strict"):
        client.index(index="strict", document={"title": "a rare disease"})
    with pytest.raises(GenerationError, match=r"field \[year\] of type \[integer\]") as refused, translated("writing"):
        client.index(index="strict", document={"year": "a rare disease"})
    assert "rare" not in str(refused.value)


def test_a_query_that_it_cannot_parse_is_not_repeated(client: Elasticsearch) -> None:
    client.indices.create(index="asked", settings={"number_of_replicas": 0})
    query = {"query_string": {"query": "rare AND (disease"}}
    with pytest.raises(GenerationError, match="refuses the request") as refused, translated("searching asked"):
        client.search(index="asked", query=query)
    assert "disease" not in str(refused.value)


def test_the_fingerprint_of_its_authority_is_enough(secured: Cluster) -> None:
    assert secured.authority
    access = _access(secured, ca_file=None, ca_fingerprint=secured.authority.fingerprint)
    assert require_usable(connect(access)).version == VERSION
    with pytest.raises(ConfigurationError, match="shows no certificate with the SHA-256"):
        connect(_access(secured, ca_file=None, ca_fingerprint="0" * 64))


def test_an_authority_that_did_not_sign_is_refused(secured: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="signed by nobody we trust"):
        require_usable(connect(_access(secured, ca_file=write_certificates(tmp_path).certificate)))


@pytest.mark.parametrize("credentials", [{"password": "wrong"}, {"username": "", "password": ""}])
def test_wrong_or_no_credentials_are_refused(secured: Cluster, credentials: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="refuses the credentials") as refused:
        require_usable(connect(_access(secured, **credentials)))
    assert "wrong" not in str(refused.value)


def test_a_user_without_privileges_is_told_which(secured: Cluster) -> None:
    with pytest.raises(ConfigurationError, match=r"cluster:monitor/nodes/info.* the cluster privileges \[.*monitor"):
        require_usable(connect(_access(secured, username="stranger", password="strange")))  # noqa: S106
    onlooker = connect(_access(secured, username="onlooker", password="looking"))  # noqa: S106
    assert require_usable(onlooker).version == VERSION
    with (
        pytest.raises(ConfigurationError, match=r"indices:admin/create.* the index privileges \[.*create_index"),
        translated("creating pathlit-1"),
    ):
        onlooker.indices.create(index="pathlit-1")


def test_the_privileges_that_the_readme_names_are_enough_to_build_and_to_serve(
    secured: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "_LEASES_S", 0.0)
    monkeypatch.setattr(draft, "merge", partial(merging.merge, worth_bytes=0))
    builder = _access(secured, username="builder", password="building")  # noqa: S106
    library = Library(
        tmp_path / "builder", ElasticsearchGenerations(builder, Layout(), tmp_path / "b"), HashingEncoder()
    )
    for count in (600, 700, 800):
        library.publish(articles(count), keep=1)
    assert library.generations.all() == ["000002", "000003"]
    assert library.generations.rollback() == "000002"

    server = _access(secured, username="server", password="serving")  # noqa: S106
    opened = ElasticsearchGenerations(server, Layout(), tmp_path / "s")
    serving = Library(tmp_path / "server", opened, HashingEncoder())
    found = serving.searcher().search(Query(text="patient", facets=("year",)))
    assert (found.generation, found.matching) == ("000002", 700)
    with pytest.raises(ConfigurationError, match="does not permit it"):
        Library(tmp_path / "server", opened).publish(articles(3))


def test_another_privilege_is_enough_to_take_snapshots_but_not_to_restore_them(
    secured: Cluster, client: Elasticsearch, tmp_path: Path
) -> None:
    repository = {"type": "fs", "settings": {"location": str(secured.snapshots)}}
    client.snapshot.create_repository(name="kept", repository=repository)
    layout = Layout(prefix="pathlit-kept")
    keeper = _access(secured, username="keeper", password="keeping")  # noqa: S106
    keeping = ElasticsearchGenerations(keeper, layout, tmp_path / "k")
    library = Library(tmp_path / "keeper", keeping, HashingEncoder())
    library.publish(articles(30))
    snapshots = Snapshots(keeping.client, layout, "kept")
    assert snapshots.take("000001").state == "SUCCESS"
    for _ in range(2):
        library.publish(articles(30), keep=1)
    assert "000001" not in keeping.all()
    with pytest.raises(
        ConfigurationError, match=r"does not permit it: cluster:admin/snapshot/restore, .*\[manage,all\]"
    ):
        snapshots.restore("000001")
    Snapshots(client, layout, "kept").restore("000001")
    assert "000001" in keeping.all()


def test_plain_http_at_a_secured_cluster_says_https(secured: Cluster) -> None:
    access = Access(hosts=(secured.urls[0].replace("https", "http"),))
    with pytest.raises(UnavailableError, match="write https://"):
        require_usable(connect(access))


def test_searches_survive_a_killed_node_of_three_and_outlast_a_hanging_one() -> None:
    with Cluster(nodes=3) as cluster:
        client = connect(Access(hosts=tuple(cluster.urls), timeout_s=20))
        client.options(request_timeout=300).indices.create(index="held", settings={"number_of_replicas": 2})
        client.index(index="held", id="1", document={"title": "anything"}, refresh=True)
        cluster.wait("green")

        def found() -> int:
            with translated("searching held"):
                return int(client.search(index="held", query={"match_all": {}})["hits"]["total"]["value"])

        cluster.kill(0)
        assert [found() for _ in range(6)] == [1] * 6
        require_healthy(client, "held")
        cluster.start_node(0)
        cluster.wait("green", nodes=3)
        cluster.pause(1)
        # Until the others have given it up, they also ask it for its copy: a search may end late, never wrong.
        until = time.monotonic() + 300
        answers: list[int] = []
        while len(answers) < 3 and time.monotonic() < until:
            start = time.monotonic()
            try:
                answers.append(found())
            except UnavailableError:
                answers.clear()
            assert time.monotonic() - start < 60
        cluster.resume(1)
        assert answers == [1] * 3
        for node in range(3):
            cluster.kill(node)
        with pytest.raises(UnavailableError, match=r"cannot be reached|closed the connection"):
            found()
