"""Articles from a JSON Lines file: one JSON object per line, in UTF-8, plain or gzipped.

Fields (all others are ignored; null and "" mean that a field is absent):

    pmid                            whole number or digits
    id, or _id                      any other name of the article, text or whole number; "pmid:123" is the PMID 123
    title                           text
    abstract, or text               text; headings inside it ("METHODS: ...") stay as they are
    journal                         its title, text
    year                            whole number or digits
    mesh                            names of MeSH headings
    pubtypes, or publication_types  names of publication types: "Review", "Retracted Publication"
    languages, or language          three-letter codes: "eng"
    authors                         names such as "Smith JA" or "Smith, John A", or objects with last_name, fore_name,
                                    initials, suffix, collective_name, orcid, affiliations
    doi, pmcid                      text; digits alone are the number of a PMC id
    keywords                        texts

Fields of several values take a list, or one text. A record needs a `pmid` or an `id`, and a title or an abstract.
With a PMID it is known by that alone; without one it gets a key of its own, made from its id.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from indexing.jsonl_fields import FieldError, author, doi, key, pmcid, text, texts, year
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import LOCAL_PMID_FLOOR, Article, Journal, MeshHeading, Section, Term

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_jsonl(source: Path, *, on_reject: Callable[[RecordError], None] | None = None) -> Iterator[Article]:
    """The articles of a JSON Lines file, in its order; the fields are listed at the top of this module.

    A line that cannot be used raises RecordError, or with `on_reject` is handed to it and the rest is kept. Raises
    InputError where the file cannot be opened, MalformedFileError where it cannot be read to its end.
    """
    try:
        raw = source.open("rb")
    except OSError as exc:
        raise InputError(f"{source}: cannot be opened ({exc.strerror}); check the path and its permissions") from exc
    local_ids: dict[int, str] = {}
    read = 0
    with raw:
        try:
            for number, line in _lines(raw):
                try:
                    article = _article(line)
                    _check_key(article, local_ids)
                except FieldError as exc:
                    error = RecordError(str(source), f"at line {number}", str(exc))
                    if on_reject is None:
                        raise error from exc
                    on_reject(error)
                else:
                    read += 1
                    yield article
        except _UnreadableError as exc:
            raise MalformedFileError(str(source), exc.line, read, exc.reason) from exc.__cause__


class _UnreadableError(Exception):
    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason


def _lines(raw: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers."""
    number = 0
    try:
        packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
        for number, line in enumerate(stream, 1):
            content = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
            if content.strip():
                yield number, content
    except EOFError as exc:
        raise _UnreadableError(number + 1, "the gzip file is cut off; fetch it again") from exc
    except (gzip.BadGzipFile, zlib.error) as exc:
        raise _UnreadableError(number + 1, f"the gzip file is damaged ({exc}); fetch it again") from exc
    except OSError as exc:
        raise _UnreadableError(number + 1, f"reading failed ({exc.strerror or exc})") from exc


def _article(line: bytes) -> Article:
    fields = _object(line)
    pmid, source_id = key(fields)
    title = " ".join(text(fields, "title").split())
    abstract = text(fields, "abstract", "text")
    if not title and not abstract:
        raise FieldError("it has neither a title nor an abstract")
    return Article(
        pmid=pmid,
        source_id=source_id,
        title=title,
        sections=(Section(abstract),) if abstract else (),
        authors=tuple(
            found
            for place, value in enumerate(_list(fields, "authors"), 1)
            if (found := author(value, place)) is not None
        ),
        journal=Journal(title=text(fields, "journal")),
        published=year(fields),
        doi=doi(fields),
        pmcid=pmcid(fields),
        mesh=tuple(MeshHeading(name) for name in texts(fields, "mesh")),
        keywords=texts(fields, "keywords"),
        languages=texts(fields, "languages", "language"),
        publication_types=tuple(Term(name) for name in texts(fields, "pubtypes", "publication_types")),
    )


def _object(line: bytes) -> dict[str, Any]:
    try:
        # Decoded by itself first, so that the error names the byte.
        decoded = msgspec.json.decode(line.decode())
    except UnicodeDecodeError as exc:
        raise FieldError(f"it is not valid UTF-8 (byte {exc.start + 1} of the line)") from exc
    except (msgspec.DecodeError, RecursionError) as exc:
        raise FieldError(f"it is not valid JSON: {exc}") from exc
    if not isinstance(decoded, dict):
        raise FieldError("it is not a JSON object: write one {...} per line")
    return decoded


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _check_key(article: Article, local_ids: dict[int, str]) -> None:
    """Two names of one file must not share a key: they would be taken for one article."""
    if article.pmid < LOCAL_PMID_FLOOR:
        return
    first = local_ids.setdefault(article.pmid, article.source_id)
    if first != article.source_id:
        raise FieldError(f"id: {article.source_id!r} has the same key as {first!r} in this file; rename one of them")
