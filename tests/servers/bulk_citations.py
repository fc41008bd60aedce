"""One made-up citation: what it says, and its XML as PubMed's bulk files have it."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from tests.servers.bulk_words import paragraph, sentence, vocabulary

_LABELS = (("BACKGROUND", "BACKGROUND"), ("METHODS", "METHODS"), ("RESULTS", "RESULTS"), ("CONCLUSION", "CONCLUSIONS"))
_JOURNAL = "D016428"
_TYPES = {
    "RetractionIn": ("D016441", "Retracted Publication"),
    "RetractionOf": ("D016440", "Retraction of Publication"),
    "ErratumFor": ("D016425", "Published Erratum"),
}
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NAMES = (
    "Adeyemi Bauer Costa Dubois Eriksen Fujita Garcia Hansen Ivanova Jensen Kowalski Larsen Moreau Nakamura".split()
)


class Citation(NamedTuple):
    """One state of one citation. The same seed, PMID and wording always give the same text."""

    seed: int
    pmid: int
    version: int
    wording: int
    """Counts the changes of title and abstract."""
    revised: str
    """ISO day of DateRevised."""
    status: str = "MEDLINE"
    corrections: tuple[tuple[str, int], ...] = ()
    """(RefType, PMID)."""

    @property
    def title(self) -> str:
        return sentence(self._dice(), 8, 16)

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """(label, text); one without a label where the abstract has no parts."""
        dice = self._dice()
        sentence(dice, 8, 16)
        if self.pmid % 2:
            return (("", paragraph(dice, 9 + int(dice.random() * 4))),)
        return tuple((label, paragraph(dice, 2 + int(dice.random() * 2))) for label, _ in _LABELS)

    @property
    def abstract(self) -> str:
        return "\n".join(f"{label}: {text}" if label else text for label, text in self.sections)

    def _dice(self) -> random.Random:
        return random.Random(self.seed * 1_000_003 + self.pmid * 101 + self.wording)

    def xml(self) -> str:
        """A PubmedArticle on one line."""
        pmid, revised = self.pmid, self.revised.split("-")
        dice = random.Random(pmid)
        year, month = 1990 + pmid % 35, _MONTHS[pmid % 12]
        version = f' VersionID="{self.version}" VersionDate="{year}/01/01"' if self.version > 1 else ""
        sections = "".join(
            f'<AbstractText Label="{label}" NlmCategory="{dict(_LABELS)[label]}">{_escaped(text)}</AbstractText>'
            if label
            else f"<AbstractText>{_escaped(text)}</AbstractText>"
            for label, text in self.sections
        )
        people = "".join(_author(int(dice.random() * 500)) for _ in range(1 + pmid % 7))
        mesh = "".join(_heading(int(dice.random() * 400)) for _ in range(6 + pmid % 6))
        types = f'<PublicationType UI="{_JOURNAL}">Journal Article</PublicationType>' + "".join(
            f'<PublicationType UI="{_TYPES[kind][0]}">{_TYPES[kind][1]}</PublicationType>'
            for kind in dict.fromkeys(kind for kind, _ in self.corrections)
            if kind in _TYPES
        )
        corrections = "".join(
            f'<CommentsCorrections RefType="{kind}"><RefSource>Stand-in J Pathol. {year};{other % 90}:1</RefSource>'
            f'<PMID Version="1">{other}</PMID></CommentsCorrections>'
            for kind, other in self.corrections
        )
        references = "".join(
            f"<Reference><Citation>Stand-in J Pathol. {1980 + n};{n}:1-9</Citation><ArticleIdList>"
            f'<ArticleId IdType="pubmed">{int(1e6 + dice.random() * 9e6)}</ArticleId></ArticleIdList></Reference>'
            for n in range(pmid % 9)
        )
        return (
            f'<PubmedArticle><MedlineCitation Status="{self.status}" IndexingMethod="Automated" Owner="NLM"{version}>'
            f'<PMID Version="{self.version}">{pmid}</PMID><DateRevised><Year>{revised[0]}</Year>'
            f'<Month>{revised[1]}</Month><Day>{revised[2]}</Day></DateRevised><Article PubModel="Print-Electronic">'
            f'<Journal><ISSN IssnType="Electronic">0000-{pmid % 300:04}</ISSN><JournalIssue CitedMedium="Internet">'
            f"<Volume>{pmid % 90 + 1}</Volume><Issue>{pmid % 12 + 1}</Issue><PubDate><Year>{year}</Year>"
            f"<Month>{month}</Month></PubDate></JournalIssue><Title>Stand-in journal of pathology {pmid % 300}</Title>"
            f"<ISOAbbreviation>Stand-in J Pathol {pmid % 300}</ISOAbbreviation></Journal>"
            f"<ArticleTitle>{_escaped(self.title)}</ArticleTitle><Pagination><MedlinePgn>{pmid % 800}-{pmid % 800 + 9}"
            f'</MedlinePgn></Pagination><ELocationID EIdType="doi" ValidYN="Y">10.5555/bulk.{pmid}</ELocationID>'
            f'<Abstract>{sections}</Abstract><AuthorList CompleteYN="Y">{people}</AuthorList><Language>eng</Language>'
            f"<PublicationTypeList>{types}</PublicationTypeList>"
            f'<ArticleDate DateType="Electronic"><Year>{year}</Year><Month>{pmid % 12 + 1:02}</Month><Day>05</Day>'
            f"</ArticleDate></Article><MedlineJournalInfo><Country>Nowhere</Country><MedlineTA>Stand-in J Pathol"
            f" {pmid % 300}</MedlineTA><NlmUniqueID>{pmid % 300:07}</NlmUniqueID></MedlineJournalInfo>"
            f"<CitationSubset>IM</CitationSubset>"
            + (f"<CommentsCorrectionsList>{corrections}</CommentsCorrectionsList>" if corrections else "")
            + f"<MeshHeadingList>{mesh}</MeshHeadingList></MedlineCitation><PubmedData><History>"
            f'<PubMedPubDate PubStatus="pubmed"><Year>{year}</Year><Month>{pmid % 12 + 1}</Month><Day>6</Day>'
            f"<Hour>6</Hour><Minute>0</Minute></PubMedPubDate></History><PublicationStatus>ppublish</PublicationStatus>"
            f'<ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId><ArticleId IdType="doi">10.5555/bulk.{pmid}'
            f"</ArticleId></ArticleIdList>"
            + (f"<ReferenceList>{references}</ReferenceList>" if references else "")
            + "</PubmedData></PubmedArticle>\n"
        )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


@cache
def _author(number: int) -> str:
    name, initial = _NAMES[number % len(_NAMES)], chr(65 + number % 26)
    place = vocabulary()[100 + number].capitalize()
    return (
        f'<Author ValidYN="Y"><LastName>{name}-{place}</LastName><ForeName>{initial}ida</ForeName>'
        f"<Initials>{initial}</Initials><AffiliationInfo><Affiliation>Department of Pathology, University Hospital "
        f"{place}, {number} Ring Road, Nowhere.</Affiliation></AffiliationInfo></Author>"
    )


@cache
def _heading(number: int) -> str:
    name = vocabulary()[700 + number].capitalize()
    qualifier = (
        f'<QualifierName UI="Q{number % 80:06}" MajorTopicYN="N">pathology</QualifierName>' if number % 3 else ""
    )
    return (
        f'<MeshHeading><DescriptorName UI="D{900_000 + number}" MajorTopicYN="{"NY"[number % 5 == 0]}">{name}'
        f"</DescriptorName>{qualifier}</MeshHeading>"
    )
