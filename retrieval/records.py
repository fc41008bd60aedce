"""The records that flow through pathlit, in the words of the field.

All are immutable. They are msgspec structs rather than dataclasses: a citation holds dozens of small records, and
structs are built and (de)serialised several times faster, which decides how long 38 million citations take.
A score lives on `Hit`, a vector in the index; neither ever lives on `Article`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, get_args

import msgspec

LOCAL_PMID_FLOOR = 1 << 50
"""Keys from here up belong to articles without a PMID; PubMed's own ids stay far below (4.2e7 in 2026)."""


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of every record: immutable, compared by value, defaults left out of its JSON."""


# --- Articles -------------------------------------------------------------------------------------------------------


class PartialDate(Record, frozen=True):
    """A date as PubMed prints it, which may be a day, a month, a season, a year or a range of them."""

    sortable: str
    """ISO date of the earliest day that the text allows: "1998 Dec-1999 Jan" gives "1998-12-01"."""
    precision: Literal["day", "month", "season", "year"]
    raw: str
    """The words of the record, kept for display: "1998 Dec-1999 Jan"."""

    @property
    def year(self) -> int:
        return int(self.sortable[:4])


class Section(Record, frozen=True):
    """One labelled part of an abstract; an unstructured abstract is one section with empty labels."""

    text: str
    label: str = ""
    """The publisher's own heading, such as "PATIENTS AND METHODS"; may be empty."""
    category: str = ""
    """NLM's category: BACKGROUND, OBJECTIVE, METHODS, RESULTS, CONCLUSIONS or UNASSIGNED; may be empty."""


class OtherAbstract(Record, frozen=True):
    """An abstract beside the main one: another language, a plain-language summary, a publisher's version."""

    sections: tuple[Section, ...]
    language: str = ""
    type: str = ""


class Author(Record, frozen=True):
    """A person (last_name, maybe fore_name) or a group (collective_name)."""

    last_name: str = ""
    fore_name: str = ""
    initials: str = ""
    suffix: str = ""
    collective_name: str = ""
    orcid: str = ""
    """The bare identifier, 0000-0002-1825-0097, however the record spelled it."""
    affiliations: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name as citations print it: "Smith JA", or the group's name."""
        return self.collective_name or " ".join(p for p in (self.last_name, self.initials, self.suffix) if p)


class Journal(Record, frozen=True):
    title: str = ""
    abbreviation: str = ""
    issn: str = ""
    nlm_id: str = ""
    volume: str = ""
    issue: str = ""
    country: str = ""


class Term(Record, frozen=True):
    """A name from a controlled vocabulary with its unique identifier (D012345, C123456, Q000123)."""

    name: str
    ui: str = ""


class Qualifier(Term, frozen=True):
    major: bool = False


class MeshHeading(Term, frozen=True):
    """A MeSH descriptor; `major` is true where it, or one of its qualifiers, is a main point of the article."""

    major: bool = False
    qualifiers: tuple[Qualifier, ...] = ()


class SupplementaryMesh(Term, frozen=True):
    type: str = ""


class Chemical(Term, frozen=True):
    registry_number: str = ""


class Grant(Record, frozen=True):
    number: str = ""
    acronym: str = ""
    agency: str = ""
    country: str = ""


class Correction(Record, frozen=True):
    """One entry of CommentsCorrectionsList: how this article and another one relate."""

    ref_type: str
    """PubMed's own word: RetractionIn, RetractionOf, ErratumIn, ErratumFor, CommentOn, ..."""
    pmid: int | None = None
    source: str = ""
    note: str = ""


class Book(Record, frozen=True):
    """Where a PubmedBookArticle (GeneReviews, StatPearls, ...) was published."""

    title: str
    publisher: str = ""
    accession: str = ""
    """Bookshelf id such as NBK1116."""
    edition: str = ""


