"""The demonstration corpus: valid PubMed XML that nobody can take for real papers, and broad enough to search."""

from __future__ import annotations

import re
from importlib.resources import as_file, files

import pytest
from lxml import etree

from indexing.pubmed.reader import read_pubmed_xml
from retrieval.records import Article

CORPUS = files("pathlit") / "demo_corpus.xml"

TITLE_MARKS = ("Demonstration text: ", "[Demonstration text: ")
VERNACULAR_MARKS = {
    "fre": "Texte de démonstration : ",
    "ger": "Demonstrationstext: ",
    "spa": "Texto de demostración: ",
}

RETRACTED, RETRACTION_NOTICE = 900000026, 900000027
CORRECTED, ERRATUM = 900000012, 900000013
COMMENTED, COMMENT = 900000019, 900000020

ORGAN_SYSTEMS = (
    "adrenal", "bladder", "bone", "bone marrow", "brain", "breast", "cervix", "colorectal", "endometrium", "eye",
    "head and neck", "heart", "kidney", "kidney allograft", "leukaemia", "liver", "lung", "lymph node", "lymphoma",
    "mediastinum", "melanoma", "mesothelioma", "oesophagus", "ovary", "pancreas", "peritoneum", "placenta", "pleural",
    "prostate", "salivary gland", "skin", "soft tissue", "stomach", "testis", "thymoma", "thyroid",
)  # fmt: skip

MARKERS = (
    "ALK", "ATRX", "BAP1", "beta-catenin", "BRAF V600E", "calretinin", "CD117", "CD20", "CD3", "CD30", "CD34", "CDX2",
    "CK20", "CK7", "DOG1", "ER", "GATA3", "HER2/neu", "HMB-45", "IDH1 R132H", "INSM1", "Ki-67", "KIT", "Melan-A",
    "MLH1", "MSH6", "napsin A", "NTRK", "p16", "p40", "p53", "p63", "PAX8", "PD-L1", "PMS2", "PR", "S100", "SATB2",
    "SOX10", "STAT6", "synaptophysin", "TGF-β", "TTF-1", "WT1", "β-catenin",
)  # fmt: skip

METHODS = (
    "Banff", "Bethesda system", "cell block", "Congo red", "deep learning", "effusion", "FIGO", "fine-needle",
    "frozen section", "Fuhrman", "Gleason", "in situ hybridisation", "in situ hybridization", "ISUP", "liquid-based",
    "Nottingham", "Pap smear", "Paris system", "PAS", "tumour budding", "whole-slide",
)  # fmt: skip


def text_of(element: etree._Element | None) -> str:
    return "" if element is None else "".join(str(part) for part in element.itertext())


@pytest.fixture(scope="module")
def corpus() -> etree._ElementTree:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    with as_file(CORPUS) as path:
        return etree.parse(str(path), parser)


@pytest.fixture(scope="module")
def records(corpus: etree._ElementTree) -> dict[int, etree._Element]:
    found = corpus.getroot().findall("PubmedArticle")
    return {int(record.findtext("MedlineCitation/PMID", "0")): record for record in found}


@pytest.fixture(scope="module")
def searchable(records: dict[int, etree._Element]) -> list[str]:
    """Title and main abstract of each record, as a search sees them."""
    return [
        " ".join([text_of(record.find(".//ArticleTitle")), *map(text_of, record.findall(".//Abstract/AbstractText"))])
        for record in records.values()
    ]


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    """What our own parser makes of the file; it raises at the first record that it cannot use."""
    with as_file(CORPUS) as path:
        return [record for record in read_pubmed_xml(path) if isinstance(record, Article)]


def publication_types(record: etree._Element) -> list[str]:
    return [text_of(element) for element in record.findall(".//PublicationType")]


def links(record: etree._Element) -> list[tuple[str, int]]:
    found = record.findall(".//CommentsCorrections")
    return [(str(link.get("RefType")), int(link.findtext("PMID", "0"))) for link in found]


# --- What it is -----------------------------------------------------------------------------------------------------


def test_the_file_says_at_its_top_that_these_are_not_publications(corpus: etree._ElementTree) -> None:
    comment = corpus.getroot().getprevious()
    assert comment is not None
    assert "demonstration texts written for this project. They are not publications" in str(comment.text)
    assert "made up" in str(comment.text)


def test_it_holds_112_records_each_with_its_own_pmid_outside_pubmed(
    corpus: etree._ElementTree, records: dict[int, etree._Element]
) -> None:
    assert len(corpus.getroot().findall("PubmedArticle")) == 112
    assert sorted(records) == list(range(900000001, 900000113))


