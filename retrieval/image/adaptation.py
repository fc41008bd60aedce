"""Embeddings of one site's images moved to where the reference's lie, learnt from a batch of them without any label.

A laboratory's stain and scanner move all its embeddings by about the same vector, which says nothing about the tissue.
So does its mix of cases: fit on images of ordinary, mixed work, or the adaptation removes what the site specialises in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Vectors
from retrieval.errors import ConfigurationError, InputError
from retrieval.records import Record

Array = npt.NDArray[np.floating]

FEWEST_IMAGES: Final = 8
_PRIOR_IMAGES: Final = 20
"""Images at which half of what was measured is believed."""
_MOST_DIRECTIONS: Final = 32
_MOST_SCALE: Final = 2.0
_FORMAT: Final = 1


class _Saved(Record, frozen=True, forbid_unknown_fields=True):
    format: int
    site: str
    encoder: str
    images: int
    mean: tuple[float, ...]
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    directions: tuple[tuple[float, ...], ...]
    mix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class SiteAdaptation:
    """x -> mean + shift + scale * (x - mean), with `mix` in place of `scale` along `directions`; then to length 1.

    For queries only: the indexed images lie where the reference's do.
    """

    images: int
    """Different images that it was learnt from."""
    mean: Vectors
    """Of the site, shape (d,)."""
    shift: Vectors
    """Shape (d,)."""
    scale: Vectors
    """Shape (d,)."""
    directions: Vectors = field(repr=False)
    """Shape (k, d), orthonormal; k = 0 unless fitted with a covariance."""
    mix: Vectors = field(repr=False)
    """Shape (k, k)."""
    site: str = ""
    encoder: str = ""
    """Id of the encoder of the vectors; compare it before applying: another encoder's space is another one."""

    @classmethod
    def fit(
        cls,
        site_vectors: Array,
        reference_mean: Array,
        reference_spread: Array | None = None,
        *,
        site: str = "",
        encoder: str = "",
    ) -> SiteAdaptation:
        """From (n, d) vectors. `reference_spread` is nothing (the mean is moved), a standard deviation (d,) (each
        coordinate is scaled) or a covariance (d, d) (CORAL, Sun et al. 2016, in the site's main directions alone).

        What was measured counts by n / (n + 20); the shift also by how far it exceeds its own noise (James and Stein
        1961, positive part). InputError for fewer than 8 different images, and for shapes or values that do not fit.
        """
        rows = _unit(_rows(site_vectors))
        mean = np.asarray(reference_mean, dtype=np.float64)
        if mean.shape != (rows.shape[1],) or not np.isfinite(mean).all():
            raise InputError(
                f"the reference mean has the shape {mean.shape} or holds no number somewhere; the site's images take "
                f"({rows.shape[1]},): was it made with the same encoder?"
            )
        # The same image sent twice is no second measurement.
        different = np.unique(rows.astype(np.float32), axis=0).astype(np.float64)
        n, d = different.shape
        if n < FEWEST_IMAGES:
            raise InputError(
                f"{n} different images are too few to adapt to a site; collect {FEWEST_IMAGES} or more, better 50"
            )
        belief = n / (n + _PRIOR_IMAGES)
        own = different.mean(axis=0)
        centred_rows = different - own
        noise = (centred_rows**2).sum() / ((n - 1) * n)
        distance = float(((mean - own) ** 2).sum())
        shift = (mean - own) * belief * max(0.0, 1 - noise / distance if distance else 0.0)
        scale: Array = np.ones(d)
        directions: Array = np.zeros((0, d))
        mix: Array = np.zeros((0, 0))
        if reference_spread is not None:
            spread = _spread(reference_spread, d)
            if spread.ndim == 1:
                scale = _scale(centred_rows, spread, belief)
            else:
                directions, mix = _mix(centred_rows, spread, belief)
        return cls(n, _single(own), _single(shift), _single(scale), _single(directions), _single(mix), site, encoder)

    def apply(self, vectors: Array) -> Vectors:
        """Shape (n, d) in and out; unit rows. InputError for another dimension, a row of zeros or no number."""
        rows = _unit(_rows(vectors))
        if rows.shape[1] != len(self.mean):
            raise InputError(
                f"the vectors have {rows.shape[1]} dimensions, the adaptation of site {self.site!r} has "
                f"{len(self.mean)}: it was fitted with another encoder; fit it again"
            )
        away = rows - self.mean
        moved = self.mean + self.shift + away * self.scale
        if len(self.directions):
            along = away @ self.directions.T
            moved += (along @ (self.mix - np.eye(len(self.mix)))) @ self.directions
        return _unit_or(moved, rows)

    def write(self, path: Path) -> None:
        """As JSON, in one step: a reader finds the old file or the new one. ConfigurationError where it cannot."""
        saved = _Saved(
            format=_FORMAT,
            site=self.site,
            encoder=self.encoder,
            images=self.images,
            mean=_floats(self.mean),
            shift=_floats(self.shift),
            scale=_floats(self.scale),
            directions=tuple(map(_floats, self.directions)),
            mix=tuple(map(_floats, self.mix)),
        )
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            new.write_bytes(msgspec.json.encode(saved))
            new.replace(path)
        except OSError as exc:
            raise ConfigurationError(f"the adaptation {path} cannot be written: {exc.strerror}") from exc

    @classmethod
    def read(cls, path: Path) -> SiteAdaptation:
        """ConfigurationError names the file and what is wrong with it."""
        try:
            saved = msgspec.json.decode(path.read_bytes(), type=_Saved)
        except OSError as exc:
            raise ConfigurationError(f"the adaptation {path} cannot be read: {exc.strerror}") from exc
        except msgspec.MsgspecError as exc:
            raise ConfigurationError(f"the adaptation {path} is none: {exc}; fit it again") from exc
        d, k = len(saved.mean), len(saved.directions)
        widths = {len(saved.shift), len(saved.scale), *map(len, saved.directions)}
        if saved.format != _FORMAT or not d or widths != {d} or len(saved.mix) != k or set(map(len, saved.mix)) - {k}:
            raise ConfigurationError(
                f"the adaptation {path} (format {saved.format}) has parts that do not fit together; fit it again"
            )
        mean, shift, scale = _single(saved.mean), _single(saved.shift), _single(saved.scale)
        directions, mix = _single(saved.directions).reshape(k, d), _single(saved.mix).reshape(k, k)
        return cls(saved.images, mean, shift, scale, directions, mix, saved.site, saved.encoder)