class Article(Record, frozen=True):
    """One citation: the unit of everything here, known by its PMID."""

    pmid: int
    """PubMed id, or for an article from elsewhere a key of at least LOCAL_PMID_FLOOR; it names itself in source_id."""
    source_id: str = ""
    """What its source calls it where that is not a PMID: "scifact:4983"."""
    version: int = 1
    title: str = ""
    title_translated: bool = False
    """True where PubMed printed the title in [brackets]: English, of an article in another language."""
    vernacular_title: str = ""
    sections: tuple[Section, ...] = ()
    other_abstracts: tuple[OtherAbstract, ...] = ()
    copyright: str = ""
    authors: tuple[Author, ...] = ()
    authors_complete: bool = True
    investigators: tuple[Author, ...] = ()
    journal: Journal = Journal()
    book: Book | None = None
    pages: str = ""
    published: PartialDate | None = None
    published_online: PartialDate | None = None
    """The first valid ArticleDate."""
    doi: str = ""
    pii: str = ""
    pmcid: str = ""
    """With its version where the record has one: "PMC1234567.2"."""
    mesh: tuple[MeshHeading, ...] = ()
    supplementary_mesh: tuple[SupplementaryMesh, ...] = ()
    keywords: tuple[str, ...] = ()
    chemicals: tuple[Chemical, ...] = ()
    grants: tuple[Grant, ...] = ()
    languages: tuple[str, ...] = ()
    publication_types: tuple[Term, ...] = ()
    corrections: tuple[Correction, ...] = ()
    references: tuple[int, ...] = ()
    """PMIDs of the papers this one cites, in order, without repeats."""
    status: str = ""
    """MEDLINE, PubMed-not-MEDLINE, In-Process, Publisher, ..."""
    revised: str = ""
    """ISO date of DateRevised, empty where absent; newer replaces older in the catalog."""

    @property
    def id(self) -> str:
        """The identifier shown to people and programs: "pmid:29952771", or the source's own."""
        return self.source_id or f"pmid:{self.pmid}"

    @property
    def abstract(self) -> str:
        """The whole abstract as one string, a line per section; evidence offsets count its characters."""
        return "\n".join(f"{s.label}: {s.text}" if s.label else s.text for s in self.sections)

    @property
    def year(self) -> int | None:
        date = self.published or self.published_online
        return date.year if date else None


class Deletion(Record, frozen=True):
    """PubMed's word that a PMID no longer exists (DeleteCitation)."""

    pmid: int


# --- Integrity ------------------------------------------------------------------------------------------------------


class IntegrityStatus(StrEnum):
    """What is known against, or about, a paper. A notice is a record about another paper, not one with its problem."""

    OK = "ok"
    UPDATED = "updated"
    """A newer version was published as a paper of its own: a later Cochrane review, the article of a preprint."""
    REPUBLISHED = "republished"
    """Published once more elsewhere, unchanged."""
    CORRECTED = "corrected"
    """An erratum, corrigendum, addendum or partial retraction changes part of it, or it was republished corrected."""
    CONCERN = "expression_of_concern"
    WITHDRAWN = "withdrawn"
    """Taken back by authors or publisher without a finding against it, as Cochrane does with outdated reviews."""
    RETRACTED = "retracted"
    RETRACTION_NOTICE = "retraction_notice"
    CONCERN_NOTICE = "concern_notice"
    ERRATUM_NOTICE = "erratum_notice"


class Finding(Record, frozen=True):
    """One thing that one source says about a paper's standing."""

    status: IntegrityStatus
    source: str
    """"PubMed CommentsCorrections", "PubMed publication type", "title", or the origin of imported notices."""
    reason: str
    """As shown to people: "RetractionIn 31540000", "publication type Retracted Publication"."""
    date: str = ""
    """When it was announced (ISO), no more precise than is known: "2004", "2004-03", "2004-03-15", or empty."""
    notice_pmid: int | None = None
    notice_doi: str = ""
    paper_pmid: int | None = None
    """Where the record is itself a notice: the paper that it is about."""
    paper_doi: str = ""
    lifted: bool = False
    """A later reinstatement by the same source took it back: kept as history, without weight."""


