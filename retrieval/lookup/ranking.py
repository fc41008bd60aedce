"""In which order papers are told for a sentence, and which may be rested upon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from retrieval.lookup.records import FoundPaper
from retrieval.verify.base import Judgement, Verdict

_ORDER: Final = {Verdict.SUPPORTED: 0, Verdict.PARTLY: 1, Verdict.CONTRADICTED: 2, Verdict.NOT_FOUND: 3}


def told(papers: Sequence[FoundPaper], limit: int) -> tuple[FoundPaper, ...]:
    """The best papers by verdict, then by its probability, then by rank; beyond the limit only what contradicts.

    Papers that do not speak of the sentence are told only where fewer others are found.
    """
    ordered = sorted(papers, key=_key)
    against = [paper for paper in ordered if paper.judgement.verdict is Verdict.CONTRADICTED]
    chosen = ordered[:limit]
    return tuple(chosen + [paper for paper in against[:limit] if paper not in chosen])


def sureness(judgement: Judgement) -> float:
    """The probability of the verdict's own side."""
    return judgement.contradict if judgement.verdict is Verdict.CONTRADICTED else judgement.support


def _key(paper: FoundPaper) -> tuple[bool, int, float, int]:
    verdict = paper.judgement.verdict
    sure = 0.0 if verdict is Verdict.NOT_FOUND else sureness(paper.judgement)
    return not paper.usable, _ORDER[verdict], -sure, paper.rank
