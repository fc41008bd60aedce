"""PubMed's own format (.nbib, MEDLINE): a tag of up to four letters, "- ", a value that indented lines go on with."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from retrieval.references.fields import Fields

_LINE: Final = re.compile(r"([A-Z]{2,4}) {0,2}- ?(.*)")
_GOES_ON: Final = re.compile(r"\s{4,}(\S.*)")
_DAMAGED: Final = "a line of this record has no tag such as PMID or TI: the record is damaged"
_NOTHING: Final = "this record has no PMID and no title: the file is cut off or damaged there"


def read_nbib(text: str) -> Iterator[Fields | tuple[str, str]]:
    """Each record's fields, or (its text, why it cannot be read)."""
    for lines in _records(text):
        raw = " ".join(" ".join(lines).split())
        values: dict[str, list[str]] = defaultdict(list)
        last: list[str] | None = None
        damaged = False
        for line in lines:
            if match := _LINE.fullmatch(line):
                last = values[match[1]]
                last.append(match[2].strip())
            elif last is not None and (more := _GOES_ON.fullmatch(line)):
                last[-1] += " " + more[1].strip()
            else:
                damaged = True
        if damaged:
            yield raw, _DAMAGED
        elif not (values["PMID"] or values["TI"] or values["BTI"]):
            yield raw, _NOTHING
        else:
            yield _fields(values, raw)


def _records(text: str) -> Iterator[list[str]]:
    """The lines of each record: a blank line, or the next PMID, ends it."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and (not line.strip() or line.startswith("PMID")):
            yield lines
            lines = []
        if line.strip():
            lines.append(line.rstrip())
    if lines:
        yield lines


def _fields(values: dict[str, list[str]], raw: str) -> Fields:
    def first(*tags: str) -> str:
        return next((value for tag in tags for value in values.get(tag, ()) if value), "")

    doi = next((v for tag in ("LID", "AID") for v in values.get(tag, ()) if v.endswith("[doi]")), "")
    person = first("FAU", "AU")
    return Fields(
        raw=raw,
        pmid=first("PMID"),
        doi=doi.removesuffix("[doi]").strip(),
        pmcid=first("PMC"),
        title=first("TI", "BTI").strip("[]"),
        first_author=(person.split(",", 1)[0] if values.get("FAU") else person.rsplit(" ", 1)[0]) or first("CN"),
        year=first("DP"),
        journal=first("TA", "JT", "BTI"),
        volume=first("VI"),
        issue=first("IP"),
        pages=first("PG"),
    )
