"""The embedded engine and Elasticsearch side by side: the same articles, one machine, one after the other.

    uv run pathlit index ../shared/data/abstracts.jsonl.gz --home HOME     once: what articles are generated from
    uv run python -m benchmarks.cluster --home HOME --articles 500000

Builds by the same function as `pathlit index`, with and without vectors, and asks real questions. A node of a test
cluster stands for Elasticsearch (tests/servers/elasticsearch.py), on the same disk and cores; while it builds or
answers it shares them with its client. Needs some 30 KB of free disk per article below --scratch.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
from msgspec.structs import replace

from benchmarks.cluster_engines import Built, Engine, build, fill
from benchmarks.cluster_queries import DEPTH, Answers, Questions, answers, exact, filtered_share, overlap
from benchmarks.cluster_report import machine, table, versions
from benchmarks.cluster_server import Server, ServerState
from benchmarks.data import heading
from benchmarks.generated import real_queries
from retrieval.encoders.base import EncoderSpec, Vectors
from retrieval.encoders.text import TextEncoder
from retrieval.records import Record

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Compared(Record, frozen=True):
    """All that was measured of one engine."""

    built: Built
    server: ServerState | None = None
    """After the build and after queries."""
    answers: Answers | None = None
    """None for builds without vectors."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="a home folder indexed from real abstracts")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--heap", type=int, default=2048, help="MB of each node")
    parser.add_argument("--engines", default="embedded,int8_hnsw,bbq_hnsw", help="of these, in this order")
    parser.add_argument("--no-words", action="store_true", help="no builds without vectors")
    parser.add_argument("--scratch", type=Path, help="where everything lies meanwhile; by default a temporary folder")
    parser.add_argument("--to", type=Path, help="also write JSON: benchmarks/results/cluster.json")
    parser.add_argument("--seed", type=int, default=8)
    arguments = parser.parse_args()
    title = heading(f"Embedded and Elasticsearch, {arguments.articles:,} generated articles")
    print(title, flush=True)
    with tempfile.TemporaryDirectory(prefix="pathlit-bench-", dir=arguments.scratch) as folder:
        for report in _run(arguments, Path(folder), {"title": title, "machine": machine(), "versions": versions()}):
            # After each engine: what took an hour is not lost where the next one fails.
            if arguments.to:
                arguments.to.parent.mkdir(parents=True, exist_ok=True)
                arguments.to.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    print(table(report))


def _run(arguments: argparse.Namespace, folder: Path, report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The report, after each engine."""
    home = folder / "home"
    home.mkdir()
    load = os.getloadavg()[0]
    texts = real_queries(arguments.queries, arguments.seed)
    spec, vectors = apart(_encoded, texts)
    filled = apart(fill, home, arguments.home, spec, arguments.articles, arguments.seed)
    print(f"filled: {filled}", flush=True)
    nearest = {"plain": exact(home, vectors, filtered=False), "filtered": exact(home, vectors, filtered=True)}
    questions = Questions(home, spec, texts, vectors, nearest, arguments.clients)
    named = {name: getattr(arguments, name) for name in ("articles", "queries", "clients", "nodes", "heap")}
    report |= {**named, "filtered": filtered_share(home), "filled": filled, "engines": {}, "lexical_overlap": {}}
    first: tuple[tuple[int, ...], ...] = ()
    for engine in _engines(arguments, folder):
        compared = _clustered(engine, questions, arguments) if engine.vectors else _embedded(engine, questions)
        print(f"{engine.name}: {compared.built.seconds:,.0f} s", flush=True)
        if compared.answers:
            ranked = compared.answers.lexical
            first = first or ranked
            report["lexical_overlap"][engine.name] = {f"@{n}": overlap(first, ranked, n) for n in (10, DEPTH)}
            compared = replace(compared, answers=replace(compared.answers, lexical=()))
        report["engines"][engine.name] = compared
        report["load"] = [round(load, 2), round(os.getloadavg()[0], 2)]
        yield report


def _engines(arguments: argparse.Namespace, folder: Path) -> Iterator[Engine]:
    words = [] if arguments.no_words else [False]
    for name in arguments.engines.split(","):
        if name == "embedded":
            for with_vectors in (*words, True):
                label = name if with_vectors else f"{name}, words alone"
                yield Engine(label, folder / "generations", with_vectors=with_vectors)
        else:
            for with_vectors in (*words, True):
                label = f"Elasticsearch {name}" if with_vectors else "Elasticsearch, words alone"
                yield Engine(label, folder / "building", vectors=name, with_vectors=with_vectors)
            words = []


def _embedded(engine: Engine, questions: Questions) -> Compared:
    built = apart(build, engine, questions.home, questions.spec)
    return Compared(built=built, answers=apart(answers, engine, questions) if engine.with_vectors else None)


def _clustered(engine: Engine, questions: Questions, arguments: argparse.Namespace) -> Compared:
    # A new server each: what one build left in its memory must neither help nor burden the next.
    with Server(arguments.nodes, arguments.heap) as server:
        engine = replace(engine, hosts=tuple(server.urls))
        idle = server.cpu_s()
        with server.watched() as watch, server.disk_watched() as disk:
            built = apart(build, engine, questions.home, questions.spec)
            merging_s = server.settle(engine.prefix)
        state = server.state(engine.prefix, watch.peak, disk.peak, merging_s, server.cpu_s() - idle)
        if not engine.with_vectors:
            return Compared(built=built, server=state)
        found = apart(answers, engine, questions)
        state = replace(state, after_queries=server.memory(), heap_after_queries=server.heap())
    return Compared(built=built, server=state, answers=found)


def _encoded(texts: Sequence[str]) -> tuple[EncoderSpec, Vectors]:
    encoder = TextEncoder()
    return encoder.spec, encoder.encode_queries(texts)


def apart(work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
    """In a process of its own, so that its memory is that of this work alone."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments, **named).result()


if __name__ == "__main__":
    main()
