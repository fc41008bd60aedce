"""The command as it was typed, for the record of what it made."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def typed_command() -> str:
    return shlex.join(["pathlit", *map(_without_folders, sys.argv[1:])])


def _without_folders(argument: str) -> str:
    """Where a file lies on one machine says nothing on another: "pubmedqa:/data/a.json" becomes "pubmedqa:a.json"."""
    kind, colon, path = argument.rpartition(":")
    return f"{kind}{colon}{Path(path).name}" if Path(path).is_absolute() else argument
