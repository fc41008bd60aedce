"""What stands against a paper: retraction, concern or correction, from its own record and from what others say of it.

The rules follow NLM's errata and retraction policy: partial retractions, corrigenda and addenda are errata, and a
paper that was retracted and replaced is retracted, while its replacement is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from retrieval.records import Article, Integrity, IntegrityStatus

# What a link on a paper's own record says of that paper. Types left out (comments, updates, reprints, errata *for*
# another paper, the replacement's *From*, concern *for* another paper) say nothing against it.
_OWN = {
    "RetractionIn": IntegrityStatus.RETRACTED,
    "RetractedandRepublishedIn": IntegrityStatus.RETRACTED,
    "RetractionOf": IntegrityStatus.NOTICE,
    "ExpressionOfConcernIn": IntegrityStatus.CONCERN,
    "ErratumIn": IntegrityStatus.CORRECTED,
    "CorrectedandRepublishedIn": IntegrityStatus.CORRECTED,
    "PartialRetractionIn": IntegrityStatus.CORRECTED,
}
# What a link on another record says of the paper that it points at: the same facts, told from the other end.
_INCOMING = {
    "RetractionOf": IntegrityStatus.RETRACTED,
    "RetractedandRepublishedFrom": IntegrityStatus.RETRACTED,
    "RetractionIn": IntegrityStatus.NOTICE,
    "ExpressionOfConcernFor": IntegrityStatus.CONCERN,
    "ErratumFor": IntegrityStatus.CORRECTED,
    "CorrectedandRepublishedFrom": IntegrityStatus.CORRECTED,
    "PartialRetractionOf": IntegrityStatus.CORRECTED,
}
# Expression of Concern (D000075742) and Published Erratum (D016425) mark the notice, which is itself in good standing.
_TYPES_BY_UI = {"D016441": IntegrityStatus.RETRACTED, "D016440": IntegrityStatus.NOTICE}
# For records without identifiers. D016440 was renamed from the second name to the third.
_TYPES_BY_NAME = {
    "retracted publication": IntegrityStatus.RETRACTED,
    "retraction of publication": IntegrityStatus.NOTICE,
    "retraction notice": IntegrityStatus.NOTICE,
}
# Gravest first. A notice is named for what it is unless it was itself retracted.
_GRAVITY = (
    IntegrityStatus.RETRACTED,
    IntegrityStatus.NOTICE,
    IntegrityStatus.CONCERN,
    IntegrityStatus.CORRECTED,
)


class _Finding(NamedTuple):
    status: IntegrityStatus
    reason: str
    pmid: int | None


def assess(article: Article, incoming: Iterable[tuple[int, str]] = ()) -> Integrity:
    """The standing of a paper; `incoming` are the links that other records make to it: (their PMID, their RefType).

    The gravest finding decides. Reasons and related PMIDs come gravest first, whatever order the links arrive in.
    """
    findings = [*_from_types(article), *_from_own_links(article), *_from_incoming(article.pmid, incoming)]
    if not findings:
        return Integrity()
    findings.sort(key=lambda finding: _GRAVITY.index(finding.status))
    status = findings[0].status
    is_notice = status is IntegrityStatus.NOTICE
    related = (f.pmid for f in findings if f.pmid is not None and (f.status is IntegrityStatus.NOTICE) == is_notice)
    return Integrity(
        status=status,
        related_pmids=tuple(dict.fromkeys(related)),
        reasons=tuple(dict.fromkeys(finding.reason for finding in findings)),
    )


def _from_types(article: Article) -> Iterator[_Finding]:
    for term in article.publication_types:
        status = _TYPES_BY_UI.get(term.ui) if term.ui else _TYPES_BY_NAME.get(" ".join(term.name.casefold().split()))
        if status:
            yield _Finding(status, f"publication type {term.name or term.ui}", None)


def _from_own_links(article: Article) -> Iterator[_Finding]:
    for link in article.corrections:
        status = _OWN.get(link.ref_type)
        if status:
            yield _Finding(status, f"{link.ref_type} {link.pmid or link.source}".rstrip(), link.pmid)


def _from_incoming(pmid: int, incoming: Iterable[tuple[int, str]]) -> Iterator[_Finding]:
    for other, ref_type in sorted(incoming):
        status = _INCOMING.get(ref_type)
        # A record that points at itself has been read already, as its own link.
        if status and other != pmid:
            yield _Finding(status, f"{ref_type} from {other}", other)
