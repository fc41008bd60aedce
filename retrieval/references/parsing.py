"""parse_references: a text or a file becomes references; what cannot be read is told, item by item."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Literal, get_args

from retrieval.errors import InputError
from retrieval.records import LOCAL_PMID_FLOOR
from retrieval.references.bibtex import read_bibtex
from retrieval.references.fields import Fields, names_something, reference_of
from retrieval.references.listing import items
from retrieval.references.named import identifiers_in
from retrieval.references.nbib import read_nbib
from retrieval.references.prose import parts_of
from retrieval.references.records import Reference, UnreadableReference
from retrieval.references.ris import read_ris

Format = Literal["auto", "text", "bibtex", "ris", "nbib"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
LONGEST_INPUT: Final = 5_000_000
"""Characters, or bytes."""
MOST_REFERENCES: Final = 2_000
_LONGEST_ITEM: Final = 4_000
_RAW_SHOWN: Final = 300
_READERS: Final[dict[str, Callable[[str], Iterator[Fields | tuple[str, str]]]]] = {
    "bibtex": read_bibtex,
    "ris": read_ris,
    "nbib": read_nbib,
}
_RIS: Final = re.compile(r"^\s{0,4}TY\s{1,2}-\s", re.MULTILINE)
_BIBTEX: Final = re.compile(r"^\s{0,8}@[A-Za-z]+\s*[{(]", re.MULTILINE)
_NBIB: Final = re.compile(r"^PMID ?- ?\d", re.MULTILINE)
_SOURCE_ID: Final = re.compile(r"(?!https?:|pmid:|pmcid:|doi:)[A-Za-z][\w.-]{0,60}:[^\s:]{1,200}", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")


def parse_references(text: str | bytes, format: Format = "auto") -> list[Reference | UnreadableReference]:  # noqa: A002
    """References in the order of the input; every item of it is there, as one or the other.

    "auto" tells the format by its first marks. Bytes are UTF-8, or UTF-16 with a byte order mark. Raises InputError for
    an input that is empty, too long, no text, or holds more than 2,000 references.
    """
    if format not in FORMATS:
        raise InputError(f"{format!r} is no format of references; choose among {', '.join(FORMATS)}")
    content = _decoded(text)
    chosen = _told_apart(content) if format == "auto" else format
    found: list[Reference | UnreadableReference] = []
    for one in _read(content, chosen):
        if len(found) == MOST_REFERENCES:
            raise InputError(f"the input holds more than {MOST_REFERENCES:,} references; split it")
        place = len(found) + 1
        found.append(_unreadable(place, *one) if isinstance(one, tuple) else one(place))
    if not found:
        raise InputError(f"the input holds no reference that can be read as {chosen}; check the format, or paste text")
    return found


def _read(content: str, chosen: str) -> Iterator[tuple[str, str] | Callable[[int], Reference | UnreadableReference]]:
    if chosen == "text":
        for item in items(content):
            yield lambda place, item=item: _in_prose(item.label, item.text, place)  # type: ignore[misc]
        return
    for one in _READERS[chosen](content):
        yield one if isinstance(one, tuple) else lambda place, one=one: _in_file(one, place)  # type: ignore[misc]


def _in_file(fields: Fields, place: int) -> Reference | UnreadableReference:
    reason = "the entry has no identifier, no title, and not enough else to look for"
    return reference_of(fields, place) or _unreadable(place, fields.raw, reason)


def _in_prose(label: str, text: str, place: int) -> Reference | UnreadableReference:
    if len(text) > _LONGEST_ITEM:
        reason = f"it has {len(text):,} characters, more than the {_LONGEST_ITEM:,} of any reference; part the items"
        return _unreadable(place, text, reason)
    if re.fullmatch(r"[0-9]{1,16}", text) and 0 < int(text) < LOCAL_PMID_FLOOR:
        return Reference(place=place, raw=text, label=label, pmid=int(text))
    if _SOURCE_ID.fullmatch(text):
        return Reference(place=place, raw=text, label=label, source_id=text)
    named = identifiers_in(text)
    parts = parts_of(named.rest)
    reference = Reference(
        place=place,
        raw=text,
        label=label,
        pmid=named.pmid,
        doi=named.doi,
        pmcid=named.pmcid,
        title=parts.title,
        first_author=parts.first_author,
        year=parts.year,
        journal=parts.journal,
        volume=parts.volume,
        issue=parts.issue,
        pages=parts.pages,
    )
    if names_something(reference):
        return reference
    return _unreadable(place, text, "it has no identifier and no words to look for")


def _unreadable(place: int, raw: str, reason: str) -> UnreadableReference:
    return UnreadableReference(place=place, raw=" ".join(raw[: 2 * _RAW_SHOWN].split())[:_RAW_SHOWN], reason=reason)


def _told_apart(content: str) -> str:
    marks = {"ris": _RIS.search(content), "bibtex": _BIBTEX.search(content), "nbib": _NBIB.search(content)}
    places = {name: match.start() for name, match in marks.items() if match}
    return min(places, key=places.__getitem__) if places else "text"


def _decoded(text: str | bytes) -> str:
    if len(text) > LONGEST_INPUT:
        raise InputError(f"the input is {len(text):,} long; the limit is {LONGEST_INPUT:,}: split it")
    if isinstance(text, bytes):
        encoding = "utf-16" if text.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
        try:
            text = text.decode(encoding)
        except UnicodeDecodeError as exc:
            raise InputError(
                f"the input is no text in {encoding.removesuffix('-sig').upper()} (byte {exc.start:,}): save it so"
            ) from exc
    if (strange := _CONTROL.search(text)) is not None:
        raise InputError(
            f"the input is no text: it holds the character {ord(strange[0]):#04x} at {strange.start():,}; "
            "hand over a .bib, .ris or .nbib file, or plain text"
        )
    if not text.strip():
        raise InputError("the input is empty; give identifiers, references, or the content of a .bib, .ris or .nbib")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
