"""Cases of an image, a report and a list of genes, of which none alone says enough: made, and measured by nDCG@10."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np

from evaluation.image.labels import Label, text_of
from retrieval.expression import GeneNames, read_housekeeping
from retrieval.records import Article, Record
from retrieval.vocabulary.file import SynonymGroup, Vocabulary, read_vocabulary, spellings

_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9-]{1,9}")
_WORDS: Final = re.compile(r"[A-Za-z][A-Za-z -]{4,40}")
_TOO_NEAR: Final = re.compile(
    r"neoplas|carcino|cancer|tumou?r|malignan|normal|healthy|benign|oncogen|patholog|gene|protein|antigen|receptor|"
    r"marker|human|rats?$|mice|cell line",
    re.IGNORECASE,
)
"""Headings that give the diagnosis away, or that say how somebody worked."""
_FEWEST: Final = 3
_MOST_SHARE: Final = 0.02
"""Of the index, that a report's heading may stand in: beyond it, it is no finding."""
_HOUSEKEEPING: Final = 6
_MOST_RELEVANT: Final = 0.5
"""Share of what any one part finds that may be relevant: beyond it, this part alone says enough."""


class Case(Record, frozen=True):
    id: str
    image: str
    label: str
    report: str
    genes: str
    """Lines of symbol and fold change."""
    entity: str
    gene: str
    """The marker's best known name."""
    relevant: frozenset[int]
    """PMIDs; the target's among them."""


class _Candidate(Record, frozen=True):
    label: str
    entity: str
    gene: str
    target: int


def make_cases(
    articles: Iterable[Article],
    images_by_class: Mapping[str, Sequence[str]],
    seed: int,
    n: int,
    *,
    labels: Sequence[Label],
    vocabulary: Vocabulary | None = None,
) -> tuple[Case, ...]:
    """At most n cases, as many of each class as there are; `articles` is gone through twice.

    The report names a heading of MeSH of the target article that says neither organ nor diagnosis; the genes are one
    marker of the article among housekeeping genes. Relevant is what has all three; no part alone comes to that.
    """
    generator = np.random.default_rng(seed)
    shown = [label for label in labels if images_by_class.get(label.name)]
    markers = _markers(vocabulary or read_vocabulary())
    own: dict[str, list[tuple[Article, str]]] = {label.name: [] for label in shown}
    frequency: Counter[str] = Counter()
    total = 0
    for article in articles:
        total += 1
        text = text_of(article)
        frequency.update({heading.name for heading in article.mesh})
        for label in shown:
            if label.fits(text):
                own[label.name].append((article, text))
    usable = {
        name
        for name, count in frequency.items()
        if _FEWEST <= count <= max(_FEWEST, _MOST_SHARE * total)
        and _WORDS.fullmatch(name)
        and not _TOO_NEAR.search(name)
        and not any(label.names_part_of_it(name) for label in labels)
        and not any(found.search(name) for _, found in markers.values())
    }
    candidates = {label.name: _candidates(label.name, own[label.name], usable, markers) for label in shown}
    chosen = _dealt(candidates, n * 4, generator)
    counts = _counts(articles, chosen, shown, markers)
    made: list[Case] = []
    taken: set[tuple[str, str, str]] = set()
    for candidate in chosen:
        case = candidate.label, candidate.entity, candidate.gene
        relevant = _relevant(candidate, own[candidate.label], markers)
        fewest = min(
            counts["label", candidate.label], counts["entity", candidate.entity], counts["gene", candidate.gene]
        )
        if len(made) == n:
            break
        if case in taken or len(relevant) > _MOST_RELEVANT * fewest:
            continue
        taken.add(case)
        images = images_by_class[candidate.label]
        made.append(
            Case(
                id=f"case-{len(made) + 1}",
                image=images[int(generator.integers(len(images)))],
                label=candidate.label,
                report=f"The report describes {candidate.entity.lower()}.",
                genes=_gene_list(markers[candidate.gene][0], generator),
                entity=candidate.entity,
                gene=candidate.gene,
                relevant=relevant,
            )
        )
    return tuple(made)


