"""What stands against a paper: retraction, withdrawal, concern or correction, from every source that speaks of it.

The rules follow NLM's errata and retraction policy: partial retractions, corrigenda and addenda are errata, and a
paper that was retracted and replaced is retracted, while its replacement is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from retrieval.integrity_dates import date_in_reference, known_part
from retrieval.integrity_titles import marked_by_title
from retrieval.records import Article, Finding, Integrity, IntegrityPolicy, IntegrityStatus

EXCLUDED: Final = frozenset({IntegrityStatus.RETRACTED, IntegrityStatus.WITHDRAWN})
"""What IntegrityPolicy.EXCLUDE keeps out of every leg."""

NOTICES: Final = frozenset(
    {IntegrityStatus.RETRACTION_NOTICE, IntegrityStatus.CONCERN_NOTICE, IntegrityStatus.ERRATUM_NOTICE}
)
"""Records about another paper."""

LINKS: Final = "PubMed CommentsCorrections"
TYPES: Final = "PubMed publication type"
TITLE: Final = "title"

# What a link on a record's own list says of that record. Types left out (comments, reprints, data sets, the "From" of
# a replacement or republication) say nothing against it.
_OWN: Final = {
    "RetractionIn": IntegrityStatus.RETRACTED,
    "RetractedandRepublishedIn": IntegrityStatus.RETRACTED,
    "RetractionOf": IntegrityStatus.RETRACTION_NOTICE,
    "ExpressionOfConcernIn": IntegrityStatus.CONCERN,
    "ExpressionOfConcernFor": IntegrityStatus.CONCERN_NOTICE,
    "ErratumIn": IntegrityStatus.CORRECTED,
    "ErratumFor": IntegrityStatus.ERRATUM_NOTICE,
    "PartialRetractionIn": IntegrityStatus.CORRECTED,
    "PartialRetractionOf": IntegrityStatus.ERRATUM_NOTICE,
    "CorrectedandRepublishedIn": IntegrityStatus.CORRECTED,
    "RepublishedIn": IntegrityStatus.REPUBLISHED,
    "UpdateIn": IntegrityStatus.UPDATED,
}
_OTHER_END: Final = {
    "RetractionIn": "RetractionOf",
    "RetractedandRepublishedIn": "RetractedandRepublishedFrom",
    "RetractionOf": "RetractionIn",
    "ExpressionOfConcernIn": "ExpressionOfConcernFor",
    "ExpressionOfConcernFor": "ExpressionOfConcernIn",
    "ErratumIn": "ErratumFor",
    "ErratumFor": "ErratumIn",
    "PartialRetractionIn": "PartialRetractionOf",
    "PartialRetractionOf": "PartialRetractionIn",
    "CorrectedandRepublishedIn": "CorrectedandRepublishedFrom",
    "RepublishedIn": "RepublishedFrom",
    "UpdateIn": "UpdateOf",
}
# What a link on another record says of the record that it points at: the same facts, told from the other end.
_INCOMING: Final = {_OTHER_END[ref_type]: status for ref_type, status in _OWN.items()}

_TYPES_BY_UI: Final = {
    "D016441": IntegrityStatus.RETRACTED,
    "D016440": IntegrityStatus.RETRACTION_NOTICE,
    "D000075742": IntegrityStatus.CONCERN_NOTICE,
    "D016425": IntegrityStatus.ERRATUM_NOTICE,
}
# For records without identifiers. D016440 was renamed from the second name to the third. A "Corrected and Republished
# Article" is the good one of two, so it is in neither table.
_TYPES_BY_NAME: Final = {
    "retracted publication": IntegrityStatus.RETRACTED,
    "retraction of publication": IntegrityStatus.RETRACTION_NOTICE,
    "retraction notice": IntegrityStatus.RETRACTION_NOTICE,
    "expression of concern": IntegrityStatus.CONCERN_NOTICE,
    "published erratum": IntegrityStatus.ERRATUM_NOTICE,
}
# Gravest first. A notice is named for what it is unless something graver befell the notice itself.
_GRAVITY: Final = (
    IntegrityStatus.RETRACTED,
    IntegrityStatus.WITHDRAWN,
    IntegrityStatus.RETRACTION_NOTICE,
    IntegrityStatus.CONCERN_NOTICE,
    IntegrityStatus.CONCERN,
    IntegrityStatus.ERRATUM_NOTICE,
    IntegrityStatus.CORRECTED,
    IntegrityStatus.REPUBLISHED,
    IntegrityStatus.UPDATED,
    IntegrityStatus.OK,
)
_SUBJECT: Final = {
    IntegrityStatus.RETRACTED: "retraction",
    IntegrityStatus.WITHDRAWN: "retraction",
    IntegrityStatus.RETRACTION_NOTICE: "retraction",
    IntegrityStatus.CONCERN: "concern",
    IntegrityStatus.CONCERN_NOTICE: "concern",
    IntegrityStatus.CORRECTED: "erratum",
    IntegrityStatus.ERRATUM_NOTICE: "erratum",
}


def may_support(integrity: Integrity, policy: IntegrityPolicy) -> bool:
    """Whether a claim may rest on a paper: a retracted or withdrawn one only under ALLOW, a notice under no policy,
    since it speaks about another paper and not about its subject."""
    if integrity.status in NOTICES:
        return False
    return policy is IntegrityPolicy.ALLOW or integrity.status not in EXCLUDED


class IncomingLink(NamedTuple):
    """A link that another record makes to this one."""

    pmid: int
    """The other record's."""
    ref_type: str
    date: str = ""
    """When the other record was published, as Finding.date."""