def centred(vectors: Array, mean: Array) -> Vectors:
    """Unit rows around the mean of their modality: images and texts of a contrastive encoder lie in two narrow cones
    apart, and the gap says nothing about what they show (Liang et al. 2022, NeurIPS, "Mind the gap").

    Shapes (n, d) and (d,). Centre each modality by its own mean, queries and indexed vectors alike; rankings within
    one modality change, too. A row that is the mean itself stays as it is.
    """
    rows = _unit(_rows(vectors))
    middle = np.asarray(mean, dtype=np.float64)
    if middle.shape != (rows.shape[1],) or not np.isfinite(middle).all():
        raise InputError(
            f"the mean has the shape {middle.shape} or holds no number somewhere; it takes ({rows.shape[1]},)"
        )
    return _unit_or(rows - middle, rows)


def _scale(centred_rows: Array, spread: Array, belief: float) -> npt.NDArray[np.float64]:
    own = centred_rows.std(axis=0, ddof=1)
    ratio = np.clip(spread / np.maximum(own, 1e-9), 1 / _MOST_SCALE, _MOST_SCALE)
    return np.asarray(np.where(own > 1e-9, ratio**belief, 1.0), dtype=np.float64)


def _mix(centred_rows: Array, covariance: Array, belief: float) -> tuple[Array, Array]:
    """Whitening and recolouring within the span of the site's main directions; few images span few."""
    n = len(centred_rows)
    _, lengths, directions = np.linalg.svd(centred_rows, full_matrices=False)
    k = min(_MOST_DIRECTIONS, n // 2, int((lengths > 1e-6 * max(lengths[0], 1e-12)).sum()))
    directions = directions[:k]
    wanted = directions @ covariance @ directions.T
    wanted += np.eye(k) * 1e-6 * max(float(np.trace(wanted)) / max(k, 1), 1e-12)
    own = belief * np.diag(lengths[:k] ** 2 / (n - 1)) + (1 - belief) * wanted
    mix = _power(own, -0.5) @ _power(wanted, 0.5)
    left, stretch, right = np.linalg.svd(mix)
    return directions, left * np.clip(stretch, 1 / _MOST_SCALE, _MOST_SCALE) @ right


def _power(symmetric: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T)


def _spread(given: Array, d: int) -> Array:
    spread = np.asarray(given, dtype=np.float64)
    sound = np.isfinite(spread).all() and (np.diag(spread) if spread.ndim == 2 else spread).min(initial=0) >= 0
    if spread.shape not in ((d,), (d, d)) or not sound:
        raise InputError(
            f"the reference spread has the shape {spread.shape} or an impossible value; it is a standard deviation "
            f"({d},) or a covariance ({d}, {d})"
        )
    return spread


def _rows(vectors: Array) -> npt.NDArray[np.float64]:
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2 or not rows.shape[1]:
        raise InputError(f"the vectors have the shape {rows.shape}; it takes rows (n, d)")
    if not np.isfinite(rows).all():
        raise InputError("a vector holds a value that is no number; encode its image again")
    return rows


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError(f"vector {int(np.argmin(lengths))} is zero throughout; encode its image again")
    return np.asarray(rows / lengths)


def _unit_or(rows: npt.NDArray[np.float64], fallback: npt.NDArray[np.float64]) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(lengths > 1e-7, rows / np.maximum(lengths, 1e-12), fallback).astype(np.float32)


def _single(values: npt.ArrayLike) -> Vectors:
    return np.asarray(values, dtype=np.float32)


def _floats(values: Array) -> tuple[float, ...]:
    """Seven digits: what a float32 holds."""
    return tuple(float(f"{value:.7g}") for value in values)
