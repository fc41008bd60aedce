"""The least-squares part of distilling: token vectors whose means lie nearest to given vectors, found in seconds.

Conjugate gradients with a diagonal preconditioner, all columns at once: Hestenes, Stiefel: Methods of Conjugate
Gradients for Solving Linear Systems, J. Res. NBS 49(6), 1952.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval.encoders.base import Vectors
from training.static import Bags

if TYPE_CHECKING:
    import torch

_NOTHING: Final = 1e-20
"""Some models have a number that is 0 for every text: there is nothing to divide by."""


def nearest_weights(
    bags: Bags,
    targets: Vectors,
    weights: Vectors,
    *,
    ridge: float = 0.05,
    rounds: int = 8,
    hear: Callable[[int], None] = lambda done: None,
) -> Vectors:
    """Weights W, begun at (a multiple of) `weights`, that make |means(W) - targets|^2 + ridge |W - weights|^2 small.

    Tokens that no text holds keep their vectors, in proportion.
    """
    import torch

    means = _matrix(bags, len(weights))
    back = means.t().coalesce()
    wanted, first = torch.from_numpy(targets), torch.from_numpy(weights)
    guess = means @ first
    found = first * float((guess * wanted).sum() / max(float((guess * guess).sum()), _NOTHING))
    squares = torch.zeros(len(weights)).index_add_(0, means.indices()[1], means.values() ** 2)
    scale = 1 / (squares + ridge)[:, None]
    rest = back @ (wanted - means @ found)
    scaled = scale * rest
    direction, size = scaled, (rest * scaled).sum(dim=0)
    for done in range(rounds):
        turned = back @ (means @ direction) + ridge * direction
        step = size / (direction * turned).sum(dim=0).clamp_min(_NOTHING)
        found = found + step * direction
        rest = rest - step * turned
        scaled = scale * rest
        size, before = (rest * scaled).sum(dim=0), size
        direction = scaled + size / before.clamp_min(_NOTHING) * direction
        hear(done + 1)
    return np.asarray(found.numpy(), dtype=np.float32)


def _matrix(bags: Bags, vocabulary: int) -> torch.Tensor:
    """Texts by tokens, sparse: the share that each token has in each text."""
    import torch

    lengths = np.diff(bags.starts)
    rows = torch.from_numpy(np.repeat(np.arange(len(bags)), lengths))
    shares = torch.from_numpy(np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32))
    indices = torch.stack([rows, torch.from_numpy(bags.tokens)])
    return torch.sparse_coo_tensor(indices, shares, (len(bags), vocabulary), check_invariants=True).coalesce()
