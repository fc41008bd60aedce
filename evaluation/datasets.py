"""Test collections: questions with the articles that answer them."""

from __future__ import annotations

import csv
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
_QUERY_ENDINGS: Final = (".jsonl", ".jsonl.gz", ".tsv", ".tsv.gz")
_PROMPT_COLUMNS: Final = ("PromptID", "PMCID", "Outcome", "Intervention", "Comparator")
_LONGEST_SHOWN: Final = 80


class Topics(NamedTuple):
    """Questions and judgments over a corpus that is indexed already."""

    queries: dict[str, str]
    qrels: Qrels


def read_beir(queries: Path, qrels: Path) -> Topics:
    """Questions and judgments in BEIR's layout: queries as .jsonl or .tsv (maybe .gz), qrels as .tsv with a header.

    Only judged questions are kept. InputError, naming file, line and value, where one of them cannot be used.
    """
    texts = dict(read_queries(queries))
    judged: Qrels = {}
    for number, key, article, grade in read_judgments(qrels):
        if key not in texts:
            raise InputError(f"{qrels}, line {number}: it judges the query {key!r}, which {queries} does not hold")
        judged.setdefault(key, {})[article] = grade
    return Topics({key: texts[key] for key in judged}, judged)


def find_beir(folder: Path, split: str) -> tuple[Path, Path]:
    """Where a folder keeps the questions and judgments of a split: queries.jsonl and qrels/SPLIT.tsv, or, flat,
    queries_SPLIT.* and qrels_SPLIT.tsv."""
    names = [f"{stem}{ending}" for stem in ("queries", f"queries_{split}") for ending in _QUERY_ENDINGS]
    queries = [folder / name for name in names if (folder / name).is_file()]
    qrels = [path for path in (folder / "qrels" / f"{split}.tsv", folder / f"qrels_{split}.tsv") if path.is_file()]
    if not (queries and qrels):
        raise InputError(
            f"{folder} has no {'judgments' if queries else 'questions'} of the split {split!r}: queries.jsonl and "
            f"qrels/{split}.tsv; FOLDER:train asks for the split train"
        )
    return queries[0], qrels[0]


def read_evidence_inference(folder: Path) -> Topics:
    """Evidence Inference's prompts (intervention, comparator, outcome) for the trial that they are about: known items.

    The first prompt of each trial, since those of one trial say much the same; trials without an abstract are left out.
    """
    articles = {}
    for number, line in _lines(folder / "docs.jsonl.gz"):
        try:
            document = msgspec.json.decode(line, type=_Trial)
        except msgspec.DecodeError as exc:
            raise InputError(f"{folder / 'docs.jsonl.gz'}, line {number}: {_shown(line)} is no trial: {exc}") from exc
        if document.abstract:
            articles[document.pmcid] = f"pmid:{document.pmid}"
    queries: dict[str, str] = {}
    judged: Qrels = {}
    prompts = folder / "prompts_merged.csv.gz"
    for row in csv.DictReader(line for _, line in _lines(prompts)):
        try:
            article = articles.pop(row["PMCID"], None)
            text = f"{row['Intervention']} versus {row['Comparator']}: {row['Outcome']}"
        except KeyError as exc:
            raise InputError(f"{prompts} has no column {exc}; it takes {', '.join(_PROMPT_COLUMNS)}") from exc
        if article is not None:
            queries[row["PromptID"]] = text
            judged[row["PromptID"]] = {article: 1}
    return Topics(queries, judged)


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


class _Trial(Record, frozen=True):
    pmcid: str
    pmid: str
    abstract: list[list[str]]


class _PubMedQA(Record, frozen=True):
    QUESTION: str


class _BeirQuery(Record, frozen=True):
    id: str = msgspec.field(name="_id")
    text: str


def read_queries(path: Path) -> Iterator[tuple[str, str]]:
    """(id, text) of each query of a .jsonl or .tsv file."""
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


def read_judgments(path: Path) -> Iterator[tuple[int, str, str, int]]:
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