def test_every_title_marks_its_record_as_a_demonstration_text(records: dict[int, etree._Element]) -> None:
    titles = [text_of(record.find(".//ArticleTitle")) for record in records.values()]
    assert [title for title in titles if not title.startswith(TITLE_MARKS)] == []
    assert len(set(titles)) == 112


def test_three_titles_are_translations_and_their_vernacular_titles_are_marked_too(
    records: dict[int, etree._Element],
) -> None:
    languages = []
    for record in records.values():
        language, title = record.findtext(".//Language", ""), text_of(record.find(".//ArticleTitle"))
        vernacular = record.findtext(".//VernacularTitle", "")
        assert (language != "eng") == (title.startswith("[") and title.endswith("].")) == bool(vernacular), title
        if language != "eng":
            languages.append(language)
            assert vernacular.startswith(VERNACULAR_MARKS[language])
    assert sorted(languages) == ["fre", "ger", "spa"]


def test_every_record_names_the_demonstration_journal_and_a_year(records: dict[int, etree._Element]) -> None:
    assert {record.findtext(".//Journal/Title") for record in records.values()} == {"pathlit demonstration texts"}
    assert {record.findtext(".//ISOAbbreviation") for record in records.values()} == {"Pathlit Demo Texts"}
    years = {int(text_of(record.find(".//PubDate"))[:4]) for record in records.values()}
    assert (min(years), max(years)) == (2008, 2025)


def test_no_doi_lies_outside_the_test_prefix(records: dict[int, etree._Element]) -> None:
    dois = [
        text_of(element)
        for record in records.values()
        for element in [*record.findall(".//ELocationID"), *record.findall(".//ArticleId[@IdType='doi']")]
    ]
    assert len(dois) == 2 * 98
    assert [doi for doi in dois if not re.fullmatch(r"10\.5555/pathlit\.demo\.\d+", doi)] == []


def test_a_stated_study_figure_is_always_called_invented(records: dict[int, etree._Element]) -> None:
    """A record with METHODS and RESULTS reads like a study, so it says in plain words that there was none."""
    studies = 0
    for pmid, record in records.items():
        sections = record.findall(".//Abstract/AbstractText")
        if {"METHODS", "RESULTS"} <= {section.get("Label") for section in sections}:
            studies += 1
            assert "invented" in " ".join(map(text_of, sections)), pmid
    assert studies == 29


# --- The forms of a PubMed record -----------------------------------------------------------------------------------


def test_it_follows_the_dtd_that_it_names_but_for_mesh_headings_without_ui(corpus: etree._ElementTree) -> None:
    head = CORPUS.read_text(encoding="utf-8").splitlines()[1]
    assert head.endswith('"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_190101.dtd">')
    with as_file(files("Bio.Entrez") / "DTDs") as folder:
        dtd = etree.DTD(str(folder / "pubmed_190101.dtd"))
    dtd.validate(corpus)
    complaints = str(dtd.error_log).splitlines()
    accepted = "DTD_MISSING_ATTRIBUTE: Element DescriptorName does not carry attribute UI"
    assert [line for line in complaints if not line.endswith(accepted)] == []


def test_34_abstracts_are_structured_and_6_of_their_sections_have_an_empty_label(
    records: dict[int, etree._Element],
) -> None:
    labels = [[s.get("Label") for s in record.findall(".//Abstract/AbstractText")] for record in records.values()]
    assert sum(1 for found in labels if any(label is not None for label in found)) == 34
    assert sum(found.count("") for found in labels) == 6


def test_five_records_have_a_title_only(records: dict[int, etree._Element]) -> None:
    assert [pmid for pmid, record in records.items() if record.find(".//Abstract") is None] == [
        ERRATUM,
        COMMENT,
        RETRACTION_NOTICE,
        900000105,
        900000112,
    ]


def test_abstracts_have_60_to_160_words(records: dict[int, etree._Element]) -> None:
    abstracts = [record.find(".//Abstract") for record in records.values()]
    counts = [len(text_of(abstract).split()) for abstract in abstracts if abstract is not None]
    assert min(counts) >= 60
    assert max(counts) <= 160


def test_titles_and_abstracts_carry_inline_markup_and_greek_letters(records: dict[int, etree._Element]) -> None:
    markup = {str(e.tag) for r in records.values() for e in r.iter("i", "sup", "sub")}
    assert markup == {"i", "sup", "sub"}
    assert any(record.find(".//ArticleTitle/i") is not None for record in records.values())


def test_publication_types_include_every_kind_that_search_treats_differently(
    records: dict[int, etree._Element],
) -> None:
    assert {kind for record in records.values() for kind in publication_types(record)} == {
        "Case Reports",
        "Comment",
        "Journal Article",
        "Letter",
        "Multicenter Study",
        "Published Erratum",
        "Randomized Controlled Trial",
        "Retracted Publication",
        "Retraction of Publication",
        "Review",
        "Systematic Review",
    }


