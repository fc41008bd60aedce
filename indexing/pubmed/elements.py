"""The record elements of a PubMed XML file, one after the other, in the memory of a few of them.

The parser calls nothing of ours per element: to be told of end tags costs as much as a third of the parsing. So it is
fed a chunk, and the root's children up to its last are complete, because another one has begun. A mark set behind the
root's start tag leads to the root. Only where the file breaks is the last stretch read again, by a parser that reports
end tags, to find out what was complete before the break.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element

_CHUNK = 1 << 20
_LONGEST_HEAD = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_MARK = b"<!--root-->"


class BreakError(Exception):
    """Where and why the file cannot be read further."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason
        super().__init__(reason)


class RecordElements:
    """Iterates once over the children of the root; raises BreakError behind the last complete one of a broken file.

    An element is valid until the next is asked for.
    """

    def __init__(self, stream: BinaryIO, records_of_root: dict[str, tuple[str, ...]]) -> None:
        """`records_of_root`: which root elements are welcome, and the elements that are records under each."""
        self._stream = stream
        self._records_of_root = records_of_root
        self._line = 1
        self._head = b""
        self._recent: list[bytes] = []
        """All chunks since before the root's last child began."""
        self._has_comments = False
        self.root_tag = ""
        self.has_entities = False
        """Whether any entity was met that the file does not declare: libxml2 leaves it in the text as a node."""

    def __iter__(self) -> Iterator[_Element]:
        chunks = self._chunks()
        rest = self._read_head(chunks)
        parser = _parser("comment")
        _feed(parser, self._head + _MARK)
        events = parser.read_events()
        # The last comment so far is the mark; others may stand before the root.
        *_, (_, mark) = events
        root = mark.getparent()
        for broken in self._fed(parser, rest, chunks):
            if root is None:  # <PubmedArticleSet/>: the mark stands behind it
                if broken:
                    raise broken
                continue
            self._has_comments = self._has_comments or sum(1 for _ in events) > 0
            yield from self._cleaned(root[:-1])
            if broken:
                if self._last_is_complete():
                    yield from self._cleaned(root[-1:])
                raise broken
            if len(root) > 1:
                del root[:-1]  # not the last: the parser may still write to it and to its tail
                del self._recent[:-2]
        if root is not None:
            yield from self._cleaned(root[:])

    def _fed(self, parser: Any, rest: bytes, chunks: Iterator[bytes]) -> Iterator[BreakError | None]:
        """Feeds one chunk per step; the step after which nothing follows brings the failure."""
        try:
            for chunk in chain((rest,), chunks):
                self._recent.append(chunk)
                parser.feed(chunk)
                if len(log := parser.feed_error_log) > 0:
                    if len(log.filter_from_fatals()) > 0:  # feed() itself may say so only next time
                        yield self._syntax_error(parser)
                        return
                    self.has_entities = True  # without its DTD an undeclared entity is but a warning
                yield None
            parser.close()
        except etree.XMLSyntaxError:
            yield self._syntax_error(parser)
        except BreakError as broken:
            with suppress(etree.XMLSyntaxError):
                parser.close()  # has it read what it held back
            yield broken

    def _last_is_complete(self) -> bool:
        """Whether the root's last child was closed before the break, as a parser sees it that reports end tags.

        It reads from the first record in `_recent`, thus to the same break in the same child.
        """
        tags = self._records_of_root[self.root_tag]
        recent = b"".join(self._recent)
        record = re.search(rb"<(?:%b)[\s/>]" % "|".join(tags).encode(), recent)
        if record is None:
            return False
        parser = _parser("end", tags)
        with suppress(etree.XMLSyntaxError):
            parser.feed(self._head + recent[record.start() :])
            parser.close()
        return any(
            element.getnext() is None and (root := element.getparent()) is not None and root.getparent() is None
            for _, element in parser.read_events()
        )

    def _cleaned(self, elements: list[_Element]) -> Iterator[_Element]:
        for element in elements:
            tag: object = element.tag
            if not isinstance(tag, str):
                continue
            if self._has_comments:  # NLM writes none; they would cut a text in two
                etree.strip_tags(element, etree.Comment)
                for identifier in element.iter("ArticleId"):
                    identifier.text = identifier.text
            yield element

    def _chunks(self) -> Iterator[bytes]:
        """The content; counts lines, so that a break in the compressed bytes has one too."""
        try:
            for chunk in _decompressed(self._stream):
                yield chunk
                self._line += chunk.count(b"\n")
        except (OSError, EOFError, zlib.error) as exc:
            raise BreakError(self._line, f"the bytes cannot be read further: {exc}; fetch the file again") from exc

    def _read_head(self, chunks: Iterator[bytes]) -> bytes:
        """Reads as far as the root's start tag, `_head`, and returns what else was read.

        What is not PubMed XML ends here.
        """
        parser = _parser("start")
        read = b""
        for chunk in chunks:
            end = 0
            while end < len(chunk):
                start, end = end, chunk.find(b">", end) + 1 or len(chunk)
                _feed(parser, chunk[start:end])
                for _, root in parser.read_events():
                    self._head = read + chunk[:end]
                    self._check_root(root)
                    return chunk[end:]
                if len(parser.feed_error_log) > 0:
                    raise self._syntax_error(parser)
            read += chunk
            if len(read) > _LONGEST_HEAD:
                raise BreakError(self._line, f"no root element in the first {len(read):,} bytes")
        raise BreakError(self._line, "the file ends before its root element" if read.strip() else "the file is empty")

    def _check_root(self, root: Any) -> None:
        line = root.sourceline or self._line
        if root.tag not in self._records_of_root:
            expected = ", ".join(self._records_of_root)
            raise BreakError(line, f"not PubMed XML: its root element is {root.tag!r}, not one of {expected}")
        if b"\0" in self._head:
            raise BreakError(line, "its encoding is not UTF-8, the only one that PubMed uses; fetch the file again")
        dtd = root.getroottree().docinfo.internalDTD
        if dtd is not None and any(True for _ in dtd.iterentities()):
            raise BreakError(line, "it declares entities, which PubMed never does and which may be an attack")
        self.root_tag = root.tag

    def _syntax_error(self, parser: Any) -> BreakError:
        for entry in parser.feed_error_log:
            if entry.level >= etree.ErrorLevels.ERROR:
                return BreakError(entry.line, f"not well-formed XML: {entry.message}")
        return BreakError(self._line, "not well-formed XML")


def _parser(event: Literal["start", "end", "comment"], tags: tuple[str, ...] | None = None) -> Any:
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
        remove_comments=event != "comment",
        remove_pis=True,
    )


def _feed(parser: Any, data: bytes) -> None:
    """Failures stay in the parser's log, for whoever wants to know."""
    with suppress(etree.XMLSyntaxError):
        parser.feed(data)


def _decompressed(stream: BinaryIO) -> Iterator[bytes]:
    """Chunks of the content, by its first bytes gzip (of one or several members) or plain.

    zlib rather than gzip.open: everything before the break of a cut file comes out, and it is faster.
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
        if content := member.decompress(chunk, _CHUNK):
            yield content
        chunk = (member.unused_data if member.eof else member.unconsumed_tail) or stream.read(_CHUNK)
    if not member.eof:
        raise EOFError("the gzip data ends before its end mark")
