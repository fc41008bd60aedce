"""How fresh a generation is, in numbers and in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from retrieval.errors import GenerationError
from retrieval.freshness import current_to, freshness
from retrieval.index.manifest import Manifest

MANIFEST = Manifest(
    generation="000042",
    format_version=1,
    created="2026-11-21T04:00:00+00:00",
    analyzer="abc",
    stemmer="english",
    encoder=None,
    articles=5,
    vectors=0,
    source="pubmed26n1512.xml.gz",
    files={},
    source_date="2026-11-20",
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def manifest(**changed: str) -> Manifest:
    return msgspec.structs.replace(MANIFEST, **changed)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "current to update file 1512 (pubmed26n1512.xml.gz), 20 November 2026; 1 day old"),
        ({"source": "corpus.jsonl"}, "current to corpus.jsonl, 20 November 2026; 1 day old"),
        ({"source": ""}, "current to 20 November 2026; 1 day old"),
        ({"source_date": "2026-11-21"}, "current to update file 1512 (pubmed26n1512.xml.gz), 21 November 2026; "
         "less than a day old"),
        ({"source_date": "2026-11-11"}, "current to update file 1512 (pubmed26n1512.xml.gz), 11 November 2026; "
         "10 days old, more than the 7 allowed"),
        ({"source_date": ""}, "current to update file 1512 (pubmed26n1512.xml.gz), whose date is not known; "
         "built on 21 November 2026, less than a day ago"),
        ({"source_date": "2096-10-02"}, "current to update file 1512 (pubmed26n1512.xml.gz), whose date is not known; "
         "built on 21 November 2026, less than a day ago"),
        ({"source": "", "source_date": ""}, "what it is current to is not known; built on 21 November 2026, "
         "less than a day ago"),
        ({"source": "", "source_date": "", "created": "2026-10-01T00:00:00+00:00"}, "what it is current to is not "
         "known; built on 1 October 2026, 51 days ago, more than the 7 allowed"),
    ],
)  # fmt: skip
def test_the_sentence_says_to_what_and_how_old(changed: dict[str, str], sentence: str) -> None:
    assert freshness(manifest(**changed), NOW, 7).sentence == sentence


@pytest.mark.parametrize(
    ("age", "days", "stale"),
    [
        (timedelta(hours=36), 1.5, False),
        (timedelta(days=7), 7.0, False),
        (timedelta(days=7, hours=12), 7.5, True),
        (timedelta(hours=-2), 0.0, False),
    ],
)
def test_it_is_stale_once_its_source_is_older_than_allowed(age: timedelta, days: float, stale: bool) -> None:
    fresh = freshness(MANIFEST, datetime(2026, 11, 20, tzinfo=UTC) + age, 7)
    assert (fresh.age_days, fresh.stale) == (days, stale)


def test_a_fresh_build_of_old_sources_is_stale() -> None:
    fresh = freshness(manifest(source_date="2026-11-01"), NOW, 7)
    assert (fresh.age_days, fresh.stale) == (20.5, True)


def test_a_time_without_zone_counts_as_utc() -> None:
    assert current_to(manifest(source_date="", created="2026-03-01T00:00:00")) == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_date_that_is_none_is_named() -> None:
    with pytest.raises(GenerationError, match="generation 000042 gives 'yesterday' for a date"):
        freshness(manifest(source_date="yesterday"), NOW, 7)
