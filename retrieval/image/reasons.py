"""Why an image brought an article: the text, caption, figure or concept behind each leg's share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from retrieval.image.concepts import KIND_WEIGHTS, SeenConcept, completeness, naming
from retrieval.image.records import Reason, ReasonKind
from retrieval.index.joint_space import Brought
from retrieval.index.joint_texts import joint_texts
from retrieval.records import Article, LegScore


class Found(NamedTuple):
    """What the legs found out on their way."""

    brought: Mapping[str, Mapping[int, Brought]]
    """By leg and PMID: the best row of the joint space."""
    searched: tuple[SeenConcept, ...]
    words: str
    genes: str


def reasons_of(article: Article, legs: dict[str, LegScore], found: Found) -> tuple[Reason, ...]:
    """One for each leg that gave something, greatest share first; where none did, one for each leg that found it."""
    reasons = []
    # The last of each leg gets nothing from it, and still somebody will ask why it is there.
    least = 0.0 if any(placed.share > 0 for placed in legs.values()) else -1.0
    for leg, placed in legs.items():
        if placed.share <= least:
            continue
        if leg in ("texts", "figures"):
            reasons.append(_of_joint(article, placed, found.brought[leg][article.pmid]))
        elif leg == "concepts":
            reasons.append(_of_concepts(article, placed, found))
        elif leg == "words":
            reasons.append(Reason("words", found.words, placed.share))
        elif leg == "genes":
            reasons.append(Reason("genes", found.genes, placed.share))
        else:
            reasons.append(Reason("together", "image, words and genes as one question", placed.share))
    return tuple(sorted(reasons, key=lambda reason: -reason.share))


def _of_joint(article: Article, placed: LegScore, brought: Brought) -> Reason:
    figure = brought.figure
    if figure is not None:
        kind: ReasonKind = "figure" if brought.is_image else "caption"
        return Reason(kind, figure.caption or figure.label, placed.share, figure=figure)
    text = joint_texts(article)[brought.number]
    kind = "title" if text.role == "title" else "sentence"
    return Reason(kind, text.text, placed.share, start=text.start, end=text.end)


def _of_concepts(article: Article, placed: LegScore, found: Found) -> Reason:
    best = max(
        found.searched, key=lambda seen: seen.probability * completeness(seen.concept, naming(seen.concept, article))
    )
    named = naming(best.concept, article)
    words = " and ".join(f'"{word}"' for word in (named.organ, named.diagnosis) if word)
    what = f"{best.concept.name} ({best.probability:.0%})"
    return Reason("concept", f"{what}: the article names {words}" if words else what, placed.share)


def _given(seen: SeenConcept, article: Article) -> float:
    named = completeness(seen.concept, naming(seen.concept, article))
    return KIND_WEIGHTS[seen.concept.kind] * seen.probability * named
