"""A few tiles that stand for all: those nearest to the centres of clusters (k-means, Lloyd 1982)."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.errors import InputError

_STARTS: Final = 4


def representatives(
    features: npt.NDArray[np.float32], k: int = 8, *, seed: int = 0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Row numbers of up to k of the features (n, d), largest cluster first, and their clusters' shares of the rows.

    Fewer than k where there are fewer different rows. InputError for features of another shape or not finite.
    """
    if features.ndim != 2 or 0 in features.shape or not np.isfinite(features).all():
        raise InputError(f"features of shape {features.shape} cannot be clustered; give finite ones of shape (n, d)")
    if k < 1:
        raise InputError(f"{k} representatives: ask for 1 or more")
    # scikit-learn takes a second to import, and only slides need it.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # It says that rows are equal, which leaves clusters empty; those are dropped below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(min(k, len(features)), n_init=_STARTS, random_state=seed).fit(features)
    distances = np.linalg.norm(features - fitted.cluster_centers_[fitted.labels_], axis=1)
    picks, counts = [], []
    for cluster in range(len(fitted.cluster_centers_)):
        members = np.flatnonzero(fitted.labels_ == cluster)
        if len(members):
            picks.append(int(members[np.argmin(distances[members])]))
            counts.append(len(members))
    order = np.lexsort((picks, [-count for count in counts]))
    return np.array(picks, dtype=np.int64)[order], np.array(counts, dtype=np.float64)[order] / len(features)
