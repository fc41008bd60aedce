"""Test collections: questions with the articles that answer them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from retrieval.errors import InputError

Qrels = dict[str, dict[str, int]]
"""Query id -> article id -> grade; the article ids are those of Article.id."""


class Topics(NamedTuple):
    """Questions and judgments over a corpus that is indexed already."""

    queries: dict[str, str]
    qrels: Qrels


def read_beir(queries: Path, qrels: Path) -> Topics:
    """Questions and judgments in BEIR's layout: queries as .jsonl or .tsv (maybe .gz), qrels as .tsv with a header.

    Only judged questions are kept. InputError where a file is missing or a judgment names no question.
    """
    texts = dict(_queries(queries))
    judged: Qrels = {}
    with _opened(qrels) as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["query-id"] not in texts:
                raise InputError(f"{qrels} judges the query {row['query-id']!r}, which {queries} does not hold")
            judged.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return Topics({key: texts[key] for key in judged}, judged)


def read_pubmedqa(path: Path) -> Topics:
    """PubMedQA's questions, each answered by the article that it was made from: a known-item task."""
    with _opened(path) as lines:
        records = json.load(lines)
    return Topics(
        {pmid: record["QUESTION"] for pmid, record in records.items()},
        {pmid: {f"pmid:{pmid}": 1} for pmid in records},
    )


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    with _opened(path) as lines:
        for line in lines:
            if ".jsonl" in path.name:
                record = json.loads(line)
                yield record["_id"], record["text"]
            else:
                key, _, text = line.rstrip("\n").partition("\t")
                yield key, text


def _opened(path: Path) -> IO[str]:
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
