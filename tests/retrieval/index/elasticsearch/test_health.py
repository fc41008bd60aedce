"""What the disks and shards of a cluster allow, told from its answers."""

from __future__ import annotations

from typing import Any

import pytest

from retrieval.errors import GenerationError, UnavailableError
from retrieval.index.elasticsearch.connection import Access, connect
from retrieval.index.elasticsearch.health import disk_warnings, require_healthy, require_room
from tests.servers.elasticsearch_answers import Answer, AnsweringServer, Asked, Reply, refusal

GB = 10**9


def _disks(*free_gb: int, heeded: str = "true") -> Answer:
    """Nodes with a disk of 100 GB and watermarks at 15, 10 and 5 GB free."""
    nodes = {
        f"id-{number}": {"name": f"es{number}", "fs": {"data": [_path(500), _path(free)]}}
        for number, free in enumerate(free_gb)
    }

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/_cluster/settings"):
            disk = {"cluster": {"routing": {"allocation": {"disk": {"threshold_enabled": heeded}}}}}
            return Reply(200, {"defaults": disk})
        return Reply(200, {"nodes": nodes})

    return answer


def _path(free_gb: int) -> dict[str, Any]:
    return {
        "available_in_bytes": free_gb * GB,
        "total_in_bytes": 100 * GB,
        "low_watermark_free_space_in_bytes": 15 * GB,
        "high_watermark_free_space_in_bytes": 10 * GB,
        "flood_stage_free_space_in_bytes": 5 * GB,
    }


def test_each_node_past_a_watermark_is_named_with_the_worst_that_it_passed() -> None:
    with AnsweringServer(_disks(40, 12, 8, 3)) as server:
        low, high, flood = disk_warnings(connect(Access(hosts=(server.url,))))
    assert low.startswith("es1 has 12.0 GB of 100.0 GB free and has passed the low watermark: it gets no more shards")
    assert high.startswith("es2 has 8.0 GB of 100.0 GB free and has passed the high watermark")
    assert flood.startswith("es3 has 3.0 GB of 100.0 GB free and has passed the flood stage watermark")


def test_watermarks_that_are_not_heeded_are_told() -> None:
    with AnsweringServer(_disks(40, heeded="false")) as server:
        (warning,) = disk_warnings(connect(Access(hosts=(server.url,))))
    assert warning.startswith("cluster.routing.allocation.disk.threshold_enabled is false: nothing keeps the disks")


def test_one_node_with_room_is_enough_for_a_build() -> None:
    with AnsweringServer(_disks(3, 12)) as server:
        require_room(connect(Access(hosts=(server.url,))))


def test_no_build_starts_where_every_node_is_past_its_high_watermark() -> None:
    with (
        AnsweringServer(_disks(3, 9)) as server,
        pytest.raises(GenerationError, match=r"no room .* \(free: es0 3\.0 GB, 10\.0 GB wanted, es1 9\.0 GB, 10\.0 GB"),
    ):
        require_room(connect(Access(hosts=(server.url,))))


def test_missing_shards_are_told_even_where_the_cluster_may_not_explain_them() -> None:
    shards = {str(number): {"status": "red", "primary_active": number > 6} for number in range(9)}
    health = {"status": "red", "indices": {"pathlit-1": {"status": "red", "shards": shards}}}

    def answer(asked: Asked) -> Reply:
        if "allocation" in asked.path:
            return refusal(403, "security_exception", "action [cluster:monitor/allocation/explain] is unauthorized")(
                asked
            )
        return Reply(200, health)

    with AnsweringServer(answer) as server, pytest.raises(UnavailableError) as refused:
        require_healthy(connect(Access(hosts=(server.url,))), "pathlit-1")
    assert "pathlit-1 is red: 7 primary shards are missing (pathlit-1[0], " in str(refused.value)
    assert "pathlit-1[4] and 2 more); why is not known" in str(refused.value)


def test_an_index_that_is_still_being_restored_is_not_there_though_it_is_yellow() -> None:
    shards = {str(number): {"status": "yellow", "primary_active": number > 0} for number in range(3)}
    health = {"status": "yellow", "indices": {"pathlit-1": {"status": "yellow", "shards": shards}}}
    with (
        AnsweringServer(lambda asked: Reply(200, health)) as server,
        pytest.raises(UnavailableError, match=r"not all there yet: 1 primary shards .* restored .*\(pathlit-1\[0\]\)"),
    ):
        require_healthy(connect(Access(hosts=(server.url,))), "pathlit-1")
