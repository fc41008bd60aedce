"""Questions that a library cannot answer, made to be abstained from. The same library, size and seed make the same.

elsewhere   outside medicine: capitals, recipes, programming
invented    drugs and genes that do not exist, in things of the vocabulary
subjects    things of medicine that no article of the library names
removed     real questions, asked while their own articles and all with their rarest word are left out
crossed     the beginning of one question and the end of another, whose rarest words no article holds together
apart       a marker and a disease of the vocabulary, each named by several articles and never by one together
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from evaluation.probe_words import (
    ABOUT_INVENTED_DRUGS,
    ABOUT_INVENTED_GENES,
    ABOUT_SUBJECTS,
    DRUG_ENDINGS,
    ELSEWHERE,
    GENE_LETTERS,
    MIDDLES,
    ONSETS,
    SUBJECTS,
)
from evaluation.tasks.sampling import fraction, sample
from retrieval.answer.asked_words import AskedWord, AskedWords
from retrieval.index.interface import NO_CONDITION
from retrieval.query import parse_query
from retrieval.records import Filters, Record
from retrieval.search import Searcher
from retrieval.vocabulary.file import SynonymGroup

KINDS: Final = ("elsewhere", "invented", "subjects", "removed", "crossed", "apart")
_LISTED: Final = ("elsewhere", "subjects", "apart")

_MOST_REMOVED: Final = 60
"""Articles left out for one question; a word that more of them hold is no subject."""
_RARE: Final = 0.002
"""Share of the library that may hold the rarest word of either part of a crossed question."""
# Where a question's subject ends and its circumstances begin.
_JOINT: Final = re.compile(r" (?=(?:in|among|for|after|during|with|on|versus|from|by)\b)")
_FEWEST_WORDS: Final = 2
"""Telling words of either part of a crossed question."""
_HALF: Final = 0.5


class Probe(Record, frozen=True):
    kind: str
    text: str
    made_of: str
    """Its template, subject or question: probes of one and the same fall into the same half."""
    filters: Filters = Filters()
    """What is left out while it is asked."""


Answerable = Mapping[str, tuple[str, Sequence[int]]]
"""Questions by key: text, and the PMIDs of the articles that answer it."""


def is_first_half(name: str) -> bool:
    """Models are fitted to the first half of questions and probes, and measured on the other."""
    return fraction(0, f"half|{name}") < _HALF


def make_probes(
    searcher: Searcher,
    questions: Answerable,
    groups: Sequence[SynonymGroup],
    apart: Sequence[str],
    *,
    size: int,
    seed: int,
    wanted: Callable[[str], bool] = lambda made_of: True,
) -> list[Probe]:
    """At most `size` of each kind; fewer where the library does not give so many.

    `apart` are the questions of a task no-answer that have no answer; `wanted` chooses by what a probe is made of.
    """
    entities = sorted(group.name for group in groups if group.kind == "entity")
    makers: dict[str, Iterator[Probe]] = {
        "elsewhere": _elsewhere(),
        "invented": _invented(searcher, entities, seed),
        "subjects": _subjects(searcher),
        "removed": _removed(searcher, questions, seed),
        "crossed": _crossed(searcher, questions, seed),
        "apart": (Probe("apart", text, text) for text in apart),
    }
    made = {kind: (probe for probe in makers[kind] if wanted(probe.made_of)) for kind in KINDS}
    return [probe for kind in KINDS for probe in _some(made[kind], kind, size, seed)]


def _some(probes: Iterator[Probe], kind: str, size: int, seed: int) -> list[Probe]:
    if kind in _LISTED:
        return sample(probes, size, seed, lambda probe: probe.text)
    # In an order that the seed decided, and each costs a look into the index.
    return list(islice(probes, size))


def _elsewhere() -> Iterator[Probe]:
    for text, things in ELSEWHERE:
        for thing in things:
            yield Probe("elsewhere", text.format(thing), text)


def _invented(searcher: Searcher, entities: Sequence[str], seed: int) -> Iterator[Probe]:
    chance = random.Random(f"{seed}|invented")  # noqa: S311 - a seeded choice, no secret
    while entities:
        if chance.random() < _HALF:
            name = "".join(chance.choices(GENE_LETTERS, k=4)) + str(chance.randint(2, 29))
            text = chance.choice(ABOUT_INVENTED_GENES)
        else:
            name = chance.choice(ONSETS) + chance.choice(MIDDLES) + chance.choice(DRUG_ENDINGS)
            text = chance.choice(ABOUT_INVENTED_DRUGS)
        if not searcher.reader.lexical(name, NO_CONDITION, 1):
            yield Probe("invented", text.format(name=name, entity=chance.choice(entities)), name)


def _subjects(searcher: Searcher) -> Iterator[Probe]:
    for subject in SUBJECTS:
        if not _both(searcher, subject, subject):
            yield from (Probe("subjects", text.format(subject), subject) for text in ABOUT_SUBJECTS)


def _removed(searcher: Searcher, questions: Answerable, seed: int) -> Iterator[Probe]:
    for key in _shuffled(questions, seed, "removed"):
        text, own = questions[key]
        word = _rarest(AskedWords(text, Filters(), searcher))
        if word is not None and 0 < word.articles <= _MOST_REMOVED:
            holding = searcher.reader.lexical(word.text, NO_CONDITION, _MOST_REMOVED)
            left_out = tuple(sorted({*own, *(scored.pmid for scored in holding)}))
            yield Probe("removed", text, key, Filters(exclude_pmids=left_out))


def _crossed(searcher: Searcher, questions: Answerable, seed: int) -> Iterator[Probe]:
    heads: list[tuple[str, AskedWord]] = []
    for key in _shuffled(questions, seed, "crossed"):
        joints = [found.start() for found in _JOINT.finditer(questions[key][0])]
        if not joints:
            continue
        text, joint = questions[key][0], joints[len(joints) // 2]
        head, tail = (AskedWords(part, Filters(), searcher) for part in (text[:joint], text[joint:]))
        first, last = _rarest(head), _rarest(tail)
        if first is None or last is None or min(len(head.words), len(tail.words)) < _FEWEST_WORDS:
            continue
        rare = _RARE * searcher.manifest.articles + 1
        for other, word in heads if last.articles <= rare else ():
            if not _both(searcher, word.text, last.text):
                heads.remove((other, word))
                yield Probe("crossed", f"{other}{text[joint:]}", key)
                break
        if first.articles <= rare:
            heads.append((text[:joint], first))


def _rarest(asked: AskedWords) -> AskedWord | None:
    return min(asked.words, key=lambda word: word.articles, default=None)


def _both(searcher: Searcher, one: str, other: str) -> bool:
    """Whether an article holds both, each as a phrase."""
    condition = parse_query(f'text:"{one}" text:"{other}"', Filters()).constraint
    return bool(searcher.reader.facets("", condition, ("integrity",), 1).articles)


def _shuffled(keys: Mapping[str, object], seed: int, why: str) -> list[str]:
    return sorted(keys, key=lambda key: fraction(seed, f"{why}|{key}"))
