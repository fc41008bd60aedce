"""What becomes of a reference that a sentence cites already, and what is wrong with it."""

from __future__ import annotations

from retrieval.integrity import may_support
from retrieval.lookup.records import CitedPaper, LookupRequest
from retrieval.lookup.shelf import Pointed
from retrieval.records import Integrity
from retrieval.verify.base import Judgement, Verdict


def speaks_for(judgement: Judgement | None) -> bool:
    return judgement is not None and judgement.verdict in (Verdict.SUPPORTED, Verdict.PARTLY)


def cited_paper(key: str, to: Pointed, judgement: Judgement | None, request: LookupRequest) -> CitedPaper:
    standing = (to.resolution.integrity if to.resolution else None) or Integrity()
    usable = may_support(standing, request.filters.integrity)
    return CitedPaper(key, to.resolution, judgement, usable, _problem(to, judgement, standing, usable=usable))


def _problem(to: Pointed, judgement: Judgement | None, standing: Integrity, *, usable: bool) -> str:
    if to.resolution is None or to.resolution.found is None:
        return to.problem or (to.resolution.reason if to.resolution else "")
    if not usable:
        return f"It is {standing.status.value.replace('_', ' ')} and must not be relied on."
    match judgement.verdict if judgement else None:
        case Verdict.CONTRADICTED:
            return "Its abstract says the opposite."
        case Verdict.NOT_FOUND:
            return "Its abstract does not say this."
        case Verdict.PARTLY:
            return "Its abstract says part of this, or not surely."
    return ""
