"""Every RefType of PubMed's DTD, told by the paper's own record and by another record that points at it."""

from __future__ import annotations

import msgspec
import pytest

from retrieval.integrity import EXCLUDED, NOTICES, IncomingLink, assess
from retrieval.records import Article, Correction, Finding, Integrity, IntegrityStatus, PartialDate, Term

OK = IntegrityStatus.OK
UPDATED = IntegrityStatus.UPDATED
REPUBLISHED = IntegrityStatus.REPUBLISHED
CORRECTED = IntegrityStatus.CORRECTED
CONCERN = IntegrityStatus.CONCERN
WITHDRAWN = IntegrityStatus.WITHDRAWN
RETRACTED = IntegrityStatus.RETRACTED
RETRACTION_NOTICE = IntegrityStatus.RETRACTION_NOTICE
CONCERN_NOTICE = IntegrityStatus.CONCERN_NOTICE
ERRATUM_NOTICE = IntegrityStatus.ERRATUM_NOTICE

RETRACTED_PUBLICATION = Term("Retracted Publication", "D016441")
RETRACTION_OF_PUBLICATION = Term("Retraction of Publication", "D016440")
PUBLISHED_ERRATUM = Term("Published Erratum", "D016425")

LINKS = "PubMed CommentsCorrections"
TYPES = "PubMed publication type"

# RefType: (status of the paper whose record carries it, status of the paper that it points at)
REF_TYPES = {
    "AssociatedDataset": (OK, OK),
    "AssociatedPublication": (OK, OK),
    "CommentIn": (OK, OK),
    "CommentOn": (OK, OK),
    "CorrectedandRepublishedIn": (CORRECTED, OK),
    "CorrectedandRepublishedFrom": (OK, CORRECTED),
    "ErratumIn": (CORRECTED, ERRATUM_NOTICE),
    "ErratumFor": (ERRATUM_NOTICE, CORRECTED),
    "ExpressionOfConcernIn": (CONCERN, CONCERN_NOTICE),
    "ExpressionOfConcernFor": (CONCERN_NOTICE, CONCERN),
    "RepublishedIn": (REPUBLISHED, OK),
    "RepublishedFrom": (OK, REPUBLISHED),
    "RetractedandRepublishedIn": (RETRACTED, OK),
    "RetractedandRepublishedFrom": (OK, RETRACTED),
    "RetractionIn": (RETRACTED, RETRACTION_NOTICE),
    "RetractionOf": (RETRACTION_NOTICE, RETRACTED),
    "UpdateIn": (UPDATED, OK),
    "UpdateOf": (OK, UPDATED),
    "SummaryForPatientsIn": (OK, OK),
    "OriginalReportIn": (OK, OK),
    "ReprintIn": (OK, OK),
    "ReprintOf": (OK, OK),
    "Cites": (OK, OK),
    # In the DTDs before 2018; NLM now counts partial retractions as errata.
    "PartialRetractionIn": (CORRECTED, ERRATUM_NOTICE),
    "PartialRetractionOf": (ERRATUM_NOTICE, CORRECTED),
}

PUBLICATION_TYPES = [
    (RETRACTED_PUBLICATION, RETRACTED),
    (RETRACTION_OF_PUBLICATION, RETRACTION_NOTICE),
    (Term("Retraction Notice", "D016440"), RETRACTION_NOTICE),
    (Term("Expression of Concern", "D000075742"), CONCERN_NOTICE),
    (PUBLISHED_ERRATUM, ERRATUM_NOTICE),
    (Term("Corrected and Republished Article", "D016439"), OK),
    (Term("Duplicate Publication"), OK),
    (Term("Preprint"), OK),
    (Term("Comment", "D016420"), OK),
    (Term("Journal Article", "D016428"), OK),
    (Term("Retracted Publication"), RETRACTED),
    (Term("retracted  publication"), RETRACTED),
    (Term("Retraction of Publication"), RETRACTION_NOTICE),
    (Term("Retraction Notice"), RETRACTION_NOTICE),
    (Term("Expression of Concern"), CONCERN_NOTICE),
    (Term("Published Erratum"), ERRATUM_NOTICE),
    (Term("Corrected and Republished Article"), OK),
]


