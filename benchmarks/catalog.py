"""How fast the catalog takes and gives articles, beside one INSERT per record: `python -m benchmarks.catalog`.

Both insert in random order of PMID, unless the line says otherwise; the files of PubMed come nearly sorted.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import msgspec

from indexing.catalog import Catalog
from retrieval.records import Article, Author, Journal, MeshHeading, PartialDate, Section, Term

LABELS = ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")


def articles(count: int, revised: str) -> list[Article]:
    """Articles as long and as richly indexed as MEDLINE's, the same ones each time; their words mean nothing."""
    rng = random.Random(count)
    words = ["".join(rng.choices("aeioulnrst", k=rng.randrange(3, 11))) for _ in range(5000)]

    def prose(length: int) -> str:
        return " ".join(rng.choices(words, k=length))

    return [
        Article(
            pmid=30_000_000 + number,
            title=prose(14),
            sections=tuple(Section(prose(50), label, label) for label in LABELS),
            authors=tuple(Author(prose(1), prose(1), "AB", affiliations=(prose(10),)) for _ in range(5)),
            journal=Journal(prose(4), prose(3), "0000-0000", "0000000", "12", "3", "England"),
            published=PartialDate("2020-01-01", "year", "2020"),
            doi=f"10.0000/{number}",
            mesh=tuple(MeshHeading(prose(2), f"D{rng.randrange(10**6):06}", major=False) for _ in range(10)),
            publication_types=(Term("Journal Article", "D016428"),),
            languages=("eng",),
            references=tuple(rng.randrange(10**7, 3 * 10**7) for _ in range(20)),
            status="MEDLINE",
            revised=revised,
        )
        for number in rng.sample(range(count * 2), count)
    ]


def insert_one_by_one(path: Path, batch: Iterable[Article], *, commit_each: bool) -> None:
    """The peer: the same columns and journal mode, without links, checks of what is stored, or a content hash."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS articles (pmid INTEGER PRIMARY KEY, version INTEGER, revised TEXT, record BLOB)"
        )
        if not commit_each:
            connection.execute("BEGIN")
        for article in batch:
            connection.execute(
                "INSERT OR REPLACE INTO articles VALUES (?, ?, ?, ?)",
                (article.pmid, article.version, article.revised, msgspec.json.encode(article)),
            )
        if not commit_each:
            connection.execute("COMMIT")


def report(what: str, count: int, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    print(f"{what:<58}{count / (time.perf_counter() - started):>12,.0f} /s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=40_000)
    count = parser.parse_args().articles
    first, revised = articles(count, "2020-01-01"), articles(count, "2021-01-01")
    mean = sum(len(msgspec.json.encode(article)) for article in first) / count
    print(f"{count:,} articles of {mean:,.0f} bytes of JSON each; WAL, synchronous=NORMAL")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Catalog.open(folder / "catalog.sqlite") as catalog:
            report("catalog: fresh, in random order", count, lambda: catalog.apply(first, source="first"))
            report("catalog: every article revised", count, lambda: catalog.apply(revised, source="second"))
            report("catalog: the same again, unchanged", count, lambda: catalog.apply(revised, source="second"))
            report("catalog: articles() with integrity", count, lambda: sum(1 for _ in catalog.articles()))
        ascending = sorted(first, key=lambda article: article.pmid)
        with Catalog.open(folder / "ascending.sqlite") as catalog:
            report("catalog: fresh, by rising PMID", count, lambda: catalog.apply(ascending, source="first"))
        plain, hasty = folder / "plain.sqlite", folder / "hasty.sqlite"
        report(
            "one INSERT and commit per record: fresh", count, lambda: insert_one_by_one(plain, first, commit_each=True)
        )
        report(
            "one INSERT and commit per record: every article revised",
            count,
            lambda: insert_one_by_one(plain, revised, commit_each=True),
        )
        report(
            "one INSERT per record, one commit: fresh",
            count,
            lambda: insert_one_by_one(hasty, first, commit_each=False),
        )


if __name__ == "__main__":
    main()
