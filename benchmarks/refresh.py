"""How fast, and in how much memory, a refresh without vectors takes PubMed's bulk files from a local mirror.

    uv run python -m benchmarks.refresh --citations 1000000

The citations are made up (150 to 250 words, like PubMed's) and kept in .cache/benchmarks for the next time. The refresh
is the command itself, in a process of its own; beside it, in this process: the parser alone, and sqlite3 taking the
same records one INSERT each without any of the catalog's checks.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.data import CACHE, heading
from indexing.pubmed.reader import read_pubmed_xml
from retrieval.records import Article
from tests.servers.bulk_tree import BulkTree

_FILE = 30_000
"""Citations per file, as NLM has them."""
_SIZES = {"5.3 million": 5_300_000, "38 million": 38_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--citations", type=int, default=150_000)
    citations: int = parser.parse_args().citations
    print(heading(f"Refresh of {citations:,} citations"))
    mirror = _mirror(citations)
    files = sorted(mirror.rglob("*.xml.gz"))
    print(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:,.0f} MB packed")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        read = _refresh(mirror, Path(folder))
    rate, sample = read, files[:2]
    parsed, start = 0, time.perf_counter()
    for _ in _records(sample):
        parsed += 1
    print(f"parser alone, same files: {parsed / (time.perf_counter() - start):,.0f} records/s")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        taken, seconds = _plain_inserts(sample, Path(folder) / "plain.sqlite")
    print(
        f"parser and plain INSERTs: {taken / seconds:,.0f} records/s; pathlit's catalog is {rate * seconds / taken:.2f}"
        " times as fast"
    )
    for name, count in _SIZES.items():
        print(f"projected, parse and catalog: {name} in {count / rate / 3600:.1f} h")


def _mirror(citations: int) -> Path:
    """A baseline and four update files."""
    mirror = CACHE / f"bulk-{citations}"
    if not mirror.exists():
        made = mirror.with_name(f"{mirror.name}.new")
        shutil.rmtree(made, ignore_errors=True)
        per_file = min(_FILE, max(100, citations // 10))
        BulkTree(seed=3, baseline_files=citations // per_file, update_files=4, citations_per_file=per_file).write(made)
        made.rename(mirror)
    return mirror


def _refresh(mirror: Path, home: Path) -> float:
    """Runs the command, watches its memory, prints its stages; returns records read a second."""
    command = [sys.executable, "-m", "pathlit", "refresh", "--no-vectors", "--bulk", str(mirror), "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    peaks: dict[str, int] = {}
    while process.poll() is None:
        peaks |= {name: max(peaks.get(name, 0), size) for name, size in _memory(process.pid)}
        time.sleep(0.2)
    if process.returncode:
        sys.exit(f"the refresh ended with {process.returncode}")
    report = json.loads((home / "refresh.json").read_bytes())
    rate = 0.0
    for stage in report["stages"]:
        count, seconds = stage.get("accepted", 0), stage["seconds"]
        print(f"{stage['name']}: {count:,} in {seconds:,.1f} s, {count / seconds if seconds else 0:,.0f}/s")
        if stage["name"] == "read bulk files":
            rate = count / seconds
    print(", ".join(f"peak {name} {size / 1024:,.0f} MB" for name, size in peaks.items()))
    size = sum(f.stat().st_size for f in home.rglob("*") if f.is_file())
    print(f"{report['articles']:,} articles published; the home folder has {size / 1e9:,.2f} GB")
    return rate


def _memory(process: int) -> Iterator[tuple[str, int]]:
    """KiB of memory of its own, and with the files that it has mapped, which the system may take back."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return
    found = {name: value for name, _, value in (line.partition(":") for line in status.splitlines())}
    for name, field in (("memory of its own", "RssAnon"), ("with mapped files", "VmRSS")):
        if field in found:
            yield name, int(found[field].split()[0])


def _records(files: list[Path]) -> Iterator[Article]:
    for file in files:
        for record in read_pubmed_xml(file, on_reject=lambda error: None):
            if isinstance(record, Article):
                yield record


def _plain_inserts(files: list[Path], path: Path) -> tuple[int, float]:
    start, count = time.perf_counter(), 0
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE articles (pmid INTEGER PRIMARY KEY, record BLOB)")
    encoder = msgspec.json.Encoder()
    for article in _records(files):
        connection.execute("INSERT OR REPLACE INTO articles VALUES (?, ?)", (article.pmid, encoder.encode(article)))
        count += 1
        if count % 2000 == 0:
            connection.commit()
    connection.commit()
    connection.close()
    os.sync()
    return count, time.perf_counter() - start


if __name__ == "__main__":
    main()
