"""Values of a JSON Lines record: each is checked, and refused by the name of its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from retrieval.errors import InputError
from retrieval.identifiers import local_key, pmid_in
from retrieval.records import LOCAL_PMID_FLOOR, Author, PartialDate


class FieldError(Exception):
    """Why a record cannot be used; the reader adds the file and the line."""


_DIGITS = re.compile(r"[0-9]{1,16}")
_DOI_PREFIX = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_PMCID = re.compile(r"(?:PMC)?([0-9]+(?:\.[0-9]+)?)", re.IGNORECASE)
_SUFFIXES = frozenset({"Jr", "Sr", "II", "III", "IV", "2nd", "3rd", "4th"})
_LONGEST_INITIALS = 4


def text(fields: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that is present, without surrounding white space; "" where none is."""
    for name in names:
        value = fields.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise _wrong(name, "a text", value)
        if value.strip():
            return value.strip()
    return ""


def texts(fields: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """The values of the first of the fields that is present; one text counts as a list of one."""
    for name in names:
        value = fields.get(name)
        if value is None:
            continue
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list):
            raise _wrong(name, "a list of texts", value)
        for item in values:
            if not isinstance(item, str):
                raise _wrong(name, "a list of texts", item)
        found = tuple(item.strip() for item in values if item.strip())
        if found:
            return found
    return ()


def number(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    raise _wrong(name, "a whole number", value, _without_point(value))


def key(fields: Mapping[str, Any]) -> tuple[int, str]:
    """The record's (pmid, source_id): its PMID and "", or a local key and its id as it is written."""
    pmid = number(fields, "pmid")
    if pmid is not None and not 0 < pmid < LOCAL_PMID_FLOOR:
        raise FieldError(f"pmid: {_shown(pmid)} is not a PMID: write a positive number, such as 29952771")
    source_id = _source_id(fields)
    try:
        named = pmid_in(source_id)
    except InputError as exc:
        raise FieldError(f"id: {exc}") from exc
    if pmid is not None and named is not None and pmid != named:
        raise FieldError(f"id: {source_id!r} contradicts pmid {pmid}")
    if pmid is None and named is None and not source_id:
        raise FieldError("it has neither a pmid nor an id")
    pmid = pmid or named
    return (pmid, "") if pmid else (local_key(source_id), source_id)


def _source_id(fields: Mapping[str, Any]) -> str:
    for name in ("id", "_id"):
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise _wrong(name, "a text or a whole number", value, _without_point(value))
        if value and value.strip():
            return value.strip()
    return ""


def year(fields: Mapping[str, Any]) -> PartialDate | None:
    value = number(fields, "year")
    if value is None:
        return None
    if not 1000 <= value <= 2999:
        raise FieldError(f"year: {_shown(value)} is not a year of publication")
    return PartialDate(sortable=f"{value}-01-01", precision="year", raw=str(value))


def doi(fields: Mapping[str, Any]) -> str:
    """The bare DOI, also of one that is written as a link."""
    return _DOI_PREFIX.sub("", text(fields, "doi"), count=1)


def pmcid(fields: Mapping[str, Any]) -> str:
    value = fields.get("pmcid")
    is_number = isinstance(value, int) and not isinstance(value, bool)
    written = str(value) if is_number else text(fields, "pmcid")
    if not written:
        return ""
    match = _PMCID.fullmatch(written)
    if not match:
        raise FieldError(f"pmcid: {_shown(written)} is not a PMC id such as PMC1234567")
    return f"PMC{match[1]}"


def author(value: object, place: int) -> Author | None:
    """An author from a name or an object, None from a blank one; a name in no known form is taken for a group's."""
    if value is None:
        return None
    if isinstance(value, str):
        name = " ".join(value.split())
        return _author_of_name(name) if name else None
    if not isinstance(value, dict):
        raise _wrong(f"authors, number {place}", 'a name such as "Smith JA", or an object', value)
    try:
        found = msgspec.convert({name: part for name, part in value.items() if part is not None}, Author)
    except msgspec.ValidationError as exc:
        raise FieldError(f"authors, number {place}: {exc}") from exc
    if not any(name.strip() for name in (found.last_name, found.fore_name, found.collective_name)):
        return None
    if not found.last_name.strip() and not found.collective_name.strip():
        raise FieldError(f"authors, number {place}: an object needs a last_name or a collective_name")
    if found.fore_name and not found.initials:
        return msgspec.structs.replace(found, initials=_initials(found.fore_name))
    return found


def _author_of_name(name: str) -> Author:
    last_name, comma, fore_name = (part.strip() for part in name.partition(","))
    if comma and last_name and fore_name:
        return Author(last_name=last_name, fore_name=fore_name, initials=_initials(fore_name))
    words = name.split()
    suffix = words.pop() if len(words) > 2 and words[-1].rstrip(".") in _SUFFIXES else ""
    if len(words) > 1 and words[-1].isalpha() and words[-1].isupper() and len(words[-1]) <= _LONGEST_INITIALS:
        return Author(last_name=" ".join(words[:-1]), initials=words[-1], suffix=suffix)
    return Author(collective_name=name)


def _initials(fore_name: str) -> str:
    """ "John A" gives JA; initials already joined, as in "JA", stay."""
    if fore_name.isupper() and fore_name.isalpha() and len(fore_name) <= _LONGEST_INITIALS:
        return fore_name
    return "".join(word[0].upper() for word in re.split(r"[\s.\-]+", fore_name) if word)


def _wrong(name: str, expected: str, value: object, instead: str = "") -> FieldError:
    return FieldError(f"{name}: expected {expected}, found {_shown(value)}{f'; write {instead}' if instead else ''}")


def _without_point(value: object) -> str:
    """What a column of numbers with gaps becomes in some programs: 3.0 for 3."""
    return f"{value:.0f}, without the decimal point" if isinstance(value, float) and value.is_integer() else ""


def _shown(value: object) -> str:
    words = repr(value)
    return words if len(words) <= 80 else f"{words[:77]}..."
