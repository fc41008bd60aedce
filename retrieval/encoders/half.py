"""Half precision, in which caches and indexes keep vectors."""

from __future__ import annotations

import numpy as np

from retrieval.encoders.base import Vectors
from retrieval.errors import ConfigurationError


def rounded(vectors: Vectors, encoder: str) -> Vectors:
    """As they are kept, so that a fresh vector equals a kept one; ConfigurationError where a number is too large."""
    with np.errstate(over="ignore"):
        kept = vectors.astype(np.float16).astype(np.float32)
    if not (np.isfinite(kept) | ~np.isfinite(vectors)).all():
        raise ConfigurationError(
            f"the encoder {encoder} gave a vector with the number {np.nanmax(np.abs(vectors)):.3g}, but vectors are "
            f"kept in half precision, which ends at {np.finfo(np.float16).max:,.0f}; choose an encoder "
            "with shorter vectors"
        )
    return kept
