"""Drawings of tissue: reproducible, different by kind, and usable by image search."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.errors import InputError
from retrieval.image.gate import inspect
from retrieval.image.picture import Picture
from training.synthetic_tissue import KINDS, synthetic_pairs, synthetic_patch


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(kind: str) -> None:
    first = synthetic_patch(kind, 1, size=96)
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, synthetic_patch(kind, 1, size=96))
    assert not np.array_equal(first, synthetic_patch(kind, 2, size=96))


def glass(kind: str) -> float:
    return float((synthetic_patch(kind, 5).min(axis=-1) > 215).mean())


def test_kinds_differ_as_their_architecture_says() -> None:
    assert glass("fat") > 0.6
    assert glass("lung_normal") > 0.4
    assert glass("lung_squamous") < 0.05
    assert synthetic_patch("lymph_node", 5)[..., 0].mean() < synthetic_patch("colon_normal", 5)[..., 0].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_no_drawing_is_refused_by_the_gate(kind: str) -> None:
    assert not inspect(Picture(synthetic_patch(kind, 3))).refused


def test_captions_name_the_organ() -> None:
    assert all(tissue.organ in tissue.caption for tissue in KINDS.values() if tissue.organ not in ("skin", ""))


def test_pairs_come_kind_by_kind() -> None:
    pairs = list(synthetic_pairs(1, seed=0))
    assert [kind for _, _, kind in pairs] == list(KINDS)
    assert [caption for _, caption, _ in pairs] == [tissue.caption for tissue in KINDS.values()]


def test_an_unknown_kind_is_an_error_that_lists_the_kinds() -> None:
    with pytest.raises(InputError, match=r"spleen.*lung_normal"):
        synthetic_patch("spleen", 0)
