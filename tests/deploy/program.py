"""What the tests of deploy/ share: where it is, and whether what it says to the program is understood."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import typer

from pathlit.cli import app
from pathlit.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETTINGS_FOLDER = "/etc/pathlit"
"""Where the program is started and so reads pathlit.toml."""


def check_command(words: list[str]) -> None:
    """The program has this command with these options, and an option that takes a value has one."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert words[0] in commands, f"pathlit has no command {words[0]}"
    with commands[words[0]].make_context(words[0], words[1:]):
        pass


def check_variable(name: str) -> None:
    """PATHLIT_API__API_KEYS and the like are settings."""
    model: Any = Settings
    for part in name.removeprefix("PATHLIT_").lower().split("__"):
        assert part in model.model_fields, f"{name} is no setting"
        model = model.model_fields[part].annotation
