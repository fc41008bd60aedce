"""How fast and how exactly one open generation answers; for benchmarks.cluster."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.cluster_engines import RETRACTED, VECTORS, YEARS, Engine, GeneratedEncoder
from benchmarks.generated import FIRST_PMID
from benchmarks.memory import Memory, memory_of
from indexing.embeddings import EmbeddingCache
from retrieval.analysis import Analyzer
from retrieval.encoders.base import EncoderSpec, Vectors
from retrieval.index.interface import IndexReader, Words
from retrieval.query import Constraint
from retrieval.records import FacetName, Filters, Query, Record
from retrieval.search import Searcher

DEPTH = 100
"""How many each leg finds, as in Searcher.search."""
YEAR_FROM, YEAR_TO = 2015, 2020
PLAIN = Constraint()
FILTERED = Constraint(filters=Filters(year_from=YEAR_FROM, year_to=YEAR_TO))
"""Years; both leave retracted articles out."""
_FACETS: Final[tuple[FacetName, ...]] = ("year", "journal", "type")
_EXACT_AT_ONCE = 20_000


class Latency(Record, frozen=True):
    """Milliseconds of single calls; `per_second` counts all clients' calls."""

    p50: float
    p95: float
    per_second: float


class Answers(Record, frozen=True):
    """All that was measured of one engine's open generation."""

    open_s: float
    memory: dict[str, Memory]
    """Of the process that reads: before opening, after it, after the first query under a filter, after all queries."""
    first_filter_ms: float
    """The first query under a filter that the reader has not seen."""
    latency: dict[str, dict[str, Latency]]
    """Operation -> "1 client" and "4 clients"."""
    search_stages_ms: dict[str, float]
    """Medians of Searcher.search's own timings, one client."""
    recall: dict[str, float]
    """Share of the exact nearest that the dense leg finds."""
    lexical: tuple[tuple[int, ...], ...] = ()
    """The lexical leg's articles, per query; not kept in reports."""


def exact(home: Path, queries: Vectors, *, filtered: bool) -> npt.NDArray[np.int64]:
    """The DEPTH articles with the greatest inner products per query, by comparing all: shape (queries, DEPTH)."""
    vectors: npt.NDArray[np.float16] = np.load(home / VECTORS, mmap_mode="r")
    allowed = ~np.load(home / RETRACTED)
    if filtered:
        years = np.load(home / YEARS)
        allowed &= (years >= YEAR_FROM) & (years <= YEAR_TO)
    best = np.full((len(queries), DEPTH), -np.inf, dtype=np.float32)
    rows = np.full((len(queries), DEPTH), -FIRST_PMID, dtype=np.int64)
    for start in range(0, len(vectors), _EXACT_AT_ONCE):
        places = start + np.flatnonzero(allowed[start : start + _EXACT_AT_ONCE])
        scores = queries @ np.asarray(vectors[places], dtype=np.float32).T
        scores = np.concatenate([best, scores], axis=1)
        candidates = np.concatenate([rows, np.broadcast_to(places, (len(queries), len(places)))], axis=1)
        chosen = np.argpartition(-scores, DEPTH - 1, axis=1)[:, :DEPTH]
        best, rows = (np.take_along_axis(table, chosen, axis=1) for table in (scores, candidates))
    order = np.argsort(-best, axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1) + FIRST_PMID


def filtered_share(home: Path) -> float:
    """Of all articles those that FILTERED lets through."""
    years = np.load(home / YEARS)
    return round(float(np.mean(~np.load(home / RETRACTED) & (years >= YEAR_FROM) & (years <= YEAR_TO))), 4)


class Questions(NamedTuple):
    """What every engine is asked."""

    home: Path
    spec: EncoderSpec
    """MiniLM's."""
    texts: Sequence[str]
    vectors: Vectors
    """Theirs, shape (n, dimension)."""
    nearest: dict[str, npt.NDArray[np.int64]]
    """What `exact` gives, "plain" and "filtered"."""
    clients: int


