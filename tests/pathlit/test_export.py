"""`pathlit export` as its user types it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import pathlit
from pathlit.cli import main
from tests.pathlit.conftest import Run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration articles, indexed by their words alone."""
    home = tmp_path_factory.mktemp("export")
    corpus = Path(pathlit.__file__).parent / "demo_corpus.xml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["pathlit", "index", str(corpus), "--no-vectors", "--home", str(home)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    return home


LUNG, RETRACTED = "900000001", "900000012"


def test_ris_is_printed_unless_another_format_is_asked_for(run: Run, home: Path) -> None:
    ran = run("export", "--home", str(home), LUNG)
    assert ran.code == 0
    assert ran.out.startswith("TY  - JOUR\nID  - muster2014demonstration\nAU  - Muster, Erika\n")
    assert ran.out.rstrip().endswith("ER  -")


def test_ids_come_from_standard_input_where_none_are_typed(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{LUNG}, pmid:{RETRACTED}\n{LUNG}\n"))
    ran = run("export", "--home", str(home), "--format", "csl-json")
    assert [item["PMID"] for item in json.loads(ran.out)] == [LUNG, RETRACTED]


def test_ids_come_from_a_file_and_the_format_from_the_name_of_the_other(run: Run, home: Path, tmp_path: Path) -> None:
    ids, to = tmp_path / "ids.txt", tmp_path / "papers.bib"
    ids.write_text(f"{LUNG}\n{RETRACTED}\n")
    ran = run("export", "--home", str(home), "--ids", str(ids), "--to", str(to))
    assert (ran.code, ran.out) == (0, "")
    assert f"exported 2 citations to {to}" in ran.err
    assert to.read_text(encoding="utf-8").startswith("@article{muster2014demonstration,\n")


def test_an_unknown_id_exports_nothing_and_is_named(run: Run, home: Path, tmp_path: Path) -> None:
    to = tmp_path / "papers.ris"
    ran = run("export", "--home", str(home), LUNG, "5", "-7", "scifact:1", "--to", str(to))
    assert ran.code == 2  # -7 is an option to the shell's reader
    ran = run("export", "--home", str(home), LUNG, "5", "scifact:1", "--to", str(to))
    assert ran.code == 1
    assert "not in generation 000001: 5, scifact:1; nothing was exported" in " ".join(ran.err.split())
    assert not to.exists()


@pytest.mark.parametrize(("content", "told"), [("", "0 ids"), ("7 " * 1001, "1,001 ids"), (b"\xff", "not UTF-8")])
def test_a_file_that_gives_no_usable_list_is_refused(
    run: Run, home: Path, tmp_path: Path, content: str | bytes, told: str
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = run("export", "--home", str(home), "--ids", str(ids))
    assert ran.code == 2
    assert told in ran.err
