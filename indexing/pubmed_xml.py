"""PubMed XML, plain or gzipped, as a stream of records. Pure: bytes in, Article and Deletion out.

A chunk of bytes is fed to the parser, the records that it completed are converted, and their elements are dropped
before the next chunk: memory holds one chunk's worth of elements, however long the file is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from lxml import etree

from indexing.pubmed_book import read_book
from indexing.pubmed_citation import read_citation
from indexing.pubmed_draft import UnusableRecordError, checked_pmid
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import Article, Deletion

if TYPE_CHECKING:
    from lxml.etree import _Element

_CHUNK = 1 << 16
_STEP = 1 << 12
_LONGEST_HEAD = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_DELETIONS = ("DeleteCitation", "DeleteDocument")
_RECORDS_OF_ROOT = {
    "PubmedArticleSet": ("PubmedArticle", "PubmedBookArticle", *_DELETIONS),
    "PubmedBookArticleSet": ("PubmedBookArticle", *_DELETIONS),
    "MedlineCitationSet": ("MedlineCitation", *_DELETIONS),  # NLM's bulk files up to 2016
    "DeleteCitation": ("DeleteCitation",),
}
"""Root elements of PubMed XML and the elements that are records under them."""


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
            yield from _PubmedFile(stream, name or str(source), on_reject).records()
    else:
        yield from _PubmedFile(source, name or str(getattr(source, "name", "<stream>")), on_reject).records()


class _PubmedFile:
    """One pass over one file, and how far it has come."""

    def __init__(self, stream: BinaryIO, name: str, on_reject: Callable[[RecordError], None] | None) -> None:
        self._stream = stream
        self._name = name
        self._on_reject = on_reject
        self._line = 1
        self._given = 0
        self._met = 0
        self._root: Any = None
        self._known: frozenset[str] = frozenset()
        self._has_entities = False

    def records(self) -> Iterator[Article | Deletion]:
        chunks = self._chunks()
        head, root_tag = self._head(chunks)
        self._known = frozenset(_RECORDS_OF_ROOT[root_tag])
        parser = _parser("end", _RECORDS_OF_ROOT[root_tag])
        events = parser.read_events()
        for chunk in chain((head,), chunks):
            failure = _feed(parser, chunk)
            # Entities that no DTD declares are only a warning where the DTD itself is out of reach, as it is here.
            self._has_entities = self._has_entities or len(parser.feed_error_log) > 0
            yield from self._completed(events)
            if failure is not None:
                raise self._syntax_error(parser, failure) from failure
            self._drop_completed()
        failure = _close(parser)
        yield from self._completed(events)
        if failure is not None:
            raise self._syntax_error(parser, failure) from failure
        self._drop_completed(last=True)

    def _chunks(self) -> Iterator[bytes]:
        """The file's bytes, decompressed; counts lines, so that a break in the bytes themselves has one too."""
        try:
            for chunk in _decompressed(self._stream):
                yield chunk
                self._line += chunk.count(b"\n")
        except (OSError, EOFError, zlib.error) as exc:
            raise self._malformed(self._line, f"the bytes cannot be read further: {exc}; fetch the file again") from exc

    def _head(self, chunks: Iterator[bytes]) -> tuple[bytes, str]:
        """The bytes up to somewhere behind the root's start tag, and its name: what is no PubMed XML ends here."""
        head = b""
        parser = _parser("start", None)
        for chunk in chunks:
            for start in range(0, len(chunk), _STEP):
                failure = _feed(parser, chunk[start : start + _STEP])
                for _, root in parser.read_events():
                    self._check_root(root)
                    return head + chunk, root.tag
                if failure is not None:
                    raise self._syntax_error(parser, failure) from failure
            head += chunk
            if len(head) > _LONGEST_HEAD:
                raise self._malformed(self._line, f"no root element in the first {len(head):,} bytes")
        if not head.strip():
            raise self._malformed(self._line, "the file is empty")
        raise self._malformed(self._line, "the file ends before its root element")

    def _check_root(self, root: Any) -> None:
        line = root.sourceline or self._line
        if root.tag not in _RECORDS_OF_ROOT:
            expected = ", ".join(_RECORDS_OF_ROOT)
            raise self._malformed(line, f"not PubMed XML: its root element is {root.tag!r}, not one of {expected}")
        dtd = root.getroottree().docinfo.internalDTD
        if dtd is not None and any(True for _ in dtd.iterentities()):
            raise self._malformed(line, "it declares entities, which PubMed never does and which may be an attack")

    def _completed(self, events: Iterator[Any]) -> Iterator[Article | Deletion]:
        """Records of the elements that the last chunk completed."""
        for _, element in events:
            self._met += 1
            if self._root is None:
                self._root = element.getroottree().getroot()
            try:
                if element is not self._root and element.getparent() is not self._root:
                    raise UnusableRecordError("it stands inside another element instead of under the root")
                if self._has_entities and (entity := next(element.iter(etree.Entity), None)) is not None:
                    raise UnusableRecordError(f"it uses the undeclared entity {entity.text}")
                if element.tag in _DELETIONS:
                    yield from self._deletions(element)
                    continue
                article = _article(element)
            except UnusableRecordError as exc:
                self._reject(exc, element)
            else:
                self._given += 1
                yield article

    def _deletions(self, element: _Element) -> Iterator[Deletion]:
        for child in element:
            if child.tag != "PMID":
                continue
            try:
                pmid, _ = checked_pmid(child)
            except UnusableRecordError as exc:
                self._reject(exc, child)
            else:
                self._given += 1
                yield Deletion(pmid)

    def _reject(self, reason: UnusableRecordError, element: _Element) -> None:
        identifier = reason.pmid or f"#{self._met} (line {element.sourceline})"
        error = RecordError(self._name, identifier, str(reason))
        if self._on_reject is None:
            raise error from reason
        self._on_reject(error)

    def _drop_completed(self, *, last: bool = False) -> None:
        """Frees the elements that are done. The last child stays until the end: the parser may still write to it."""
        root = self._root
        if root is None or root.tag in _DELETIONS:
            return
        done = root[:] if last else root[:-1]
        for child in done:
            if child.tag not in self._known:
                self._reject(UnusableRecordError(f"<{child.tag}> is not a record of a <{root.tag}>"), child)
        del root[: len(done)]

    def _malformed(self, line: int, reason: str) -> MalformedFileError:
        return MalformedFileError(self._name, line, self._given, reason)

    def _syntax_error(self, parser: Any, failure: etree.XMLSyntaxError) -> MalformedFileError:
        for entry in parser.feed_error_log:
            if entry.level >= etree.ErrorLevels.ERROR:
                return self._malformed(entry.line, f"not well-formed XML: {entry.message}")
        return self._malformed(failure.lineno or self._line, f"not well-formed XML: {failure.msg}")


