"""Hits and articles as a person likes to read them on a terminal."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pathlit.console import visible
from pathlit.render_facets import render_facets
from retrieval.citations import cite_source
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, Evidence, Hit, Integrity, IntegrityStatus, RecentArticle, SearchResult

_INTEGRITY_STYLE = {
    IntegrityStatus.RETRACTED: ("RETRACTED", "bold white on red"),
    IntegrityStatus.WITHDRAWN: ("WITHDRAWN", "bold white on red"),
    IntegrityStatus.CONCERN: ("EXPRESSION OF CONCERN", "bold black on yellow"),
    IntegrityStatus.CORRECTED: ("corrected", "yellow"),
    IntegrityStatus.REPUBLISHED: ("republished", "yellow"),
    IntegrityStatus.UPDATED: ("a newer version exists", "yellow"),
    IntegrityStatus.RETRACTION_NOTICE: ("retraction notice", "yellow"),
    IntegrityStatus.CONCERN_NOTICE: ("notice of concern", "yellow"),
    IntegrityStatus.ERRATUM_NOTICE: ("erratum", "yellow"),
}


def render_result(result: SearchResult, console: Console) -> None:
    for notice in result.notices:
        console.print(Text(f"! {notice}", style="yellow"))
    for expansion in result.expansions:
        others = ", ".join(expansion.added)
        console.print(Text(f"{expansion.matched} also as {others} ({expansion.why})", style="dim"))
    if not result.hits:
        console.print("Nothing found. Try fewer conditions, or other words.")
    for hit in result.hits:
        console.print(_hit(hit))
        console.print()
    if result.facets and result.matching is not None:
        render_facets(result.facets, result.matching, console)
        console.print()
    if result.not_indexed:
        console.print(Rule(Text("At PubMed, not in the index yet", style="bold"), align="left"))
    for recent in result.not_indexed:
        console.print(_recent(recent))
        console.print()
    spent = sum(result.timings_ms.values())
    footer = f"{len(result.hits)} hits for {result.interpretation} · generation {result.generation} · {spent:.0f} ms"
    console.print(Text(footer, style="dim"))


def render_article(indexed: IndexedArticle, console: Console) -> None:
    article = indexed.article
    console.print(heading(article, indexed.integrity))
    console.print(Text(cite_source(article), style="dim"))
    for section in article.sections:
        console.print()
        label = f"{section.label.capitalize()}. " if section.label else ""
        console.print(Text.assemble((label, "bold"), section.text))
    facts = {
        "MeSH": ", ".join(f"{m.name}*" if m.major else m.name for m in article.mesh),
        "Keywords": ", ".join(article.keywords),
        "Type": ", ".join(t.name for t in article.publication_types),
        "Language": ", ".join(article.languages),
        "Linked": ", ".join(f"{c.ref_type} {c.pmid or c.source}" for c in article.corrections),
        "Integrity": "; ".join(indexed.integrity.reasons),
        "Cites": f"{len(article.references):,} articles" if article.references else "",
    }
    console.print()
    for name, value in facts.items():
        if value:
            console.print(Text.assemble((f"{name}: ", "bold"), value))


def _hit(hit: Hit) -> RenderableType:
    article = hit.article
    # The title stands above already; quoting it as evidence would only repeat it.
    quotes = [_quote(evidence) for evidence in hit.evidence if evidence.field != "title"]
    below = Group(Text(cite_source(article), style="dim"), *quotes, _why(hit))
    return Group(numbered(f"{hit.rank:>2}.", heading(article, hit.integrity)), Padding(below, (0, 0, 0, 4)))


def _recent(recent: RecentArticle) -> RenderableType:
    quotes = [_quote(evidence) for evidence in recent.evidence if evidence.field != "title"]
    below = Group(Text(cite_source(recent.article), style="dim"), *quotes)
    return Group(numbered("  +", heading(recent.article, recent.integrity)), Padding(below, (0, 0, 0, 4)))


def numbered(number: str, heading: Text) -> Table:
    """The number in a column of its own, so that a long title wraps beside it."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=3, style="bold cyan")
    grid.add_column()
    grid.add_row(number, heading)
    return grid


def heading(article: Article, integrity: Integrity) -> Text:
    text = Text()
    if badge := _INTEGRITY_STYLE.get(integrity.status):
        text.append(f" {badge[0]} ", style=badge[1])
        text.append(" ")
    # A table measures it before the console escapes it.
    return text.append(visible(article.title) or "(no title)", style="bold")


def _quote(evidence: Evidence) -> Text:
    return Text.assemble(("» ", "green"), evidence.text)


def _why(hit: Hit) -> Text:
    legs = ", ".join(f"{name} rank {leg.rank}" for name, leg in hit.legs.items() if leg.share > 0)
    reranked = hit.reranked
    moved = f" · reranked from {reranked.fused_rank}" if reranked and reranked.fused_rank != hit.rank else ""
    return Text(f"score {hit.score:.3f} · {legs}{moved}", style="dim")
