"""What a citation says of its paper's standing: "Retracted: see PMID 31540000"."""

from __future__ import annotations

from typing import Final

from retrieval.records import Integrity, IntegrityStatus

_WORDS: Final = {
    IntegrityStatus.RETRACTED: ("Retracted", "see"),
    IntegrityStatus.WITHDRAWN: ("Withdrawn", "see"),
    IntegrityStatus.CONCERN: ("Expression of concern", "see"),
    IntegrityStatus.CORRECTED: ("Corrected", "see"),
    IntegrityStatus.UPDATED: ("Updated", "see"),
    IntegrityStatus.REPUBLISHED: ("Republished", "see"),
    IntegrityStatus.RETRACTION_NOTICE: ("Retraction notice", "about"),
    IntegrityStatus.CONCERN_NOTICE: ("Notice of concern", "about"),
    IntegrityStatus.ERRATUM_NOTICE: ("Erratum", "about"),
}
_NAMED: Final = 3


def standing_note(integrity: Integrity) -> str:
    """One short sentence without a full stop; empty where nothing is known against or about the paper."""
    if integrity.status not in _WORDS:
        return ""
    word, relation = _WORDS[integrity.status]
    others = [f"PMID {pmid}" for pmid in integrity.related_pmids] or _dois(integrity)
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"{word}: {relation} {', '.join(others[:_NAMED])}{more}" if others else word


def _dois(integrity: Integrity) -> list[str]:
    is_notice = integrity.status.value.endswith("_notice")
    dois = (finding.paper_doi if is_notice else finding.notice_doi for finding in integrity.findings)
    return [f"doi:{doi}" for doi in dict.fromkeys(dois) if doi]
