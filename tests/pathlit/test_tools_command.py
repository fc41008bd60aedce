"""`pathlit tools`. The command is run by itself: the whole command line has tests of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pathlit.commands.tools import tools
from retrieval.errors import SourceError
from tests.servers.tool_server import ToolServer

APP = typer.Typer()
APP.command()(tools)
TOOL = """
[[tool]]
name = "{name}"
description = "Counts nuclei."
kind = "counting"
url = "{url}"
summary = "{{count}} nuclei"
query = "nuclear {{grade.name}}"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ToolServer]:
    with ToolServer() as running:
        yield running


def written(tmp_path: Path, **urls: str) -> str:
    path = tmp_path / "tools.toml"
    path.write_text("".join(TOOL.format(name=name, url=url) for name, url in urls.items()), encoding="utf-8")
    return str(path)


def test_the_list_names_each_tool_and_calls_none(server: ToolServer, tmp_path: Path) -> None:
    before = len(server.received)
    ran = CliRunner().invoke(APP, [written(tmp_path, nuclei=server.url + "/good?key=1")])
    assert (ran.exit_code, ran.stdout) == (0, f"nuclei  counting  {server.url}/good\n    Counts nuclei.\n")
    assert len(server.received) == before


def test_a_check_calls_each_with_a_drawn_patch(server: ToolServer, tmp_path: Path) -> None:
    ran = CliRunner().invoke(APP, [written(tmp_path, nuclei=server.url + "/good"), "--check"])
    assert ran.exit_code == 0
    assert ": 412 nuclei\n    asks the literature for: nuclear high\n" in ran.stdout
    assert list(server.received[-1][2]) == ["image"]


def test_without_a_file_the_setting_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no tools are set" in str(CliRunner().invoke(APP, []).exception)
    monkeypatch.setenv("PATHLIT_TOOLS", written(tmp_path, nuclei="http://127.0.0.1:9/"))
    assert CliRunner().invoke(APP, []).stdout.startswith("nuclei  counting")


def test_one_that_fails_is_told_and_decides_the_exit_code(server: ToolServer, tmp_path: Path) -> None:
    path = written(tmp_path, nuclei=server.url + "/good", broken=server.url + "/broken")
    ran = CliRunner().invoke(APP, [path, "--check"])
    assert isinstance(ran.exception, SourceError)
    assert "1 of 2 tools do not answer as registered: broken" in str(ran.exception)
    ran = CliRunner().invoke(APP, [path, "--check", "--json"])
    good, bad = json.loads(ran.stdout)["tools"]
    assert (ran.exit_code, good["check"]["answers"], bad["check"]["answers"]) == (4, True, False)
    assert bad["check"]["text"] == "the tool broken answered with something that is no JSON object"


def test_variables_that_are_not_set_are_named(tmp_path: Path) -> None:
    path = tmp_path / "tools.toml"
    path.write_text(
        TOOL.format(name="nuclei", url="http://127.0.0.1:9/")
        + 'headers = { Authorization = "Bearer ${NO_SUCH_TOKEN}" }'
    )
    ran = CliRunner().invoke(APP, [str(path)])
    assert (ran.exit_code, "NO_SUCH_TOKEN" in ran.stderr) == (0, True)