def answers(engine: Engine, questions: Questions) -> Answers:
    """Every operation is warm: all queries ran once before."""
    home, spec, texts, vectors, nearest, clients = questions
    memory = {"before opening": memory_of()}
    generations, start = engine.open(), perf_counter()
    reader = generations.open(generations.current(), Analyzer())
    opened_s = perf_counter() - start
    memory["opened"] = memory_of()
    start = perf_counter()
    reader.recall(Words(texts[0]), vectors[0], FILTERED, DEPTH)
    first_filter_ms = (perf_counter() - start) * 1000
    memory["after the first filter"] = memory_of()
    latency = {name: _measured(call, len(texts), clients) for name, call in _operations(reader, texts, vectors).items()}
    memory["after queries"] = memory_of()
    recall = {
        f"{name} @{depth}": _recall(
            [[s.pmid for s in reader.dense(vector, constraint, depth)] for vector in vectors], nearest[name][:, :depth]
        )
        for name, constraint in (("plain", PLAIN), ("filtered", FILTERED))
        for depth in (10, DEPTH)
    }
    lexical = tuple(tuple(s.pmid for s in reader.lexical(text, PLAIN, DEPTH)) for text in texts)
    encoder = GeneratedEncoder(EmbeddingCache(home / "embeddings.sqlite"), spec)
    searcher = Searcher(reader, generation=reader.manifest.generation, analyzer=Analyzer(), encoder=encoder)
    queries = [Query(text=text, rerank=False) for text in texts]
    latency |= {"whole search": _measured(lambda i: searcher.search(queries[i]), len(texts), clients)}
    timings = [searcher.search(query).timings_ms for query in queries]
    stages = {stage: round(statistics.median(times[stage] for times in timings), 2) for stage in timings[0]}
    return Answers(opened_s, memory, first_filter_ms, latency, stages, recall, lexical)


def _operations(reader: IndexReader, texts: Sequence[str], vectors: Vectors) -> dict[str, Callable[[int], object]]:
    found = [[s.pmid for s in reader.lexical(text, PLAIN, 10)] for text in texts]
    return {
        "words": lambda i: reader.recall(Words(texts[i]), None, PLAIN, DEPTH),
        "meaning": lambda i: reader.recall(None, vectors[i], PLAIN, DEPTH),
        "both": lambda i: reader.recall(Words(texts[i]), vectors[i], PLAIN, DEPTH),
        "both, six years": lambda i: reader.recall(Words(texts[i]), vectors[i], FILTERED, DEPTH),
        "three facets": lambda i: reader.facets(texts[i], PLAIN, _FACETS, 10),
        "ten articles": lambda i: reader.articles(found[i]),
    }


def _measured(call: Callable[[int], object], queries: int, clients: int) -> dict[str, Latency]:
    for i in range(queries):
        call(i)
    measured = {"1 client": _latency(call, queries, 1)}
    if clients > 1:
        measured[f"{clients} clients"] = _latency(call, queries, clients)
    return measured


def _latency(call: Callable[[int], object], queries: int, clients: int) -> Latency:
    def timed(i: int) -> float:
        start = perf_counter()
        call(i)
        return (perf_counter() - start) * 1000

    with ThreadPoolExecutor(clients) as pool:
        start = perf_counter()
        times = list(pool.map(timed, islice(cycle(range(queries)), queries * min(clients, 2))))
        seconds = perf_counter() - start
    p50, p95 = np.percentile(times, [50, 95])
    return Latency(round(float(p50), 2), round(float(p95), 2), round(len(times) / seconds, 1))


def _recall(found: Sequence[Sequence[int]], nearest: npt.NDArray[np.int64]) -> float:
    shares = [
        len(set(one) & set(known)) / max(1, len(known))
        for one, row in zip(found, nearest.tolist(), strict=True)
        if (known := [pmid for pmid in row if pmid > 0])
    ]
    return round(float(np.mean(shares)), 4)


def overlap(one: Sequence[Sequence[int]], other: Sequence[Sequence[int]], depth: int = DEPTH) -> float:
    """The mean share of the first list's first `depth` that the second one has among its own."""
    shares = [len(set(a[:depth]) & set(b[:depth])) / max(1, len(a[:depth])) for a, b in zip(one, other, strict=True)]
    return round(float(np.mean(shares)), 4)
