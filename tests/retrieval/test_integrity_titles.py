"""What publishers print before a title, and titles that only look like it."""

from __future__ import annotations

import pytest

from retrieval.integrity_titles import marked_by_title
from retrieval.records import IntegrityStatus

RETRACTED = IntegrityStatus.RETRACTED
WITHDRAWN = IntegrityStatus.WITHDRAWN
RETRACTION_NOTICE = IntegrityStatus.RETRACTION_NOTICE
CONCERN_NOTICE = IntegrityStatus.CONCERN_NOTICE
ERRATUM_NOTICE = IntegrityStatus.ERRATUM_NOTICE

MARKED = [
    ("RETRACTED: Ki-67 in breast carcinoma.", RETRACTED),
    ("Retracted: Ki-67 in breast carcinoma.", RETRACTED),
    ("RETRACTED ARTICLE: Ki-67 in breast carcinoma.", RETRACTED),
    ("Retracted Chapter: Ki-67 in breast carcinoma.", RETRACTED),
    ("RETRACTED PAPER: Ki-67 in breast carcinoma.", RETRACTED),
    ("[Retracted] Ki-67 in breast carcinoma.", RETRACTED),
    ("[RETRACTED ARTICLE] Ki-67 in breast carcinoma.", RETRACTED),
    ("(Retracted) Ki-67 in breast carcinoma.", RETRACTED),
    ("*Retracted* Ki-67 in breast carcinoma.", RETRACTED),
    ("  RETRACTED : Ki-67 in breast carcinoma.", RETRACTED),
    ("RETRACTED AND REPUBLISHED: Ki-67 in breast carcinoma.", RETRACTED),
    ("WITHDRAWN: Interventions for warts.", WITHDRAWN),
    ("WITHDRAWN ARTICLE: Interventions for warts.", WITHDRAWN),
    ("Withdrawn Article: Interventions for warts.", WITHDRAWN),
    ("[Withdrawn] Interventions for warts.", WITHDRAWN),
    ("TEMPORARY REMOVAL: Interventions for warts.", WITHDRAWN),
    ("REMOVED: Interventions for warts.", WITHDRAWN),
    ('Retraction notice to "Ki-67 in breast carcinoma" [Pathology 3 (2019) 1-9].', RETRACTION_NOTICE),
    ("Retraction Note: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ("Retraction Note to: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ("Retraction statement: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ("Retraction: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ("Retraction to: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ('Retraction for "Ki-67 in breast carcinoma".', RETRACTION_NOTICE),
    ("Editorial retraction: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ("Retraction.", RETRACTION_NOTICE),
    ("Notice of retraction: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ("Notice of Retraction and Replacement. Smith et al. Ki-67.", RETRACTION_NOTICE),
    ("Statement of Retraction: Ki-67 in breast carcinoma.", RETRACTION_NOTICE),
    ('Withdrawal notice to "Ki-67 in breast carcinoma".', RETRACTION_NOTICE),
    ("Expression of concern: Ki-67 in breast carcinoma.", CONCERN_NOTICE),
    ("Editorial Expression of Concern: Ki-67 in breast carcinoma.", CONCERN_NOTICE),
    ("Editorial: Expression of Concern to Ki-67 in breast carcinoma.", CONCERN_NOTICE),
    ("Editor's Note: Expression of concern: Ki-67 in breast carcinoma.", CONCERN_NOTICE),
    ("[Expression of Concern] Ki-67 in breast carcinoma.", CONCERN_NOTICE),
    ("Expression of concern.", CONCERN_NOTICE),
    ("Notice of concern: Ki-67 in breast carcinoma.", CONCERN_NOTICE),
    ("Erratum: Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ('Erratum to "Ki-67 in breast carcinoma".', ERRATUM_NOTICE),
    ("Erratum.", ERRATUM_NOTICE),
    ("Errata.", ERRATUM_NOTICE),
    ("Corrigendum to Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ("Corrigendum: Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ("Correction: Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ("Correction to: Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ('Correction to "Ki-67 in breast carcinoma".', ERRATUM_NOTICE),
    ("Correction.", ERRATUM_NOTICE),
    ("Author Correction: Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ("Publisher Correction: Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ("Partial retraction: Ki-67 in breast carcinoma.", ERRATUM_NOTICE),
    ('Partial Retraction to "Ki-67 in breast carcinoma".', ERRATUM_NOTICE),
]

NOT_MARKED = [
    "",
    "Ki-67 in breast carcinoma: retracted.",
    "Retraction of the tympanic membrane.",
    "Retraction pockets of the middle ear: a review.",
    "Retraction artefact mimics vascular invasion.",
    "Retraction and death among wisdom teeth.",
    "Retraction notices in oncology: a survey.",
    "Retractions in pathology: twenty years on.",
    "Retracted articles in pathology: who cites them?",
    "Retracted nipple as a sign of carcinoma.",
    "Retracted and republished articles in medicine.",
    "Retractor-related injury: a case report.",
    "Withdrawn patients in trials of chemotherapy.",
    "Withdrawn: patients who leave trials.",
    "Withdrawal: a study of opioid cessation.",
    "Withdrawal of immunosuppression after transplantation.",
    "Withdrawal notices of medicines in Europe.",
    "Removed: how surgeons speak of organs.",
    "Removed teeth and their roots.",
    "Temporary removal of the stent.",
    "Partial retraction of the lid.",
    "Notice of privacy practices in pathology.",
    "Statement of the college on frozen sections.",
    "Expression of concern in the faces of nurses.",
    "Expression of concerns by residents.",
    "Expression of concern for patients among nurses.",
    "Partial retraction on examination of the ear.",
    "Retraction – a sign of otitis.",
    "Expression of CD31 in angiosarcoma.",
    "Editorial: what a report should say.",
    "Corrections officers and tuberculosis.",
    "Correction of a skeletal Class II malocclusion.",
    "Correction to normal of blood pressure.",
    "Correction for multiple testing: a tutorial.",
    "Author index.",
    "Publisher's note.",
    "Errata in the medical literature: a survey.",
]


@pytest.mark.parametrize(("title", "expected"), MARKED)
def test_a_prefix_of_publishers_marks_the_record(title: str, expected: IntegrityStatus) -> None:
    assert marked_by_title(title) is expected


@pytest.mark.parametrize("title", NOT_MARKED)
def test_a_title_that_only_looks_like_it_marks_nothing(title: str) -> None:
    assert marked_by_title(title) is None
