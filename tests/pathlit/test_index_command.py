"""`pathlit index`: what it tells before it builds, when it does not build, and names that are not UTF-8."""

import json
import os
from pathlib import Path

import pytest

from pathlit.commands import index
from retrieval.errors import VerificationError
from tests.pathlit.conftest import Run

DELETION = (
    '<?xml version="1.0"?><PubmedArticleSet><DeleteCitation><PMID Version="1">1</PMID></DeleteCitation>'
    "</PubmedArticleSet>"
)


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    path = tmp_path / "articles.jsonl"
    path.write_text('{"pmid": 1, "title": "Lung."}\n{"title": "Nameless."}\n')
    return path


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_build_that_fails_does_not_hide_what_was_rejected(
    run: Run, articles: Path, home: str, monkeypatch: pytest.MonkeyPatch, as_json: tuple[str, ...]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise VerificationError("it did not find itself")

    monkeypatch.setattr(index, "build_generation", fail)
    ran = run("index", str(articles), "--home", home, "--no-vectors", *as_json)
    assert ran.code == 3
    assert "articles.jsonl, record at line 2" in Path(home, "rejected.txt").read_text()
    if not as_json:
        assert "Read 2 records: 1 added, 1 rejected." in ran.out
        assert "articles.jsonl, record at line 2" in " ".join(ran.err.split())


def test_a_file_that_breaks_off_does_not_hide_what_was_rejected_before(run: Run, tmp_path: Path, home: str) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.xml"
    first.write_text('{"title": "Nameless."}\n')
    second.write_text("<PubmedArticleSet><PubmedArticle>")
    ran = run("index", str(first), str(second), "--home", home, "--no-vectors")
    assert ran.code == 2
    assert "a.jsonl, record at line 1" in " ".join(ran.err.split())


def test_ten_rejections_are_shown_and_all_are_listed(run: Run, tmp_path: Path, home: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"pmid": 1, "title": "Lung."}\n' + '{"title": "Nameless."}\n' * 12)
    ran = run("index", str(path), "--home", home, "--no-vectors")
    assert ran.err.count("rejected ") == 10
    assert "and 2 more; all are listed in" in " ".join(ran.err.split())
    assert len(Path(home, "rejected.txt").read_text().splitlines()) == 12


def test_what_has_not_changed_is_not_built_again_unless_asked_for(run: Run, articles: Path, home: str) -> None:
    words = ("index", str(articles), "--home", home, "--no-vectors")
    assert "Published generation 000001" in run(*words).out
    again = run(*words)
    assert again.code == 0
    assert "Nothing has changed: still generation 000001, 1 articles" in " ".join(again.out.split())
    answer = json.loads(run(*words, "--json").out)
    assert (answer["built"], answer["unchanged"]) == (None, "000001")
    answer = json.loads(run(*words, "--rebuild", "--json").out)
    assert (answer["built"]["generation"], answer["unchanged"]) == ("000002", None)


def test_a_changed_file_and_a_generation_that_lacks_a_file_are_built(run: Run, articles: Path, home: str) -> None:
    words = ("index", str(articles), "--home", home, "--no-vectors")
    run(*words)
    articles.write_text('{"pmid": 1, "title": "Lung, revised."}\n')
    assert "Published generation 000002" in run(*words).out
    (meta,) = Path(home, "generations", "000002", "lexical").glob("meta.json")
    meta.unlink()
    assert "Published generation 000003" in run(*words).out


def test_deleting_the_last_article_says_what_is_still_published(run: Run, articles: Path, home: str) -> None:
    run("index", str(articles), "--home", home, "--no-vectors")
    deletion = articles.with_name("deletion.xml")
    deletion.write_text(DELETION)
    for words in ((str(deletion),), ()):
        ran = run("index", *words, "--home", home, "--no-vectors")
        assert ran.code == 2
        assert "generation 000001 with 1 articles" in " ".join(ran.err.split())


def test_a_file_name_that_is_not_utf_8_is_read_and_told_with_escapes(run: Run, tmp_path: Path, home: str) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl")
    Path(path).write_text('{"pmid": 1, "title": "Lung."}\n{"pmid": 3.0, "title": "Colon."}\n')
    ran = run("index", path, "--home", home, "--no-vectors")
    assert ran.code == 0
    assert r"caf\xe9.jsonl, record at line 2: pmid: expected a whole number, found 3.0; write 3" in ran.err
    assert json.loads(run("index", path, "--home", home, "--no-vectors", "--json").out)["ingested"]["skipped"] == [
        f"{tmp_path}/caf\\xe9.jsonl"
    ]
    missing = run("index", f"{path}.missing", "--home", home, "--json")
    assert "caf" in json.loads(missing.out)["error"]["message"]
