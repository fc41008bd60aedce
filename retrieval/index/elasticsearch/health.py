"""Whether a cluster can answer for an index, and whether its disks have room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.errors import GenerationError, UnavailableError
from retrieval.index.elasticsearch.errors import translated

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_NAMED = 5
"""Shards or nodes that a message names before it counts the rest."""
_THRESHOLD = "cluster.routing.allocation.disk.threshold_enabled"


class _Disk(NamedTuple):
    """The fullest data path of one node, in bytes; each watermark as the room that must stay free."""

    node: str
    free: int
    total: int
    low: int
    high: int
    flood: int


def require_healthy(client: Elasticsearch, index: str) -> None:
    """UnavailableError where a primary shard is missing, with the reason that the cluster gives."""
    with translated(f"asking for the health of {index}"):
        health = client.options(ignore_status=408).cluster.health(
            index=index, level="shards", timeout="0s", master_timeout="10s"
        )
    if health["status"] != "red":
        return
    missing = [
        (name, int(number))
        for name, held in health.get("indices", {}).items()
        for number, shard in held.get("shards", {}).items()
        if not shard["primary_active"]
    ]
    if not missing:
        raise UnavailableError(f"the cluster has no index {index}; has it been deleted?")
    named = ", ".join(f"{name}[{number}]" for name, number in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
    raise UnavailableError(
        f"{index} is red: {len(missing):,} primary shards are missing ({named}{more}); {_why(client, *missing[0])}; "
        "start the nodes that hold them, or restore a snapshot"
    )


def _why(client: Elasticsearch, index: str, shard: int) -> str:
    from elasticsearch import ApiError, TransportError

    try:
        told = client.cluster.allocation_explain(index=index, shard=shard, primary=True)
    except (ApiError, TransportError):
        return "why is not known, since the cluster would not explain it"
    deciders: dict[str, None] = {}
    for node in told.get("node_allocation_decisions", []):
        for decider in node.get("deciders", []):
            if decider.get("decision") == "NO":
                deciders[decider["explanation"]] = None
    details = (told.get("unassigned_info") or {}).get("reason", "")
    reasons = list(deciders) or [str(told.get("allocate_explanation", ""))]
    return f"the cluster says: {'; '.join(reasons[:_NAMED])}" + (f" ({details})" if details else "")


def disk_warnings(client: Elasticsearch) -> list[str]:
    """One sentence for each node that has passed a watermark, and one where the watermarks are not heeded."""
    warnings = []
    with translated("asking for the cluster's settings"):
        answer = client.cluster.get_settings(include_defaults=True, filter_path=f"*.{_THRESHOLD}")
    said = [_at(answer.get(layer, {}), _THRESHOLD) for layer in ("transient", "persistent", "defaults")]
    if next((str(value) for value in said if value is not None), "true") == "false":
        warnings.append(f"{_THRESHOLD} is false: nothing keeps the disks from filling up; set it to true")
    for disk in _disks(client):
        if disk.free < disk.flood:
            passed, follows = "flood stage", "its indices cannot be written"
        elif disk.free < disk.high:
            passed, follows = "high", "its shards are moved away"
        elif disk.free < disk.low:
            passed, follows = "low", "it gets no more shards"
        else:
            continue
        warnings.append(
            f"{disk.node} has {_size(disk.free)} of {_size(disk.total)} free and has passed the {passed} watermark: "
            f"{follows}; delete old generations or add room"
        )
    return warnings


def require_room(client: Elasticsearch) -> None:
    """GenerationError where every data node has passed its high watermark: no new index would get its shards."""
    disks = _disks(client)
    if disks and all(disk.free < disk.high for disk in disks):
        held = ", ".join(f"{disk.node} {_size(disk.free)}, {_size(disk.high)} wanted" for disk in disks[:_NAMED])
        raise GenerationError(
            f"there is no room for a new generation: every data node has passed its high watermark (free: {held}); "
            "delete old generations or add room"
        )


def _disks(client: Elasticsearch) -> list[_Disk]:
    with translated("asking for room on the cluster's disks"):
        answer = client.nodes.stats(
            node_id="data:true", metric="fs", filter_path="nodes.*.name,nodes.*.fs.data", timeout="10s"
        )
    disks = []
    for node in answer.get("nodes", {}).values():
        paths: list[dict[str, Any]] = [path for path in node["fs"].get("data", []) if "available_in_bytes" in path]
        if paths:
            fullest = min(paths, key=lambda path: int(path["available_in_bytes"]))
            disks.append(
                _Disk(
                    node=str(node["name"]),
                    free=fullest["available_in_bytes"],
                    total=fullest["total_in_bytes"],
                    low=fullest.get("low_watermark_free_space_in_bytes", 0),
                    high=fullest.get("high_watermark_free_space_in_bytes", 0),
                    flood=fullest.get("flood_stage_free_space_in_bytes", 0),
                )
            )
    return sorted(disks)


def _at(settings: Any, name: str) -> Any:
    for part in name.split("."):
        settings = settings.get(part) if isinstance(settings, dict) else None
    return settings


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