def article(*links: tuple[str, int | None], types: tuple[Term, ...] = (), title: str = "") -> Article:
    corrections = tuple(Correction(ref_type, pmid) for ref_type, pmid in links)
    return Article(pmid=100, title=title, publication_types=types, corrections=corrections)


@pytest.mark.parametrize(("ref_type", "expected"), [(name, own) for name, (own, _) in REF_TYPES.items()])
def test_a_link_on_the_paper_itself(ref_type: str, expected: IntegrityStatus) -> None:
    found = assess(article((ref_type, 7)))
    assert found.status is expected
    assert found.related_pmids == (() if expected is OK else (7,))
    assert found.reasons == (() if expected is OK else (f"{ref_type} 7",))


@pytest.mark.parametrize(("ref_type", "expected"), [(name, incoming) for name, (_, incoming) in REF_TYPES.items()])
def test_a_link_from_another_paper(ref_type: str, expected: IntegrityStatus) -> None:
    found = assess(article(), [IncomingLink(7, ref_type)])
    assert found.status is expected
    assert found.related_pmids == (() if expected is OK else (7,))
    assert found.reasons == (() if expected is OK else (f"{ref_type} from 7",))


@pytest.mark.parametrize(("term", "expected"), PUBLICATION_TYPES)
def test_a_publication_type(term: Term, expected: IntegrityStatus) -> None:
    assert assess(article(types=(term,))).status is expected


def test_a_paper_without_marks_is_ok() -> None:
    assert assess(article()) == Integrity(status=OK, findings=())
    assert msgspec.json.encode(assess(article())) == b"{}"


def test_search_leaves_out_what_was_retracted_or_withdrawn_and_no_notice() -> None:
    assert {RETRACTED, WITHDRAWN} == EXCLUDED
    assert {RETRACTION_NOTICE, CONCERN_NOTICE, ERRATUM_NOTICE} == NOTICES


GRAVEST = [
    ("retraction over concern", [("ExpressionOfConcernIn", 1), ("RetractionIn", 2)], RETRACTED),
    ("retraction over erratum", [("ErratumIn", 1), ("RetractionIn", 2)], RETRACTED),
    ("concern over erratum", [("ErratumIn", 1), ("ExpressionOfConcernIn", 2)], CONCERN),
    ("erratum over newer version", [("UpdateIn", 1), ("ErratumIn", 2)], CORRECTED),
    ("republication over newer version", [("UpdateIn", 1), ("RepublishedIn", 2)], REPUBLISHED),
    ("any number of errata", [("ErratumIn", 1), ("ErratumIn", 2), ("CorrectedandRepublishedIn", 3)], CORRECTED),
    ("a corrected retraction notice", [("ErratumIn", 1), ("RetractionOf", 2)], RETRACTION_NOTICE),
    ("a corrected erratum", [("ErratumIn", 1), ("ErratumFor", 2)], ERRATUM_NOTICE),
    ("a retracted notice", [("RetractionOf", 1), ("RetractionIn", 2)], RETRACTED),
    ("a retraction notice that also corrects", [("ErratumFor", 1), ("RetractionOf", 2)], RETRACTION_NOTICE),
    ("a replacement with a comment", [("RetractedandRepublishedFrom", 1), ("CommentIn", 2)], OK),
    ("a replacement retracted in its turn", [("RetractedandRepublishedFrom", 1), ("RetractionIn", 2)], RETRACTED),
]


@pytest.mark.parametrize(("links", "expected"), [row[1:] for row in GRAVEST], ids=[row[0] for row in GRAVEST])
def test_the_gravest_mark_decides(links: list[tuple[str, int]], expected: IntegrityStatus) -> None:
    assert assess(article(*links)).status is expected
    assert assess(article(*reversed(links))).status is expected