def _article(element: _Element) -> Article:
    if element.tag == "MedlineCitation":
        return read_citation(element)
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


def _parser(event: Literal["start", "end"], tags: tuple[str, ...] | None) -> Any:
    """Nothing outside the file is read and nothing expanded. No huge_tree: its limits (10 MB of text, 256 levels) are
    far above any citation. collect_ids stays on: switching it off makes libxml2 ask for the DTD.
    """
    return etree.XMLPullParser(
        events=(event,),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _feed(parser: Any, chunk: bytes) -> etree.XMLSyntaxError | None:
    """The failure instead of raising it: records that were complete before it come first."""
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as exc:
        return exc
    return None


def _close(parser: Any) -> etree.XMLSyntaxError | None:
    try:
        parser.close()
    except etree.XMLSyntaxError as exc:
        return exc
    return None


def _decompressed(stream: BinaryIO) -> Iterator[bytes]:
    """Chunks of the content, by its first bytes gzip (of one or several members) or plain.

    zlib rather than gzip.open: everything before the break of a damaged file comes out, and it is faster.
    """
    chunk = stream.read(_CHUNK)
    while len(chunk) < len(_GZIP_MAGIC) and (more := stream.read(_CHUNK)):
        chunk += more
    if not chunk.startswith(_GZIP_MAGIC):
        while chunk:
            yield chunk
            chunk = stream.read(_CHUNK)
        return
    member = zlib.decompressobj(wbits=31)
    while chunk:
        if member.eof:
            chunk = chunk.lstrip(b"\0")  # padding between or behind members
            if not chunk:
                chunk = stream.read(_CHUNK)
                continue
            member = zlib.decompressobj(wbits=31)
        if content := member.decompress(chunk, 4 * _CHUNK):
            yield content
        chunk = member.unused_data if member.eof else member.unconsumed_tail
        chunk = chunk or stream.read(_CHUNK)
    if not member.eof:
        raise EOFError("the gzip data ends before its end mark")
