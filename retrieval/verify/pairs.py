"""Pairs of claim and evidence, labelled or not, from JSON Lines."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

from retrieval.errors import InputError, MalformedFileError
from retrieval.records import Record
from retrieval.verify.base import Verdict

Label = Literal["support", "contradict", "neutral"]
LABELS: Final[tuple[Label, ...]] = get_args(Label)
"""In the order of a verifier's probabilities."""
_SUPPORT, _CONTRADICT, _NEUTRAL = LABELS
_LONGEST: Final = 100_000


def label_of(verdict: Verdict) -> Label:
    """PARTLY counts as neutral: it does not claim that the text supports."""
    return {Verdict.SUPPORTED: _SUPPORT, Verdict.CONTRADICTED: _CONTRADICT}.get(verdict, _NEUTRAL)


class Pair(Record, frozen=True):
    """A line may hold more than this; the rest is not read."""

    claim: str
    evidence: str
    label: Label | None = None
    source: str = ""
    id: str | int = ""


def read_pairs(path: Path) -> Iterator[Pair]:
    """Each line of a file, which may be compressed (.gz). InputError names the first line that is no pair."""
    decoder = msgspec.json.Decoder(Pair)
    read = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                pair = _pair(decoder, line, path, number, read)
                yield pair if pair.source else msgspec.structs.replace(pair, source=path.name.partition(".")[0])
                read += 1
    except (OSError, EOFError, zlib.error) as exc:
        raise InputError(f"{path} cannot be read: {exc}; give a file of JSON Lines, which may be .gz") from exc


def labelled(paths: list[Path]) -> list[Pair]:
    """The pairs of all files, each with its label. InputError where one has none."""
    pairs = [pair for path in paths for pair in read_pairs(path)]
    bare = next((pair for pair in pairs if pair.label is None), None)
    if bare is not None:
        raise InputError(f"the pair with the claim {bare.claim[:80]!r} has no label; give {', '.join(LABELS)}")
    return pairs


def _pair(decoder: msgspec.json.Decoder[Pair], line: bytes, path: Path, number: int, before: int) -> Pair:
    try:
        pair = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise MalformedFileError(str(path), number, before, f"no pair of claim and evidence: {exc}") from exc
    if not pair.claim.strip() or len(pair.claim) + len(pair.evidence) > _LONGEST:
        raise MalformedFileError(str(path), number, before, f"an empty claim, or more than {_LONGEST:,} characters")
    return pair