def _candidates(
    label: str,
    own: Sequence[tuple[Article, str]],
    usable: set[str],
    markers: Mapping[str, tuple[str, re.Pattern[str]]],
) -> list[_Candidate]:
    found = []
    for article, text in own:
        headings = [heading.name for heading in article.mesh if heading.name in usable]
        genes = [name for name, (_, pattern) in markers.items() if headings and pattern.search(text)]
        found += [_Candidate(label, entity, gene, article.pmid) for entity in headings for gene in genes]
    return found


def _dealt(candidates: Mapping[str, list[_Candidate]], most: int, generator: np.random.Generator) -> list[_Candidate]:
    """One class after the other, each in a random order in which every target article comes once before any again."""
    ordered: list[tuple[int, int, _Candidate]] = []
    for number, members in enumerate(candidates.values()):
        seen: Counter[int] = Counter()
        ranked = []
        for row in generator.permutation(len(members)):
            candidate = members[row]
            ranked.append((seen[candidate.target], candidate))
            seen[candidate.target] += 1
        ranked.sort(key=lambda entry: entry[0])
        ordered += [(turn, number, candidate) for turn, (_, candidate) in enumerate(ranked)]
    ordered.sort(key=lambda entry: entry[:2])
    return [candidate for _, _, candidate in ordered[:most]]


def _counts(
    articles: Iterable[Article],
    chosen: Sequence[_Candidate],
    labels: Sequence[Label],
    markers: Mapping[str, tuple[str, re.Pattern[str]]],
) -> Counter[tuple[str, str]]:
    """Of all articles, how many have each part of the chosen."""
    tests: dict[tuple[str, str], Callable[[str], object]] = {}
    for candidate in chosen:
        tests["entity", candidate.entity] = _named(candidate.entity).search
        tests["gene", candidate.gene] = markers[candidate.gene][1].search
    for label in labels:
        tests["label", label.name] = lambda text, label=label: label.fits(text) or None  # type: ignore[misc]
    counts: Counter[tuple[str, str]] = Counter()
    for text in map(text_of, articles):
        counts.update(part for part, test in tests.items() if test(text))
    return counts


def _relevant(
    candidate: _Candidate, own: Sequence[tuple[Article, str]], markers: Mapping[str, tuple[str, re.Pattern[str]]]
) -> frozenset[int]:
    entity, gene = _named(candidate.entity), markers[candidate.gene][1]
    return frozenset(article.pmid for article, text in own if entity.search(text) and gene.search(text))


def _gene_list(symbol: str, generator: np.random.Generator) -> str:
    noise = generator.choice([g for g in read_housekeeping().genes if g != symbol], _HOUSEKEEPING, replace=False)
    lines = [f"{symbol}:{generator.uniform(3, 8):.1f}", *(f"{g}:{generator.uniform(1.1, 1.6):.1f}" for g in noise)]
    return "\n".join(lines[row] for row in generator.permutation(len(lines)))


def _markers(vocabulary: Vocabulary) -> dict[str, tuple[str, re.Pattern[str]]]:
    """By best known name: a symbol to write into a list, and what finds any of its names in a text."""
    housekeeping = read_housekeeping()
    known = GeneNames(vocabulary, housekeeping)
    markers = {}
    for group in vocabulary.groups:
        if group.kind != "marker":
            continue
        symbol = next((name for name in group.names if _SYMBOL.fullmatch(name) and known.name(name) == group.name), "")
        if symbol and symbol not in housekeeping:
            markers[group.name] = symbol, _any_name(group)
    return markers


def _any_name(group: SynonymGroup) -> re.Pattern[str]:
    # Symbols as they are written: small, many are plain words.
    written = [spelling for name in group.names for spelling in spellings(name)]
    parts = [re.escape(w) if _SYMBOL.fullmatch(w) else f"(?i:{re.escape(w)})" for w in written]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w-])")


@cache
def _named(entity: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(entity)}s?\b", re.IGNORECASE)
