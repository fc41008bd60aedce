"""PubMed's own format (.nbib, MEDLINE), after NLM's description of its fields; by hand, for want of a library.

A tag of up to four letters, "- " and the value, which goes on in lines that six blanks indent; a blank line ends a
record.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from retrieval.citations.parts import cited_title, is_chapter, line, pmcid_of, pmid_of
from retrieval.citations.standing import standing_note
from retrieval.index.interface import IndexedArticle
from retrieval.integrity import LINKS
from retrieval.records import Article, Author, Correction, MeshHeading

_WIDTH: Final = 87
_INDENT: Final = " " * 6
_IN_ONE_LINE: Final = ("LID", "AID", "OID")
_LINKS: Final = {
    "RetractionIn": "RIN",
    "RetractionOf": "ROF",
    "PartialRetractionIn": "PRIN",
    "PartialRetractionOf": "PROF",
    "RetractedandRepublishedIn": "RRI",
    "RetractedandRepublishedFrom": "RRF",
    "ExpressionOfConcernIn": "ECI",
    "ExpressionOfConcernFor": "ECF",
    "ErratumIn": "EIN",
    "ErratumFor": "EFR",
    "CorrectedandRepublishedIn": "CRI",
    "CorrectedandRepublishedFrom": "CRF",
    "RepublishedIn": "RPI",
    "RepublishedFrom": "RPF",
    "UpdateIn": "UIN",
    "UpdateOf": "UOF",
    "CommentIn": "CIN",
    "CommentOn": "CON",
    "SummaryForPatientsIn": "SPIN",
    "OriginalReportIn": "ORI",
}


def write_nbib(articles: Sequence[IndexedArticle]) -> str:
    return "\n".join("".join(_wrapped(tag, value) for tag, value in _fields(one) if value) for one in articles)


def _fields(one: IndexedArticle) -> Iterator[tuple[str, str]]:
    """(tag, value) in PubMed's order; empty values are left out."""
    article = one.article
    journal, book = article.journal, article.book
    yield "PMID", pmid_of(article)
    if not pmid_of(article):
        yield "OID", article.id
    yield "STAT", article.status
    yield "LR", article.revised.replace("-", "")
    # Which of its ISSNs the record has is not kept; readers of the format want one of three words.
    yield "IS", f"{journal.issn} (Linking)" if journal.issn else ""
    yield "VI", journal.volume
    yield "IP", journal.issue
    yield "DP", article.published.raw if article.published else ""
    yield "TI", _title(article)
    yield "BTI", book.title if book and is_chapter(article) else ""
    yield "EN", book.edition if book else ""
    yield "PB", book.publisher if book else ""
    yield "PG", article.pages
    yield "LID", f"{article.doi} [doi]" if article.doi else ""
    yield "AB", article.abstract
    yield "CI", article.copyright
    for author in article.authors:
        yield from _author(author)
    for language in article.languages:
        yield "LA", language
    for grant in article.grants:
        yield "GR", "/".join(part for part in (grant.number, grant.acronym, grant.agency, grant.country) if part)
    for kind in article.publication_types:
        yield "PT", kind.name
    yield "TT", article.vernacular_title
    yield "DEP", article.published_online.sortable.replace("-", "") if article.published_online else ""
    yield "PL", journal.country
    yield "TA", journal.abbreviation
    yield "JT", journal.title
    yield "JID", journal.nlm_id
    for chemical in article.chemicals:
        yield "RN", f"{chemical.registry_number or '0'} ({chemical.name})"
    yield from _links(one)
    for heading in article.mesh:
        yield "MH", _heading(heading)
    for supplementary in article.supplementary_mesh:
        yield "NM", supplementary.name
    for keyword in article.keywords:
        yield "OT", keyword
    yield "PMC", pmcid_of(article)
    yield "AID", f"{article.pii} [pii]" if article.pii else ""
    yield "AID", f"{article.doi} [doi]" if article.doi else ""
    for investigator in article.investigators:
        yield "FIR", _full(investigator)
        yield "IR", investigator.name
    yield "SO", _source(article)


def _title(article: Article) -> str:
    title = cited_title(article)
    return title if article.title_translated or not article.title.rstrip().endswith(".") else f"{title}."


def _author(author: Author) -> Iterator[tuple[str, str]]:
    if author.collective_name:
        yield "CN", author.collective_name
    else:
        yield "FAU", _full(author)
        yield "AU", author.name
    yield "AUID", f"ORCID: {author.orcid}" if author.orcid else ""
    for affiliation in author.affiliations:
        yield "AD", affiliation


def _full(author: Author) -> str:
    return ", ".join(part for part in (author.last_name, author.fore_name or author.initials, author.suffix) if part)


def _links(one: IndexedArticle) -> Iterator[tuple[str, str]]:
    for link in one.article.corrections:
        if tag := _LINKS.get(link.ref_type):
            yield tag, _link(link)
    own = {link.pmid for link in one.article.corrections}
    # What other records and imported notices say of it has no field of its own but the general note.
    if any(f.source != LINKS or f.notice_pmid not in own for f in one.integrity.findings if not f.lifted):
        yield "GN", standing_note(one.integrity)


def _link(link: Correction) -> str:
    source = link.source.rstrip(".")
    return ". ".join(part for part in (source, f"PMID: {link.pmid}" if link.pmid else "", link.note) if part)


def _heading(heading: MeshHeading) -> str:
    """Descriptor/qualifier/*qualifier: a star marks a main point, at the descriptor where at no qualifier."""
    qualifiers = "".join(f"/{'*' if q.major else ''}{q.name}" for q in heading.qualifiers)
    is_starred = heading.major and not any(q.major for q in heading.qualifiers)
    return f"{'*' if is_starred else ''}{heading.name}{qualifiers}"


def _source(article: Article) -> str:
    journal = article.journal
    where = journal.abbreviation or journal.title
    issue = f"({journal.issue})" if journal.issue else ""
    place = f"{journal.volume}{issue}" + (f":{article.pages}" if article.pages else "")
    when = article.published.raw if article.published else ""
    doi = f" doi: {article.doi}." if article.doi else ""
    return f"{where}. {';'.join(part for part in (when, place) if part)}.{doi}" if where else ""


def _wrapped(tag: str, value: str) -> str:
    value = line(value)
    if not value:
        return ""
    if tag in _IN_ONE_LINE:
        return f"{tag:<4}- {value}\n"
    lines = textwrap.wrap(value, _WIDTH - len(_INDENT), break_long_words=False, break_on_hyphens=False)
    return f"{tag:<4}- " + f"\n{_INDENT}".join(lines) + "\n"
