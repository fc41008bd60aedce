"""The command line, run in this process so that the encoder is loaded once for all tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pathlit.cli import main

CLOSED_PORT = "http://127.0.0.1:9/"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Types a command and gives back what a shell would: exit code and both outputs. NCBI is never asked."""
    monkeypatch.setenv("PATHLIT_ENTREZ__URL", CLOSED_PORT)
    monkeypatch.setenv("COLUMNS", "120")

    def type_command(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["pathlit", *words])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as exc:
            code = int(exc.code or 0)
        return Ran(code, *capsys.readouterr())

    return type_command


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder that `pathlit demo` makes without a network, made once."""
    home = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATHLIT_ENTREZ__URL", CLOSED_PORT)
        patch.setattr(sys, "argv", ["pathlit", "demo", "--home", str(home)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    return home / "demo-texts"