class Integrity(Record, frozen=True):
    """A paper's standing: that of its gravest finding, and all findings, gravest first."""

    status: IntegrityStatus = IntegrityStatus.OK
    findings: tuple[Finding, ...] = ()

    @property
    def related_pmids(self) -> tuple[int, ...]:
        """The notices about this paper, or for a notice the papers that it is about."""
        is_notice = self.status.value.endswith("_notice")
        related = (finding.paper_pmid if is_notice else finding.notice_pmid for finding in self.findings)
        return tuple(dict.fromkeys(pmid for pmid in related if pmid is not None))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Where it was learnt: "publication type Retracted Publication", "RetractionIn 31540000"."""
        return tuple(dict.fromkeys(finding.reason for finding in self.findings))


class IntegrityPolicy(StrEnum):
    """What search and answers do with retracted and withdrawn papers. All others take part, marked in their records."""

    EXCLUDE = "exclude"
    """They never appear, on any leg, and so no answer can rest on one."""
    LABEL = "label"
    """They appear, marked, and a notice of the result names them; answers never use one as support."""
    ALLOW = "allow"
    """They appear, marked in their records only, and answers may use them: for studies of retracted work itself."""


# --- Figures --------------------------------------------------------------------------------------------------------


class Panel(Record, frozen=True):
    """One part of a compound figure; its text is `caption[start:end]`, without the label."""

    label: str
    """As printed, one letter: the caption's "(D–F) CD3" gives three panels with the same text."""
    start: int
    end: int


class FigureGroup(Record, frozen=True):
    """What several figures of an article stand under together: a plate, or a figure printed in parts."""

    id: str
    label: str = ""
    caption: str = ""


class Figure(Record, frozen=True):
    """One image of an open-access article with what its authors say of it."""

    id: str
    """Article version and the element's own name: "PMC123.1:fig2"; "PMC123.1:fig2/2" for its second image."""
    pmcid: str
    """With its version: "PMC123.1"."""
    pmid: int | None = None
    doi: str = ""
    label: str = ""
    """As printed: "Figure 2"."""
    caption: str = ""
    """Title, then paragraphs, a line each; panels count its characters."""
    panels: tuple[Panel, ...] = ()
    group: FigureGroup | None = None
    file: str = ""
    """Path of the image below its source, "PMC123.1/fig2.jpg"; empty where the article came without it."""
    media_type: str = ""
    license_code: str = ""
    """Without a version: "CC BY", "CC0"."""
    licence_url: str = ""
    is_retracted: bool = False
    source: str = ""
    """Where it was read: the address of the PMC Cloud, or a folder."""

    def panel_text(self, panel: Panel) -> str:
        return self.caption[panel.start : panel.end]


# --- Searching ------------------------------------------------------------------------------------------------------


class Filters(Record, frozen=True):
    """Conditions that every hit meets, on every leg. Values of one field are alternatives; fields combine by AND."""

    year_from: int | None = None
    year_to: int | None = None
    mesh: tuple[str, ...] = ()
    mesh_explode: bool = True
    """Whether a heading stands for those below it as well: here and in mesh: of the query."""
    publication_types: tuple[str, ...] = ()
    species: tuple[str, ...] = ()
    organs: tuple[str, ...] = ()
    study_types: tuple[str, ...] = ()
    """These three by the names of the tables in retrieval/vocabulary: human, mouse; lung; case report."""
    journals: tuple[str, ...] = ()
    """Full titles or abbreviations, letter case ignored."""
    languages: tuple[str, ...] = ()
    """Three-letter codes as PubMed prints them: eng, fre, ger."""
    pmids: tuple[int, ...] = ()
    exclude_pmids: tuple[int, ...] = ()
    integrity_statuses: tuple[IntegrityStatus, ...] = ()
    """Those that the policy lets through."""
    integrity: IntegrityPolicy = IntegrityPolicy.EXCLUDE


