"""What the terminal is sent: text, never what steers it or turns the order of reading around."""

import json
from pathlib import Path

import pytest
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pathlit.console import note, out, print_json, visible
from tests.pathlit.conftest import Run

UNSAFE = "\x00\x08\x1b\x7f\x85\x9b\u061c\u200e\u202e\u2066\u2069\udce9"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Lung carcinoma: β, é, 肺.", "Lung carcinoma: β, é, 肺."),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("left\u202etfel", r"left\u202etfel"),
        ("caf\udce9.xml", r"caf\udce9.xml"),
        ("\r\x07\x08", r"\r\x07\x08"),
    ],
)
def test_unsafe_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


def test_nothing_unsafe_is_printed_in_whatever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    grid = Table.grid()
    grid.add_column(width=3)
    grid.add_column()
    grid.add_row("1.", Text(f"in a table {UNSAFE} and on", style="bold"))
    for renderable in (grid, Rule(Text(UNSAFE)), f"bare {UNSAFE}", Text.assemble(("styled ", "red"), (UNSAFE, "bold"))):
        out.print(renderable)
    note("error", f"an error {UNSAFE}")
    printed = capsys.readouterr()
    for character in UNSAFE:
        assert character not in printed.out + printed.err
    assert r"\x1b" in printed.out
    assert r"an error \x00\x08\x1b" in printed.err


def test_escapes_keep_the_style_of_what_they_stand_for() -> None:
    with out.capture() as captured:
        out.print(Text.assemble(("a\x1bb", "bold"), "c\u202ed"), style="")
    assert captured.get() == "a\\x1bbc\\u202ed\n"
    pieces = {
        (segment.text, str(segment.style))
        for segment in out.render(Text.assemble(("a\x1bb", "bold"), "c\u202ed"))
        if segment.text.strip()
    }
    assert pieces == {("a", "bold"), ("\\x1b", "bold"), ("b", "bold"), ("c\\u202ed", "none")}


def test_json_escapes_them_and_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"title": UNSAFE.replace("\udce9", "é")}
    print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert not set(UNSAFE) & set(printed)


def test_a_record_cannot_steer_the_terminal_of_who_finds_it(run: Run, tmp_path: Path) -> None:
    record = {
        "pmid": 1,
        "title": "Lung \x1b]0;owned\x07 \u202ecarcinoma",
        "abstract": "It \x9b2J was found in the lung of \x1b[8mall patients.",
        "journal": "J \x1b[1m Path",
        "keywords": ["\u2066key"],
    }
    path = tmp_path / "a\x1b[31m.jsonl"
    path.write_text(json.dumps(record) + "\n" + json.dumps({"pmid": 2, "title": 3}) + "\n")
    home = str(tmp_path / "home")
    runs = [
        run("index", str(path), "--home", home, "--no-vectors"),
        run("search", "lung", "--home", home),
        run("show", "1", "--home", home),
        run("search", "lung", "--json", "--home", home),
    ]
    for ran in runs:
        assert ran.code == 0
        assert not set("\x1b\x9b\x07\u202e\u2066") & set(ran.out + ran.err)
    assert r"a\x1b[31m.jsonl, record at line 2" in " ".join(runs[0].err.split())
    assert r"Lung \x1b]0;owned\x07 \u202ecarcinoma" in runs[1].out
    assert r"It \x9b2J was found" in runs[1].out
    assert json.loads(runs[3].out)["data"]["hits"][0]["title"] == record["title"]
