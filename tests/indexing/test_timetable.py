"""When a rebuild is due, above all where clocks are set forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.timetable import Timetable
from retrieval.errors import ConfigurationError


def due_times(cron: str, after: str, count: int, timezone: str = "Europe/Berlin") -> list[str]:
    """The next due times after a UTC time, with the offsets that hold then."""
    timetable, moment, found = Timetable.parse(cron, timezone), datetime.fromisoformat(after), []
    for _ in range(count):
        moment = timetable.next_after(moment)
        found.append(moment.isoformat(timespec="minutes"))
    return found


def test_a_due_time_is_that_of_the_zone() -> None:
    assert due_times("15 4 * * *", "2026-11-21T00:00+00:00", 1) == ["2026-11-21T04:15+01:00"]
    assert due_times("15 4 * * *", "2026-07-01T00:00+00:00", 1) == ["2026-07-01T04:15+02:00"]
    assert due_times("15 4 * * *", "2026-07-01T00:00+00:00", 1, "UTC") == ["2026-07-01T04:15+00:00"]


def test_the_moment_itself_is_not_after_it() -> None:
    assert due_times("15 4 * * *", "2026-11-21T03:15+00:00", 1) == ["2026-11-22T04:15+01:00"]
    assert due_times("15 4 * * *", "2026-11-21T03:14:59+00:00", 1) == ["2026-11-21T04:15+01:00"]


def test_weekdays_steps_and_lists_are_understood() -> None:
    assert due_times("0 */6 * * 1-5", "2026-11-20T13:00+00:00", 2, "UTC") == [
        "2026-11-20T18:00+00:00",
        "2026-11-23T00:00+00:00",
    ]
    assert due_times("30 1,13 1 JAN *", "2026-11-20T13:00+00:00", 2, "UTC") == [
        "2027-01-01T01:30+00:00",
        "2027-01-01T13:30+00:00",
    ]


def test_an_hour_that_spring_leaves_out_is_made_up_for_at_its_end() -> None:
    # On 28 March 2027, 02:00 is followed by 03:00.
    assert due_times("30 2 * * *", "2027-03-27T00:00+00:00", 3) == [
        "2027-03-27T02:30+01:00",
        "2027-03-28T03:00+02:00",
        "2027-03-29T02:30+02:00",
    ]


def test_an_hour_that_comes_twice_in_autumn_counts_once() -> None:
    # On 25 October 2026, 03:00 is 02:00 again.
    assert due_times("30 2 * * *", "2026-10-24T12:00+00:00", 2) == [
        "2026-10-25T02:30+02:00",
        "2026-10-26T02:30+01:00",
    ]


@pytest.mark.parametrize("minute", [0, 10, 29, 30, 31, 59])
def test_it_counts_once_from_within_the_second_of_the_two_hours_as_well(minute: int) -> None:
    assert due_times("30 2 * * *", f"2026-10-25T01:{minute:02}+00:00", 1) == ["2026-10-26T02:30+01:00"]


def test_an_hourly_time_follows_real_time_through_both_changes() -> None:
    assert due_times("20 * * * *", "2026-10-24T23:30+00:00", 4) == [
        "2026-10-25T02:20+02:00",
        "2026-10-25T02:20+01:00",
        "2026-10-25T03:20+01:00",
        "2026-10-25T04:20+01:00",
    ]
    assert due_times("20 * * * *", "2027-03-28T00:00+00:00", 2) == ["2027-03-28T01:20+01:00", "2027-03-28T03:20+02:00"]


SPRING, AUTUMN = datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)


@given(
    change=st.sampled_from([SPRING, AUTUMN]),
    distance=st.timedeltas(timedelta(hours=-30), timedelta(hours=30)),
    cron=st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 2,3 * * *", "15 */4 * * *", "59 1-3 * * SUN"]),
)
def test_due_times_rise_whatever_the_clock_on_the_wall_does(change: datetime, distance: timedelta, cron: str) -> None:
    moment = change + distance
    timetable, found = Timetable.parse(cron, "Europe/Berlin"), [moment]
    for _ in range(8):
        found.append(timetable.next_after(found[-1]).astimezone(UTC))
    assert all(later > earlier for earlier, later in pairwise(found))
    assert found[1] - moment <= timedelta(days=7, hours=1)


@pytest.mark.parametrize(
    ("cron", "named"),
    [
        ("60 4 * * *", "the minute '60' of the cron expression '60 4 * * *' cannot be used"),
        ("15 24 * * *", "the hour '24'"),
        ("15 4 0 * *", "the day-of-month '0'"),
        ("15 4 31 2 *", "the day-of-month '31'"),
        ("15 4 * JANUARY *", "the month 'JANUARY'"),
        ("15 4 * * 5-1", "the day-of-week '5-1'"),
        ("4:15 * * * *", "the minute '4:15'"),
        ("daily", "the cron expression 'daily' has 1 fields"),
        ("", "the cron expression '' has 0 fields"),
        ("0 15 4 * * *", "the cron expression '0 15 4 * * *' has 6 fields"),
        ("0 0 */20 * 1L", "the cron expression '0 0 */20 * 1L' names no date that ever comes"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_field_and_an_example(cron: str, named: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Timetable.parse(cron)
    assert named in str(raised.value)
    assert 'write five fields (minute hour day-of-month month day-of-week), such as "15 4 * * *"' in str(raised.value)


@given(st.lists(st.text("0123456789*/,-#LWAMONJ²", min_size=1, max_size=8), min_size=5, max_size=5).map(" ".join))
def test_any_text_is_a_timetable_or_a_configuration_error(cron: str) -> None:
    try:
        timetable = Timetable.parse(cron)
    except ConfigurationError:
        return
    assert timetable.next_after(datetime(2026, 1, 1, tzinfo=UTC)) > datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Bielefeld", "Europe", "", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_an_unknown_time_zone_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Timetable.parse("15 4 * * *", name)
    assert f"the time zone {name!r} is not known: give one such as Europe/Berlin or UTC" in str(raised.value)
