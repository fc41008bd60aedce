"""Which sentences need a citation, and the reason that is told."""

from __future__ import annotations

import pytest

from retrieval.lookup.cues import CUES
from retrieval.lookup.markers import find_markers
from retrieval.lookup.need import assess
from retrieval.lookup.records import LONGEST_SENTENCE, Need


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Lung cancer is the leading cause of cancer death worldwide.", "how common"),
        ("Statins reduce cardiovascular mortality by 25%.", "number"),
        ("EGFR mutations are associated with response to gefitinib.", "causes"),
        ("P40 is more specific than p63 in squamous cell carcinoma.", "holds in general"),
        ("Previous studies have shown that TTF-1 marks adenocarcinoma.", "other studies"),
        ("Our findings agree with several previous studies of PD-L1.", "other studies"),
        ("Antidepressants ease migraine.", "as a fact"),
    ],
)
def test_a_claim_about_the_world_needs_one(sentence: str, reason: str) -> None:
    assessment = assess(sentence)
    assert assessment.need is Need.NEEDED
    assert reason in assessment.reason


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("We found TTF-1 in 40 of 50 cases.", "own work"),
        ("In our series, recurrence was seen in 12% of patients.", "own work"),
        ("Sections were stained with antibodies against TTF-1.", "what was done"),
        ("The aim of this study was to compare two markers.", "what was asked"),
        ("Does TTF-1 mark adenocarcinoma?", "asks"),
        ("Further studies are needed to confirm these results.", "should"),
        ("The next section describes the limits of this approach.", "how the text goes on"),
        ("Survival differed between the groups (P < 0.001; Table 2).", "figure or table"),
        ("We thank Jane Doe for her help.", "thanks"),
        ("Here, we define positive as 1% of stained cells.", "own work"),
        ("So what.", "too short"),
    ],
)
def test_own_work_aims_and_transitions_need_none(sentence: str, reason: str) -> None:
    assessment = assess(sentence)
    assert assessment.need is Need.NOT_NEEDED
    assert reason in assessment.reason


def test_a_sentence_with_a_marker_is_cited() -> None:
    text = "Lung cancer is common [1]."
    assessment = assess("Lung cancer is common.", markers=find_markers(text))
    assert (assessment.need, assessment.reason) == (Need.CITED, "It cites [1].")


def test_the_section_weighs_in() -> None:
    sentence = "TTF-1 marks adenocarcinoma."
    assert assess(sentence, section="LITERATURE").need is Need.NEEDED
    assert assess(sentence, section="RESULTS").need is Need.NOT_NEEDED


def test_a_sentence_in_the_past_goes_on_with_the_story_of_the_one_before() -> None:
    own = assess("We followed 50 patients for two years.")
    sentence = "Recurrence occurred in 12 of 50."
    assert "own_story" in assess(sentence, before=own).cues
    assert "own_story" not in assess(sentence).cues


def test_the_cues_told_are_those_of_the_table() -> None:
    weights = {cue.name: cue.weight for cue in CUES}
    cues = assess("Previous studies have shown that TTF-1 marks adenocarcinoma.").cues
    assert cues == {name: weights[name] for name in cues}
    assert cues


def test_a_text_that_is_no_sentence_is_not_looked_up() -> None:
    assessment = assess("word " * LONGEST_SENTENCE)
    assert assessment.need is Need.NOT_NEEDED
    assert "too long" in assessment.reason