# --- As our parser reads it -----------------------------------------------------------------------------------------


def test_our_parser_reads_every_record_in_order(articles: list[Article]) -> None:
    assert [article.pmid for article in articles] == list(range(900000001, 900000113))


def test_our_parser_sees_the_same_titles_and_abstracts(articles: list[Article]) -> None:
    assert [a.pmid for a in articles if not a.title.startswith("Demonstration text: ")] == []
    assert sum(1 for a in articles if a.abstract == "") == 5
    assert [a.languages for a in articles if a.title_translated] == [("fre",), ("spa",), ("ger",)]


def test_our_parser_sees_the_links_between_articles_and_notices(articles: list[Article]) -> None:
    found = {(a.pmid, link.ref_type, link.pmid) for a in articles for link in a.corrections}
    assert found == {
        (RETRACTED, "RetractionIn", RETRACTION_NOTICE),
        (RETRACTION_NOTICE, "RetractionOf", RETRACTED),
        (CORRECTED, "ErratumIn", ERRATUM),
        (ERRATUM, "ErratumFor", CORRECTED),
        (COMMENTED, "CommentIn", COMMENT),
        (COMMENT, "CommentOn", COMMENTED),
    }


# --- Integrity ------------------------------------------------------------------------------------------------------


def test_the_retracted_article_and_its_notice_name_each_other(records: dict[int, etree._Element]) -> None:
    assert publication_types(records[RETRACTED]) == ["Journal Article", "Retracted Publication"]
    assert links(records[RETRACTED]) == [("RetractionIn", RETRACTION_NOTICE)]
    assert publication_types(records[RETRACTION_NOTICE]) == ["Retraction of Publication"]
    assert links(records[RETRACTION_NOTICE]) == [("RetractionOf", RETRACTED)]


def test_the_corrected_article_and_its_erratum_name_each_other_and_nothing_is_retracted(
    records: dict[int, etree._Element],
) -> None:
    assert publication_types(records[CORRECTED]) == ["Journal Article", "Multicenter Study"]
    assert links(records[CORRECTED]) == [("ErratumIn", ERRATUM)]
    assert publication_types(records[ERRATUM]) == ["Published Erratum"]
    assert links(records[ERRATUM]) == [("ErratumFor", CORRECTED)]


def test_the_comment_and_the_article_it_is_about_name_each_other(records: dict[int, etree._Element]) -> None:
    assert publication_types(records[COMMENT]) == ["Letter", "Comment"]
    assert links(records[COMMENT]) == [("CommentOn", COMMENTED)]
    assert links(records[COMMENTED]) == [("CommentIn", COMMENT)]


def test_no_other_record_is_linked_or_retracted(records: dict[int, etree._Element]) -> None:
    linked = {pmid for pmid, record in records.items() if links(record)}
    assert linked == {RETRACTED, RETRACTION_NOTICE, CORRECTED, ERRATUM, COMMENTED, COMMENT}
    assert [p for p, r in records.items() if "Retracted Publication" in publication_types(r)] == [RETRACTED]


# --- Breadth --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [*ORGAN_SYSTEMS, *METHODS])
def test_organ_systems_and_methods_are_each_found(searchable: list[str], word: str) -> None:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    assert any(pattern.search(text) for text in searchable)


@pytest.mark.parametrize("marker", MARKERS)
def test_markers_are_each_found_in_their_own_spelling(searchable: list[str], marker: str) -> None:
    pattern = re.compile(rf"(?<!\w){re.escape(marker)}(?!\w)")
    assert any(pattern.search(text) for text in searchable)


@pytest.mark.parametrize(
    ("words", "at_least"),
    [
        (("lung", "adenocarcinoma", "squamous"), 4),
        (("breast", "HER2"), 4),
        (("breast", "Ki-67"), 3),
        (("colorectal", "microsatellite instability"), 4),
        (("budding",), 3),
        (("melanoma", "SOX10"), 4),
        (("thyroid",), 4),
    ],
)
def test_popular_topics_have_several_records_to_rank(
    searchable: list[str], words: tuple[str, ...], at_least: int
) -> None:
    found = [text for text in searchable if all(word.lower() in text.lower() for word in words)]
    assert len(found) >= at_least


@pytest.mark.parametrize("pair", [("tumour", "tumor"), ("haematoxylin", "hematoxylin"), ("randomised", "recognized")])
def test_british_and_american_spellings_both_occur(searchable: list[str], pair: tuple[str, str]) -> None:
    everything = " ".join(searchable).lower()
    assert all(word in everything for word in pair)
