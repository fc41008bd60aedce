"""Which sentences need a citation, with the reason.

Cues of the sentence (retrieval.lookup.cues) are added up with what its section says. Measured by
`python -m benchmarks.lookup` on 899 abstracts of PubMed whose sections NLM labels, given without their labels, and on
the claims of SciFact and HealthVer: said to need a citation are 0.80 [0.75, 0.85] of 244 BACKGROUND sentences beside an
OBJECTIVE of its own, 0.15 [0.14, 0.16] of 2,382 of METHODS and 0.14 [0.12, 0.15] of 2,958 of RESULTS (with headings
0.81, 0.02 and 0.01), and of the claims 0.96 [0.95, 0.97] (SciFact) and 0.90 [0.86, 0.94] (HealthVer).
Limits: these texts were looked at while the weights were set, so that unseen ones may do worse; abstracts are no
drafts, a section's label says nothing of the single sentence, and nobody marked by hand what
an editor would ask a citation for. A claim in a section of Methods is seldom found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from retrieval.lookup.cues import BIAS, CUES
from retrieval.lookup.records import LONGEST_SENTENCE, Assessment, Marker, Need

SECTION_WEIGHTS: Final = {"METHODS": -2.5, "RESULTS": -3.0, "LITERATURE": 0.5, "CONCLUSIONS": -1.0, "BACK_MATTER": -9.0}
_SECTION_REASONS: Final = {
    "METHODS": "stands where the authors tell what they did",
    "RESULTS": "stands among the authors' own results",
    "LITERATURE": "stands where the literature is told",
    "CONCLUSIONS": "is a conclusion of the authors",
    "BACK_MATTER": "stands behind the text proper",
}
_OWN_STORY: Final = -1.5
_OWN_CUES: Final = frozenset({"aim", "own", "method", "statistics", "figure", "own_story"})
_TOLD_ONCE: Final = frozenset({"past", "statistics"})
_FEWEST_WORDS: Final = 3
_WORD: Final = re.compile(r"(?:(?![²³¹⁰-₉])[^\W\d_]){2,}")


def says_something(claim: str) -> bool:
    """Whether it has words enough to claim anything."""
    return len(_WORD.findall(claim)) >= _FEWEST_WORDS


def assess(
    claim: str, *, section: str = "", markers: Sequence[Marker] = (), before: Assessment | None = None
) -> Assessment:
    """Whether a sentence, given without its markers, needs a citation; `before` is what was said of the one before it.

    A sentence in the past tense that follows one of the authors' own work goes on telling it.
    """
    if markers:
        named = ", ".join(dict.fromkeys(" ".join(marker.text.split()) for marker in markers))
        return Assessment(Need.CITED, f"It cites {named[:80]}.")
    if len(claim) > LONGEST_SENTENCE:
        return Assessment(
            Need.NOT_NEEDED, f"It has {len(claim):,} characters, too long for one sentence; split it to look it up."
        )
    if not says_something(claim):
        return Assessment(Need.NOT_NEEDED, "It is too short to claim something.")
    if claim.endswith("?"):
        return Assessment(Need.NOT_NEEDED, "It asks.")
    cues = {cue.name: cue.weight for cue in CUES if cue.pattern.search(claim)}
    reasons = {cue.name: cue.reason for cue in CUES}
    if (
        before is not None
        and before.need is Need.NOT_NEEDED
        and _OWN_CUES & before.cues.keys()
        and _TOLD_ONCE & cues.keys()
    ):
        cues["own_story"] = _OWN_STORY
        reasons["own_story"] = "goes on with the authors' own work"
    if section in SECTION_WEIGHTS:
        cues[section] = SECTION_WEIGHTS[section]
        reasons[section] = _SECTION_REASONS[section]
    needed = BIAS + sum(cues.values()) > 0
    side = {name: weight if needed else -weight for name, weight in cues.items()}
    strongest = sorted((name for name in side if side[name] > 0), key=lambda name: -side[name])[:2]
    told = " and ".join(reasons[name] for name in strongest) or "states something as a fact"
    return Assessment(Need.NEEDED if needed else Need.NOT_NEEDED, f"It {told}.", cues)
