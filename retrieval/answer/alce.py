"""Citation recall and precision (Gao et al. 2023, Enabling Large Language Models to Generate Text with Citations).

Recall: the share of sentences that their citations, taken together, support. Precision: the share of citations that
support their sentence alone, or without which the others no longer do. Both count what was written, before anything
was left out, so that they tell how well the writer cited and not how well we cleaned up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from retrieval.answer.records import AnswerSentence, CheckedCitation
from retrieval.verify.base import Verdict, Verifier


class CitationQuality(NamedTuple):
    recall: float | None
    """None where nothing was written."""
    precision: float | None
    """None where nothing was cited."""


def citation_quality(written: Sequence[AnswerSentence], verifier: Verifier) -> CitationQuality:
    if not written:
        return CitationQuality(None, None)
    recalled = precise = citations = 0
    for sentence in written:
        together = _supported(sentence.text, sentence.citations, verifier)
        recalled += together
        citations += len(sentence.citations)
        for citation in sentence.citations:
            if citation.judgement.verdict is Verdict.SUPPORTED:
                precise += 1
            elif together and len(sentence.citations) > 1:
                others = [c for c in sentence.citations if c is not citation]
                precise += not _supported(sentence.text, others, verifier)
    return CitationQuality(recalled / len(written), precise / citations if citations else None)


def _supported(text: str, citations: Sequence[CheckedCitation], verifier: Verifier) -> bool:
    if any(c.judgement.verdict is Verdict.SUPPORTED for c in citations):
        return True
    spans = [c.judgement.evidence.text for c in citations if c.judgement.evidence is not None]
    if len(spans) < 2:
        return False
    return verifier.judge_texts([(text, "\n".join(spans))])[0].verdict is Verdict.SUPPORTED
