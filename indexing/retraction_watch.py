"""The Retraction Watch database as Crossref publishes it: one CSV file, a row for each notice about a paper.

Its rows hold "unavailable" or nothing for an unknown DOI, 0 for an unknown PMID, dates with the month first, and
reasons as "+One reason;+Another;". The file is UTF-8 or, in older copies, Latin-1.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import IO, Final

from indexing.notices import NATURES, Notice, bare_doi
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import IntegrityStatus

ORIGIN: Final = "Retraction Watch"

_COLUMNS: Final = (
    "Record ID",
    "RetractionDate",
    "RetractionDOI",
    "RetractionPubMedID",
    "OriginalPaperDOI",
    "OriginalPaperPubMedID",
    "RetractionNature",
    "Reason",
)
_STATUS: Final = {nature: status for status, nature in NATURES.items() if status is not IntegrityStatus.WITHDRAWN}
# Reviews and guidelines that were taken back because newer ones exist; its older and its newer wording.
_OUTDATED: Final = frozenset({"withdrawn (out of date)", "withdrawn as out of date"})
_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\b")
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_PMID: Final = re.compile(r"([1-9][0-9]{0,8})(?:\.0)?")
_BLOCK: Final = 1 << 20


class _RowError(Exception):
    """Why a row cannot be used."""


def read_retraction_watch(path: Path, on_reject: Callable[[RecordError], None] | None = None) -> Iterator[Notice]:
    """The notices of a Retraction Watch CSV file, in its order.

    A row that cannot be used raises RecordError, or with `on_reject` is handed to it and the rest is kept. Raises
    InputError for a file that is no such CSV, MalformedFileError for one that is cut off.
    """
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            yield from _rows(path, file, on_reject)
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror}); check the path and its permissions") from exc


def _rows(path: Path, file: IO[str], on_reject: Callable[[RecordError], None] | None) -> Iterator[Notice]:
    quotes = 0

    def lines() -> Iterator[str]:
        nonlocal quotes
        for line in file:
            quotes += line.count('"')
            yield line

    reader = csv.reader(lines())
    read = kept = 0
    short: RecordError | None = None
    try:
        header = [name.strip() for name in next(reader, [])]
        if missing := [name for name in _COLUMNS if name not in header]:
            raise InputError(
                f"{path} is no Retraction Watch file: it has no column {', '.join(missing)}; "
                "name the retraction_watch.csv that Crossref publishes"
            )
        places = [header.index(name) for name in _COLUMNS]
        # The published header ends in a comma, so its last name is empty; its rows do or do not.
        width = len(header) if header[-1] else len(header) - 1
        for row in reader:
            if not any(row):
                continue
            if short:
                _reject(short, on_reject)
                short = None
            read += 1
            number = row[places[0]].strip() if len(row) > places[0] else ""
            identifier = f"{number or 'without a number'} (line {reader.line_num})"
            filled = len(row) - 1 if len(row) == width + 1 and not row[-1].strip() else len(row)
            if filled != width:
                error = RecordError(str(path), identifier, f"it has {filled} columns, the header {width}")
                if filled < width:
                    short = error
                else:
                    _reject(error, on_reject)
                continue
            try:
                notice = _notice(dict(zip(_COLUMNS, (row[place].strip() for place in places), strict=True)))
            except _RowError as exc:
                _reject(RecordError(str(path), identifier, str(exc)), on_reject)
            else:
                kept += 1
                yield notice
    except csv.Error as exc:
        raise MalformedFileError(str(path), reader.line_num, read, f"it is not CSV ({exc}); fetch it again") from exc
    # In whole CSV they come in pairs; a file cut off within a quoted value leaves one open.
    if short or quotes % 2:
        raise MalformedFileError(str(path), reader.line_num, read - 1, "it ends within a row; fetch it again")
    if not kept:
        # Taken for a snapshot, it would clear every paper that an earlier one marked.
        raise InputError(f"{path}: none of its {read:,} rows can be used; fetch it again")


def _reject(error: RecordError, on_reject: Callable[[RecordError], None] | None) -> None:
    if on_reject is None:
        raise error
    on_reject(error)


def _notice(fields: dict[str, str]) -> Notice:
    nature = fields["RetractionNature"]
    status: IntegrityStatus | None = _STATUS.get(" ".join(nature.casefold().split()))
    if status is None:
        raise _RowError(f"RetractionNature {nature[:80]!r} is none of {', '.join(_STATUS)}")
    pmid, doi = _pmid(fields["OriginalPaperPubMedID"]), _doi(fields["OriginalPaperDOI"])
    if pmid is None and not doi:
        raise _RowError(
            "it names its paper by neither PMID nor DOI (OriginalPaperPubMedID "
            f"{fields['OriginalPaperPubMedID'][:40]!r}, OriginalPaperDOI {fields['OriginalPaperDOI'][:80]!r})"
        )
    reasons = [reason.strip().removeprefix("+").strip() for reason in fields["Reason"].split(";")]
    if status is IntegrityStatus.RETRACTED and not _OUTDATED.isdisjoint(reason.casefold() for reason in reasons):
        status = IntegrityStatus.WITHDRAWN
    notice_pmid, notice_doi = _pmid(fields["RetractionPubMedID"]), _doi(fields["RetractionDOI"])
    return Notice(
        status=status,
        pmid=pmid,
        doi=doi,
        date=_date(fields["RetractionDate"]),
        # A notice that stands at the paper's own place has no record of its own.
        notice_pmid=notice_pmid if notice_pmid != pmid else None,
        notice_doi=notice_doi if notice_doi != doi else "",
        reason="; ".join(reason for reason in reasons if reason),
    )


def _pmid(text: str) -> int | None:
    found = _PMID.fullmatch(text)
    return int(found[1]) if found else None


def _doi(text: str) -> str:
    doi = bare_doi(text)
    return doi if doi.startswith("10.") else ""


def _date(text: str) -> str:
    """Unknown rather than wrong: "" for what is no date. Month first, unless only the other order is one."""
    if found := _ISO.match(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _SLASHED.match(text):
        month, day, year = (int(part) for part in found.groups())
        if month > 12:
            month, day = day, month
    else:
        return ""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _encoding(path: Path) -> str:
    """UTF-8, with or without a byte order mark, where the whole file is that; otherwise Latin-1."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"
