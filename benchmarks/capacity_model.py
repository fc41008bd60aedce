"""What a number of articles takes: measured constants, each with its source, and the laws by which they grow."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from benchmarks.data import ROOT

_RESULTS = ROOT / "benchmarks" / "results"

SCALES = (5_300_000, 38_000_000, 300_000_000)
DIMENSION = 384
SHARD_LIMIT = 5_000_000
"""Articles in one file of vectors (retrieval/index/dense/writing.py) and in one shard (elasticsearch/layout.py)."""
KINDS = ("int8_hnsw", "bbq_hnsw")
JOINT_ROWS = 78_652 / 23_118
"""Texts of the joint space per article: of 23,118 abstracts, 2026-11-21."""
JOINT_BYTES = 512 + 8 + 16
"""Of one: a quantised vector as PathCLIP makes it, its number, and whose text it is."""
GENERATIONS = 2
"""On the disk of one machine at a time: the published one and the one being built."""
FINISHED, COPIES = 2, 2
"""In a cluster beside the one being built: the published one and the one before. Of each shard: primary, replica."""
FULL = 0.85
"""Elasticsearch places no shard on a disk that is fuller (its low watermark)."""
NODE_GB, HEAP_GB, SYSTEM_GB, NODE_DISK_GB, NODE_CORES = 64, 16, 4, 3_500, 16


class Constant(NamedTuple):
    """Of one article where its unit is bytes or s, otherwise of the whole."""

    value: float
    """Bytes, seconds or articles, whatever its unit is shown as."""
    unit: str
    source: str


def constants() -> dict[str, Constant]:
    """Everything that the tables are computed from."""
    cluster, vectors = _read("cluster.json"), _read("vectors.json")
    count, engines = cluster["articles"], cluster["engines"]
    run = f"`cluster`, {count:,} articles, {_when(cluster)}"
    of_vectors = f"`vectors`, {vectors['count']:,} vectors, {_when(vectors)}"
    layouts = {each["layout"]: each for each in vectors["measured"]}
    embedded, words = engines["embedded"], engines["embedded, words alone"]
    parts = embedded["built"]["bytes"]
    found = {
        "parse": Constant(1 / 4_434, "s", "`refresh`, 1.1 million records, 2026-11-21 at 36fd0eb"),
        "MiniLM": Constant(1 / 115, "s", "4,096 abstracts, 2 cores with bfloat16, 2026-11-22"),
        "student": Constant(1 / 1_736, "s", "`distill`, one core, 2026-11-21 at ee463b9"),
        "catalog": Constant(cluster["filled"]["catalog_bytes"] / count, "bytes", run),
        "embeddings": Constant(cluster["filled"]["cache_bytes"] / count, "bytes", run),
        "stored": Constant(parts["stored articles"] / count, "bytes", run),
        "words": Constant(parts["words and columns"] / count, "bytes", run),
        "shards": Constant(layouts["sharded"]["bytes_each"], "bytes", of_vectors),
        "condition": Constant(_of_a_condition(embedded, cluster), "bytes", run),
        "count": Constant(count, "articles", run),
        "by meaning": Constant(_p50(embedded, "meaning"), "ms", run),
        "by words": Constant(_p50(embedded, "words"), "ms", run),
        "builder": Constant(words["built"]["peak"]["own"], "MB", run),
        "build words": Constant(words["built"]["seconds"] / count, "s", run),
        "train": Constant(_busy(layouts["ivf"], "train") / vectors["count"], "s", of_vectors),
        "assign": Constant(_busy(layouts["ivf"], "assign") / vectors["count"] ** 1.5, "s", of_vectors),
        "fill": Constant(_busy(layouts["ivf"], "rest") / vectors["count"], "s", of_vectors),
    }
    for kind in measured_kinds(engines):
        engine = engines[f"Elasticsearch {kind}"]
        found["by words, Elasticsearch"] = Constant(_p50(engine, "words"), "ms", run)
        server = engine["server"]
        heap = server["vectors_off_heap"]
        seconds = engine["built"]["seconds"] + server["merging_s"]
        found |= {
            f"{kind} disk": Constant(server["bytes"] / count, "bytes", run),
            f"{kind} disk while building": Constant(server["peak_bytes"] / count, "bytes", run),
            f"{kind} graph": Constant(sum(_kind(heap, name) for name in ("vex", "veq", "veb")) / count, "bytes", run),
            f"{kind} words": Constant(server["parts"]["inverted_index"] / count, "bytes", run),
            f"{kind} build": Constant(seconds / (count * math.log(count)), "s", run),
        }
    return found


def measured_kinds(names: Iterable[str]) -> list[str]:
    """Which of Elasticsearch's indexes of vectors there are figures of."""
    return [kind for kind in KINDS if any(kind in name for name in names)]


