"""Cases of an image, a report and a list of genes, of which none alone says enough, made of images and an index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from evaluation.image.labels import Label, text_of
from evaluation.image.mentions import Mention, markers, of_entity, stem
from retrieval.expression import read_housekeeping
from retrieval.records import Article, Record
from retrieval.vocabulary.file import Vocabulary, read_vocabulary

_HEADING: Final = re.compile(r"[A-Za-z][A-Za-z -]{4,40}")
_WORD: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_LONGEST: Final = 4
"""Words of a heading."""
_SAYS_NOTHING: Final = re.compile(
    r"\b(?:adults?|aged|child\w*|infant\w*|adolescents?|(?:fe)?males?|(?:wo)?m[ae]n|humans?|patients?|animals?|rats?|mice|"
    r"mouse|cells?|cell lines?|gene\w*|proteins?|antigens?|receptors?|markers?|biomarkers?|"
    r"stud(?:y|ies)|outcomes?|follow.?up|surveys?|questionnaires?|risks?|factors?|retrospective\w*|prospective\w*|"
    r"treat\w+|therap\w+|analy\w+|methods?|models?|statistic\w*|sensitivity|specificity|reproducib\w+|predict\w+|"
    r"prognos\w+|surviv\w+|mortality|times?|rates?|cohorts?|trials?|incidence|prevalence|hospital\w*|techniques?|"
    r"assays?|between|during|through|effects?|associat\w+|expression|increas\w+|decreas\w+|reduc\w+|induc\w+|"
    r"inhibit\w*|regulat\w+|evaluat\w+|compar\w+|significan\w+|role|novel|clinical\w*|different\w*|character\w+|"
    r"identif\w+|report\w*|results?|impact|potential\w*|using|related|develop\w+|disease\w*|tissues?|levels?|"
    r"odds ratio|sample size|medical record|classification|artifact|temperature|postoperative period|"
    r"efficacy|safety|review\w*|investigat\w+|determin\w+|correlat\w+|relation\w*|influenc\w+|improv\w+|express\w+)\b|"
    r"neoplas|carcino|cancer|tumou?r|malignan|normal|healthy|benign|oncogen|patholog",
    re.IGNORECASE,
)
"""Words of how somebody worked, and those that give the diagnosis away."""
_FEWEST: Final = 3
_MOST_SHARE: Final = 0.02
"""Of the index, that a finding may stand in."""
_RELEVANT: Final = 2
"""Articles that must have all three parts, where so many cases can be made; otherwise one."""
_MOST_RELEVANT: Final = 0.5
"""Share of what one part finds that may be relevant: beyond it, this part alone says enough."""
_CONSIDERED: Final = 10
"""Candidates for each case that are looked at."""
_HOUSEKEEPING: Final = 6


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
    """PMIDs of articles of the class that have entity and gene."""


class _Candidate(Record, frozen=True):
    label: str
    entity: str
    gene: str
    relevant: frozenset[int]


def make_cases(
    articles: Iterable[Article],
    images_by_class: Mapping[str, Sequence[str]],
    seed: int,
    n: int,
    *,
    labels: Sequence[Label],
    vocabulary: Vocabulary | None = None,
) -> tuple[Case, ...]:
    """At most n cases, as many of each class as there are; `articles` is gone through twice, in any order.

    The report names what articles of the class mention, in the words of the index' MeSH headings, and what says neither
    organ nor diagnosis; the genes are one marker among housekeeping genes. Relevant is what has all three; each part
    alone finds at least twice as many.
    """
    generator = np.random.default_rng(seed)
    known = markers(vocabulary or read_vocabulary())
    shown = [label for label in labels if images_by_class.get(label.name)]
    classes, headings, total = _classes(articles, shown)
    findings = {entity for entity in headings if _is_finding(entity, labels, known)}
    candidates: list[_Candidate] = []
    share = -(-n // max(len(shown), 1))
    for label in shown:
        own = list(_candidates(label, classes[label.name], findings, known))
        several = [candidate for candidate in own if len(candidate.relevant) >= _RELEVANT]
        single = [candidate for candidate in own if len(candidate.relevant) < _RELEVANT]
        ordered = _dealt(several, len(several), generator) + _dealt(single, len(single), generator)
        candidates += ordered[: share * _CONSIDERED]
    counts = _counts(articles, candidates, shown, known)
    made: list[Case] = []
    used: Counter[str] = Counter()
    for candidate in _in_turn(candidates):
        found = counts["", candidate.label], counts["entity", candidate.entity], counts["gene", candidate.gene]
        says_enough = len(candidate.relevant) > _MOST_RELEVANT * min(found)
        if says_enough or not _FEWEST <= found[1] <= max(_FEWEST, _MOST_SHARE * total):
            continue
        if len(made) == n or used[candidate.label] == share:
            continue
        used[candidate.label] += 1
        images = images_by_class[candidate.label]
        made.append(
            Case(
                id=f"case-{len(made) + 1}",
                image=images[int(generator.integers(len(images)))],
                label=candidate.label,
                report=f"Noted: {candidate.entity}.",
                genes=_gene_list(known[candidate.gene].symbol, generator),
                entity=candidate.entity,
                gene=candidate.gene,
                relevant=candidate.relevant,
            )
        )
    return tuple(made)


def _classes(articles: Iterable[Article], labels: Sequence[Label]) -> tuple[dict[str, dict[int, str]], set[str], int]:
    """The texts of each class by PMID, the headings of all articles, and how many articles there are."""
    classes: dict[str, dict[int, str]] = {label.name: {} for label in labels}
    headings: set[str] = set()
    total = 0
    for article in articles:
        total += 1
        headings.update(stem(heading.name) for heading in article.mesh if _HEADING.fullmatch(heading.name))
        text = text_of(article)
        for label in labels:
            if label.fits(text):
                classes[label.name][article.pmid] = text
    return classes, headings, total


def _is_finding(entity: str, labels: Sequence[Label], known: Mapping[str, Mention]) -> bool:
    return not (
        _SAYS_NOTHING.search(entity)
        or any(label.names_part_of_it(entity) for label in labels)
        or any(mention.stands_in(entity, entity) for mention in known.values())
    )


def _candidates(
    label: Label, texts: Mapping[int, str], findings: set[str], known: Mapping[str, Mention]
) -> Iterator[_Candidate]:
    genes: dict[str, set[int]] = {}
    entities: dict[str, set[int]] = {}
    for pmid, text in texts.items():
        folded = text.casefold()
        for name, mention in known.items():
            if mention.stands_in(text, folded):
                genes.setdefault(name, set()).add(pmid)
        for entity in _phrases(folded) & findings:
            if of_entity(entity).stands_in(text, folded):
                entities.setdefault(entity, set()).add(pmid)
    for entity, inside in sorted(entities.items()):
        for gene, members in genes.items():
            if relevant := frozenset(inside & members):
                yield _Candidate(label.name, entity, gene, relevant)


def _phrases(folded: str) -> set[str]:
    words = _WORD.findall(folded)
    return {
        stem(" ".join(words[start : start + size])) for size in range(1, _LONGEST + 1) for start in range(len(words))
    }


def _dealt(candidates: Sequence[_Candidate], most: int, generator: np.random.Generator) -> list[_Candidate]:
    """In a random order in which seldom used findings and genes come first."""
    used: Counter[str] = Counter()
    ranked = []
    for number, row in enumerate(generator.permutation(len(candidates))):
        candidate = candidates[row]
        ranked.append((max(used[candidate.entity], used[candidate.gene]), number, candidate))
        used.update((candidate.entity, candidate.gene))
    return [candidate for _, _, candidate in sorted(ranked, key=lambda entry: entry[:2])[:most]]


def _in_turn(candidates: Sequence[_Candidate]) -> Iterator[_Candidate]:
    """One class after the other."""
    turns: Counter[str] = Counter()
    ordered = []
    for number, candidate in enumerate(candidates):
        ordered.append((turns[candidate.label], number))
        turns[candidate.label] += 1
    return (candidates[number] for _, number in sorted(ordered))


def _counts(
    articles: Iterable[Article], chosen: Sequence[_Candidate], labels: Sequence[Label], known: Mapping[str, Mention]
) -> Counter[tuple[str, str]]:
    """Of all articles, how many have each part of the chosen."""
    tests: dict[tuple[str, str], Mention] = {}
    for candidate in chosen:
        tests["entity", candidate.entity] = of_entity(candidate.entity)
        tests["gene", candidate.gene] = known[candidate.gene]
    counts: Counter[tuple[str, str]] = Counter()
    for text in map(text_of, articles):
        folded = text.casefold()
        counts.update(part for part, mention in tests.items() if mention.stands_in(text, folded))
        counts.update(("", label.name) for label in labels if label.fits(text))
    return counts


def _gene_list(symbol: str, generator: np.random.Generator) -> str:
    noise = generator.choice([g for g in read_housekeeping().genes if g != symbol], _HOUSEKEEPING, replace=False)
    lines = [f"{symbol}:{generator.uniform(3, 8):.1f}", *(f"{g}:{generator.uniform(1.1, 1.6):.1f}" for g in noise)]
    return "\n".join(lines[row] for row in generator.permutation(len(lines)))
