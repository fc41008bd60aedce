"""Whether a cluster can answer for an index, and whether its disks have room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from retrieval.errors import GenerationError, UnavailableError
from retrieval.index.elasticsearch.errors import translated

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_NAMED = 5
"""Shards or nodes that a message names before it counts the rest."""
_CAUSE = "Caused by: "
_LONGEST_CAUSE = 200
_THRESHOLD = "cluster.routing.allocation.disk.threshold_enabled"


class _Disk(NamedTuple):
    """The fullest data path of one node, in bytes; each watermark as the room that must stay free."""

    node: str
    free: int
    total: int
    low: int
    high: int
    flood: int


class Primaries(NamedTuple):
    """The primary shards of some indexes."""

    status: str
    """As Elasticsearch says; a shard that is being restored or made anew for the first time counts as yellow."""
    there: int
    missing: list[tuple[str, int]]
    """Index and number of each that cannot answer."""


def primaries(client: Elasticsearch, *indexes: str) -> Primaries:
    with translated(f"asking for the health of {', '.join(indexes)}"):
        health = client.options(ignore_status=408).cluster.health(
            index=list(indexes), level="shards", timeout="0s", master_timeout="10s"
        )
    shards = {
        (name, int(number)): bool(shard["primary_active"])
        for name, held in health.get("indices", {}).items()
        for number, shard in held.get("shards", {}).items()
    }
    return Primaries(health["status"], sum(shards.values()), [shard for shard, active in shards.items() if not active])


def require_healthy(client: Elasticsearch, index: str) -> None:
    """UnavailableError where a primary shard is missing, with the reason that the cluster gives."""
    status, _, missing = primaries(client, index)
    if not missing:
        if status == "red":
            raise UnavailableError(f"the cluster has no index {index}; has it been deleted?")
        return
    named = ", ".join(f"{name}[{number}]" for name, number in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
    if status != "red":
        raise UnavailableError(
            f"{index} is not all there yet: {len(missing):,} primary shards are still being restored or started "
            f"({named}{more}); wait for them, and try again"
        )
    why = why_missing(client, *missing[0])
    raise UnavailableError(
        f"{index} is red: {len(missing):,} primary shards are missing ({named}{more}); {why}; "
        "start the nodes that hold them, or restore a snapshot"
    )


def why_missing(client: Elasticsearch, index: str, shard: int) -> str:
    """Why a primary shard is not there, as the cluster explains it."""
    from elasticsearch import ApiError, TransportError

    try:
        told = client.cluster.allocation_explain(index=index, shard=shard, primary=True)
    except (ApiError, TransportError):
        return "why is not known, since the cluster would not explain it"
    deciders: dict[str, None] = {}
    for node in told.get("node_allocation_decisions", []):
        for decider in node.get("deciders", []):
            if decider.get("decision") == "NO":
                deciders[_without_frames(decider["explanation"])] = None
    details = (told.get("unassigned_info") or {}).get("reason", "")
    reasons = list(deciders) or [str(told.get("allocate_explanation", ""))]
    return f"the cluster says: {'; '.join(reasons[:_NAMED])}" + (f" ({details})" if details else "")


def _without_frames(explanation: str) -> str:
    """Of pages of Java's frames, which stand behind "Details:", the cause at the bottom."""
    said, _, details = explanation.partition(" Details: ")
    causes = [line.removeprefix(_CAUSE) for line in details.splitlines() if line.startswith(_CAUSE)]
    return f"{said} {causes[-1][:_LONGEST_CAUSE]}" if causes else said


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
