"""What a retracted paper says counts for nothing, however clearly it says it."""

from __future__ import annotations

from msgspec.structs import replace

from retrieval.integrity import EXCLUDED, NOTICES
from retrieval.records import Integrity, IntegrityPolicy
from retrieval.verify.base import Judgement, Verdict


def may_support(integrity: Integrity, policy: IntegrityPolicy) -> bool:
    """A notice supports nothing under any policy; a retracted or withdrawn paper only under `allow`."""
    if integrity.status in NOTICES:
        return False
    return policy is IntegrityPolicy.ALLOW or integrity.status not in EXCLUDED


def without_support(judgement: Judgement) -> Judgement:
    """The same with the verdict NOT_FOUND where it spoke for the claim; span and probabilities stay, to be seen."""
    if judgement.verdict in (Verdict.SUPPORTED, Verdict.PARTLY):
        return replace(judgement, verdict=Verdict.NOT_FOUND)
    return judgement
