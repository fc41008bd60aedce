"""`pathlit schedule` as its operator types it: what it refuses, and how it runs and ends as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pathlit.conftest import Run


def test_help_teaches_the_cron_expression(run: Run) -> None:
    ran = run("schedule", "--help")
    assert ran.code == 0
    assert 'pathlit schedule --cron "15 4 * * *" --timezone Europe/Berlin' in ran.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--cron", "15 99 * * *"], "error the hour '99' of the cron expression '15 99 * * *' cannot be used"),
        (["--cron", "15 4 * * *", "--timezone", "Berlin"], "error the time zone 'Berlin' is not known"),
        (["--cron", "15 4 * * *", "--retry-after", "30"], "error --retry-after '30': give a number and a unit"),
        (["--cron", "15 4 * * *", "--retry-after", "0m"], "error --retry-after '0m': give a number and a unit"),
        (["--cron", "15 4 * * *", "--jitter", "-1"], "Invalid value for '--jitter'"),
        ([], "Missing option '--cron'"),
    ],
)
def test_what_cannot_be_used_ends_it_at_once(run: Run, words: list[str], says: str) -> None:
    ran = run("schedule", *words)
    assert ran.code == 2
    assert says in " ".join(ran.err.split())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_it_outlives_a_failed_refresh_and_ends_by_a_signal(tmp_path: Path, number: signal.Signals, code: int) -> None:
    missing = tmp_path / "no-mirror"
    command = [sys.executable, "-m", "pathlit", "schedule", "--cron", "15 4 1 1 *", "--timezone", "Europe/Berlin"]
    command += ["--once-at-start", "--no-vectors", "--retry-after", "2d", "--home", str(tmp_path / "home")]
    environment = os.environ | {"PATHLIT_REFRESH__BULK": str(missing)}
    lines: list[str] = []
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.strip())
            if "another attempt at" in line:
                process.send_signal(number)
        assert process.wait(60) == code
    said = "\n".join(lines)
    assert "INFO indexing.schedule a run begins" in said
    assert str(missing) in said, "what the refresh itself has to say is passed through"
    assert "ERROR indexing.schedule the run failed after 0:" in said
    assert f"INFO pathlit.commands.schedule stopped by {number.name}" in said
    assert "Traceback" not in said
