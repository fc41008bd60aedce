"""Where benchmarks find real data and keep what they made of it."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("PATHLIT_DATA", ROOT.parent / "shared" / "data"))
CACHE = ROOT / ".cache" / "benchmarks"


def heading(title: str) -> str:
    """Says what was measured when, where and at which commit."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603
    when = datetime.now(UTC).date().isoformat()
    return f"{title} · {when} · {platform.machine()}, {os.cpu_count()} cores · commit {commit.stdout.strip()}"
