"""What benchmarks.cluster found, as a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

_PACKAGES = ("tantivy", "faiss-cpu", "elasticsearch", "numpy", "torch")
_MB = 1_000_000


def machine() -> str:
    """Processor, cores and memory."""
    facts = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next((line.partition(":")[2].strip() for line in facts.splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{model or platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}"


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def table(report: Mapping[str, Any]) -> str:
    """Markdown; also from the report's JSON read back."""
    found = msgspec.json.decode(msgspec.json.encode(report))
    engines, count = found["engines"], found["articles"]
    filled = found["filled"]
    catalog, kept, text = (filled[f"{name}_bytes"] / count for name in ("catalog", "cache", "text"))
    lines = [
        found["title"],
        "",
        f"{found['machine']}; load {found['load'][0]} before and {found['load'][1]} after. "
        + ", ".join(f"{name} {number}" for name, number in found["versions"].items())
        + f". {found['queries']} real queries, warm. Elasticsearch: {found['nodes']} node(s) on the same machine, "
        f"{found['heap']} MB of heap each. The filter (six years) lets {found['filtered']:.1%} through.",
        "",
        f"Catalog: {count / filled['catalog_s']:,.0f} articles/s, {catalog:,.0f} bytes an article; "
        f"embeddings {kept:,.0f}; titles and abstracts {text:,.0f}.",
        "",
        "| | " + " | ".join(engines) + " |",
        "| --- |" + " ---: |" * len(engines),
    ]
    for label, value in _rows(found):
        cells = [value(name) for name in engines]
        if any(cells):
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, Callable[[str], str]]]:
    engines, count = found["engines"], found["articles"]

    def at(*path: str) -> Callable[[str], Any]:
        def value(name: str) -> Any:
            place = engines[name]
            for step in path:
                place = place.get(step) if isinstance(place, dict) else None
            return place

        return value

    def shown(form: str, read: Callable[[str], Any], scale: float = 1.0) -> Callable[[str], str]:
        def cell(name: str) -> str:
            value = read(name)
            return "" if value is None else form.format(value / scale)

        return cell

    yield "build, articles/s", lambda name: f"{count / engines[name]['built']['seconds']:,.0f}"
    yield "build, s", shown("{:,.0f}", at("built", "seconds"))
    for stage in dict.fromkeys(stage for each in engines.values() for stage in each["built"]["stages"]):
        yield f"· {stage}", shown("{:,.1f}", at("built", "stages", stage))
    yield (
        "build, CPU seconds of builder and server",
        lambda name: " and ".join(
            f"{seconds:,.0f}"
            for seconds in (at("built", "cpu_s")(name), at("server", "cpu_s")(name))
            if seconds is not None
        ),
    )
    yield "· merging afterwards", shown("{:,.1f}", at("server", "merging_s"))
    yield "disk, bytes per article", lambda name: f"{_bytes(engines[name]) / count:,.0f}"
    yield "· at most while it was built", shown("{:,.0f}", at("server", "peak_bytes"), count)
    for part in dict.fromkeys(part for each in engines.values() for part in _parts(each)):
        yield (
            f"· {part}",
            lambda name, part=part: (  # type: ignore[misc]
                f"{_parts(engines[name])[part] / count:,.0f}" if _parts(engines[name]).get(part) else ""
            ),
        )
    yield "segments", shown("{:,}", at("server", "segments"))
    yield "builder, peak own memory, MB", shown("{:,.0f}", at("built", "peak", "own"), _MB)
    yield "server, peak own memory in the build, MB", shown("{:,.0f}", at("server", "peak", "own"), _MB)
    yield (
        "server, heap after the build and after queries, MB",
        lambda name: _pair(engines[name].get("server"), "heap_after_build", "heap_after_queries"),
    )
    yield "server, own and mapped memory after queries, MB", lambda name: _memory(at("server", "after_queries")(name))
    for kind in dict.fromkeys(
        k for each in engines.values() for k in (each.get("server") or {}).get("vectors_off_heap", {})
    ):
        yield (
            f"· off the heap for vectors, {kind}, bytes per article",
            shown("{:,.0f}", at("server", "vectors_off_heap", kind), count),
        )
    for moment in ("before opening", "opened", "after the first filter", "after queries"):
        label = f"reader, own and mapped memory, {moment}, MB"
        yield label, lambda name, moment=moment: _memory(at("answers", "memory", moment)(name))  # type: ignore[misc]
    yield "opening, s", shown("{:,.2f}", at("answers", "open_s"))
    yield "first query under a new filter, ms", shown("{:,.0f}", at("answers", "first_filter_ms"))
    operations = dict.fromkeys(o for each in engines.values() for o in (each.get("answers") or {}).get("latency", {}))
    for operation in operations:
        for clients in dict.fromkeys(("1 client", f"{found['clients']} clients")):
            yield (
                f"{operation}, {clients}: p50 / p95 ms, per s",
                lambda name, o=operation, c=clients: _latency(  # type: ignore[misc]
                    at("answers", "latency", o, c)(name)
                ),
            )
    for stage in dict.fromkeys(
        s for each in engines.values() for s in (each.get("answers") or {}).get("search_stages_ms", {})
    ):
        yield f"· whole search, {stage}, median ms", shown("{:,.2f}", at("answers", "search_stages_ms", stage))
    for kind in dict.fromkeys(k for each in engines.values() for k in (each.get("answers") or {}).get("recall", {})):
        yield f"meaning, recall {kind} of exact", shown("{:.4f}", at("answers", "recall", kind))
    for depth in ("@10", f"@{100}"):
        yield (
            f"words, overlap {depth} with the first engine",
            lambda name, depth=depth: (  # type: ignore[misc]
                f"{found['lexical_overlap'][name][depth]:.4f}" if name in found["lexical_overlap"] else ""
            ),
        )


def _parts(engine: dict[str, Any]) -> dict[str, int]:
    server = engine.get("server")
    parts: dict[str, int] = server["parts"] if server else engine["built"]["bytes"]
    return parts


def _bytes(engine: dict[str, Any]) -> int:
    server = engine.get("server")
    return int(server["bytes"]) if server else sum(engine["built"]["bytes"].values())


def _memory(memory: dict[str, int] | None) -> str:
    return f"{memory['own'] / _MB:,.0f} and {memory['mapped'] / _MB:,.0f}" if memory and memory["own"] else ""


def _latency(latency: dict[str, float] | None) -> str:
    return f"{latency['p50']:,.1f} / {latency['p95']:,.1f}, {latency['per_second']:,.0f}" if latency else ""


def _pair(server: dict[str, Any] | None, one: str, other: str) -> str:
    if not server:
        return ""
    return f"{server[one] / _MB:,.0f}" + (f" and {server[other] / _MB:,.0f}" if server.get(other) else "")