def _of_a_condition(embedded: dict[str, Any], cluster: dict[str, Any]) -> float:
    """Memory for one matching article of a condition that was asked for before."""
    memory = embedded["answers"]["memory"]
    grown = memory["after the first filter"]["own"] - memory["opened"]["own"]
    return max(0.0, float(grown / (cluster["filtered"] * cluster["articles"])))


def _busy(layout: dict[str, Any], stage: str) -> float:
    """Seconds that two cores would be busy with a stage: what else the machine did meanwhile is left out."""
    return float(layout[f"{stage}_s"] / layout["build_s"] * layout["build_cpu_s"] / 2)


def _p50(engine: dict[str, Any], operation: str) -> float:
    return float(engine["answers"]["latency"][operation]["1 client"]["p50"]) / 1e3


def _kind(off_heap: dict[str, int], kind: str) -> int:
    return sum(size for name, size in off_heap.items() if f"_{kind}_" in f"_{name}_")


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((_RESULTS / name).read_bytes())
    return found


def _when(result: dict[str, Any]) -> str:
    """Date and commit, from a benchmark's heading."""
    parts = str(result["title"]).split(" · ")
    return f"{parts[1]} at {parts[-1].removeprefix('commit ')}"


class Row(NamedTuple):
    what: str
    how: str
    """The arithmetic, with n for the number of articles."""
    values: list[float]
    """One for each of SCALES."""


def disk(found: dict[str, Constant]) -> list[Row]:
    """One machine, in bytes."""
    value = {name: each.value for name, each in found.items()}
    words = value["words"] + value["stored"]
    rows = [
        _linear("catalog", value["catalog"]),
        _linear("embeddings", value["embeddings"]),
        _linear(f"words, {GENERATIONS} generations", words * GENERATIONS, f"{GENERATIONS} x {words:,.0f} B x n"),
        _linear(
            f"vectors, {GENERATIONS} generations",
            value["shards"] * GENERATIONS,
            f"{GENERATIONS} x {value['shards']:,.0f} B x n",
        ),
        _linear("vectors on their way", 2 * DIMENSION, f"2 x {DIMENSION} B x n, while building"),
    ]
    joint = _linear(
        "beside them, with an image encoder",
        GENERATIONS * JOINT_ROWS * JOINT_BYTES,
        f"{GENERATIONS} x {JOINT_ROWS:.2f} texts x {JOINT_BYTES} B x n",
    )
    return [*rows, _sum(rows), joint]


def memory(found: dict[str, Constant]) -> list[Row]:
    """One machine that answers, in bytes."""
    condition, shards, words = (found[name].value for name in ("condition", "shards", "words"))
    rows = [
        _linear("of its own: a condition met by a quarter", condition / 4, f"{condition:,.0f} B x n/4"),
        _linear("files: vectors", shards),
        _linear("files: words and columns", words),
    ]
    return [*rows, _sum(rows)]


def building(found: dict[str, Constant]) -> list[Row]:
    """Memory of one machine that builds, in bytes."""
    shard = found["shards"].value * SHARD_LIMIT
    rows = [
        Row(
            "sample that the cells learn from",
            f"64 x 4 sqrt(n) x {DIMENSION} x 4 B",
            [256 * math.sqrt(n) * DIMENSION * 4 for n in SCALES],
        ),
        Row("one shard of vectors", f"{found['shards'].value:,.0f} B x {SHARD_LIMIT:,}", [shard for _ in SCALES]),
        _linear("PMIDs and hashes", 24),
        Row("program, writer of words", "a builder without vectors", [found["builder"].value for _ in SCALES]),
    ]
    return [*rows, _sum(rows)]


