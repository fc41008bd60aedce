"""What happens in a made-up PubMed after its baseline: the citations and deletions of its update files."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from tests.servers.bulk_citations import Citation

FIRST_PMID = 20_000_001
_PAIRS = (("RetractionOf", "RetractionIn"), ("ErratumFor", "ErratumIn"))


class Contents(NamedTuple):
    """One file: citations in order, and then the PMIDs of its DeleteCitation."""

    number: int
    citations: list[Citation]
    deletions: list[int]


def updates(
    files: Mapping[int, date], live: dict[int, Citation], size: int, seed: int, dice: random.Random
) -> Iterator[Contents]:
    """`files` gives the day of each update file, `live` what the baseline holds, `size` the citations of a file.

    New citations, changes of the text or of nothing but the record, higher versions and late copies of lower ones, the
    same PMID twice in a file, deletions, PMIDs that come back, and retractions and errata whose two halves come in
    different files.
    """
    yield from _Course(files, live, size, seed, dice).contents()


class _Course:
    """The events, one after the other, over the citations that are there."""

    def __init__(
        self, files: Mapping[int, date], live: dict[int, Citation], size: int, seed: int, dice: random.Random
    ) -> None:
        self._files, self._live, self._size, self._seed, self._dice = files, live, size, seed, dice
        self._pmids = list(live)
        self._deleted: list[Citation] = []
        self._next = max(self._pmids, default=FIRST_PMID) + 1
        self._due: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
        """By file: (PMID, RefType, PMID of the other) of corrections that are to appear in it."""

    def contents(self) -> Iterator[Contents]:
        last = max(self._files, default=0)
        for number, day in self._files.items():
            self._today = day.isoformat()
            citations = [self._corrected(*due) for due in self._due.pop(number, ()) if self._exists(*due)]
            while len(citations) < self._size:
                citations += self._event(number, last)
            deletions = [pmid for pmid in self._chosen(max(1, self._size // 70)) if pmid in self._live]
            self._deleted += [self._live.pop(pmid) for pmid in dict.fromkeys(deletions)]
            if self._dice.random() < 0.3:
                deletions.append(FIRST_PMID - 1 - number)  # one that was never there
            yield Contents(number, citations, list(dict.fromkeys(deletions)))

    def _event(self, number: int, last: int) -> list[Citation]:
        chance = self._dice.random()
        if chance < 0.45 or not self._live:
            return [self._new()]
        if chance < 0.46:
            self._announce(number, last)
            return []
        if chance < 0.48 and self._deleted:
            back = self._deleted.pop(int(self._dice.random() * len(self._deleted)))
            return [self._put(back._replace(version=1, wording=back.wording + 1))]
        found = self._live.get(self._pmids[int(self._dice.random() * len(self._pmids))])
        if found is None:
            return []
        if chance < 0.50:
            return [self._put(found._replace(version=found.version + 1, wording=found.wording + 1))]
        if chance < 0.51 and found.version > 1:
            # The older version is sent again: it must not win.
            return [found._replace(version=1, revised=self._today, status="PubMed-not-MEDLINE")]
        if chance < 0.53:
            return [self._put(found), self._put(found._replace(wording=found.wording + 1))]
        if chance < 0.75:
            return [self._put(found._replace(wording=found.wording + 1))]
        return [self._put(found._replace(status="In-Process" if found.status == "MEDLINE" else "MEDLINE"))]

    def _new(self, corrections: tuple[tuple[str, int], ...] = ()) -> Citation:
        pmid = self._next
        self._next += 1 + (self._dice.random() < 0.1)
        self._pmids.append(pmid)
        return self._put(Citation(self._seed, pmid, 1, 0, self._today, "Publisher", corrections))

    def _put(self, citation: Citation) -> Citation:
        citation = citation._replace(revised=self._today)
        self._live[citation.pmid] = citation
        return citation

    def _announce(self, number: int, last: int) -> None:
        """A notice and its paper's own mention of it, in two files to come, in either order."""
        about, mention = _PAIRS[self._dice.random() < 0.4]
        paper = self._pmids[int(self._dice.random() * len(self._pmids))]
        if number >= last or paper not in self._live:
            return
        notice = self._next
        self._next += 1
        files = [min(last, number + 1 + int(self._dice.random() * 4)) for _ in range(2)]
        self._due[files[0]].append((notice, about, paper))
        self._due[files[1]].append((paper, mention, notice))

    def _exists(self, pmid: int, kind: str, _other: int) -> bool:
        return kind in ("RetractionOf", "ErratumFor") or pmid in self._live

    def _corrected(self, pmid: int, kind: str, other: int) -> Citation:
        known = self._live.get(pmid)
        if known is None:
            self._pmids.append(pmid)
            known = Citation(self._seed, pmid, 1, 0, self._today)
        return self._put(known._replace(corrections=(*known.corrections, (kind, other))))

    def _chosen(self, count: int) -> list[int]:
        return [self._pmids[int(self._dice.random() * len(self._pmids))] for _ in range(count)]
