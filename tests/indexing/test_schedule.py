"""Rebuilds at their due times: what runs when, in a world whose clock the tests set."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from indexing.schedule import CANNOT_START, Scheduler
from indexing.timetable import Timetable


class StandInClock:
    """Time passes only by waiting, and by `take`; at `end` somebody asks the process to stop."""

    def __init__(self, begin: str, end: str) -> None:
        self._now = _utc(begin)
        self._end = _utc(end)

    def now(self) -> datetime:
        return self._now

    def wait_until(self, moment: datetime) -> bool:
        if moment >= self._end or self._now >= self._end:
            return False
        self._now = max(self._now, moment)
        return True

    def take(self, duration: timedelta) -> None:
        self._now += duration


class Runs:
    """Notes when each run begins. They take as long and end with the codes given; after those, at once, with 0."""

    def __init__(self, clock: StandInClock, minutes: Iterable[int], codes: Iterable[int]) -> None:
        self.begun: list[str] = []
        self._clock, self._minutes, self._codes = clock, iter(minutes), iter(codes)

    def __call__(self) -> int:
        self.begun.append(f"{self._clock.now():%d %H:%M}")
        self._clock.take(timedelta(minutes=next(self._minutes, 0)))
        return next(self._codes, 0)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC)


def begun(
    cron: str,
    begin: str,
    end: str,
    *,
    minutes: Iterable[int] = (),
    codes: Iterable[int] = (),
    at_start: bool = False,
    retry: int | None = None,
    jitter: int = 0,
    draws: Iterable[float] = (),
    timezone: str = "UTC",
) -> list[str]:
    """Day and time (UTC) of every run in a stretch of November 2026; all durations are minutes."""
    clock = StandInClock(begin, end)
    runs, draw = Runs(clock, minutes, codes), iter(draws)
    Scheduler(
        Timetable.parse(cron, timezone),
        runs,
        clock,
        jitter=timedelta(minutes=jitter),
        retry_after=None if retry is None else timedelta(minutes=retry),
        draw=lambda: next(draw, 0.0),
    ).serve(at_start=at_start)
    return runs.begun


def test_a_run_begins_at_every_due_time_until_the_process_is_stopped() -> None:
    assert begun("15 4 * * *", "01 12:00", "04 12:00") == ["02 04:15", "03 04:15", "04 04:15"]


def test_due_times_are_those_of_the_zone() -> None:
    assert begun("15 4 * * *", "01 12:00", "03 00:00", timezone="Europe/Berlin") == ["02 03:15"]


def test_nothing_runs_at_the_start_unless_asked_for() -> None:
    assert begun("15 4 * * *", "01 12:00", "02 00:00") == []
    assert begun("15 4 * * *", "01 12:00", "03 00:00", at_start=True) == ["01 12:00", "02 04:15"]


def test_a_due_time_that_passes_during_a_run_is_made_up_for_afterwards() -> None:
    assert begun("0 * * * *", "01 00:30", "01 04:30", minutes=[75]) == ["01 01:00", "01 02:15", "01 03:00", "01 04:00"]


def test_several_that_pass_during_a_run_are_made_up_for_once() -> None:
    assert begun("0 * * * *", "01 00:30", "01 06:30", minutes=[250]) == ["01 01:00", "01 05:10", "01 06:00"]


def test_a_due_time_at_the_very_end_of_a_run_is_not_lost() -> None:
    assert begun("0 * * * *", "01 00:30", "01 03:30", minutes=[60]) == ["01 01:00", "01 02:00", "01 03:00"]


def test_a_failed_run_is_tried_again_at_the_next_due_time() -> None:
    assert begun("0 4 * * *", "01 00:00", "03 00:00", codes=[4]) == ["01 04:00", "02 04:00"]


def test_retry_after_grants_one_more_attempt() -> None:
    assert begun("0 4 * * *", "01 00:00", "03 00:00", codes=[4, 4, 4, 0], minutes=[10, 10], retry=30) == [
        "01 04:00",
        "01 04:40",
        "02 04:00",
        "02 04:30",
    ]


def test_a_due_time_that_comes_before_the_attempt_takes_its_place() -> None:
    assert begun("0 * * * *", "01 00:30", "01 03:10", codes=[4, 4, 4], retry=90) == ["01 01:00", "01 02:00", "01 03:00"]


def test_the_run_at_the_start_has_its_second_attempt_too() -> None:
    assert begun("0 4 * * *", "01 05:00", "02 00:00", codes=[3], retry=30, at_start=True) == ["01 05:00", "01 05:30"]


def test_a_run_that_finds_another_one_at_work_has_not_failed() -> None:
    assert begun("0 4 * * *", "01 00:00", "02 00:00", codes=[5], retry=30) == ["01 04:00"]


def test_jitter_delays_each_due_time_by_a_part_of_its_own() -> None:
    assert begun("0 4 * * *", "01 00:00", "03 12:00", jitter=20, draws=[0.5, 0.0, 0.95]) == [
        "01 04:10",
        "02 04:00",
        "03 04:19",
    ]


def test_a_run_delayed_beyond_the_next_due_time_serves_for_both() -> None:
    assert begun("*/10 * * * *", "01 00:05", "01 00:45", jitter=30, draws=[0.5, 0.1]) == [
        "01 00:25",
        "01 00:33",
        "01 00:40",
    ]


def test_what_is_made_up_for_is_not_delayed_again() -> None:
    assert begun("0 * * * *", "01 00:30", "01 03:00", minutes=[70], jitter=60, draws=[0.1, 0.5]) == [
        "01 01:06",
        "01 02:16",
    ]


def test_a_process_asked_to_stop_during_a_run_begins_no_other() -> None:
    assert begun("0 * * * *", "01 00:30", "01 03:30", minutes=[300]) == ["01 01:00"]
    assert begun("0 * * * *", "01 00:30", "01 03:30", minutes=[300], codes=[4], retry=1) == ["01 01:00"]


@pytest.mark.parametrize(
    ("code", "level", "says"),
    [
        (0, "INFO", "the run is done, after 0:12:00"),
        (1, "ERROR", "the run failed after 0:12:00: a check did not pass, what was published stays (exit code 1)"),
        (2, "ERROR", "the run failed after 0:12:00: a setting or an input cannot be used (exit code 2)"),
        (3, "ERROR", "the run failed after 0:12:00: the catalog or an index cannot be used (exit code 3)"),
        (4, "ERROR", "the run failed after 0:12:00: a remote source failed (exit code 4)"),
        (5, "WARNING", "the run had nothing to do: another one is at work on the same folder"),
        (77, "ERROR", "the run failed after 0:12:00: its last lines say why (exit code 77)"),
        (CANNOT_START, "ERROR", "the run failed after 0:12:00: it could not be started (exit code 126)"),
        (-9, "ERROR", "the run failed after 0:12:00: it was ended by SIGKILL, often for want of memory (exit code -9)"),
        (-15, "ERROR", "the run failed after 0:12:00: it was ended by SIGTERM (exit code -15)"),
        (-63, "ERROR", "the run failed after 0:12:00: it was ended by signal 63 (exit code -63)"),
    ],
)
def test_the_log_says_how_a_run_ended_and_when_the_next_one_is(
    caplog: pytest.LogCaptureFixture, code: int, level: str, says: str
) -> None:
    with caplog.at_level(logging.INFO, logger="indexing.schedule"):
        begun("15 4 * * *", "01 00:00", "01 12:00", minutes=[12], codes=[code], timezone="Europe/Berlin")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "next run at 2026-11-01 04:15:00+01:00"),
        ("INFO", "a run begins"),
        (level, says),
        ("INFO", "next run at 2026-11-02 04:15:00+01:00"),
    ]


def test_the_log_tells_another_attempt_from_a_due_time(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="indexing.schedule"):
        begun("15 4 * * *", "01 00:00", "01 04:20", codes=[4], retry=30)
    assert caplog.messages[-1] == "another attempt at 2026-11-01 04:45:00+00:00"