LEGS = ("lexical", "dense")

FacetName = Literal["year", "journal", "type", "mesh", "language", "species", "organ", "study", "integrity"]
FACETS: Final[tuple[FacetName, ...]] = get_args(FacetName)
"""Each is also the field of the query language that finds the articles of one of its values."""


class Query(Record, frozen=True):
    text: str
    """In the query language of retrieval.query."""
    limit: int = 10
    filters: Filters = Filters()
    legs: tuple[str, ...] = LEGS
    fusion: Literal["minmax", "rrf"] = "minmax"
    expand: bool = True
    """Whether a name in the plain words stands for all names of the same thing that the vocabulary has."""
    rerank: bool = True
    """Whether the best of the fused order are read more closely, where the searcher has a reranker; both legs only."""
    facets: tuple[FacetName, ...] = ()
    """What to count over all articles that meet the conditions and hold a word of the question."""
    facet_size: int = 10
    """Values of each facet."""


class Expansion(Record, frozen=True):
    """A name of the query that was searched by its other names as well."""

    matched: str
    """As the query has it."""
    added: tuple[str, ...]
    why: str
    """Where the names come from, and what made an ambiguous one clear."""


class FacetValue(Record, frozen=True):
    value: str
    count: int
    """Articles; one with several values counts for each."""


class Facet(Record, frozen=True):
    name: FacetName
    values: tuple[FacetValue, ...]
    """Most frequent first, equally frequent ones by name; years: all of them, newest first."""


class LegScore(Record, frozen=True):
    """Where one leg (lexical, dense) placed a hit, and what it gave to the fused score."""

    rank: int
    score: float
    share: float
    """Its part of the fused score; the shares of a hit add up to it."""


class Evidence(Record, frozen=True):
    """A sentence that supports a hit. `text == getattr(article, field)[start:end]`, always."""

    field: Literal["title", "abstract"]
    start: int
    end: int
    text: str
    score: float


class Reranked(Record, frozen=True):
    """What a reranker made of a hit. Reranked hits come first, by this score; the others follow in fused order."""

    score: float
    fused_rank: int
    """Where fusion had placed it."""
    contributions: dict[str, float] = {}
    """What each feature added to the score, where the reranker can tell; together the score."""


class Hit(Record, frozen=True):
    article: Article
    rank: int
    score: float
    """The fused score."""
    legs: dict[str, LegScore]
    evidence: tuple[Evidence, ...] = ()
    integrity: Integrity = Integrity()
    reranked: Reranked | None = None


class RecentArticle(Record, frozen=True):
    """An article that PubMed has and the generation not yet: unranked, its standing from its own record alone."""

    article: Article
    integrity: Integrity = Integrity()
    evidence: tuple[Evidence, ...] = ()


class SearchResult(Record, frozen=True):
    """The answer to one query: hits best first, and what a reader needs to trust or repeat it."""

    query: Query
    hits: tuple[Hit, ...]
    generation: str
    interpretation: str
    """The query as it was understood, in the query language."""
    notices: tuple[str, ...] = ()
    """What the asker should know: a malformed query searched as plain words, an excluded paper asked for by PMID."""
    expansions: tuple[Expansion, ...] = ()
    facets: tuple[Facet, ...] = ()
    matching: int | None = None
    """Only with facets: the articles that they count, which meet the conditions and hold a word of the question."""
    reranker: str = ""
    """Which one ordered the hits; empty where the fused order stands."""
    timings_ms: dict[str, float] = {}
    not_indexed: tuple[RecentArticle, ...] = ()
    """Only where a top-up was asked for: what the generation lacks, best match of the words first."""
