"""All of deploy/: settings and commands that exist, no secret, and a README that keeps to what the files say."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pathlit.settings import read_settings
from tests.deploy.program import DEPLOY, PROJECT, SETTINGS_FOLDER, check_command, check_variable

README = (DEPLOY / "README.md").read_text(encoding="utf-8")


def deployed() -> Iterator[Path]:
    yield from (path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and path.name != "secrets.env")


def test_the_settings_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEPLOY)
    settings = read_settings()
    assert settings.entrez.email == "pathlit-operator@example.org"
    assert settings.refresh.queries == ("pathology[mh] AND neoplasms[mh]",)


def test_every_variable_that_is_named_is_a_setting() -> None:
    named = {
        name for path in deployed() for name in re.findall(r"PATHLIT_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert named >= {"PATHLIT_HOME", "PATHLIT_API__API_KEYS", "PATHLIT_ENTREZ__API_KEY"}
    for name in named:
        check_variable(name)


def test_no_secret_is_in_any_file() -> None:
    secret = re.compile(r"(?:KEYS?|PASSWORD|TOKEN|SECRET)=(\S+)")
    for path in deployed():
        for value in secret.findall(path.read_text(encoding="utf-8")):
            assert value in ("...", '["a', """'["a"""), f"{path}: {value}"
    assert (DEPLOY / ".gitignore").read_text(encoding="utf-8") == "secrets.env\n"


def test_the_settings_hold_no_secret() -> None:
    settings = tomllib.loads((DEPLOY / "pathlit.toml").read_text(encoding="utf-8"))
    assert {name for table in settings.values() for name in table} == {"email", "queries"}


def test_the_commands_of_the_readme_are_commands_of_the_program() -> None:
    commands = re.findall(r"^pathlit (.*)$", README, re.MULTILINE)
    assert len(commands) == 1
    check_command(shlex.split(commands[0]))


def test_the_readme_makes_what_the_units_and_objects_ask_for() -> None:
    objects = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY / "kubernetes").iterdir())
    assert set(re.findall(r"--from-file=([a-z-]+)=", README)) == set(re.findall(r" key: (\S+)", objects))
    units = "".join(path.read_text(encoding="utf-8") for path in (DEPLOY / "systemd").iterdir())
    assert set(re.findall(r"/etc/pathlit/\w+\.env", README)) == set(re.findall(r"/etc/pathlit/\w+\.env", units))
    assert f"{SETTINGS_FOLDER}/pathlit.toml" in README
    assert f"pathlit:{PROJECT['project']['version']} " in README
    named = set(re.findall(r"pathlit-[a-z]+\.(?:service|timer)", README))
    assert named == {"pathlit-serve.service", "pathlit-refresh.timer"}