def assess(article: Article, incoming: Iterable[IncomingLink] = (), imported: Sequence[Finding] = ()) -> Integrity:
    """A paper's standing, from its own record, the links of other records to it, and imported notices.

    The gravest finding decides. Findings come gravest first, whatever order the links arrive in. An imported finding
    with status OK is a reinstatement: it lifts the earlier retractions of its own source, and of no other.
    """
    findings = [*_from_types(article), *_from_own_links(article), *_from_incoming(article, incoming)]
    if imported:
        findings += _reinstated(imported)
    if marked := marked_by_title(article.title):
        # PubMed's fields and notices know better whether "Retracted: ..." heads the paper or, as some print it, the
        # notice about it.
        known = {_SUBJECT.get(finding.status) for finding in findings if not finding.lifted}
        if _SUBJECT[marked] not in known:
            findings.append(_finding(article, marked, TITLE, f"title begins {article.title.strip()[:40]!r}"))
    if not findings:
        return Integrity()
    findings.sort(key=lambda finding: (finding.lifted, _GRAVITY.index(finding.status)))
    status = IntegrityStatus.OK if findings[0].lifted else findings[0].status
    return Integrity(status=status, findings=tuple(findings))


def _from_types(article: Article) -> Iterator[Finding]:
    for term in article.publication_types:
        status = _TYPES_BY_UI.get(term.ui) if term.ui else _TYPES_BY_NAME.get(" ".join(term.name.casefold().split()))
        if status:
            yield _finding(article, status, TYPES, f"publication type {term.name or term.ui}")


def _from_own_links(article: Article) -> Iterator[Finding]:
    for link in article.corrections:
        status = _OWN.get(link.ref_type)
        if status:
            reason = f"{link.ref_type} {link.pmid or link.source}".rstrip()
            yield _finding(article, status, LINKS, reason, date_in_reference(link.source), link.pmid)


def _from_incoming(article: Article, incoming: Iterable[IncomingLink]) -> Iterator[Finding]:
    for link in sorted(incoming):
        status = _INCOMING.get(link.ref_type)
        # A record that points at itself has been read already, as its own link.
        if status and link.pmid != article.pmid:
            yield _finding(article, status, LINKS, f"{link.ref_type} from {link.pmid}", link.date, link.pmid)


def _finding(
    article: Article, status: IntegrityStatus, source: str, reason: str, date: str = "", other: int | None = None
) -> Finding:
    """A notice was announced when it was published itself; whatever `date` is, it is the paper's."""
    if status in NOTICES:
        announced = known_part(article.published or article.published_online)
        return Finding(status, source, reason, announced, paper_pmid=other)
    return Finding(status, source, reason, date, notice_pmid=other)


def _reinstated(imported: Sequence[Finding]) -> Iterator[Finding]:
    """The same findings, with those lifted that a reinstatement of a later date took back; unknown dates lift none."""
    reinstatements = [finding for finding in imported if finding.status is IntegrityStatus.OK]
    for finding in imported:
        lifted = finding.status in EXCLUDED and any(
            other.source == finding.source and "" < finding.date < other.date for other in reinstatements
        )
        yield replace(finding, lifted=True) if lifted else finding
