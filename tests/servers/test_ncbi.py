"""The stand-in behaves as NCBI does where the code under test depends on it."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import etree

from tests.real_data import DATA, needs_data
from tests.servers.bulk_tree import BulkTree
from tests.servers.ncbi import NcbiServer
from tests.servers.ncbi_world import World


def get(ncbi: NcbiServer, utility: str, **parameters: Any) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{ncbi.url}{utility}.fcgi?{urlencode(parameters)}", timeout=10) as answer:
        body: bytes = answer.read()
    return body


def pmids(body: bytes) -> list[str | None]:
    return [element.text for element in etree.fromstring(body).iterfind(".//MedlineCitation/PMID")]


def test_the_fourth_request_within_a_second_is_refused() -> None:
    with NcbiServer(enforce_rate=True) as ncbi:
        for _ in range(3):
            get(ncbi, "esearch", term="colon")
        with pytest.raises(urllib.error.HTTPError, match="429") as caught:
            get(ncbi, "esearch", term="colon")
        with caught.value as refusal:
            assert json.loads(refusal.read())["error"] == "API rate limit exceeded"
            assert refusal.headers["Retry-After"] == "1"


def test_json_and_xml_answers_agree() -> None:
    with NcbiServer(citations=5) as ncbi:
        as_xml = etree.fromstring(get(ncbi, "esearch", term="colon", retmax=2))
        as_json = json.loads(get(ncbi, "esearch", term="colon", retmax=2, retmode="json"))["esearchresult"]
    assert as_xml.findtext("Count") == as_json["count"] == "5"
    assert [element.text for element in as_xml.iterfind("IdList/Id")] == as_json["idlist"] == ["30000005", "30000004"]


def test_the_history_holds_a_search_and_pages_through_it() -> None:
    with NcbiServer(citations=5) as ncbi:
        search = etree.fromstring(get(ncbi, "esearch", term="colon", retmax=0, usehistory="y"))
        history = {"WebEnv": search.findtext("WebEnv"), "query_key": search.findtext("QueryKey")}
        assert pmids(get(ncbi, "efetch", retstart=3, retmax=9, **history)) == ["30000002", "30000001"]


def test_no_search_reaches_beyond_the_first_9999() -> None:
    with NcbiServer(citations=12_000) as ncbi:
        whole = etree.fromstring(get(ncbi, "esearch", term="colon", retmax=20_000))
        assert whole.findtext("Count") == "12000"
        assert len(whole.findall("IdList/Id")) == 9_999
        beyond = etree.fromstring(get(ncbi, "esearch", term="colon", retstart=9_999))
        assert "cannot be larger than 9998" in str(beyond.findtext("ERROR"))


def test_days_and_pmids_narrow_a_search() -> None:
    world = World(1_000, per_day=100, first_day=date(2026, 11, 1))
    with NcbiServer(world=world) as ncbi:
        day = {"datetype": "edat", "mindate": "2026/11/02", "maxdate": "2026/11/02"}
        found = etree.fromstring(get(ncbi, "esearch", term="colon", retmax=0, **day))
        assert found.findtext("Count") == "100"
        both = etree.fromstring(get(ncbi, "esearch", term="(colon) AND 30000101:30000110[UID]", retmax=99, **day))
        assert [element.text for element in both.iterfind("IdList/Id")][:2] == ["30000110", "30000109"]
        one_end = etree.fromstring(get(ncbi, "esearch", term="colon", retmax=0, mindate="2026/11/02"))
        assert one_end.findtext("Count") == "1000"


def test_a_revised_citation_is_found_by_its_new_day_and_has_another_text() -> None:
    world = World(10, first_day=date(2020, 1, 1))
    with NcbiServer(world=world) as ncbi:
        before = get(ncbi, "efetch", id="30000004")
        world.revise(30000004, date(2026, 11, 20))
        modified = {"datetype": "mdat", "mindate": "2026/11/01", "maxdate": "2026/12/01"}
        found = etree.fromstring(get(ncbi, "esearch", term="colon", **modified))
        assert [element.text for element in found.iterfind("IdList/Id")] == ["30000004"]
        assert get(ncbi, "efetch", id="30000004") != before


def test_posted_ids_are_kept_and_a_forgotten_history_is_an_error() -> None:
    with NcbiServer(citations=5) as ncbi:
        posted = etree.fromstring(get(ncbi, "epost", id="30000001,30000003,abc"))
        assert posted.findtext("InvalidIdList/Id") == "abc"
        history = {"WebEnv": posted.findtext("WebEnv"), "query_key": posted.findtext("QueryKey")}
        assert pmids(get(ncbi, "efetch", **history)) == ["30000001", "30000003"]
        lost = etree.fromstring(get(ncbi, "efetch", WebEnv="MCID_0", query_key="1"))
        assert lost.findtext("ERROR") == "Unable to obtain query #1"


def test_the_bulk_tree_hangs_on_the_same_server() -> None:
    tree = BulkTree(baseline_files=1, update_files=1, citations_per_file=5)
    with NcbiServer(citations=5, mounts={"/pubmed/": tree.answer}) as ncbi:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{ncbi.root}pubmed/baseline/{tree.name(1)}") as answer:
            assert len(pmids(gzip.decompress(answer.read()))) >= 5
        assert len(pmids(get(ncbi, "efetch", id="30000001"))) == 1


# --- As NCBI answers ------------------------------------------------------------------------------------------------


def shape(body: bytes) -> set[str]:
    """Every path of elements that occurs, with the names of a summary's items."""
    root = etree.fromstring(body)
    tree = etree.ElementTree(root)
    return {
        re.sub(r"\[\d+\]", "", tree.getpath(element)) + (f"={name}" if (name := element.get("Name")) else "")
        for element in root.iter("*")
    }


def real(name: str) -> bytes:
    with gzip.open(DATA / "eutils_responses" / f"{name}.xml.gz") as file:
        return file.read()


@needs_data
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "utility", "parameters"),
    [
        ("epost1", "epost", {"id": "30000001"}),
        ("epost2", "epost", {"id": "30000001", "db": "nothing"}),
        ("epost3", "epost", {"id": ""}),
        ("esearch8", "esearch", {"term": "abcXYZ"}),
        ("esummary1", "esummary", {"id": "30000001"}),
        ("pubmed2", "efetch", {"id": "30000001"}),
    ],
)
def test_answers_hold_nothing_that_a_real_one_does_not(name: str, utility: str, parameters: dict[str, str]) -> None:
    with NcbiServer(citations=5) as ncbi:
        ncbi.unknown_phrases.add("abcXYZ")
        assert shape(get(ncbi, utility, **parameters)) <= shape(real(name))
