"""What the last refresh of a home folder left behind about itself: refresh.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from indexing.refresh import HOME_LOCK
from retrieval.exclusive import is_held

_NAME = "refresh.json"


def last_refresh(home: Path) -> dict[str, Any] | None:
    """As it was written, whatever its version; None where no refresh has run.

    A file that cannot be read is reported as such, with outcome "unknown": it must not hide what else there is to say.
    """
    path = home / _NAME
    try:
        report = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as exc:
        return {"outcome": "unknown", "reason": f"{path} cannot be read: {exc}"}
    if report.get("outcome") == "running" and not is_held(home / HOME_LOCK):
        report |= {"outcome": "failed", "reason": "it was killed; the next one goes on where it was"}
    return report


def sentence(refresh: dict[str, Any]) -> str:
    """One line for people: outcome, when it ended, and why where it says so."""
    when = refresh.get("ended") or refresh.get("started")
    outcome = str(refresh.get("outcome") or "unknown")
    told = f"{outcome}, {when}" if when else outcome
    return f"{told}: {refresh['reason']}" if refresh.get("reason") else told
