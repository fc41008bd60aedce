"""What was found, written into the draft."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.lookup.insertion import Written, with_citations
from retrieval.lookup.lookup import CitationLookup
from retrieval.lookup.records import LookupRequest
from retrieval.records import Filters, IntegrityPolicy
from retrieval.search import Searcher
from tests.retrieval.lookup.lookup_fakes import CLAIM, WordVerifier, open_library


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    return open_library(tmp_path_factory.mktemp("insertion"))


def written(searcher: Searcher, text: str, policy: IntegrityPolicy = IntegrityPolicy.EXCLUDE) -> Written:
    request = LookupRequest(text=text, papers=10, filters=Filters(integrity=policy))
    return with_citations(text, CitationLookup(searcher, WordVerifier()).look_up(request))


def test_only_what_supports_is_cited_and_listed_once(searcher: Searcher) -> None:
    text = f"{CLAIM} We stained fifty cases of our own.\n\n{CLAIM}\n"
    found = written(searcher, text)
    assert (found.citations, found.papers) == (2, 1)
    body, _, listed = found.text.partition("\n\n## References\n\n")
    marked = CLAIM[:-1] + " [1]."
    assert body == f"{marked} We stained fifty cases of our own.\n\n{marked}"
    assert listed.startswith("1. Smith J. TTF-1 stains lung adenocarcinoma. Mod Pathol. 2014;201. doi:10.1000/smith.")
    assert listed.count("\n") == 1


def test_a_list_that_is_there_goes_on_with_its_numbers(searcher: Searcher) -> None:
    text = f"{CLAIM} Brains hold water [1].\n\n## References\n\n1. PMID: 206\n\n## Funding\n\nNone at all.\n"
    found = written(searcher, text)
    assert f"{CLAIM[:-1]} [2]. Brains hold water [1]." in found.text
    before, after = found.text.split("\n2. Smith J.")
    assert before.endswith("1. PMID: 206")
    assert after.endswith("## Funding\n\nNone at all.\n")


def test_a_retracted_paper_is_written_only_where_allowed_and_then_labelled(searcher: Searcher) -> None:
    assert "Fraud" not in written(searcher, CLAIM, IntegrityPolicy.LABEL).text
    allowed = written(searcher, CLAIM, IntegrityPolicy.ALLOW).text
    (line,) = [line for line in allowed.splitlines() if "Fraud" in line]
    assert line.endswith(r"\[retracted\]")


def test_without_support_the_draft_stays_as_it_is(searcher: Searcher) -> None:
    text = "Water diffuses in the brain of every newborn child.\n"
    assert written(searcher, text) == Written(text, 0, 0)


def test_the_written_draft_reads_as_cited(searcher: Searcher, tmp_path: Path) -> None:
    again = CitationLookup(searcher, WordVerifier()).look_up(LookupRequest(text=written(searcher, CLAIM).text))
    (sentence,) = again.sentences
    assert [cited.supports for cited in sentence.cited] == [True]
