"""What a query is searched by: its names stand for all names of the same thing, whichever of them was typed.

Symmetric by design: every name of a group leads to the same clauses of the lexical leg and to the same text for the
encoder, so that the same question finds the same articles. Phrases, exclusions and fields stay as they were typed.
"""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.query import ParsedQuery
from retrieval.records import Expansion, Record
from retrieval.synonyms import Found, Synonyms
from retrieval.vocabulary.file import SynonymGroup


class Named(Record, frozen=True):
    """A name as the query has it, and the group that it stands for."""

    typed: str
    group: SynonymGroup


class Wording(Record, frozen=True):
    """A query's ranking words as the legs get them."""

    rest: str
    """The words that name nothing of the vocabulary, for the lexical leg."""
    canonical: str
    """The whole text with one name for each thing, for the encoder."""
    names: tuple[Named, ...] = ()
    """In the order of the text; a thing that is named twice stands twice."""
    expansions: tuple[Expansion, ...] = ()


def as_typed(parsed: ParsedQuery) -> Wording:
    return Wording(rest=parsed.ranking_text, canonical=parsed.ranking_text)


def expanded(parsed: ParsedQuery, synonyms: Synonyms) -> Wording:
    """The query's names by all their names."""
    text = parsed.ranking_text
    found = synonyms.find(text, parsed.plain)
    if not found:
        return as_typed(parsed)
    expansions: dict[SynonymGroup, Expansion] = {}
    for match in found:
        expansions.setdefault(match.group, _expansion(text, match))
    return Wording(
        rest=" ".join(_replaced(text, found, [""] * len(found)).split()),
        canonical=_replaced(text, found, [_canonical(match.group) for match in found]),
        names=tuple(Named(text[match.start : match.end], match.group) for match in found),
        expansions=tuple(expansions.values()),
    )


def _replaced(text: str, found: Sequence[Found], by: Sequence[str]) -> str:
    """The text with each name replaced; a name that is part of a compound leaves the rest of it."""
    pieces, end = [], 0
    for match, other in zip(found, by, strict=True):
        pieces += [text[end : match.start], other or " "]
        end = match.end
    return "".join([*pieces, text[end:]])


def _canonical(group: SynonymGroup) -> str:
    return group.name


def _expansion(text: str, match: Found) -> Expansion:
    group, typed = match.group, text[match.start : match.end]
    added = tuple(name for name in (*group.names, *group.ambiguous) if name.lower() != typed.lower())
    why = f"names of one {group.kind}, {group.source}"
    if match.because:
        why += f"; {typed} is taken for it beside {match.because}"
    return Expansion(matched=typed, added=added, why=why)
