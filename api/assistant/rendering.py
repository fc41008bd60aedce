"""Results in few words, for whoever reads text: people, plain-text assistants, simple MCP clients."""

from __future__ import annotations

from collections.abc import Sequence

from api.assistant.answers import AnswerAnswer
from api.assistant.cited import CiteAnswer, Existing, Proposed
from api.assistant.results import ArticleAnswer, Found, ImageAnswer, Quoted, SearchAnswer, VerifyAnswer
from retrieval.records import IntegrityStatus


def search(result: SearchAnswer) -> str:
    if not result.hits:
        return _joined("Nothing was found.", *result.notices)
    return _joined(*_listed(result.hits), *result.notices)


def image(result: ImageAnswer) -> str:
    likeliest = ", ".join(f"{seen.name} ({seen.kind}, {seen.probability:.0%})" for seen in result.concepts[:6])
    head = f"The image may show: {likeliest}." if likeliest else ""
    doubt = "" if result.confident else "No confident match: nothing known is more likely than not in this image."
    return _joined(head, doubt, *_listed(result.hits), *result.notices)


def article(result: ArticleAnswer) -> str:
    standing = f"Standing: {_standing(result)}" + (
        f" ({'; '.join(result.integrity_reasons)})" if result.integrity_reasons else ""
    )
    return _joined(f"{result.id}: {result.citation}", standing, f"Abstract (quoted): {result.abstract or 'none'}")


def verified(result: VerifyAnswer) -> str:
    lines = [f"Verdict: {_words(result.verdict)}."]
    for one in result.articles:
        if one.error is not None:
            lines.append(f"{one.id}: {one.error}")
            continue
        marked = "" if one.integrity in (None, IntegrityStatus.OK) else f" [{_words(one.integrity).upper()}]"
        chances = f"support {one.support:.0%}, contradiction {one.contradict:.0%}"
        lines.append(f"{one.id}{marked}: {_words(one.verdict or '')} ({chances}). {one.citation}{_span(one.evidence)}")
    return "\n".join(lines)


def cited(result: CiteAnswer) -> str:
    lines = []
    for sentence in result.sentences:
        lines.append(f'Sentence {sentence.n} ({_words(sentence.need)}): "{" ".join(sentence.text.split())}"')
        lines += [f"   cites {one.key}: {_existing(one)}" for one in sentence.cited]
        lines += [_proposed(paper) for paper in sentence.papers]
    return _joined(*(lines or ["No sentence needs a citation."]), *result.notices)


def answer(result: AnswerAnswer) -> str:
    return result.text


def _existing(one: Existing) -> str:
    standing = "" if one.integrity in (None, IntegrityStatus.OK) else f" [{_words(one.integrity).upper()}]"
    said = _words(one.verdict) if one.verdict else "not judged"
    return f"{one.id or 'not resolved'}{standing}, {said}" + (f"; {one.problem}" if one.problem else "")


def _proposed(paper: Proposed) -> str:
    standing = "" if paper.integrity == IntegrityStatus.OK else f" [{_words(paper.integrity).upper()}]"
    head = f"   {_words(paper.verdict)} ({paper.support:.0%}) {paper.id}{standing}"
    return f"{head}: {paper.citation}{_span(paper.evidence)}"


def _listed(hits: Sequence[Found]) -> list[str]:
    lines = []
    for rank, hit in enumerate(hits, 1):
        marked = "" if hit.integrity == IntegrityStatus.OK else f" [{_standing(hit)}]"
        lines.append(f"{rank}. {hit.id}{marked}: {hit.citation}")
        lines += [f"   {_quote(sentence)}" for sentence in hit.evidence]
    return lines


def _standing(hit: Found) -> str:
    return _words(hit.integrity).upper() if hit.integrity != IntegrityStatus.OK else "ok"


def _span(evidence: Quoted | None) -> str:
    return f"\n   {_quote(evidence)}" if evidence else ""


def _quote(evidence: Quoted) -> str:
    return f'{evidence.field} {evidence.start}-{evidence.end}: "{" ".join(evidence.text.split())}"'


def _words(value: str) -> str:
    return str(value).replace("_", " ")


def _joined(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
