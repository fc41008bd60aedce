"""Every command as its user types it: what it prints, what it returns, how it fails."""

import json
from pathlib import Path

import pytest

from tests.pathlit.conftest import Run
from tests.servers.ncbi import NcbiServer


def test_help_lists_the_commands_and_teaches_the_first_one(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    assert "Start with" in ran.out
    for command in ("demo", "index", "search", "show", "serve", "status", "rollback", "doctor"):
        assert f"\n  {command} " in ran.out


def test_search_help_teaches_the_query_language(run: Run) -> None:
    ran = run("search", "--help")
    for words in ('"in a row"', "-without", "field:value", "mesh (a MeSH heading, whole, and those below it)"):
        assert words in " ".join(ran.out.split())


def test_the_demonstration_falls_back_to_texts_marked_as_such_and_says_what_next(run: Run, tmp_path: Path) -> None:
    ran = run("demo", "--home", str(tmp_path))
    assert ran.code == 0
    assert "NCBI cannot be used" in ran.err
    assert "They are not publications, their PMIDs are made up" in " ".join(ran.out.split())
    assert "Demonstration text: " in ran.out
    assert "RETRACTED" in ran.out
    assert "uv run pathlit search --home" in ran.out
    assert [p.name for p in tmp_path.iterdir() if (p / "generations").exists()] == ["demo-texts"]


@pytest.mark.server
def test_the_demonstration_fetches_from_ncbi_where_it_answers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NcbiServer(citations=60) as ncbi:
        monkeypatch.setenv("PATHLIT_ENTREZ__URL", ncbi.url)
        first = run("demo", "--home", str(tmp_path))
        asked = len(ncbi.requests)
        again = run("demo", "--home", str(tmp_path))
    assert first.code == again.code == 0
    assert "50 PubMed records on pathology" in first.out
    assert len(ncbi.requests) == asked, "records that were fetched once are not fetched again"


def test_search_prints_title_citation_evidence_and_why(run: Run, demo: Path) -> None:
    ran = run("search", "--home", str(demo), "--limit", "1", "frozen section of the sentinel lymph node")
    assert ran.code == 0
    words = " ".join(ran.out.split())
    assert "1. Demonstration text: sentinel lymph node examination in cutaneous melanoma." in words
    assert "PMID: 900000059." in words
    assert "» " in words
    assert "lexical rank 1, dense rank 1" in words


def test_search_says_which_other_names_it_looked_for_unless_told_not_to(run: Run, demo: Path) -> None:
    told = "CD274 also as PD-L1, B7-H1"
    assert told in run("search", "--home", str(demo), "CD274", "in", "the", "lung").out
    assert "also as" not in run("search", "--home", str(demo), "--no-expand", "CD274", "in", "the", "lung").out
    answer = json.loads(run("search", "--home", str(demo), "--json", "CD274").out)
    assert answer["data"]["expansions"][0]["added"][:2] == ["PD-L1", "B7-H1"]


def test_search_as_json_has_the_envelope_of_the_api(run: Run, demo: Path) -> None:
    ran = run("search", "--home", str(demo), "--json", "-n", "2", "Ki-67", "breast")
    answer = json.loads(ran.out)
    assert answer["meta"] == {"generation": "000001"}
    hit = answer["data"]["hits"][0]
    assert hit["rank"] == 1
    assert hit["evidence"][0]["text"]
    assert set(hit["legs"]) == {"lexical", "dense"}


def test_search_options_reach_the_query(run: Run, demo: Path) -> None:
    ran = run(
        *("search", "--home", str(demo), "--json", "--from", "2015", "--to", "2020", "--leg", "lexical"),
        *("--type", "Review", "--type", "Letter", "--language", "eng", "--not-pmid", "900000001", "carcinoma"),
    )
    hits = json.loads(ran.out)["data"]["hits"]
    assert hits
    for hit in hits:
        assert 2015 <= hit["year"] <= 2020
        assert {"Review", "Letter"} & set(hit["publication_types"])
        assert set(hit["legs"]) == {"lexical"}


def test_search_counts_facets_over_all_that_matches(run: Run, demo: Path) -> None:
    words = ("--home", str(demo), "--facets", "-n", "1", "--organ", "lung", "--species", "human", "carcinoma")
    answer = json.loads(run("search", "--json", *words).out)["data"]
    assert len(answer["hits"]) == 1
    counts = {facet["name"]: {v["value"]: v["count"] for v in facet["values"]} for facet in answer["facets"]}
    assert list(counts) == [
        *("year", "journal", "type", "mesh", "language", "species", "organ", "study", "integrity"),
    ]
    assert counts["organ"]["lung"] == counts["species"]["human"] == answer["matching"] > 1
    shown = run("search", *words).out
    assert f"Among {answer['matching']:,} articles with these words and conditions" in shown
    assert "MeSH heading" in shown


def test_retracted_articles_are_shown_with_a_label_on_demand(run: Run, demo: Path) -> None:
    words = ("--home", str(demo), "TGF-β1 immunostain instead of mismatch repair testing")
    assert "900000026" not in run("search", *words).out
    assert "RETRACTED" in run("search", "--retracted", "label", *words).out


def test_show_prints_a_whole_article_by_any_form_of_its_pmid(run: Run, demo: Path) -> None:
    ran = run("show", "--home", str(demo), "PMID 900000026")
    assert ran.code == 0
    assert "RETRACTED" in ran.out
    assert "Linked: RetractionIn 900000027" in ran.out
    assert json.loads(run("show", "--home", str(demo), "900000026", "--json").out)["data"]["pmid"] == 900000026


def test_status_says_what_is_published(run: Run, demo: Path) -> None:
    ran = run("status", "--home", str(demo))
    assert ran.code == 0
    assert "000001" in ran.out
    assert "112" in ran.out
    assert json.loads(run("status", "--home", str(demo), "--json").out)["manifest"]["articles"] == 112


def test_doctor_finds_a_sound_installation_in_order(run: Run, demo: Path) -> None:
    ran = run("doctor", "--home", str(demo), "--json")
    findings = {f["check"]: f for f in json.loads(ran.out)["findings"]}
    assert ran.code == 0
    assert {name for name, f in findings.items() if f["state"] != "ok"} == {"NCBI"}
    assert findings["generation"]["says"] == "000001: 112 articles, every checksum right"


def test_doctor_names_what_is_broken_and_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"rubbish" * 1000)
    ran = run("doctor", "--home", str(tmp_path))
    assert ran.code == 1
    assert "failed" in ran.out
    # A long path is broken at the terminal's edge.
    assert "catalog.sqlite" in ran.out.replace("\n", "")


