"""What a generation is current to, and how long ago that was."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import msgspec

from retrieval.errors import GenerationError
from retrieval.index.manifest import Manifest
from retrieval.records import Record

# NLM numbers baseline and update files of a year through: pubmed26n1512.xml.gz.
_PUBMED_FILE = re.compile(r"pubmed\d\dn(\d{4,})\.xml(?:\.gz)?")


class Freshness(Record, frozen=True):
    source: str
    """The newest source that went into the generation; empty where it is not known."""
    source_date: str
    """ISO date of that source; empty where it is not known."""
    age_days: float
    """Since that date or, where it is not known, since the build; never negative, whatever the clocks say."""
    stale: bool
    sentence: str
    """The same for people, without a full stop."""


def current_to(manifest: Manifest) -> datetime:
    """The moment from which on the generation may lack articles: the date of its source, else that of its build."""
    return _moment(manifest.source_date or manifest.created, manifest)


def freshness(manifest: Manifest, now: datetime, stale_after_days: float) -> Freshness:
    """`now` has a time zone. GenerationError where the manifest holds something else than a date."""
    if manifest.source_date and current_to(manifest) > now + timedelta(days=1):
        # Written by a clock that ran ahead, or on a file that somebody touched: it says nothing.
        manifest = msgspec.structs.replace(manifest, source_date="")
    age_days = max(0.0, (now - current_to(manifest)) / timedelta(days=1))
    stale = age_days > stale_after_days
    limit = f", more than the {stale_after_days:g} allowed" if stale else ""
    return Freshness(
        source=manifest.source,
        source_date=manifest.source_date,
        age_days=age_days,
        stale=stale,
        sentence=f"{_position(manifest)}{_days(age_days)}{' old' if manifest.source_date else ' ago'}{limit}",
    )


def day(moment: date) -> str:
    """A day as people write it: 20 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def _position(manifest: Manifest) -> str:
    """What the age is counted from, up to the age."""
    if manifest.source_date:
        named = f"{_source(manifest)}, " if manifest.source else ""
        return f"current to {named}{day(current_to(manifest))}; "
    named = f"current to {_source(manifest)}, whose date" if manifest.source else "what it is current to"
    return f"{named} is not known; built on {day(current_to(manifest))}, "


def _source(manifest: Manifest) -> str:
    numbered = _PUBMED_FILE.fullmatch(manifest.source)
    return f"update file {int(numbered[1])} ({manifest.source})" if numbered else manifest.source


def _days(age: float) -> str:
    whole = int(age)
    return "less than a day" if whole == 0 else "1 day" if whole == 1 else f"{whole:,} days"


def _moment(text: str, manifest: Manifest) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise GenerationError(
            f"the manifest of generation {manifest.generation} gives {text!r} for a date; rebuild or roll back"
        ) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