def queries(found: dict[str, Constant]) -> list[Row]:
    """Median seconds, one client, warm, everything in memory."""
    count = found["count"].value
    meaning, words = found["by meaning"].value, found["by words"].value
    in_a_shard = found["by words, Elasticsearch"].value * SHARD_LIMIT / count
    return [
        Row(
            "by meaning, one machine",
            f"{meaning * 1e3:,.1f} ms x sqrt(n / {count:,.0f})",
            [meaning * math.sqrt(n / count) for n in SCALES],
        ),
        Row(
            "by words, one machine, at most",
            f"{words * 1e3:,.1f} ms x n / {count:,.0f}",
            [words * n / count for n in SCALES],
        ),
        Row(
            "by words, Elasticsearch, at most",
            f"the same of a shard of {SHARD_LIMIT:,}, with a core for each shard",
            [in_a_shard for _ in SCALES],
        ),
    ]


def times(found: dict[str, Constant]) -> list[Row]:
    """One machine of two cores, in seconds."""
    value = {name: each.value for name, each in found.items()}
    rows = [
        _seconds("PubMed's files into the catalog", value["parse"]),
        _seconds("words: analyse, index, verify", value["build words"]),
        _seconds("vectors: train the cells", value["train"]),
        Row(
            "vectors: find each one's cell",
            f"{value['assign']:.2e} s x n^1.5, for 4 sqrt(n) cells",
            [value["assign"] * n**1.5 for n in SCALES],
        ),
        _seconds("vectors: quantise, write", value["fill"]),
    ]
    return [
        *rows,
        _sum(rows),
        _seconds("encoding by MiniLM, two cores", value["MiniLM"]),
        _seconds("encoding by a student, one core", value["student"]),
    ]


def clustered(found: dict[str, Constant], kind: str) -> list[Row]:
    """All nodes together; the last rows are numbers of nodes and seconds."""
    names = ("disk", "disk while building", "graph", "words", "build")
    on_disk, peak, graph, words, build = (found[f"{kind} {name}"].value for name in names)
    total = (on_disk * FINISHED + peak) * COPIES / FULL
    hot = (graph + words) * COPIES
    free = (NODE_GB - HEAP_GB - SYSTEM_GB) * 1e9
    nodes = [max(3, math.ceil(hot * n / free), math.ceil(total * n / (NODE_DISK_GB * 1e9))) for n in SCALES]
    seconds = [build * n * math.log(min(n, SHARD_LIMIT)) * COPIES for n in SCALES]
    return [
        _linear(
            "disk",
            total,
            f"({FINISHED} x {on_disk:,.0f} B + {peak:,.0f} B building) x {COPIES} copies / {FULL} x n",
        ),
        _linear("memory: graph and quantised vectors", graph * COPIES, f"{graph:,.0f} B x {COPIES} copies x n"),
        _linear("memory: postings", words * COPIES, f"{words:,.0f} B x {COPIES} copies x n"),
        Row(f"nodes of {NODE_GB} GB", "by memory or disk, three at least", [float(n) for n in nodes]),
        Row(
            "building, hours of two cores",
            f"{build:.2e} s x n x ln({SHARD_LIMIT:,}) x {COPIES} copies",
            seconds,
        ),
        Row(
            f"building, hours of all nodes' {NODE_CORES} cores",
            "the same, shared out evenly",
            [s * 2 / (NODE_CORES * each) for s, each in zip(seconds, nodes, strict=True)],
        ),
    ]


def _linear(what: str, each: float, how: str = "") -> Row:
    return Row(what, how or f"{each:,.0f} B x n", [each * n for n in SCALES])


def _seconds(what: str, each: float) -> Row:
    return Row(what, f"{each * 1e6:,.0f} us x n", [each * n for n in SCALES])


def _sum(rows: list[Row]) -> Row:
    return Row("together", "", [sum(column) for column in zip(*(row.values for row in rows), strict=True)])
