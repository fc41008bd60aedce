"""When a rebuild is due: a cron expression in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from retrieval.errors import ConfigurationError

_FIELDS: Final = ("minute", "hour", "day-of-month", "month", "day-of-week")
_ANY_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
_EXAMPLE: Final = f'write five fields ({" ".join(_FIELDS)}), such as "15 4 * * *" for every day at 04:15'


class Timetable:
    """Due times as Debian's cron has them: in spring an hour that does not exist is made up for at its end, in autumn
    an hour that comes twice counts once, except where the minute or the hour is `*`, which follows real time.

    Read by cronsim: released every year, typed, without dependencies, and made for exactly these rules (croniter was
    given up once and has no such rules; APScheduler brings a scheduler with threads and job stores of its own).
    """

    def __init__(self, cron: str, zone: tzinfo) -> None:
        self.cron = cron
        self.zone = zone

    @classmethod
    def parse(cls, cron: str, timezone: str = "UTC") -> Self:
        """ConfigurationError names the field and the value that cannot be used."""
        fields = cron.split()
        if len(fields) != len(_FIELDS):
            raise ConfigurationError(f"the cron expression {cron!r} has {len(fields)} fields: {_EXAMPLE}")
        timetable = cls(cron, _zone(timezone))
        try:
            timetable.next_after(_ANY_DAY)
        except CronSimError as exc:
            name = str(exc).removeprefix("Bad ")
            value = fields[_FIELDS.index(name)]
            raise ConfigurationError(
                f"the {name} {value!r} of the cron expression {cron!r} cannot be used: {_EXAMPLE}"
            ) from exc
        except (StopIteration, ValueError) as exc:
            raise ConfigurationError(f"the cron expression {cron!r} names no date that ever comes: {_EXAMPLE}") from exc
        return timetable

    def next_after(self, moment: datetime) -> datetime:
        """The first due time later than `moment`, in this timetable's zone."""
        due_times = CronSim(self.cron, moment.astimezone(self.zone))
        while True:
            due = next(due_times)
            # In the second of two equal hours cronsim begins again with those of the first. Only instants tell them
            # apart: Python compares times of one zone by what the clock on the wall shows.
            if due.astimezone(UTC) > moment.astimezone(UTC):
                return due


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ConfigurationError(f"the time zone {name!r} is not known: give one such as Europe/Berlin or UTC") from exc
