"""How fast PubMed XML is read, plain and gzipped, beside pubmed-parser where it is installed, and in how much memory.

`python -m benchmarks.parser`, with the peer: `uv run --with pubmed-parser python -m benchmarks.parser`. The files are
real citations (PATHLIT_DATA) repeated up to `--megabytes`. The peer reads gzipped files only, and fewer fields: no
corrections, investigators, ORCIDs, other abstracts or partial dates.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.data import DATA, heading
from indexing.pubmed.reader import read_pubmed_xml

CORPORA = {
    "2020 baseline": ("pmparser__pubmed20n1015__4856ff43.xml.gz",),
    "2024-2026 files": ("pmparser__pubmed24n*.xml.gz", "pmparser__pubmed25n*.xml.gz", "pmparser__pubmed26n*.xml.gz"),
}
START, END = b"<PubmedArticle>", b"</PubmedArticle>"


def build(path: Path, patterns: tuple[str, ...], megabytes: float) -> int:
    """Writes one file of the citations of many, repeated, plain and gzipped; returns how many there are."""
    head = body = b""
    for source in (found for pattern in patterns for found in sorted((DATA / "pubmed_xml").glob(pattern))):
        content = gzip.decompress(source.read_bytes())
        head = head or content[: content.index(START)]
        body += content[content.index(START) : content.rindex(END)] + END + b"\n"
    times = max(1, round(megabytes * 1e6 / len(body)))
    with path.open("wb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=6) as packed:
        for out in (plain, packed):
            out.write(head)
            for _ in range(times):
                out.write(body)
            out.write(b"</PubmedArticleSet>\n")
    return times * body.count(START)


def ours(path: Path) -> int:
    return sum(1 for _ in read_pubmed_xml(path))


def find_peer() -> Callable[[Path], int] | None:
    try:
        pubmed_parser = importlib.import_module("pubmed_parser")
    except ImportError:
        return None

    def read(path: Path) -> int:
        return sum(1 for _ in pubmed_parser.parse_medline_xml(str(path), author_list=True, reference_list=True))

    return read


def seconds(readers: dict[str, Callable[[Path], int]], path: Path, citations: int, rounds: int) -> dict[str, float]:
    """Processor time, the best of several rounds in which the readers take turns to share the machine's moods."""
    best = dict.fromkeys(readers, float("inf"))
    for _ in range(rounds):
        for name, read in readers.items():
            started = time.process_time()
            assert read(path) == citations, f"{name} did not read all of {path.name}"
            best[name] = min(best[name], time.process_time() - started)
    return best


def peak_mib(path: Path) -> tuple[float, float]:
    """Of this process: resident memory at its highest before and after reading the file, in MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours(path)
    return before / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, default=60, help="size of each file that is timed")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--memory-megabytes", type=float, default=200, help="size of the file for peak memory")
    options = arguments.parse_args()
    readers: dict[str, Callable[[Path], int]] = {"pathlit": ours}
    peer = find_peer()
    both = readers | {"pubmed-parser": peer} if peer else readers
    print(heading("PubMed XML"))
    with tempfile.TemporaryDirectory() as name:
        for corpus, patterns in CORPORA.items():
            path = Path(name) / "timed.xml"
            citations = build(path, patterns, options.megabytes)
            size = path.stat().st_size
            print(f"\n{corpus}: {citations:,} citations of {size / citations / 1000:.1f} KB")
            for file in (path, Path(f"{path}.gz")):
                readers_of_it = both if file.suffix == ".gz" else readers
                for reader, took in seconds(readers_of_it, file, citations, options.rounds).items():
                    rate = f"{citations / took:>9,.0f} citations/s {size / took / 1e6:>7.1f} MB/s of XML"
                    print(f"  {reader:<15}{file.suffix:<5}{rate}", flush=True)
        path = Path(name) / "long.xml"
        build(path, CORPORA["2024-2026 files"], options.memory_megabytes)
        for file in (path, Path(f"{path}.gz")):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                before, after = pool.apply(peak_mib, (file,))
            megabytes = path.stat().st_size / 1e6
            print(f"\npeak memory of {megabytes:.0f} MB{file.suffix}: {after:.0f} MiB ({before:.0f} before)")


if __name__ == "__main__":
    main()
