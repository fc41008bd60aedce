"""Every command of the README is run, in its order; its tables agree with the program."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexing.bulk.source import NCBI_BULK
from pathlit.settings import Settings
from tests.pathlit.conftest import Run, run  # noqa: F401 - a fixture
from tests.servers.bulk_tree import BulkTree
from tests.servers.ncbi import NcbiServer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines() if line]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with what the commands name by its path in the repository."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "pathlit").mkdir()
    shutil.copy(ROOT / "pathlit" / "demo_corpus.xml", folder / "pathlit")
    return folder


@pytest.fixture
def server(clone: Path) -> Iterator[str]:
    from api.app import create_app
    from api.server import listen, make_server
    from api.settings import ApiSettings
    from pathlit.wiring import HomeFolder

    settings = ApiSettings(port=0)
    socket = listen(settings)
    place = HomeFolder(Settings(home=clone / "my-library"))
    web = make_server(create_app(place.live_searcher(), settings=settings))
    thread = threading.Thread(target=web.run, kwargs={"sockets": [socket]})
    thread.start()
    yield "{}:{}".format(*socket.getsockname()[:2])
    web.should_exit = True
    thread.join()


def test_the_first_two_commands_are_the_demonstration_and_the_tests() -> None:
    assert COMMANDS[:2] == ["pip install uv && uv run pathlit demo", "uv run pytest"]


def test_every_command_is_of_a_kind_that_is_run_here() -> None:
    kinds = ("pip install uv && uv run pathlit ", "uv run pathlit ", "curl ", "uv run pytest")
    assert [command for command in COMMANDS if not command.startswith(kinds)] == []


def test_the_pathlit_commands_succeed_in_their_order(
    run: Run,  # noqa: F811
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(clone)
    tree = BulkTree(baseline_files=1, update_files=2, citations_per_file=20)
    with NcbiServer(citations=30, mounts={"/pubmed/": tree.answer}) as ncbi:
        for command in COMMANDS:
            words = shlex.split(command.removeprefix("pip install uv && "))
            if words[:3] != ["uv", "run", "pathlit"] or words[3] == "serve":
                continue
            with monkeypatch.context() as patch:
                if words[3] in ("refresh", "harvest"):
                    patch.setenv("PATHLIT_ENTREZ__URL", ncbi.url)
                    words = [word.replace(NCBI_BULK, f"{ncbi.root}pubmed/") for word in words]
                ran = run(*words[3:])
            assert ran.code == 0, f"{command}\n{ran.out}\n{ran.err}"
            assert ran.out.strip()


@pytest.mark.server
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: install Debian's package curl")
def test_the_http_commands_succeed(
    run: Run,  # noqa: F811
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(clone)
    if not (clone / "my-library").exists():
        run("index", "pathlit/demo_corpus.xml", "--home", "my-library")
    address = request.getfixturevalue("server")
    for command in COMMANDS:
        if command.startswith("curl "):
            words = shlex.split(command.replace("127.0.0.1:8000", address))
            answer = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=60).stdout)
            assert set(answer) == {"data", "meta"}, command


def test_the_result_shown_is_what_the_command_prints(
    run: Run,  # noqa: F811
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    block = re.search(r"```\n\$ uv run pathlit (.*?)\n\n(.*?)```", README, re.DOTALL)
    assert block is not None
    monkeypatch.chdir(clone)
    if not (clone / "pathlit-home").exists():
        run("demo")
    printed = " ".join(run(*shlex.split(block[1])).out.split())
    shown = " ".join(block[2].split())
    # Scores differ in the last digit between processors; everything else is the same.
    assert shown.split(" score ")[0] in printed


def test_the_table_of_settings_is_complete_and_right() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]*?)`? \|", README, re.MULTILINE))
    fields = Settings.model_fields
    assert set(rows) == set(fields)
    for name, default in rows.items():
        if default != "none":
            assert str(fields[name].get_default(call_default_factory=True)) == default
