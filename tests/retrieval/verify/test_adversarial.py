"""Hostile claims, made by rules from real sentences: how often each kind is called supported."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from retrieval.analysis import Analyzer
from retrieval.sentences import split_sentences
from retrieval.verify.base import Judgement, Verdict, Verifier
from retrieval.verify.lexicon import Lexicon, read_lexicon
from retrieval.verify.opening import open_verifier
from retrieval.verify.opposite import denied, turned

Made = list[tuple[str, str]]
"""(claim, evidence)"""

NUMBER = re.compile(r"(?<![\w.,-])[1-9]\d?(?:\.\d+)?(?=%| of | patients)")
NAME = re.compile(r"(?<![\w-])(?:[A-Z]{2,}\d+|[A-Z]{3,6})(?![\w-])")
LEXICON: Lexicon = read_lexicon(Analyzer())


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return open_verifier("learned")


@pytest.fixture(scope="module")
def rows(data: Path) -> list[dict[str, str]]:
    with gzip.open(data / "claim_evidence_pairs" / "pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["source"] == "scifact"]


@pytest.fixture(scope="module")
def sentences(rows: Sequence[dict[str, str]]) -> Made:
    """Sentences of some abstracts beside their neighbours."""
    found = []
    for text in dict.fromkeys(row["evidence"] for row in rows[::12]):
        spans = split_sentences(text)
        for i, (start, end) in enumerate(spans):
            if 10 <= len(text[start:end].split()) <= 30:
                near = spans[max(0, i - 1) : i + 2]
                found.append((text[start:end], text[near[0][0] : near[-1][1]]))
    numbered = [(sentence, text) for sentence, text in found if NUMBER.search(sentence)]
    return list(dict.fromkeys(found[::4] + numbered[:20]))


def changed(sentences: Made, change: Callable[[str], str], most: int = 40) -> Made:
    made = [(change(sentence), text) for sentence, text in sentences]
    kept = [
        (claim, text)
        for (claim, text), (sentence, _) in zip(made, sentences, strict=True)
        if claim not in ("", sentence)
    ]
    assert len(kept) >= 10
    return kept[:most]


def supported(verifier: Verifier, made: Made) -> float:
    return sum(one.verdict is Verdict.SUPPORTED for one in judged(verifier, made)) / len(made)


def judged(verifier: Verifier, made: Made) -> list[Judgement]:
    return verifier.judge_texts(made)


def test_every_sentence_is_supported_by_its_own_text_and_is_the_span(verifier: Verifier, sentences: Made) -> None:
    for (claim, _), found in zip(sentences[:60], verifier.judge_texts(sentences[:60]), strict=True):
        assert found.verdict is Verdict.SUPPORTED
        assert found.evidence is not None
        assert found.evidence.text == claim


def test_another_number_is_never_supported(verifier: Verifier, sentences: Made) -> None:
    made = changed(sentences, lambda s: NUMBER.sub(lambda m: str(round(float(m[0]) * 1.7 + 3)), s, count=1))
    assert supported(verifier, made) == 0


def test_another_name_is_never_supported(verifier: Verifier, sentences: Made) -> None:
    made = changed(sentences, lambda s: NAME.sub("ZYG11", s))
    assert supported(verifier, made) == 0


def test_a_turned_direction_is_never_supported(verifier: Verifier, sentences: Made) -> None:
    made = changed(sentences, lambda s: turned(s, LEXICON))
    assert supported(verifier, made) == 0


def test_a_denied_sentence_is_never_supported(verifier: Verifier, sentences: Made) -> None:
    made = changed(sentences, denied)
    assert supported(verifier, made) == 0
    contradicted = [one.verdict is Verdict.CONTRADICTED for one in judged(verifier, made)]
    assert sum(contradicted) / len(made) >= 0.9


def test_a_sweeping_word_more_is_never_supported(verifier: Verifier, sentences: Made) -> None:
    made = changed(sentences, lambda s: f"Always and in every patient, {s[0].lower()}{s[1:]}")
    assert supported(verifier, made) == 0


def test_a_sentence_of_another_paper_is_never_supported(verifier: Verifier, sentences: Made) -> None:
    made = [(claim, text) for (claim, _), (_, text) in zip(sentences[:40], sentences[40:80], strict=True)]
    assert supported(verifier, made) == 0


@pytest.mark.slow
def test_a_supported_claim_turned_round_in_other_words_than_the_papers_is_seldom_supported(
    verifier: Verifier, rows: Sequence[dict[str, str]]
) -> None:
    pairs = [(row["claim"], row["evidence"]) for row in rows if row["label"] == "support"][:160]
    right = [
        pair for pair, one in zip(pairs, verifier.judge_texts(pairs), strict=True) if one.verdict is Verdict.SUPPORTED
    ]
    made = [(denied(claim), text) for claim, text in right]
    assert supported(verifier, made) <= 0.05
