"""Which bulk files are still to be applied, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from indexing.bulk.listing import BulkFile, BulkListing
from indexing.bulk.names import BulkName
from retrieval.records import Record


class Plan(Record, frozen=True):
    files: tuple[BulkFile, ...]
    rollover: bool = False
    """Some applied files are of an older year: what the new baseline no longer holds must go as well, and then the
    names of the older files. It stays true until those are forgotten, so a killed roll-over is taken up again."""
    warnings: tuple[str, ...] = ()


def pending(listing: BulkListing, applied: Iterable[str]) -> Plan:
    """What to do, given the names of all sources applied to their end; names of other sources are passed over.

    From the first file that is missing, all are to be applied: an older file applied last would undo newer ones.
    """
    known = {bulk for name in applied if (bulk := BulkName.parse(name))}
    done = {bulk.number for bulk in known if bulk.year == listing.year}
    newer = max((bulk for bulk in known if bulk.year > listing.year), default=None)
    if newer:
        return Plan(
            (),
            warnings=(
                f"files of 20{newer.year:02} are applied already, but the listing only has those of "
                f"20{listing.year:02}: this mirror is behind, nothing is to do",
            ),
        )
    files = listing.files
    warnings: list[str] = []
    newest = files[-1]
    if done and max(done) > newest.number:
        warnings.append(
            f"file {max(done):04} of 20{listing.year:02} is applied already, but the listing ends with "
            f"{newest.number:04}: this mirror is behind"
        )
    first = next((place for place, file in enumerate(files) if file.number not in done), len(files))
    if again := [file for file in files[first:] if file.number in done]:
        warnings.append(
            f"{len(again):,} files from {again[0].name} on are applied again: {files[first].name} comes before them"
        )
    return Plan(files[first:], any(bulk.year < listing.year for bulk in known), tuple(warnings))
