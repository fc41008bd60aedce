"""Notices about papers from lists that others keep, and which articles of ours they concern."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Self

from retrieval.records import LOCAL_PMID_FLOOR, Article, Finding, IntegrityStatus, Record

NATURES: Final = {
    IntegrityStatus.RETRACTED: "retraction",
    IntegrityStatus.WITHDRAWN: "withdrawal",
    IntegrityStatus.CONCERN: "expression of concern",
    IntegrityStatus.CORRECTED: "correction",
    IntegrityStatus.OK: "reinstatement",
}
"""What a notice can announce; OK says that a paper is in good standing again."""
_STATUS_OF_NOTICE: Final = {
    IntegrityStatus.RETRACTED: IntegrityStatus.RETRACTION_NOTICE,
    IntegrityStatus.WITHDRAWN: IntegrityStatus.RETRACTION_NOTICE,
    IntegrityStatus.CONCERN: IntegrityStatus.CONCERN_NOTICE,
    IntegrityStatus.CORRECTED: IntegrityStatus.ERRATUM_NOTICE,
}
_DOI_PREFIX: Final = re.compile(r"(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*")


class Notice(Record, frozen=True):
    """What befell one paper, and the notice that says so. Its DOIs are as `bare_doi` gives them."""

    status: IntegrityStatus
    """One of NATURES."""
    pmid: int | None = None
    """The paper's; it needs a PMID or a DOI."""
    doi: str = ""
    date: str = ""
    """When it was announced: "2004", "2004-03", "2004-03-15", or empty."""
    notice_pmid: int | None = None
    """The notice's own, where it was published as a record beside the paper's."""
    notice_doi: str = ""
    reason: str = ""


def bare_doi(text: str) -> str:
    """A DOI without a link around it, in small letters: DOIs are compared without regard to case."""
    return _DOI_PREFIX.sub("", text.strip().lower(), count=1)


class NoticeBook:
    """Notices by the records that they name; make one with `NoticeBook.of`.

    A record is known by its PMID. A DOI counts where the notice has no PMID, or the article has none.
    """

    def __init__(
        self,
        papers: dict[int | str, list[tuple[str, Notice]]],
        announcements: dict[int | str, list[tuple[str, Notice]]],
    ) -> None:
        self._papers = papers
        self._announcements = announcements

    @classmethod
    def of(cls, notices: Iterable[tuple[str, Notice]]) -> Self:
        """`notices` come with the names of their origins."""
        papers: dict[int | str, list[tuple[str, Notice]]] = defaultdict(list)
        announcements: dict[int | str, list[tuple[str, Notice]]] = defaultdict(list)
        for origin, notice in notices:
            entry = (origin, notice)
            for key in (notice.pmid, notice.doi):
                if key:
                    papers[key].append(entry)
            for key in (notice.notice_pmid, notice.notice_doi):
                if key:
                    announcements[key].append(entry)
        return cls(dict(papers), dict(announcements))

    def findings(self, article: Article) -> Sequence[Finding]:
        """What the notices say of an article: of the paper that it is, and of the notice that it may be itself."""
        if not self._papers and not self._announcements:
            return ()
        pmid, doi = article.pmid, article.doi.lower()
        found = [_of_paper(origin, notice) for origin, notice in self._papers.get(pmid, ())]
        found += [
            _of_paper(origin, notice)
            for origin, notice in self._papers.get(doi, ())
            if notice.pmid is None or pmid >= LOCAL_PMID_FLOOR
        ]
        for origin, notice in self._naming_as_notice(pmid, doi):
            itself = notice.pmid == pmid or (notice.doi != "" and notice.doi == doi)
            if not itself and (status := _STATUS_OF_NOTICE.get(notice.status)):
                found.append(_of_notice(origin, notice, status))
        return found

    def _naming_as_notice(self, pmid: int, doi: str) -> Iterator[tuple[str, Notice]]:
        yield from self._announcements.get(pmid, ())
        for origin, notice in self._announcements.get(doi, ()):
            if notice.notice_pmid is None or pmid >= LOCAL_PMID_FLOOR:
                yield origin, notice


def _of_paper(origin: str, notice: Notice) -> Finding:
    return Finding(
        notice.status,
        origin,
        _reason(origin, NATURES[notice.status], notice),
        notice.date,
        notice_pmid=notice.notice_pmid,
        notice_doi=notice.notice_doi,
    )


def _of_notice(origin: str, notice: Notice, status: IntegrityStatus) -> Finding:
    return Finding(
        status,
        origin,
        _reason(origin, f"notice of {NATURES[notice.status]}", notice),
        notice.date,
        paper_pmid=notice.pmid,
        paper_doi=notice.doi,
    )


def _reason(origin: str, what: str, notice: Notice) -> str:
    return f"{origin}: {what} ({notice.reason})" if notice.reason else f"{origin}: {what}"
