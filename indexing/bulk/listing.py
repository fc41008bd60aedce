"""What a tree of PubMed's bulk files offers: one year's baseline and the update files that follow it, without a hole.

In December the next year's baseline replaces everything and numbering starts again at 1. While that goes on, files of
both years may lie there; the baseline then counts as complete once it has as many files as the one before, since PubMed
only grows, or has update files that follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from retrieval.errors import SourceError
from retrieval.records import Record

_LONGEST = 12


class BulkFile(Record, frozen=True):
    name: str
    year: int
    """As the name has it: 26 for 2026."""
    number: int
    location: str
    """Its URL, or its path where the tree is a local folder."""
    date: str = ""
    """ISO day on which it was made, as far as the listing tells."""
    size: int | None = None
    """Bytes; NCBI's listing rounds them ("19M")."""
    is_local: bool = False
    """On a mirror's disk rather than on a server."""
    md5: str = ""
    """URL or path of its .md5 file, empty where the tree has none."""


class BulkListing(Record, frozen=True):
    """Files in the order in which they are to be applied."""

    year: int
    baseline: tuple[BulkFile, ...]
    """With a folder in which everything lies side by side, all files: where the baseline ends does not show."""
    updates: tuple[BulkFile, ...]
    warnings: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[BulkFile, ...]:
        return self.baseline + self.updates


Numbered = Mapping[int, BulkFile]


def arrange(baseline: Iterable[BulkFile], updates: Iterable[BulkFile] | None, *, source: str) -> BulkListing:
    """The newest year that is complete; `updates` is None where they lie among the baseline files.

    Raises SourceError, with the missing numbers, where no year is complete or a number is missing between the files.
    """
    warnings: list[str] = []
    bases, later = _by_year(baseline, warnings), _by_year(updates or (), warnings)
    if not bases:
        raise SourceError(
            f"{source} holds no PubMed baseline: expected names such as pubmed26n0001.xml.gz; check the address"
        )
    for year in sorted(bases, reverse=True):
        complaint = _complaint(year, bases, later, flat=updates is None)
        if not complaint:
            break
        warnings.append(complaint)
    else:
        raise SourceError(f"{source} cannot be used: {'; '.join(warnings)}; {_advice(bases | later)}")
    base, behind = bases[year], later.get(year, {})
    following = {number: file for number, file in behind.items() if number not in base}
    if missing := _missing(following, len(base) + 1):
        raise SourceError(
            f"{source} cannot be used: files {missing} of 20{year:02} are missing between the baseline, which ends "
            f"with {len(base):04}, and update file {max(following):04}; {_advice(bases | later)}"
        )
    warnings += _ignored(year, bases, later)
    if twice := len(behind) - len(following):
        warnings.append(f"{twice} update files of 20{year:02} are also among the baseline files: those are read")
    return BulkListing(year, _in_order(base), _in_order(following), tuple(warnings))


def _by_year(files: Iterable[BulkFile], warnings: list[str]) -> dict[int, dict[int, BulkFile]]:
    years: dict[int, dict[int, BulkFile]] = {}
    for file in sorted(files, key=lambda file: (not file.name.endswith(".gz"), file.name)):
        numbered = years.setdefault(file.year, {})
        if numbered.setdefault(file.number, file) is not file:
            warnings.append(f"{file.name} is left aside: {numbered[file.number].name} is the same file")
    return years


def _complaint(year: int, bases: Mapping[int, Numbered], later: Mapping[int, Numbered], *, flat: bool) -> str:
    """Why the baseline of this year cannot be used, empty where it can."""
    base = bases[year]
    if missing := _missing(base, 1):
        return f"the baseline of 20{year:02} lacks files {missing}"
    if flat or year in later:
        return ""
    for older in sorted({*bases, *later}):
        size = max(bases[older]) if older in bases else min(later[older]) - 1
        if older < year and len(base) < size:
            return f"the baseline of 20{year:02} has {len(base):,} files so far, that of 20{older:02} had {size:,}"
    return ""


def _ignored(year: int, bases: Mapping[int, Numbered], later: Mapping[int, Numbered]) -> list[str]:
    ignored = [
        f"{len(files):,} {kind} files of 20{other:02} are ignored: the files of 20{year:02} are used"
        for kind, years in (("baseline", bases), ("update", later))
        for other, files in sorted(years.items())
        if other != year
    ]
    if ignored and year not in later and year == max(bases):
        ignored.append(f"there are no update files of 20{year:02} yet: its baseline may still be growing")
    return ignored


def _missing(files: Numbered, first: int) -> str:
    """The numbers that are missing from `first` up to the last file: "0003, 0007-0010"."""
    ranges: list[tuple[int, int]] = []
    expected = first
    for number in sorted(files):
        if number > expected:
            ranges.append((expected, number - 1))
        expected = number + 1
    shown = [f"{low:04}" if low == high else f"{low:04}-{high:04}" for low, high in ranges[:_LONGEST]]
    return ", ".join(shown) + (f" and {len(ranges) - _LONGEST} more ranges" if len(ranges) > _LONGEST else "")


def _advice(years: Iterable[int]) -> str:
    if len(set(years)) > 1:
        return "PubMed is being replaced by the next year's baseline: try again in some hours"
    return "nothing is skipped silently: try again later, or complete the mirror"


def _in_order(files: Numbered) -> tuple[BulkFile, ...]:
    return tuple(files[number] for number in sorted(files))
