"""The stand-in behaves as NCBI does where the code under test depends on it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import etree

from tests.servers.ncbi import NcbiServer


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
