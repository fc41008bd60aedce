"""A home folder that is mounted for reading only is searched and served; whatever writes says that it cannot."""

import subprocess
from pathlib import Path

import pytest

from tests.mounts import python_on_read_only
from tests.pathlit.conftest import Run


@pytest.fixture
def home(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text('{"pmid": 1, "title": "Lung carcinoma."}\n{"pmid": 2, "title": "Colon carcinoma."}\n')
    assert run("index", str(path), "--home", str(tmp_path / "home"), "--no-vectors").code == 0
    return tmp_path / "home"


def pathlit(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return python_on_read_only(home, "-m", "pathlit", *words, "--home", str(home))


def test_it_is_searched_by_words_phrases_and_fields(home: Path) -> None:
    ran = pathlit(home, "search", '"lung carcinoma" title:lung')
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "1. Lung carcinoma." in ran.stdout


def test_an_article_of_it_is_shown(home: Path) -> None:
    assert "Lung carcinoma." in pathlit(home, "show", "1").stdout


def test_its_status_is_told_though_its_catalog_cannot_be_read(home: Path) -> None:
    ran = pathlit(home, "status")
    assert ran.returncode == 0
    assert "000001" in ran.stdout
    assert "catalog.sqlite cannot be opened" in ran.stderr


def test_indexing_into_it_says_why_it_cannot(home: Path) -> None:
    ran = pathlit(home, "index")
    assert ran.returncode == 2
    assert "Read-only file system" in ran.stderr
    assert "Traceback" not in ran.stderr
