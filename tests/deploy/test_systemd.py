"""The systemd units: valid, confined, and of one mind with the program."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.program import DEPLOY, SETTINGS_FOLDER, check_command

HOME = "/var/lib/pathlit"


class Unit:
    def __init__(self, name: str) -> None:
        self.text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
        self.lines = [line for line in self.text.splitlines() if line and line[0] not in "#["]

    def all(self, key: str) -> list[str]:
        return [value for name, _, value in (line.partition("=") for line in self.lines) if name == key]

    def one(self, key: str) -> str:
        (value,) = self.all(key)
        return value


SERVICES = ["pathlit-refresh.service", "pathlit-serve.service"]
UNITS = [*SERVICES, "pathlit-refresh.timer"]


def test_the_units_are_those() -> None:
    assert sorted(path.name for path in (DEPLOY / "systemd").iterdir()) == sorted(UNITS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: Debian's package systemd")
def test_systemd_has_nothing_to_say_against_the_units(tmp_path: Path) -> None:
    # The program is looked for where it will be installed; here, something else stands in for it.
    for name in UNITS:
        text = Unit(name).text.replace("/opt/pathlit/bin/pathlit", sys.executable)
        (tmp_path / name).write_text(text, encoding="utf-8")
    units = [str(tmp_path / name) for name in UNITS]
    said = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    # Units of the machine itself are none of our business.
    assert [line for line in (said.stdout + said.stderr).splitlines() if "pathlit" in line] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: Debian's package systemd")
@pytest.mark.parametrize("name", SERVICES)
def test_systemd_rates_the_services_as_well_confined(name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(DEPLOY / "systemd" / name)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if "unrecognized option" in said.stderr:
        pytest.skip("needs systemd 250 or later")
    assert said.returncode == 0, said.stdout[-200:]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_a_command_of_the_program_on_its_own_folder(name: str) -> None:
    unit = Unit(name)
    program, *words = shlex.split(unit.one("ExecStart"))
    check_command(words)
    assert program == "/opt/pathlit/bin/pathlit"
    assert words[words.index("--home") + 1] == HOME == unit.one("ReadWritePaths")
    assert unit.one("StateDirectory") == Path(HOME).name
    assert unit.one("Environment").removeprefix("HF_HOME=").startswith(f"{HOME}/")
    assert unit.one("WorkingDirectory") == SETTINGS_FOLDER


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_little(name: str) -> None:
    unit = Unit(name)
    assert unit.one("User") == unit.one("Group") == "pathlit"
    assert unit.one("ProtectSystem") == "strict"
    assert unit.one("CapabilityBoundingSet") == ""
    for key in ("NoNewPrivileges", "PrivateTmp", "ProtectHome"):
        assert unit.one(key) == "yes"
    assert re.fullmatch(r"\d+G", unit.one("MemoryMax"))
    # The encoder's kernels are compiled in memory.
    assert unit.all("MemoryDenyWriteExecute") == []


def test_a_refresh_gives_way_to_searches_and_counts_another_run_as_no_failure() -> None:
    unit = Unit("pathlit-refresh.service")
    assert (unit.one("Type"), unit.one("IOSchedulingClass"), unit.one("Nice")) == ("oneshot", "idle", "10")
    assert unit.one("SuccessExitStatus") == "5"
    assert unit.all("Restart") == []


def test_the_search_service_comes_back_after_a_crash_and_stays_down_after_a_bad_setting() -> None:
    unit = Unit("pathlit-serve.service")
    assert (unit.one("Restart"), unit.one("RestartPreventExitStatus")) == ("on-failure", "2")
    assert unit.one("WantedBy") == "multi-user.target"


def test_the_timer_makes_up_for_a_missed_time_and_keeps_off_the_minute() -> None:
    unit = Unit("pathlit-refresh.timer")
    assert unit.one("OnCalendar") == "*-*-* 04:15:00"
    assert unit.one("Persistent") == "true"
    assert unit.one("RandomizedDelaySec") == "30min"
    # Without Unit= a timer starts the service of its own name.
    assert unit.all("Unit") == []
    assert unit.one("WantedBy") == "timers.target"
