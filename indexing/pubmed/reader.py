"""PubMed XML, plain or gzipped, as a stream of records. Pure: bytes in, Article and Deletion out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from indexing.pubmed.book import read_book
from indexing.pubmed.citation import read_citation
from indexing.pubmed.draft import UnusableRecordError, checked_pmid
from indexing.pubmed.elements import BreakError, RecordElements
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import Article, Deletion

if TYPE_CHECKING:
    from lxml.etree import _Element

_DELETIONS = ("DeleteCitation", "DeleteDocument")
_RECORDS_OF_ROOT = {
    "PubmedArticleSet": ("PubmedArticle", "PubmedBookArticle", *_DELETIONS),
    "PubmedBookArticleSet": ("PubmedBookArticle", *_DELETIONS),
    "MedlineCitationSet": ("MedlineCitation", *_DELETIONS),  # NLM's bulk files up to 2016
    "DeleteCitation": ("PMID",),
}


def read_pubmed_xml(
    source: Path | BinaryIO, *, name: str | None = None, on_reject: Callable[[RecordError], None] | None = None
) -> Iterator[Article | Deletion]:
    """Records in the order of the file; `name` stands for the source in errors. Nothing is opened before the first.

    A record that cannot be used raises RecordError, or with `on_reject` is handed to it and the rest is kept. A file
    that cannot be read to its end raises MalformedFileError after the records before that point; InputError where it
    cannot be opened.
    """
    if isinstance(source, Path):
        try:
            stream = source.open("rb")
        except OSError as exc:
            raise InputError(
                f"{source}: cannot be opened ({exc.strerror}); check the path and its permissions"
            ) from exc
        with stream:
            yield from _records(stream, name or str(source), on_reject)
    else:
        yield from _records(source, name or str(getattr(source, "name", "<stream>")), on_reject)


def _records(
    stream: BinaryIO, name: str, on_reject: Callable[[RecordError], None] | None
) -> Iterator[Article | Deletion]:
    given = met = 0

    def reject(reason: UnusableRecordError, element: _Element) -> None:
        error = RecordError(name, reason.pmid or f"#{met} (line {element.sourceline})", str(reason))
        if on_reject is None:
            raise error from reason
        on_reject(error)

    elements = RecordElements(stream, _RECORDS_OF_ROOT)
    try:
        for element in elements:
            met += 1
            tag = element.tag
            try:
                if elements.has_entities:
                    _refuse_entities(element)
                if tag == "PubmedArticle" or tag == "PubmedBookArticle":
                    article = _article(element)
                elif tag == "MedlineCitation":
                    article = read_citation(element)
                elif tag not in _RECORDS_OF_ROOT[elements.root_tag]:
                    raise UnusableRecordError(f"<{tag}> is no record of a <{elements.root_tag}>")
                else:
                    for child in element.iter("PMID"):
                        try:
                            pmid, _ = checked_pmid(child)
                        except UnusableRecordError as exc:
                            reject(exc, child)
                        else:
                            given += 1
                            yield Deletion(pmid)
                    continue
            except UnusableRecordError as exc:
                reject(exc, element)
            else:
                given += 1
                yield article
    except BreakError as exc:
        raise MalformedFileError(name, exc.line, given, exc.reason) from exc


def _article(element: _Element) -> Article:
    record = data = None
    for child in element:
        tag = child.tag
        if tag == "MedlineCitation" or tag == "BookDocument":
            record = child
        elif tag == "PubmedData" or tag == "PubmedBookData":
            data = child
    if record is None:
        raise UnusableRecordError("it has neither MedlineCitation nor BookDocument")
    return read_citation(record, data) if record.tag == "MedlineCitation" else read_book(record, data)


def _refuse_entities(element: _Element) -> None:
    for entity in element.iter(etree.Entity):
        raise UnusableRecordError(f"it uses the undeclared entity {entity.text}")
