"""`pathlit schedule`: `pathlit refresh` at every due time, for as long as this process lives."""

from __future__ import annotations

import logging
import re
import signal
import sys
from datetime import timedelta
from typing import Annotated

import typer

from indexing.child import Child, StopSignals, WallClock
from indexing.schedule import Scheduler
from indexing.timetable import Timetable
from pathlit.commands.options import Home, NoVectors
from pathlit.settings import read_settings
from retrieval.errors import ConfigurationError

_DURATION = re.compile(r"(?P<number>\d{1,5})(?P<unit>[smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_log = logging.getLogger(__name__)


def schedule(
    cron: Annotated[str, typer.Option(help='When: minute hour day-of-month month day-of-week, as in "15 4 * * *".')],
    timezone: Annotated[str, typer.Option(help="Whose clock the times are by, such as Europe/Berlin.")] = "UTC",
    once_at_start: Annotated[bool, typer.Option("--once-at-start", help="Refresh at once, too.")] = False,
    jitter: Annotated[int, typer.Option(min=0, help="Delay each due time by up to this many minutes.")] = 0,
    retry_after: Annotated[
        str | None, typer.Option(help="After a failure try once more, this long after it: 90s, 30m, 2h.")
    ] = None,
    home: Home = None,
    no_vectors: NoVectors = False,
) -> None:
    """Run `pathlit refresh` at every due time, one at a time, until stopped; for where neither systemd nor cron runs.

    Each run is a process of its own: whatever becomes of it, the schedule goes on. A due time that passes during a run
    is made up for after it. SIGTERM and Ctrl-C end the run first; what it did so far is kept.

    \b
        pathlit schedule --cron "15 4 * * *" --timezone Europe/Berlin
        pathlit schedule --cron "0 */6 * * 1-5" --jitter 10 --retry-after 30m
    """
    timetable = Timetable.parse(cron, timezone)
    pause = None if retry_after is None else _duration("--retry-after", retry_after)
    command = [sys.executable, "-m", "pathlit", "refresh", "--home", str(read_settings(home).home)]
    if no_vectors:
        command.append("--no-vectors")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Never released: a second Ctrl-C must not end the ending.
    signals = StopSignals()
    signals.catch()
    scheduler = Scheduler(
        timetable,
        Child(command, signals),
        WallClock(signals),
        jitter=timedelta(minutes=jitter),
        retry_after=pause,
    )
    scheduler.serve(at_start=once_at_start)
    stopped_by = signals.received or signal.SIGTERM
    _log.info("stopped by %s", signal.Signals(stopped_by).name)
    # What a shell reports of a program that a signal ended.
    raise typer.Exit(128 + stopped_by)


def _duration(option: str, text: str) -> timedelta:
    written = _DURATION.fullmatch(text)
    if written is None or not int(written["number"]):
        raise ConfigurationError(f"{option} {text!r}: give a number and a unit, such as 90s, 30m, 2h or 1d")
    return timedelta(**{_UNITS[written["unit"]]: int(written["number"])})
