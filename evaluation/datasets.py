"""Test collections: questions with the articles that answer them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from retrieval.errors import InputError
from retrieval.records import Record

Qrels = dict[str, dict[str, int]]
"""Query id -> article id -> grade; the article ids are those of Article.id."""

_QRELS_COLUMNS: Final = ("query-id", "corpus-id", "score")
_LONGEST_SHOWN: Final = 80


class Topics(NamedTuple):
    """Questions and judgments over a corpus that is indexed already."""

    queries: dict[str, str]
    qrels: Qrels


def read_beir(queries: Path, qrels: Path) -> Topics:
    """Questions and judgments in BEIR's layout: queries as .jsonl or .tsv (maybe .gz), qrels as .tsv with a header.

    Only judged questions are kept. InputError, naming file, line and value, where one of them cannot be used.
    """
    texts = dict(_queries(queries))
    judged: Qrels = {}
    for number, key, article, grade in _judgments(qrels):
        if key not in texts:
            raise InputError(f"{qrels}, line {number}: it judges the query {key!r}, which {queries} does not hold")
        judged.setdefault(key, {})[article] = grade
    return Topics({key: texts[key] for key in judged}, judged)


def read_pubmedqa(path: Path) -> Topics:
    """PubMedQA's questions, each answered by the article that it was made from: a known-item task."""
    content = "".join(line for _, line in _lines(path))
    try:
        records = msgspec.json.decode(content, type=dict[str, _PubMedQA])
    except msgspec.DecodeError as exc:
        raise InputError(f"{path} is not PubMedQA's JSON, questions by PMID: {exc}") from exc
    return Topics(
        {pmid: record.QUESTION for pmid, record in records.items()},
        {pmid: {f"pmid:{pmid}": 1} for pmid in records},
    )


class _PubMedQA(Record, frozen=True):
    QUESTION: str


class _BeirQuery(Record, frozen=True):
    id: str = msgspec.field(name="_id")
    text: str


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in _lines(path):
        if ".jsonl" in path.name:
            try:
                record = msgspec.json.decode(line, type=_BeirQuery)
            except msgspec.DecodeError as exc:
                raise InputError(
                    f"{path}, line {number}: {_shown(line)} is not a query with _id and text: {exc}"
                ) from exc
            yield record.id, record.text
        else:
            key, tab, text = line.rstrip("\n").partition("\t")
            if not tab:
                raise InputError(f"{path}, line {number}: {_shown(line)} is not an id, a tab and a question")
            yield key, text


def _judgments(path: Path) -> Iterator[tuple[int, str, str, int]]:
    """(line, query id, article id, grade) of each line behind the header."""
    places: list[int] = []
    for number, line in _lines(path):
        values = line.rstrip("\n").split("\t")
        try:
            if not places:
                places = [values.index(name) for name in _QRELS_COLUMNS]
                continue
            key, article, grade = (values[place] for place in places)
            yield number, key, article, int(grade)
        except (ValueError, IndexError) as exc:
            wanted = "a header with" if not places else "a whole number below score, and values below"
            raise InputError(
                f"{path}, line {number}: {_shown(line)} is not {wanted} {', '.join(_QRELS_COLUMNS)}"
            ) from exc


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers."""
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read behind line {number}: {exc}") from exc


def _shown(line: str) -> str:
    return repr(line.strip()[:_LONGEST_SHOWN])