def test_a_notice_by_type_is_not_retracted_by_its_own_links_to_others() -> None:
    found = assess(article(("RetractionOf", 30880996), types=(RETRACTION_OF_PUBLICATION,)))
    assert found == Integrity(
        status=RETRACTION_NOTICE,
        findings=(
            Finding(RETRACTION_NOTICE, TYPES, "publication type Retraction of Publication"),
            Finding(RETRACTION_NOTICE, LINKS, "RetractionOf 30880996", paper_pmid=30880996),
        ),
    )
    assert found.related_pmids == (30880996,)


def test_both_ends_of_a_retraction_give_one_notice_and_every_reason() -> None:
    paper = article(("RetractionIn", 15516371), types=(RETRACTED_PUBLICATION,))
    found = assess(paper, [IncomingLink(15516371, "RetractionOf", "2004-11-09")])
    assert found == Integrity(
        status=RETRACTED,
        findings=(
            Finding(RETRACTED, TYPES, "publication type Retracted Publication"),
            Finding(RETRACTED, LINKS, "RetractionIn 15516371", notice_pmid=15516371),
            Finding(RETRACTED, LINKS, "RetractionOf from 15516371", "2004-11-09", notice_pmid=15516371),
        ),
    )
    assert found.related_pmids == (15516371,)
    assert found.reasons == (
        "publication type Retracted Publication",
        "RetractionIn 15516371",
        "RetractionOf from 15516371",
    )


def test_the_gravest_notice_comes_first_whatever_the_order_of_the_links() -> None:
    paper = article(("ErratumIn", 5))
    links = [
        IncomingLink(9, "RetractionOf"),
        IncomingLink(8, "ExpressionOfConcernFor"),
        IncomingLink(7, "RetractionOf"),
    ]
    assert assess(paper, links).related_pmids == (7, 9, 8, 5)
    assert assess(paper, reversed(links)) == assess(paper, links)


def test_a_link_without_pmid_still_counts_and_names_its_source_and_date() -> None:
    paper = Article(pmid=100, corrections=(Correction("RetractionIn", None, "Tumour Biol. 2017 Apr 20"),))
    assert assess(paper).findings == (Finding(RETRACTED, LINKS, "RetractionIn Tumour Biol. 2017 Apr 20", "2017-04-20"),)


def test_a_paper_is_dated_by_its_notice_and_a_notice_by_itself() -> None:
    published = PartialDate("2019-06-01", "month", "2019 Jun")
    paper = Article(pmid=1, published=published, corrections=(Correction("ErratumIn", 2, "JAMA. 2020 Mar;3(1):4"),))
    notice = Article(pmid=2, published=published, corrections=(Correction("ErratumFor", 1, "JAMA. 2012;3(1):4"),))
    assert assess(paper).findings[0].date == "2020-03"
    assert assess(paper, [IncomingLink(9, "RetractionOf", "2021")]).findings[0].date == "2021"
    assert assess(notice).findings[0].date == "2019-06"


def test_an_erratum_never_retracts() -> None:
    paper = article(("ErratumIn", 1), ("ErratumFor", 2), types=(PUBLISHED_ERRATUM,))
    incoming = [IncomingLink(3, "ErratumFor"), IncomingLink(4, "ErratumIn")]
    assert assess(paper, incoming).status is ERRATUM_NOTICE
    assert assess(article(("ErratumIn", 1)), incoming[:1]).status is CORRECTED


def test_a_record_that_points_at_itself_is_read_once() -> None:
    """A notice that names its own PMID does not retract itself; a paper retracted in place is retracted."""
    assert assess(article(("RetractionOf", 100)), [IncomingLink(100, "RetractionOf")]).status is RETRACTION_NOTICE
    assert assess(article(("RetractionIn", 100)), [IncomingLink(100, "RetractionIn")]).status is RETRACTED


# --- Titles: see test_integrity_titles.py for what they say; here for what they weigh ---------------------------------


def test_a_title_alone_marks_a_paper() -> None:
    assert assess(article(title="RETRACTED: Margins in melanoma.")) == Integrity(
        status=RETRACTED, findings=(Finding(RETRACTED, "title", "title begins 'RETRACTED: Margins in melanoma.'"),)
    )
    assert assess(article(title="WITHDRAWN: Interventions for warts.")).status is WITHDRAWN


