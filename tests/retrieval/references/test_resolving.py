"""Which articles references mean, over a small index of real build and search."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from retrieval.identifiers import local_key
from retrieval.records import Article, Author, IntegrityStatus, Journal, PartialDate, Term
from retrieval.references import Reference, Resolution, parse_references, resolve
from retrieval.references.likeness import likeness, share_within, words
from retrieval.search import Searcher
from tests.fakes import Corpus

LUNG = Article(
    pmid=101,
    title="TTF-1 and p40 separate lung adenocarcinoma from squamous cell carcinoma.",
    authors=(Author(last_name="Smith", fore_name="Jane", initials="J"), Author(last_name="Doe", initials="A")),
    journal=Journal(title="Modern pathology", abbreviation="Mod Pathol", volume="31", issue="7"),
    published=PartialDate(sortable="2018-07-01", precision="month", raw="2018 Jul"),
    pages="1027-38",
    doi="10.1038/S41379-018-0001-1",
    pmcid="PMC6022342.1",
)
RETRACTED = Article(
    pmid=102,
    title="A squamous marker that nobody could reproduce in other laboratories.",
    authors=(Author(last_name="Muster", initials="E"),),
    journal=Journal(title="Modern pathology", abbreviation="Mod Pathol", volume="12"),
    published=PartialDate(sortable="2015-01-01", precision="year", raw="2015"),
    pages="5-9",
    publication_types=(Term(name="Retracted Publication", ui="D016441"),),
)
PARTS = tuple(
    Article(
        pmid=200 + number,
        title=f"Lysosomal hydrolases of the epidermis. {number}. {subject}.",
        authors=(Author(last_name="Mier", initials="PD"),),
        journal=Journal(title="The British journal of dermatology", abbreviation="Br J Dermatol", volume="93"),
        published=PartialDate(sortable="1975-07-01", precision="month", raw="1975 Jul"),
        pages=f"{10 * number}-{10 * number + 9}",
    )
    for number, subject in ((2, "Ester hydrolases"), (3, "Proteinases"))
)
REPLIES = tuple(replace(LUNG, pmid=pmid, title="Reply to the letter.", doi="", pages="") for pmid in (301, 302))
LOCAL = Article(
    pmid=local_key("scifact:5"), source_id="scifact:5", title="Microstructure of the newborn human brain in vivo."
)
COPY = replace(
    LUNG, pmid=local_key("copy:6"), source_id="copy:6", authors=(), journal=Journal(), doi="", published=None
)
ARTICLES = (LUNG, RETRACTED, *PARTS, *REPLIES, LOCAL, COPY)

CITED = (
    "Smith J, Doe A. TTF-1 and p40 separate lung adenocarcinoma from squamous cell carcinoma. Mod Pathol. "
    "2018;31(7):1027-38."
)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(Path(tmp_path_factory.mktemp("references")))
    corpus.publish(ARTICLES)
    return corpus.open_searcher()


def resolved(text: str, searcher: Searcher) -> Resolution:
    (reference,) = parse_references(text)
    assert isinstance(reference, Reference)
    (found,) = resolve([reference], searcher)
    assert found.reference is reference
    return found


def pmid(found: Resolution) -> int | None:
    return found.found.article.pmid if found.found else None


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("101", "pmid"),
        ("https://doi.org/10.1038/s41379-018-0001-1", "doi"),
        (f"{CITED} PMID: 101", "pmid"),
        (f"{CITED} doi:10.1038/s41379-018-0001-1", "doi"),
        (CITED, "title"),
        (f"{CITED} PMC6022342", "title"),
        (CITED.replace("adenocarcinoma", "adenocarcnoma").replace("separate", "seperate"), "title"),
        (CITED.replace(" from squamous cell carcinoma", ""), "title"),
        (CITED.replace("2018", "2019"), "title"),
        ("Smith J, Doe A. Mod Pathol 2018;31:1027", "citation"),
    ],
)
def test_a_reference_is_resolved_by_what_it_has(searcher: Searcher, text: str, how: str) -> None:
    found = resolved(text, searcher)
    assert (found.status, found.how, pmid(found)) == ("resolved", how, 101)
    assert found.score > 0.7


def test_a_local_article_is_found_by_its_id_and_its_title(searcher: Searcher) -> None:
    assert pmid(resolved("scifact:5", searcher)) == LOCAL.pmid
    assert pmid(resolved("Nobody N. Microstructure of the newborn human brain in vivo. 1998.", searcher)) == LOCAL.pmid


def test_a_retracted_article_is_found_with_its_standing(searcher: Searcher) -> None:
    text = "Muster E. A squamous marker that nobody could reproduce in other laboratories. Mod Pathol. 2015;12:5-9."
    found = resolved(text, searcher)
    assert pmid(found) == 102
    assert found.integrity is not None
    assert found.integrity.status is IntegrityStatus.RETRACTED


def test_what_differs_from_the_record_is_told(searcher: Searcher) -> None:
    found = resolved(CITED.replace("2018;31", "2015;13"), searcher)
    assert found.differences == ("year 2015, the record has 2018", "volume 13, the record has 31")
    assert resolved(CITED, searcher).differences == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("999", "PMID 999 is not in the index"),
        ("PMC999", "PMC999 alone cannot be looked up; give the PMID, the DOI or the title"),
        ("10.1000/none", "DOI 10.1000/none is not in the index"),
        ("nowhere:5", "nowhere:5 is not in the index"),
        ("Nobody N. Gravitational waves from merging black holes. Phys Rev. 2016;116:1-2.", "no article of it fits"),
    ],
)
def test_what_the_index_lacks_is_not_found(searcher: Searcher, text: str, reason: str) -> None:
    found = resolved(text, searcher)
    assert (found.status, found.found) == ("not_found", None)
    assert reason in found.reason


def test_a_real_pmid_under_another_title_is_a_conflict(searcher: Searcher) -> None:
    found = resolved("Nobody N. Gravitational waves from merging black holes. Phys Rev. 2016;1:2. PMID: 101", searcher)
    assert (found.status, found.found) == ("conflict", None)
    assert found.reason.startswith("PMID 101 is 'TTF-1 and p40 separate")
    assert [candidate.found.article.pmid for candidate in found.candidates] == [101]


def test_a_real_title_under_another_pmid_is_a_conflict_and_both_are_shown(searcher: Searcher) -> None:
    found = resolved(f"{CITED} PMID: 102", searcher)
    assert found.status == "conflict"
    pmids = [candidate.found.article.pmid for candidate in found.candidates]
    assert (pmids[0], 102 in pmids) == (101, True)


def test_a_real_title_under_an_unknown_pmid_is_a_conflict(searcher: Searcher) -> None:
    found = resolved(f"{CITED} PMID: 999", searcher)
    assert (found.status, found.reason) == ("conflict", "the title is that of PMID 101, which has PMID 101, not 999")


def test_identifiers_of_two_articles_are_a_conflict(searcher: Searcher) -> None:
    found = resolved("PMID 102 doi:10.1038/s41379-018-0001-1", searcher)
    assert found.status == "conflict"
    assert found.reason == "PMID 102 and DOI 10.1038/s41379-018-0001-1 are different articles"


def test_another_part_of_a_series_is_not_taken(searcher: Searcher) -> None:
    text = "Mier, P. D. (1975). Lysosomal hydrolases of the epidermis. {}. The British journal of dermatology, 93, {}."
    assert pmid(resolved(text.format("2. Ester hydrolases", "20-29"), searcher)) == 202
    assert resolved(text.format("I. Glycosidases", "1-10"), searcher).status != "resolved"


def test_a_title_of_nothing_at_the_place_of_a_real_article_is_not_taken(searcher: Searcher) -> None:
    text = "Smith J. Dr Income, R. R. Parker: his time treatment now. Mod Pathol. 2018;31(7):1027-38."
    assert resolved(text, searcher).status == "not_found"


def test_articles_that_fit_alike_are_ambiguous(searcher: Searcher) -> None:
    found = resolved("Smith J, Doe A. Reply to the letter. Mod Pathol. 2018;31(7):5.", searcher)
    assert (found.status, found.reason) == ("ambiguous", "2 articles fit alike")
    assert [candidate.found.article.pmid for candidate in found.candidates] == [301, 302]


def test_of_two_copies_the_one_that_says_more_is_taken(searcher: Searcher) -> None:
    assert pmid(resolved(CITED, searcher)) == LUNG.pmid


def test_each_reference_has_its_resolution_in_its_place(searcher: Searcher) -> None:
    references = [one for one in parse_references("999\n101\n102") if isinstance(one, Reference)]
    assert [found.status.value for found in resolve(references, searcher)] == ["not_found", "resolved", "resolved"]


# --- How alike titles are -------------------------------------------------------------------------------------------


def test_likeness_is_symmetric_and_one_for_the_same_words() -> None:
    one, other = words("PD-L1 in the lung"), words("PD-L1 in lungs")
    assert likeness(one, one) == 1.0
    assert likeness(one, other) == likeness(other, one) < 1
    assert likeness((), ()) == 0.0


def test_a_title_stands_within_a_text_whole_or_misspelt_but_not_scattered() -> None:
    title = words("Tumour budding in colorectal carcinoma")
    assert share_within(title, words("Smith J. Tumour budding in colorectal carcinoma. Gut 2014")) == 1.0
    assert share_within(title, words("Smith J. Tumour buding in colorectal carcinoma. Gut 2014")) > 0.9
    scattered = "Tumour of unknown origin; colon budding yeast in flasks; colorectal surgery and breast carcinoma"
    assert share_within(title, words(scattered)) < 0.6
