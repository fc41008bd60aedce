"""`pathlit notices`, from a file of Retraction Watch to a search that leaves the retracted article out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.exclusive import exclusive
from tests.pathlit.conftest import Run

ARTICLES = (
    '{"pmid": 11, "title": "Ki-67 in breast carcinoma", "doi": "10.1000/One"}\n'
    '{"pmid": 12, "title": "Ki-67 in lymphoma", "doi": "10.1000/two"}\n'
)
HEADER = (
    "Record ID,RetractionDate,RetractionDOI,RetractionPubMedID,OriginalPaperDOI,OriginalPaperPubMedID,"
    "RetractionNature,Reason\n"
)
ROWS = (
    "1,9/1/2023 0:00,unavailable,0,10.1000/one,0,Retraction,+Paper Mill;\n"
    "2,9/1/2023 0:00,unavailable,0,unavailable,77,Correction,\n"
    "3,9/1/2023 0:00,unavailable,0,unavailable,0,Retraction,\n"
)


@pytest.fixture
def home(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "articles.jsonl").write_text(ARTICLES)
    assert run("index", str(tmp_path / "articles.jsonl"), "--home", str(tmp_path / "home"), "--no-vectors").code == 0
    return tmp_path / "home"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "retraction_watch.csv"
    path.write_text(HEADER + ROWS)
    return path


def found(run: Run, home: Path) -> list[str]:
    answer = run("search", "--home", str(home), "--json", "Ki-67")
    return [hit["id"] for hit in json.loads(answer.out)["data"]["hits"]]


def test_an_import_says_what_it_took_and_the_next_index_hides_what_was_retracted(
    run: Run, home: Path, listed: Path
) -> None:
    ran = run("notices", str(listed), "--home", str(home))
    assert ran.code == 0
    words = " ".join(ran.out.split())
    assert "Read 3 rows of Retraction Watch: 1 retraction, 1 correction, 1 rejected." in words
    assert "Articles of the catalog that they are about: 1." in words
    assert "after the next `pathlit index` or `pathlit refresh`" in words
    assert "rejected record 3 (line 4): it names its paper by neither PMID nor DOI" in " ".join(ran.err.split())
    assert sorted(found(run, home)) == ["pmid:11", "pmid:12"]
    assert run("index", "--home", str(home), "--no-vectors").code == 0
    assert found(run, home) == ["pmid:12"]
    shown = run("show", "--home", str(home), "11").out
    assert "RETRACTED" in shown
    assert "Retraction Watch: retraction (Paper Mill)" in shown


def test_as_json_the_report_accounts_for_every_row(run: Run, home: Path, listed: Path) -> None:
    report = json.loads(run("notices", str(listed), "--origin", "our copy", "--home", str(home), "--json").out)
    assert report.pop("rejected")[0].startswith("record 3 (line 4): it names its paper")
    assert report == {
        "file": str(listed),
        "origin": "our copy",
        "rows": 3,
        "kept": {"retraction": 1, "correction": 1},
        "articles": 1,
    }


def test_many_rejections_are_listed_in_a_file(run: Run, home: Path, listed: Path) -> None:
    listed.write_text(HEADER + ROWS + "4,,,,,,Retraction,\n" * 12)
    ran = run("notices", str(listed), "--home", str(home))
    assert "and 3 more; all are listed in" in " ".join(ran.err.split())
    assert len((home / "rejected-notices.txt").read_text().splitlines()) == 13


def test_another_file_is_refused_and_changes_nothing(run: Run, home: Path, listed: Path) -> None:
    assert run("notices", str(listed), "--home", str(home)).code == 0
    listed.write_text("PMID,Note\n11,retracted\n")
    ran = run("notices", str(listed), "--home", str(home))
    assert ran.code == 2
    assert "is no Retraction Watch file: it has no column Record ID" in " ".join(ran.err.split())
    assert run("index", "--home", str(home), "--no-vectors").code == 0
    assert found(run, home) == ["pmid:12"]


def test_a_list_that_holds_much_less_than_before_is_refused_unless_it_is_meant(
    run: Run, home: Path, listed: Path
) -> None:
    many = "".join(f"{n},9/1/2023 0:00,unavailable,0,10.1000/{n},0,Retraction,\n" for n in range(20))
    listed.write_text(HEADER + many)
    assert run("notices", str(listed), "--home", str(home)).code == 0
    listed.write_text(HEADER + ROWS)
    ran = run("notices", str(listed), "--home", str(home))
    assert ran.code == 2
    assert "there are 20 notices of Retraction Watch, and the new list holds 2" in " ".join(ran.err.split())
    assert run("notices", str(listed), "--shrink", "--home", str(home)).code == 0


def test_a_file_cut_off_within_a_quoted_value_changes_nothing(run: Run, home: Path, listed: Path) -> None:
    listed.write_text(HEADER + ROWS + '4,9/1/2023 0:00,unavailable,0,10.1000/x,0,Retraction,"+Fake Peer Review;+Da')
    ran = run("notices", str(listed), "--home", str(home))
    assert ran.code == 2
    assert "it ends within a row" in ran.err


def test_an_import_waits_for_nobody(run: Run, home: Path, listed: Path) -> None:
    with exclusive(home / ".lock", "refresh"):
        ran = run("notices", str(listed), "--home", str(home))
    assert ran.code == 5
    assert "refresh (process" in ran.err
