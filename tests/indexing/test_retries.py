"""Pauses between attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from indexing.retries import backoff, retry_after


def test_pauses_double_up_to_the_longest_and_chance_takes_up_to_half_away() -> None:
    assert [backoff(attempt, 1.0, longest=30) for attempt in (1, 2, 3, 6, 40)] == [1, 2, 4, 30, 30]
    assert backoff(3, 0.0, longest=30) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("soon", None),
        ("nan", None),
        ("Mon, 01 Jan 99999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_rubbish_is_none(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_date_is_counted_from_now() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    seconds = retry_after(in_a_minute)
    assert seconds is not None
    assert 50 < seconds <= 60