def test_a_notice_whose_title_repeats_the_mark_of_its_paper_stays_a_notice() -> None:
    title = "Retracted: FLG Is a Potential Biomarker of Prognosis."
    assert assess(article(title=title, types=(RETRACTION_OF_PUBLICATION,))).status is RETRACTION_NOTICE
    assert assess(article(("RetractionOf", 7), title=title)).status is RETRACTION_NOTICE
    assert assess(article(title=title), [IncomingLink(7, "RetractionIn")]).status is RETRACTION_NOTICE


def test_a_title_does_not_make_a_notice_of_a_paper_that_pubmed_calls_concerned() -> None:
    title = "Expression of Concern: Margins in melanoma."
    assert assess(article(("ExpressionOfConcernIn", 7), title=title)).status is CONCERN
    assert assess(article(title=title)).status is CONCERN_NOTICE


def test_an_erratum_link_does_not_silence_a_title_that_says_retracted() -> None:
    assert assess(article(("ErratumIn", 7), title="RETRACTED: Margins.")).status is RETRACTED


# --- Imported notices and reinstatement -------------------------------------------------------------------------------

WATCH = "Retraction Watch"


def watched(status: IntegrityStatus, date: str = "", source: str = WATCH) -> Finding:
    return Finding(status, source, f"{source}: {status}", date)


def test_an_imported_notice_counts_beside_those_of_pubmed() -> None:
    found = assess(article(("ErratumIn", 7)), imported=[watched(RETRACTED, "2023-09-01")])
    assert found.status is RETRACTED
    assert [finding.source for finding in found.findings] == [WATCH, LINKS]


def test_a_later_reinstatement_lifts_the_retraction_of_its_own_source_and_keeps_it_as_history() -> None:
    found = assess(article(), imported=[watched(RETRACTED, "2020-01-31"), watched(OK, "2021-05-01")])
    assert found.status is OK
    assert [(finding.status, finding.lifted) for finding in found.findings] == [(OK, False), (RETRACTED, True)]


REINSTATEMENTS = [
    ("withdrawn papers come back too", [watched(WITHDRAWN, "2020-01-31"), watched(OK, "2021-05-01")], OK),
    ("an earlier one lifts nothing", [watched(RETRACTED, "2021-05-01"), watched(OK, "2020-01-31")], RETRACTED),
    ("nor does one of the same day", [watched(RETRACTED, "2021-05-01"), watched(OK, "2021-05-01")], RETRACTED),
    ("nor one without a date", [watched(RETRACTED, "2021-05-01"), watched(OK, "")], RETRACTED),
    ("nor where the retraction has no date", [watched(RETRACTED, ""), watched(OK, "2021-05-01")], RETRACTED),
    ("nor one of another source", [watched(RETRACTED, "2020"), watched(OK, "2021", "a list")], RETRACTED),
    (
        "a paper retracted again is retracted",
        [watched(RETRACTED, "2020"), watched(OK, "2021"), watched(RETRACTED, "2022")],
        RETRACTED,
    ),
    ("a concern stays", [watched(CONCERN, "2019"), watched(RETRACTED, "2020"), watched(OK, "2021")], CONCERN),
]


@pytest.mark.parametrize(
    ("imported", "expected"), [row[1:] for row in REINSTATEMENTS], ids=[row[0] for row in REINSTATEMENTS]
)
def test_reinstatement(imported: list[Finding], expected: IntegrityStatus) -> None:
    assert assess(article(), imported=imported).status is expected
    assert assess(article(), imported=imported[::-1]).status is expected


def test_a_reinstatement_never_lifts_what_pubmed_says_or_the_title() -> None:
    imported = [watched(RETRACTED, "2020"), watched(OK, "2021")]
    assert assess(article(("RetractionIn", 7)), imported=imported).status is RETRACTED
    assert assess(article(types=(RETRACTED_PUBLICATION,)), imported=imported).status is RETRACTED
    assert assess(article(title="RETRACTED: Margins."), imported=imported).status is RETRACTED
