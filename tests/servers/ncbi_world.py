"""The PubMed that the stand-in serves: any number of citations, each the same whenever it is asked for."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta

FIRST_PMID = 30_000_001
FIRST_DAY = date(2001, 1, 1)
_ORGANS = ("colon", "lung", "breast", "kidney", "skin", "prostate", "thyroid")
_FINDINGS = ("adenocarcinoma", "lymphoma", "granuloma", "dysplasia", "sarcoma")
_METHODS = ("immunohistochemistry", "whole-slide imaging", "frozen sections", "fluorescence in situ hybridisation")
_UIDS = re.compile(r"(\d+):(\d+)\[UID\]", re.IGNORECASE)


class World:
    """PMIDs from FIRST_PMID on, entered `per_day` a day; the `crowd` shares one day, more than PubMed hands out."""

    def __init__(
        self, citations: int, *, per_day: int = 60, crowd: range = range(0), first_day: date = FIRST_DAY
    ) -> None:
        self.citations = citations
        self.deleted: set[int] = set()
        self._per_day = per_day
        self._crowd = crowd
        self._first_day = first_day
        self._revisions: dict[int, tuple[int, date]] = {}
        self._lock = threading.Lock()

    @property
    def pmids(self) -> list[int]:
        """Newest first, as PubMed sorts them."""
        everything = range(FIRST_PMID + self.citations - 1, FIRST_PMID - 1, -1)
        return [pmid for pmid in everything if pmid not in self.deleted]

    def revise(self, pmid: int, day: date) -> None:
        with self._lock:
            self._revisions[pmid] = (self.revision(pmid) + 1, day)

    def delete(self, pmid: int) -> None:
        with self._lock:
            self.deleted.add(pmid)

    def revision(self, pmid: int) -> int:
        return self._revisions.get(pmid, (0, FIRST_DAY))[0]

    def holds(self, pmid: int) -> bool:
        return FIRST_PMID <= pmid < FIRST_PMID + self.citations and pmid not in self.deleted

    def entered(self, pmid: int) -> date:
        index = pmid - FIRST_PMID
        if self._crowd and index >= self._crowd.start:
            index = max(self._crowd.start, index - len(self._crowd))
        return self._first_day + timedelta(days=index // self._per_day)

    def modified(self, pmid: int) -> date:
        revised = self._revisions.get(pmid)
        return revised[1] if revised else self.entered(pmid)

    def found(self, term: str, kind: str = "", first: date = date.min, last: date = date.max) -> tuple[int, ...]:
        """Every term matches every citation; dates and PMID ranges narrow it."""
        low, high = FIRST_PMID, FIRST_PMID + self.citations - 1
        for match in _UIDS.finditer(term):
            low, high = max(low, int(match[1])), min(high, int(match[2]))
        pmids: Iterator[int] = iter(range(high, low - 1, -1))
        if kind == "mdat":
            pmids = (pmid for pmid in pmids if first <= self.modified(pmid) <= last)
        elif kind:
            # Days rise with the PMIDs.
            start = bisect_left(range(low, high + 1), first, key=self.entered) + low
            end = low + (
                bisect_left(range(low, high + 1), last + timedelta(days=1), key=self.entered)
                if last < date.max
                else max(0, high + 1 - low)
            )
            pmids = iter(range(end - 1, start - 1, -1))
        return tuple(pmid for pmid in pmids if pmid not in self.deleted)

    def citation(self, pmid: int) -> str:
        """A PubmedArticle; the same PMID and revision always give the same text."""
        return citation(pmid, self.revision(pmid), self.modified(pmid) if self.revision(pmid) else None)

    def summary(self, pmid: int) -> str:
        """A DocSum of esummary's version 1.0."""
        title = citation(pmid).partition("<ArticleTitle>")[2].partition("</ArticleTitle>")[0]
        entered, year = self.entered(pmid).strftime("%Y/%m/%d 00:00"), 2000 + pmid % 25
        items = {"PubDate": f"{year} Mar", "Source": "Stand-in J Pathol", "LastAuthor": f"Author{pmid % 1000} A"}
        items |= {
            "Title": title,
            "Volume": f"{pmid % 90}",
            "Issue": f"{pmid % 12 + 1}",
        }
        plain = "".join(
            f'<Item Name="{name}" Type="{"Date" if name == "PubDate" else "String"}">{value}</Item>'
            for name, value in items.items()
        )
        return (
            f"<DocSum><Id>{pmid}</Id>{plain}"
            f'<Item Name="AuthorList" Type="List"><Item Name="Author" Type="String">Author{pmid % 1000} A</Item></Item>'
            '<Item Name="PubTypeList" Type="List"><Item Name="PubType" Type="String">Journal Article</Item></Item>'
            f'<Item Name="ArticleIds" Type="List"><Item Name="pubmed" Type="String">{pmid}</Item></Item>'
            f'<Item Name="History" Type="List"><Item Name="entrez" Type="Date">{entered}</Item></Item></DocSum>'
        )


def citation(pmid: int, revision: int = 0, revised: date | None = None) -> str:
    organ, finding = _ORGANS[pmid % len(_ORGANS)], _FINDINGS[pmid % len(_FINDINGS)]
    method, year = _METHODS[pmid % len(_METHODS)], 2000 + pmid % 25
    day = revised or date(year, 6, 15)
    note = f" Revised {revision} times." if revision else ""
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{pmid}</PMID>
<DateRevised><Year>{day.year}</Year><Month>{day.month:02}</Month><Day>{day.day:02}</Day></DateRevised>
<Article PubModel="Print">
<Journal><ISSN IssnType="Print">0000-0019</ISSN><JournalIssue CitedMedium="Print">
<Volume>{pmid % 90}</Volume><Issue>{pmid % 12 + 1}</Issue><PubDate><Year>{year}</Year><Month>Mar</Month></PubDate>
</JournalIssue><Title>Stand-in journal of pathology</Title>
<ISOAbbreviation>Stand-in J Pathol</ISOAbbreviation></Journal>
<ArticleTitle>{method.capitalize()} in {finding} of the {organ}: case {pmid}.</ArticleTitle>
<Abstract><AbstractText Label="METHODS" NlmCategory="METHODS">
We studied {pmid % 400 + 20} cases of {finding}.</AbstractText>
<AbstractText Label="RESULTS" NlmCategory="RESULTS">
Changes of the {organ} were seen with {method} (p &lt; 0.05).{note}</AbstractText>
</Abstract><AuthorList CompleteYN="Y">
<Author ValidYN="Y"><LastName>Author{pmid % 1000}</LastName><ForeName>Ada</ForeName>
<Initials>A</Initials></Author></AuthorList><Language>eng</Language><PublicationTypeList>
<PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList></Article>
<MedlineJournalInfo><Country>Nowhere</Country><MedlineTA>Stand-in J Pathol</MedlineTA></MedlineJournalInfo>
</MedlineCitation><PubmedData><PublicationStatus>ppublish</PublicationStatus><ArticleIdList>
<ArticleId IdType="pubmed">{pmid}</ArticleId><ArticleId IdType="doi">10.5555/standin.{pmid}</ArticleId>
</ArticleIdList></PubmedData></PubmedArticle>
"""
