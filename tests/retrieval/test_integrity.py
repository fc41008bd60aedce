"""Every RefType of PubMed's DTD, told by the paper's own record and by another record that points at it."""

from __future__ import annotations

import pytest

from retrieval.integrity import assess
from retrieval.records import Article, Correction, Integrity, IntegrityStatus, Term

OK = IntegrityStatus.OK
CORRECTED = IntegrityStatus.CORRECTED
CONCERN = IntegrityStatus.CONCERN
RETRACTED = IntegrityStatus.RETRACTED
NOTICE = IntegrityStatus.NOTICE

RETRACTED_PUBLICATION = Term("Retracted Publication", "D016441")
RETRACTION_OF_PUBLICATION = Term("Retraction of Publication", "D016440")
PUBLISHED_ERRATUM = Term("Published Erratum", "D016425")
EXPRESSION_OF_CONCERN = Term("Expression of Concern", "D000075742")

# RefType: (status of the paper whose record carries it, status of the paper that it points at)
REF_TYPES = {
    "AssociatedDataset": (OK, OK),
    "AssociatedPublication": (OK, OK),
    "CommentIn": (OK, OK),
    "CommentOn": (OK, OK),
    "CorrectedandRepublishedIn": (CORRECTED, OK),
    "CorrectedandRepublishedFrom": (OK, CORRECTED),
    "ErratumIn": (CORRECTED, OK),
    "ErratumFor": (OK, CORRECTED),
    "ExpressionOfConcernIn": (CONCERN, OK),
    "ExpressionOfConcernFor": (OK, CONCERN),
    "RepublishedIn": (OK, OK),
    "RepublishedFrom": (OK, OK),
    "RetractedandRepublishedIn": (RETRACTED, OK),
    "RetractedandRepublishedFrom": (OK, RETRACTED),
    "RetractionIn": (RETRACTED, NOTICE),
    "RetractionOf": (NOTICE, RETRACTED),
    "UpdateIn": (OK, OK),
    "UpdateOf": (OK, OK),
    "SummaryForPatientsIn": (OK, OK),
    "OriginalReportIn": (OK, OK),
    "ReprintIn": (OK, OK),
    "ReprintOf": (OK, OK),
    "Cites": (OK, OK),
    # In the DTDs before 2018; NLM now counts partial retractions as errata.
    "PartialRetractionIn": (CORRECTED, OK),
    "PartialRetractionOf": (OK, CORRECTED),
}


def article(*links: tuple[str, int | None], types: tuple[Term, ...] = ()) -> Article:
    corrections = tuple(Correction(ref_type, pmid) for ref_type, pmid in links)
    return Article(pmid=100, publication_types=types, corrections=corrections)


@pytest.mark.parametrize(("ref_type", "expected"), [(name, own) for name, (own, _) in REF_TYPES.items()])
def test_a_link_on_the_paper_itself(ref_type: str, expected: IntegrityStatus) -> None:
    found = assess(article((ref_type, 7)))
    assert found.status is expected
    assert found.related_pmids == (() if expected is OK else (7,))
    assert found.reasons == (() if expected is OK else (f"{ref_type} 7",))


@pytest.mark.parametrize(("ref_type", "expected"), [(name, incoming) for name, (_, incoming) in REF_TYPES.items()])
def test_a_link_from_another_paper(ref_type: str, expected: IntegrityStatus) -> None:
    found = assess(article(), incoming=[(7, ref_type)])
    assert found.status is expected
    assert found.related_pmids == (() if expected is OK else (7,))
    assert found.reasons == (() if expected is OK else (f"{ref_type} from 7",))


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (RETRACTED_PUBLICATION, RETRACTED),
        (RETRACTION_OF_PUBLICATION, NOTICE),
        (Term("Retraction Notice", "D016440"), NOTICE),
        (PUBLISHED_ERRATUM, OK),
        (EXPRESSION_OF_CONCERN, OK),
        (Term("Journal Article", "D016428"), OK),
        (Term("Retracted Publication"), RETRACTED),
        (Term("retracted publication"), RETRACTED),
        (Term("Retraction of Publication"), NOTICE),
        (Term("Retraction Notice"), NOTICE),
        (Term("Corrected and Republished Article", "D016439"), OK),
    ],
)
def test_a_publication_type(term: Term, expected: IntegrityStatus) -> None:
    assert assess(article(types=(term,))).status is expected


def test_a_paper_without_marks_is_ok() -> None:
    assert assess(article()) == Integrity(status=OK, related_pmids=(), reasons=())


GRAVEST = [
    ("retraction over concern", [("ExpressionOfConcernIn", 1), ("RetractionIn", 2)], RETRACTED),
    ("retraction over erratum", [("ErratumIn", 1), ("RetractionIn", 2)], RETRACTED),
    ("concern over erratum", [("ErratumIn", 1), ("ExpressionOfConcernIn", 2)], CONCERN),
    ("any number of errata", [("ErratumIn", 1), ("ErratumIn", 2), ("CorrectedandRepublishedIn", 3)], CORRECTED),
    ("a corrected notice", [("ErratumIn", 1), ("RetractionOf", 2)], NOTICE),
    ("a retracted notice", [("RetractionOf", 1), ("RetractionIn", 2)], RETRACTED),
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
        status=NOTICE,
        related_pmids=(30880996,),
        reasons=("publication type Retraction of Publication", "RetractionOf 30880996"),
    )


def test_both_ends_of_a_retraction_give_one_notice_and_every_reason() -> None:
    paper = article(("RetractionIn", 15516371), types=(RETRACTED_PUBLICATION,))
    assert assess(paper, incoming=[(15516371, "RetractionOf")]) == Integrity(
        status=RETRACTED,
        related_pmids=(15516371,),
        reasons=(
            "publication type Retracted Publication",
            "RetractionIn 15516371",
            "RetractionOf from 15516371",
        ),
    )


def test_the_gravest_notice_comes_first_whatever_the_order_of_the_links() -> None:
    paper = article(("ErratumIn", 5))
    links = [(9, "RetractionOf"), (8, "ExpressionOfConcernFor"), (7, "RetractionOf")]
    assert assess(paper, links).related_pmids == (7, 9, 8, 5)
    assert assess(paper, reversed(links)) == assess(paper, links)


def test_a_link_without_pmid_still_counts_and_names_its_source() -> None:
    paper = Article(pmid=100, corrections=(Correction("RetractionIn", None, "Tumour Biol. 2017 Apr 20"),))
    assert assess(paper) == Integrity(status=RETRACTED, reasons=("RetractionIn Tumour Biol. 2017 Apr 20",))


def test_an_erratum_never_retracts() -> None:
    paper = article(("ErratumIn", 1), ("ErratumFor", 2), types=(PUBLISHED_ERRATUM,))
    assert assess(paper, [(3, "ErratumFor"), (4, "ErratumIn")]).status is CORRECTED


def test_a_record_that_points_at_itself_is_read_once() -> None:
    """A notice that names its own PMID does not retract itself; a paper retracted in place is retracted."""
    assert assess(article(("RetractionOf", 100)), [(100, "RetractionOf")]).status is NOTICE
    assert assess(article(("RetractionIn", 100)), [(100, "RetractionIn")]).status is RETRACTED
