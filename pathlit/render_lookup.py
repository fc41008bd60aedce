"""Looked-up sentences as a person likes to read them on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from pathlit.console import visible
from pathlit.render import heading, numbered
from retrieval.citations import cite_source
from retrieval.lookup.records import (
    CheckedReference,
    CitedPaper,
    FoundPaper,
    LookupResult,
    Need,
    SentenceReport,
)
from retrieval.records import IntegrityStatus
from retrieval.verify.base import Judgement, Verdict

_VERDICTS: Final = {
    Verdict.SUPPORTED: ("supports it", "bold green"),
    Verdict.PARTLY: ("supports part of it", "yellow"),
    Verdict.CONTRADICTED: ("CONTRADICTS it", "bold red"),
    Verdict.NOT_FOUND: ("does not say this", "dim"),
}
_NEEDS: Final = {
    Need.NEEDED: ("needs a citation", "bold yellow"),
    Need.CITED: ("is cited", "cyan"),
    Need.NOT_NEEDED: ("needs none", "dim"),
}
_SENTENCE_SHOWN: Final = 400


def render_lookup(result: LookupResult, console: Console) -> None:
    for notice in result.notices:
        console.print(Text(f"! {notice}", style="yellow"))
    for sentence in result.sentences:
        console.print(_sentence(sentence))
        console.print()
    if result.references:
        console.print(Rule(Text("References", style="bold"), align="left"))
        for reference in result.references:
            console.print(_reference(reference))
        console.print()
    console.print(Text(_footer(result), style="dim"))


def _sentence(sentence: SentenceReport) -> RenderableType:
    words, style = _NEEDS[sentence.assessment.need]
    shown = visible(" ".join(sentence.text.split()))
    title = Text(shown if len(shown) <= _SENTENCE_SHOWN else shown[:_SENTENCE_SHOWN] + "…", style="bold")
    below: list[RenderableType] = [Text.assemble((words, style), (f" · {visible(sentence.assessment.reason)}", "dim"))]
    below += [_cited(paper) for paper in sentence.cited]
    if sentence.looked_up and not sentence.papers and not sentence.cited:
        below.append(Text("No paper was found that speaks of it.", style="dim"))
    if sentence.papers and sentence.cited:
        below.append(Text("In their place:", style="dim"))
    below += [
        _paper(letter, paper) for letter, paper in zip("abcdefghijklmnopqrstuvwxyz" * 2, sentence.papers, strict=False)
    ]
    return Group(numbered(f"{sentence.number:>2}.", title), Padding(Group(*below), (0, 0, 0, 4)))


def _paper(letter: str, paper: FoundPaper) -> RenderableType:
    head = heading(paper.article, paper.integrity)
    below: list[RenderableType] = [Text(cite_source(paper.article), style="dim"), _verdict(paper.judgement)]
    if not paper.usable:
        below.append(Text("It must not be relied on.", style="bold red"))
    return Group(numbered(f" {letter})", head), Padding(Group(*below), (0, 0, 0, 4)))


def _cited(paper: CitedPaper) -> RenderableType:
    found = paper.resolution.found if paper.resolution else None
    problem = Text(f"! {visible(paper.problem)}", style="yellow") if paper.problem else Text()
    if found is None:
        return Group(numbered(f"[{visible(paper.key)[:12]}]", problem))
    below: list[RenderableType] = [Text(cite_source(found.article), style="dim")]
    if paper.judgement:
        below.append(_verdict(paper.judgement))
    if not paper.usable:
        below.append(problem)
    differences = paper.resolution.differences if paper.resolution else ()
    below += [Text(f"! {visible(difference)}", style="yellow") for difference in differences]
    head = Text.assemble((f"[{visible(paper.key)[:40]}] ", "cyan")).append_text(heading(found.article, found.integrity))
    return Group(head, Padding(Group(*below), (0, 0, 0, 4)))


def _verdict(judgement: Judgement) -> Text:
    words, style = _VERDICTS[judgement.verdict]
    sure = judgement.contradict if judgement.verdict is Verdict.CONTRADICTED else judgement.support
    told = Text.assemble((words, style), (f" ({sure:.0%})", "dim"))
    if judgement.evidence is not None:
        told.append(" » ", style="green").append(visible(judgement.evidence.text))
    return told


def _reference(reference: CheckedReference) -> RenderableType:
    found = reference.resolution.found if reference.resolution else None
    cited = "cited by " + ", ".join(map(str, reference.cited_by)) if reference.cited_by else "cited by no sentence"
    if found is None:
        told = Text.assemble(
            (visible(" ".join(reference.raw.split()))[:200], ""), "\n", (f"! {visible(reference.problem)}", "yellow")
        )
    else:
        told = heading(found.article, found.integrity).append(f"\n{found.article.id} · {cited}", style="dim")
    return numbered(f"{visible(reference.label)[:10]:>2}.", told)


def _footer(result: LookupResult) -> str:
    needs = Counter(sentence.assessment.need for sentence in result.sentences)
    carried = sum(
        any(paper.supports for paper in s.papers) for s in result.sentences if s.assessment.need is Need.NEEDED
    )
    retracted = sum(
        r.resolution is not None
        and r.resolution.found is not None
        and r.resolution.found.integrity.status is IntegrityStatus.RETRACTED
        for r in result.references
    )
    parts = [
        f"{len(result.sentences)} sentences",
        f"{needs[Need.NEEDED]} need a citation, {carried} of them have one now",
        f"{needs[Need.CITED]} are cited",
        *([f"{retracted} retracted references"] if retracted else []),
        f"generation {result.generation}",
        f"{sum(result.timings_ms.values()) / 1000:.1f} s",
    ]
    return " · ".join(parts)