def test_index_reads_reports_and_publishes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_text('{"id": "mine:1", "title": "Lung."}\n{"title": "Nameless."}\n')
    ran = run("index", str(path), "--home", str(tmp_path / "home"), "--no-vectors")
    assert ran.code == 0
    assert "Read 2 records: 1 added, 1 rejected." in ran.out
    assert "Published generation 000001: 1 articles." in ran.out
    assert "articles.jsonl" in ran.err
    again = run("index", str(path), "--home", str(tmp_path / "home"), "--no-vectors", "--json")
    assert json.loads(again.out)["ingested"]["skipped"] == [str(path)]
    shown = run("show", "--home", str(tmp_path / "home"), "mine:1")
    assert "Lung." in shown.out


def test_rollback_and_forth(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    home = str(tmp_path / "home")
    for number in (1, 2):
        path.write_text(json.dumps({"pmid": number, "title": "Lung."}))
        assert run("index", str(path), "--home", home, "--no-vectors").code == 0
    assert "Generation 000001 is published; before it was 000002." in run("rollback", "--home", home).out
    assert json.loads(run("rollback", "000002", "--home", home, "--json").out) == {
        "before": "000001",
        "current": "000002",
    }


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("search", "--home", "{empty}", "lung"), 3, "nothing has been indexed"),
        (("show", "--home", "{demo}", "4"), 1, "'4' is not in generation 000001"),
        (("show", "--home", "{demo}", "-4"), 2, "-4"),
        (("search", "--home", "{demo}", "--limit", "0", "x"), 2, "limit is 0"),
        (("search", "--home", "{demo}", " "), 2, "nothing is asked: give words, --image FILE"),
        (("index", "{empty}/missing.xml", "--home", "{empty}"), 2, "there is no file or folder"),
        (("rollback", "--home", "{demo}", "000009"), 3, "there is no generation '000009'"),
        (("status", "--home", "{empty}"), 3, "nothing has been indexed"),
    ],
)
def test_errors_are_one_line_with_an_exit_code(
    run: Run, demo: Path, tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    ran = run(*(word.format(demo=demo, empty=tmp_path) for word in words))
    assert ran.code == code
    assert message in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_errors_with_json_are_one_json_object(run: Run, tmp_path: Path) -> None:
    ran = run("search", "--home", str(tmp_path), "--json", "lung")
    assert ran.code == 3
    assert json.loads(ran.out)["error"]["code"] == "not_published"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("search", "--json", "--limit", "many", "lung"), "Invalid value for '--limit'"),
        (("show", "--json"), "Missing argument"),
        (("status", "--json", "--nope"), "No such option: --nope"),
        (("nope", "--json"), "No such command 'nope'"),
    ],
)
def test_a_mistyped_command_with_json_is_one_json_object_too(run: Run, words: tuple[str, ...], message: str) -> None:
    ran = run(*words)
    assert ran.code == 2
    error = json.loads(ran.out)["error"]
    assert error["code"] == "usage"
    assert message in error["message"]


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHLIT_KEEP_GENERATIONS", "none")
    ran = run("status")
    assert ran.code == 2
    assert "the setting 'keep_generations'" in ran.err


def test_another_encoder_than_the_generations_is_refused_naming_both(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.retrieval.encoders.test_text import make_checkpoint

    make_checkpoint(tmp_path)
    monkeypatch.setenv("PATHLIT_ENCODER", str(tmp_path))
    ran = run("search", "--home", str(demo), "lung")
    assert ran.code == 3
    assert "was built with encoder all-MiniLM-L6-v2@53aa51172d142c89" in " ".join(ran.err.split())
