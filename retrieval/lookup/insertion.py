"""Writes found papers into the draft: numbered markers, and a list of references in Vancouver style behind it.

Only papers that support a sentence which needs a citation are written, and only those that may be rested upon. What
the draft cites already stays as it is; new numbers follow the highest that its list or its markers have.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from retrieval.citations import cite
from retrieval.lookup.draft import read_draft
from retrieval.lookup.records import FoundPaper, LookupResult, Need, SentenceReport

_HEADING: Final = "References"
_END: Final = re.compile(r"(?:[.!?…]+[\"'”’»)\]*_]{0,4})$")
_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>])")
_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Written(NamedTuple):
    text: str
    citations: int
    """Sentences that got a marker."""
    papers: int


def with_citations(text: str, result: LookupResult, *, most: int = 2, markdown: bool = True) -> Written:
    """The draft with what was found for it; `result` is of this very text. `most` papers for one sentence.

    A list of references that the draft has is continued where it stands, otherwise one is put at the end.
    """
    numbers: dict[int, int] = {}
    papers: list[FoundPaper] = []
    first = _highest_number(result) + 1
    insertions: list[tuple[int, str]] = []
    for sentence in result.sentences:
        chosen = _chosen(sentence, most)
        for paper in chosen:
            if paper.article.pmid not in numbers:
                numbers[paper.article.pmid] = first + len(papers)
                papers.append(paper)
        if chosen:
            own = sorted(numbers[paper.article.pmid] for paper in chosen)
            insertions.append((_place(sentence), f" [{','.join(map(str, own))}]"))
    if not papers:
        return Written(text, 0, 0)
    entries = [f"{numbers[paper.article.pmid]}. {_entry(paper, markdown=markdown)}" for paper in papers]
    end = read_draft(text).references_end
    if end:
        insertions.append((end, "\n" + "\n".join(entries)))
        listed = ""
    else:
        heading = f"## {_HEADING}\n\n" if markdown else f"{_HEADING}\n\n"
        listed = "\n\n" + heading + "\n".join(entries) + "\n"
    written = text
    for place, added in sorted(insertions, key=lambda one: -one[0]):
        written = written[:place] + added + written[place:]
    if listed:
        written = written.rstrip() + listed
    return Written(written, len(insertions) - bool(end), len(papers))


def _chosen(sentence: SentenceReport, most: int) -> list[FoundPaper]:
    if sentence.assessment.need is not Need.NEEDED:
        return []
    return [paper for paper in sentence.papers if paper.supports][:most]


def _place(sentence: SentenceReport) -> int:
    """Before the stop that ends the sentence."""
    match = _END.search(sentence.text)
    return sentence.start + (match.start() if match else len(sentence.text))


def _highest_number(result: LookupResult) -> int:
    labels = [reference.label for reference in result.references]
    labels += [key for s in result.sentences for m in s.markers if m.kind == "number" for key in m.keys]
    return max((int(label) for label in labels if label.isdigit() and len(label) < 5), default=0)


def _entry(paper: FoundPaper, *, markdown: bool) -> str:
    """One line, whatever the record holds; its words can be no mark-up of the draft."""
    line = _BLANKS.sub(" ", cite(paper.article)).strip()
    if paper.integrity.status.value != "ok":
        line += f" [{paper.integrity.status.value.replace('_', ' ')}]"
    return _MARKDOWN.sub(r"\\\1", line) if markdown else line
