"""The Elasticsearch that tests run against: it comes up, and several nodes are one cluster."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from urllib.error import HTTPError

import pytest

from tests.servers.elasticsearch import Cluster
from tests.servers.elasticsearch_distribution import VERSION

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(900)]


def test_one_node_answers_with_its_version() -> None:
    with Cluster() as cluster:
        (node,) = cluster.ask("/_nodes")["nodes"].values()
        assert node["version"] == VERSION
        folder = cluster.folder
    assert not folder.exists()


def test_three_nodes_are_one_cluster_which_outlives_a_killed_one_and_takes_it_back() -> None:
    with Cluster(nodes=3) as cluster:
        assert cluster.ask("/_cluster/health", node=2)["number_of_nodes"] == 3
        cluster.kill(0)
        cluster.wait(nodes=2)
        assert cluster.ask("/_cluster/health", node=1)["number_of_nodes"] == 2
        cluster.start_node(0)
        assert cluster.ask("/_cluster/health")["number_of_nodes"] == 3


def test_a_node_that_is_stopped_in_order_comes_back_with_its_data() -> None:
    with Cluster() as cluster:
        before = cluster.ask("/_cluster/health")["cluster_name"], cluster.ask("/_cluster/state")["cluster_uuid"]
        cluster.stop_node(0)
        cluster.start_node(0)
        after = cluster.ask("/_cluster/health")["cluster_name"], cluster.ask("/_cluster/state")["cluster_uuid"]
        assert after == before


def test_a_paused_node_answers_nothing_until_it_is_resumed() -> None:
    with Cluster() as cluster:
        cluster.pause(0)
        with pytest.raises(TimeoutError):
            cluster.ask("/_nodes", timeout_s=1)
        cluster.resume(0)
        assert cluster.ask("/_nodes", timeout_s=30)["_nodes"]["successful"] == 1


def test_a_secured_node_wants_a_password_over_tls() -> None:
    with Cluster(tls=True) as cluster:
        assert cluster.urls[0].startswith("https://")
        assert cluster.ask("/_security/_authenticate")["username"] == "admin"
        cluster.password = "another"  # noqa: S105
        with pytest.raises(HTTPError, match="401"):
            cluster.ask("/_nodes")


def test_a_node_does_not_outlive_the_process_that_started_it() -> None:
    code = """
import time
from tests.servers.elasticsearch import Cluster
cluster = Cluster().start()
cluster.pause(0)
print(cluster.nodes[0]._process.pid, cluster.folder, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        pid, folder = owner.stdout.readline().split()
        group = int(pid)
        assert _lives(group)
        owner.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while _lives(group) and time.monotonic() < until:
        time.sleep(0.1)
    shutil.rmtree(folder)
    assert not _lives(group)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
