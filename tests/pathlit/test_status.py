"""`pathlit status`: how fresh the index is, for people and for monitoring."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from retrieval.exclusive import exclusive
from retrieval.index.generation import GenerationStore
from retrieval.index.manifest import write_manifest
from tests.pathlit.conftest import Run


@pytest.fixture
def home(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration whose newest source is of long ago."""
    copy = tmp_path / "home"
    shutil.copytree(demo, copy)
    store = GenerationStore(copy / "generations")
    dated = msgspec.structs.replace(
        store.manifest("000001"),
        source="pubmed20n1015.xml.gz",
        source_date="2019-12-16",
        integrity={"retracted": 2, "corrected": 1},
    )
    write_manifest(store.folder("000001"), dated)
    return copy


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_fresh_index_needs_no_warning(run: Run, demo: Path) -> None:
    ran = run("status", "--home", str(demo), "--fail-if-stale")
    assert (ran.code, ran.err) == (0, "")
    assert "last refresh none" in words(ran.out)


def test_a_stale_index_is_said_to_be_stale_but_is_no_failure(run: Run, home: Path) -> None:
    ran = run("status", "--home", str(home))
    assert ran.code == 0
    assert "current to update file 1015 (pubmed20n1015.xml.gz), 16 December 2019; " in words(ran.out)
    assert "2 retracted, 1 corrected" in words(ran.out)
    assert ran.err.startswith("warning the index is stale: current to update file 1015 ")
    assert "more than the 7 allowed" in words(ran.err)


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_monitoring_gets_an_exit_code(run: Run, home: Path, as_json: tuple[str, ...]) -> None:
    assert run("status", "--home", str(home), "--fail-if-stale", *as_json).code == 1


def test_the_age_allowed_is_a_setting(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHLIT_STALE_AFTER_DAYS", "100000")
    ran = run("status", "--home", str(home), "--fail-if-stale")
    assert (ran.code, ran.err) == (0, "")


def test_programs_get_the_same_in_json(run: Run, home: Path) -> None:
    (home / "refresh.json").write_text('{"outcome": "unchanged", "reason": null, "stages": []}')
    answer = json.loads(run("status", "--home", str(home), "--json").out)
    assert answer["freshness"]["stale"] is True
    assert answer["freshness"]["source_date"] == "2019-12-16"
    assert answer["last_refresh"] == {"outcome": "unchanged", "reason": None, "stages": []}
    assert answer["manifest"]["integrity"] == {"retracted": 2, "corrected": 1}


@pytest.mark.parametrize(
    ("written", "shown", "warned"),
    [
        ('{"started": "2026-11-21T04:00:00+00:00", "ended": "2026-11-21T04:09:00+00:00", "outcome": "published", '
         '"reason": "", "stages": [{"name": "harvest", "read": 9}]}', "published, 2026-11-21T04:09:00+00:00", ""),
        ('{"outcome": "failed", "reason": "NCBI is away", "ended": "2026-11-21"}',
         "failed, 2026-11-21: NCBI is away", "warning the last refresh failed: NCBI is away"),
        ('{"outcome": "failed"}', "failed", "warning the last refresh failed: it left no reason"),
        ('{"another": "version"}', "unknown", ""),
        ("{", "unknown: ", ""),
        ("[1]", "unknown: ", ""),
    ],
)  # fmt: skip
def test_the_last_refresh_is_told_whatever_it_left_behind(
    run: Run, home: Path, written: str, shown: str, warned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHLIT_STALE_AFTER_DAYS", "100000")
    (home / "refresh.json").write_text(written)
    ran = run("status", "--home", str(home))
    assert ran.code == 0
    assert f"last refresh {shown}" in words(ran.out)
    assert words(ran.err) == warned


def test_a_refresh_that_was_killed_is_not_running(run: Run, home: Path) -> None:
    (home / "refresh.json").write_text('{"outcome": "running", "started": "2026-11-21T04:15:00+00:00", "stages": []}')
    ran = run("status", "--home", str(home))
    assert "warning the last refresh failed: it was killed" in words(ran.err)
    with exclusive(home / ".lock", "refresh"):
        assert "last refresh running, 2026-11-21T04:15:00+00:00" in words(run("status", "--home", str(home)).out)
