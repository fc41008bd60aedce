"""What a retracted paper says counts for nothing, however clearly it says it."""

from __future__ import annotations

from msgspec.structs import replace

from retrieval.verify.base import Judgement, Verdict


def without_support(judgement: Judgement) -> Judgement:
    """The same with the verdict NOT_FOUND where it spoke for the claim; span and probabilities stay, to be seen."""
    if judgement.verdict in (Verdict.SUPPORTED, Verdict.PARTLY):
        return replace(judgement, verdict=Verdict.NOT_FOUND)
    return judgement
