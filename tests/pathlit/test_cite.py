"""`pathlit cite`: typed as people do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pathlit.wiring import HomeFolder
from retrieval.lookup.lookup import CitationLookup
from retrieval.search import Searcher
from tests.pathlit.conftest import Run
from tests.retrieval.lookup.lookup_fakes import CLAIM, RETRACTED, WordVerifier, open_library


@pytest.fixture(autouse=True)
def small_library(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command over a library of five articles and a verifier of words."""
    searcher = open_library(tmp_path_factory.mktemp("cite"))
    monkeypatch.setattr(HomeFolder, "open_searcher", lambda self: searcher)

    def lookup(self: HomeFolder, opened: Searcher) -> CitationLookup:
        return CitationLookup(opened, WordVerifier())

    monkeypatch.setattr(HomeFolder, "citation_lookup", lookup)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_help_teaches_by_example(run: Run) -> None:
    told = flat(run("cite", "--help").out)
    assert "pathlit cite --file draft.md --references refs.bib" in told
    assert "Only title and abstract are read." in told


def test_a_sentence_is_told_with_its_need_its_papers_and_their_words(run: Run) -> None:
    ran = run("cite", CLAIM)
    told = flat(ran.out)
    assert ran.code == 0
    assert "1. Markers of lung adenocarcinoma are stained by TTF-1. needs a citation" in told
    assert "a) TTF-1 stains lung adenocarcinoma." in told
    assert "supports it (90%) » TTF-1 markers of lung adenocarcinoma: yes." in told
    assert "CONTRADICTS it (80%)" in told
    assert "1 need a citation, 1 of them have one now" in told


def test_a_draft_is_checked_against_its_references(run: Run, tmp_path: Path) -> None:
    draft, references = tmp_path / "draft.md", tmp_path / "refs.txt"
    draft.write_text(f"# Draft\n\n{CLAIM[:-1]} [1].\n")
    references.write_text(f"1. PMID: {RETRACTED}\n")
    told = flat(run("cite", "--file", str(draft), "--references", str(references)).out)
    assert "is cited · It cites [1]." in told
    assert "RETRACTED" in told
    assert "It is retracted and must not be relied on." in told
    assert "1 retracted references" in told


def test_json_is_the_answer_of_the_api(run: Run) -> None:
    body = json.loads(run("cite", "--json", CLAIM).out)
    assert body["meta"] == {"generation": "000001"}
    assert body["data"]["sentences"][0]["papers"][0]["judgement"]["verdict"] == "supported"


def test_many_items_are_a_line_each_and_one_that_fails_costs_only_the_exit_code(run: Run, tmp_path: Path) -> None:
    lines = tmp_path / "many.jsonl"
    lines.write_text(json.dumps({"text": CLAIM}) + "\nno json\n\n" + json.dumps({"text": " "}) + "\n")
    ran = run("cite", "--json", "-f", str(lines))
    outcomes = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 1
    assert [outcome["index"] for outcome in outcomes] == [0, 1, 2]
    assert [outcome["error"] is None for outcome in outcomes] == [True, False, False]
    assert "line 2" in outcomes[1]["error"]["message"]
    assert "2 of 3 items failed" in ran.err


def test_what_supports_is_written_into_the_draft(run: Run, tmp_path: Path) -> None:
    draft, cited = tmp_path / "draft.md", tmp_path / "cited.md"
    draft.write_text(f"{CLAIM}\n")
    assert run("cite", "-f", str(draft), "--write", str(cited)).code == 0
    assert cited.read_text().startswith(f"{CLAIM[:-1]} [1].\n\n## References\n\n1. Smith J.")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("   ",),
        ("--file", "no/such/file.md"),
        ("--limit", "0", CLAIM),
        ("--write", "out.md", CLAIM, "--file", __file__),
        ("--references", "no/such.bib", CLAIM),
    ],
)
def test_unusable_input_exits_with_2(run: Run, words: tuple[str, ...]) -> None:
    ran = run("cite", *words)
    assert ran.code == 2
    assert ran.err


def test_signs_that_steer_a_terminal_are_shown_as_escapes(run: Run) -> None:
    ran = run("cite", f"\x1b[31m\u202e{CLAIM}")
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
