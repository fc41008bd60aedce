"""An answer as a person reads it: numbered citations, the papers below, and what did not hold where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from pathlit.console import visible
from pathlit.render import heading
from retrieval.answer.records import Answer, AnswerSentence, Conflict, Stance
from retrieval.citations import cite_source
from retrieval.verify.base import Verdict

_STYLE = {
    Verdict.SUPPORTED: "green",
    Verdict.PARTLY: "yellow",
    Verdict.CONTRADICTED: "bold red",
    Verdict.NOT_FOUND: "red",
}


def render_answer(answer: Answer, console: Console, *, details: bool = False) -> None:
    for notice in answer.notices:
        console.print(Text(f"! {visible(notice)}", style="yellow"))
    if answer.abstention:
        console.print(Text(f"No answer. {answer.abstention.message}", style="bold yellow"))
    numbers = _numbers(answer)
    for sentence in answer.sentences:
        console.print(_sentence(sentence, numbers))
    console.print()
    _conflicts(answer.conflicts, numbers, console)
    _papers(answer, numbers, console)
    if answer.dropped or answer.incidents:
        told = f"{len(answer.dropped)} sentences left out, {len(answer.incidents)} incidents"
        console.print(Text(told if details else f"{told}: --details shows them", style="dim"))
    if details:
        _details(answer, numbers, console)
    console.print(Text(_footer(answer), style="dim"))


def _numbers(answer: Answer) -> dict[str, int]:
    """Cited sources from 1 in the order of their citation, then the others."""
    cited = [c.key for sentence in answer.sentences for c in sentence.citations]
    keys = dict.fromkeys([*cited, *(source.key for source in answer.sources)])
    return {key: number for number, key in enumerate(keys, 1)}


def _sentence(sentence: AnswerSentence, numbers: Mapping[str, int]) -> Text:
    if sentence.origin == "tool":
        return Text.assemble(("[image model] ", "magenta"), visible(sentence.text))
    marks = "".join(f"[{numbers[c.key]}]" for c in sentence.citations if c.key in numbers)
    text = Text.assemble(visible(sentence.text), " ", (marks, "bold"))
    if sentence.verdict is not Verdict.SUPPORTED:
        text.append(f" ({_words(sentence.verdict)})", style=_STYLE[sentence.verdict])
    return text


def _conflicts(conflicts: Sequence[Conflict], numbers: Mapping[str, int], console: Console) -> None:
    for conflict in conflicts:
        console.print(Rule(Text("The papers do not agree", style="bold"), align="left"))
        console.print(Text(visible(conflict.sentence)))
        for side, stances in (("for", conflict.support), ("against", conflict.against)):
            for stance in stances:
                console.print(Padding(_stance(side, stance, numbers), (0, 0, 0, 2)))
        console.print()


def _stance(side: str, stance: Stance, numbers: Mapping[str, int]) -> Text:
    kinds = ", ".join(stance.study_types)
    facts = " · ".join(filter(None, [str(stance.year or ""), kinds]))
    text = Text.assemble((f"{side} ", "bold"), f"[{numbers.get(stance.key, '?')}] ", (facts, "dim"))
    if stance.judgement.evidence:
        text.append(f"\n» {visible(stance.judgement.evidence.text)}")
    return text


def _papers(answer: Answer, numbers: Mapping[str, int], console: Console) -> None:
    cited = {c.key: c for sentence in answer.sentences for c in sentence.citations}
    shown = [source for source in answer.sources if source.key in cited or answer.abstention or not source.usable]
    for source in sorted(shown, key=lambda source: numbers[source.key]):
        console.print(Text.assemble((f"[{numbers[source.key]}] ", "bold"), heading(source.article, source.integrity)))
        console.print(Padding(Text(visible(cite_source(source.article)), style="dim"), (0, 0, 0, 4)))
        judgement = cited[source.key].judgement if source.key in cited else None
        if judgement is not None and (evidence := judgement.evidence) is not None:
            span = Text.assemble(
                (f"{_words(judgement.verdict)} ({judgement.support:.2f}) ", _STYLE[judgement.verdict]),
                f"» {visible(evidence.text)}",
            )
            console.print(Padding(span, (0, 0, 0, 4)))
        console.print()


def _details(answer: Answer, numbers: Mapping[str, int], console: Console) -> None:
    for sentence in answer.dropped:
        console.print(Text.assemble(("left out: ", "red"), _sentence(sentence, numbers)))
    for incident in answer.incidents:
        value = f" ({visible(incident.value)})" if incident.value else ""
        console.print(Text.assemble((f"{incident.kind.value}: ", "yellow"), visible(incident.message) + value))
    if answer.decision:
        for reason in answer.decision.reasons:
            console.print(Text(f"router: {reason}", style="dim"))
    console.print()


def _footer(answer: Answer) -> str:
    parts = [
        f"generation {answer.generation}",
        f"searched {visible(answer.query)!r}" if answer.query else "not searched",
    ]
    if answer.citation_recall is not None:
        parts.append(f"citation recall {answer.citation_recall:.2f}")
    if answer.citation_precision is not None:
        parts.append(f"precision {answer.citation_precision:.2f}")
    parts.append(answer.models.get("composer", ""))
    parts.append(f"{answer.timings_ms.get('total', 0):.0f} ms")
    return " · ".join(filter(None, parts))


def _words(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")
