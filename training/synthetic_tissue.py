"""Drawings of tissue with captions, to show image search where no image may be shipped; they tell nothing of tissue.

Architecture (sheets, glands, septa, fat cells, plates) is laid out first, nuclei are placed into it, and two dyes
absorb light as in a section (Beer-Lambert), each image with a stain, a light and a noise of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from retrieval.errors import InputError
from retrieval.image.picture import Pixels

Map = npt.NDArray[np.float64]
Layout = Literal["sheet", "glands", "septa", "fat", "plates"]

_HAEMATOXYLIN: Final = np.array([0.65, 0.70, 0.29])
_EOSIN: Final = np.array([0.07, 0.99, 0.11])
_MELANIN: Final = np.array([0.35, 0.55, 0.76])


class TissueKind(NamedTuple):
    caption: str
    organ: str
    layout: Layout
    density: float
    """Nuclei per 1,000 square pixels of cells."""
    radius: float
    """Of nuclei, in pixels."""
    spread: float
    """Of the radius, as a share of it: pleomorphism."""
    stretch: float
    """Length of nuclei by width."""
    eosin: float
    """Of the cells' bodies."""
    spacing: float = 60.0
    """Between glands, alveoli or fat cells, in pixels."""
    irregular: float = 0.1
    """How far glands depart from circles, as a share of their radius."""
    goblets: bool = False
    red_cells: float = 0.0
    """Share of the image."""
    pigment: float = 0.0


KINDS: Final[dict[str, TissueKind]] = {
    "lung_normal": TissueKind("normal lung tissue", "lung", "septa", 4.0, 3.0, 0.15, 1.6, 0.5, 95, 0.1, False, 0.03),
    "lung_adenocarcinoma": TissueKind("lung adenocarcinoma", "lung", "glands", 6.0, 6.5, 0.4, 1.3, 0.5, 75, 0.35),
    "lung_squamous": TissueKind("lung squamous cell carcinoma", "lung", "sheet", 6.5, 5.5, 0.3, 1.2, 0.8),
    "colon_normal": TissueKind("normal colon mucosa", "colon", "glands", 5.0, 3.2, 0.1, 1.8, 0.35, 66, 0.06, True),
    "colon_adenocarcinoma": TissueKind("colon adenocarcinoma", "colon", "glands", 9.0, 4.2, 0.25, 2.4, 0.4, 60, 0.25),
    "breast_carcinoma": TissueKind(
        "invasive ductal carcinoma of the breast", "breast", "glands", 8.0, 5.0, 0.25, 1.1, 0.6, 38, 0.3
    ),
    "liver_normal": TissueKind("normal liver tissue", "liver", "plates", 2.6, 4.5, 0.08, 1.0, 1.0, 26),
    "lymph_node": TissueKind("normal lymph node", "lymph node", "sheet", 17.0, 3.0, 0.1, 1.0, 0.2),
    "fat": TissueKind("adipose tissue", "", "fat", 2.0, 2.6, 0.1, 2.2, 0.35, 62),
    "melanoma": TissueKind("melanoma", "skin", "sheet", 5.0, 6.0, 0.35, 1.4, 0.5, pigment=0.12),
}


def synthetic_pairs(per_kind: int, seed: int) -> Iterator[tuple[Pixels, str, str]]:
    """Pixels, caption and kind of each image, kind by kind."""
    for kind, tissue in KINDS.items():
        for number in range(per_kind):
            yield synthetic_patch(kind, seed * 1_000_003 + number), tissue.caption, kind


def synthetic_patch(kind: str, seed: int, size: int = 224) -> Pixels:
    """Shape (size, size, 3); the same bytes for the same kind, seed and size. InputError for an unknown kind."""
    tissue = KINDS.get(kind)
    if tissue is None:
        raise InputError(f"there is no drawing of {kind!r}; there are {', '.join(KINDS)}")
    random = np.random.default_rng([seed, list(KINDS).index(kind)])
    cells, stroma = _laid_out(tissue, size, random)
    blue = 0.12 * cells + 0.05 * stroma
    pink = tissue.eosin * cells * (0.85 + 0.3 * _noise(size, 3, random))
    pink += stroma * (0.25 + 0.75 * _fibres(size, random))
    if tissue.goblets:
        pale = ndimage.gaussian_filter(_dots(cells, 9.0, 0.35, random), 1.5)
        blue, pink = blue * (1 - 0.7 * pale), pink * (1 - 0.8 * pale)
    _stamp_nuclei(blue, cells > 0.5, tissue, random)
    few = tissue._replace(density=1.2, radius=2.6, spread=0.2, stretch=2.8)
    _stamp_nuclei(blue, stroma > 0.5, few, random)
    if tissue.red_cells:
        red = _dots(np.ones((size, size)), 4.0, tissue.red_cells, random)
        pink = np.maximum(pink, 1.6 * red)
    brown = _dots(cells, 3.0, tissue.pigment, random) if tissue.pigment else np.zeros((size, size))
    return _photographed(blue, pink, brown, random)


def _laid_out(tissue: TissueKind, size: int, random: np.random.Generator) -> tuple[Map, Map]:
    """Where cells are and where stroma is, 0 to 1, shape (size, size); the rest is glass."""
    rough = _noise(size, 12, random)
    if tissue.layout == "sheet":
        stroma = (rough > 0.93).astype(float)
        return 1 - stroma, stroma
    nearest, second = _distances(tissue, size, random)
    if tissue.layout == "septa":
        walls = (second - nearest < 9 + 8 * rough).astype(float)
        return 0.6 * walls, 0.5 * walls
    if tissue.layout == "fat":
        walls = (second - nearest < 2.5 + 2 * rough).astype(float)
        return 0.4 * walls, 0.6 * walls
    if tissue.layout == "plates":
        sinusoids = (second - nearest < 2 + 2 * rough).astype(float)
        return 1 - sinusoids, np.zeros((size, size))
    reach = tissue.spacing * (0.43 + tissue.irregular * (rough - 0.5) * 2)
    inside = nearest < reach
    lumen = nearest < reach - (3.2 * tissue.radius * max(1.0, tissue.stretch * 0.7) + (9 if tissue.goblets else 2))
    cells = (inside & ~lumen).astype(float)
    return cells, (~inside).astype(float)


def _distances(tissue: TissueKind, size: int, random: np.random.Generator) -> tuple[Map, Map]:
    """Of every pixel to the nearest and the second nearest of points that lie some `spacing` apart."""
    step = tissue.spacing
    grid = np.arange(-step, size + 2 * step, step)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    points = points + random.uniform(-0.28, 0.28, points.shape) * step + random.uniform(0, step, 2)
    y, x = np.mgrid[:size, :size]
    wobble = 6 * tissue.irregular
    places = (
        np.stack([x, y], axis=-1) + wobble * (np.stack([_noise(size, 15, random) for _ in "xy"], axis=-1) - 0.5) * 8
    )
    found, _ = cKDTree(points).query(places.reshape(-1, 2), k=2)
    return found[:, 0].reshape(size, size), found[:, 1].reshape(size, size)


def _stamp_nuclei(blue: Map, where: npt.NDArray[np.bool_], tissue: TissueKind, random: np.random.Generator) -> None:
    size = len(blue)
    step = np.sqrt(1000 / tissue.density)
    grid = np.arange(0, size, step)
    places = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    places = places + random.uniform(-0.45, 0.45, places.shape) * step
    for x, y in places:
        column, row = int(x), int(y)
        if not (0 <= column < size and 0 <= row < size and where[row, column]):
            continue
        radius = tissue.radius * np.exp(random.normal(0, tissue.spread))
        length = radius * np.sqrt(tissue.stretch * np.exp(random.normal(0, 0.1)))
        width = radius**2 / length
        turn = random.uniform(0, np.pi)
        reach = int(np.ceil(length)) + 1
        rows = slice(max(0, row - reach), min(size, row + reach + 1))
        columns = slice(max(0, column - reach), min(size, column + reach + 1))
        dy, dx = np.mgrid[rows, columns]
        dy, dx = dy - y, dx - x
        along = (dx * np.cos(turn) + dy * np.sin(turn)) / length
        across = (dy * np.cos(turn) - dx * np.sin(turn)) / width
        body = np.clip((1.05 - np.hypot(along, across)) * radius / 1.5, 0, 1)
        dye = random.uniform(0.8, 1.2) * (0.85 if radius > 5 else 1.1)
        chromatin = 1 + 0.25 * random.standard_normal(body.shape) * (radius > 4)
        blue[rows, columns] = np.maximum(blue[rows, columns], dye * body * chromatin)


def _dots(where: Map, radius: float, share: float, random: np.random.Generator) -> Map:
    """Round spots over some share of where they may be."""
    field = ndimage.gaussian_filter(random.standard_normal(where.shape), radius / 2)
    allowed = where > 0.5
    if not allowed.any():
        return np.zeros(where.shape)
    return np.asarray(allowed & (field > np.quantile(field[allowed], 1 - share)), dtype=float)


def _noise(size: int, scale: float, random: np.random.Generator) -> Map:
    """Smooth, from 0 to 1."""
    field = ndimage.gaussian_filter(random.standard_normal((size, size)), scale)
    low, high = np.percentile(field, (1, 99))
    return np.asarray(np.clip((field - low) / (high - low), 0, 1))


def _fibres(size: int, random: np.random.Generator) -> Map:
    field = ndimage.gaussian_filter(random.standard_normal((2 * size, 2 * size)), (1.0, 14.0))
    turned = ndimage.rotate(field, random.uniform(0, 180), reshape=False, order=1, mode="reflect")
    middle = turned[size // 2 : size // 2 + size, size // 2 : size // 2 + size]
    low, high = np.percentile(middle, (1, 99))
    return np.asarray(np.clip((middle - low) / (high - low), 0, 1))


def _photographed(blue: Map, pink: Map, brown: Map, random: np.random.Generator) -> Pixels:
    size = len(blue)
    dyes = [dye * random.uniform(0.9, 1.1, 3) for dye in (_HAEMATOXYLIN, _EOSIN, _MELANIN)]
    strength = random.uniform(0.8, 1.2, 3) * (1.3, 0.6, 1.6)
    density = sum(map_[..., None] * dye * s for map_, dye, s in zip((blue, pink, brown), dyes, strength, strict=True))
    light = 244 * (1 - 0.04 * _noise(size, 60, random))[..., None] * random.uniform(0.98, 1.01, 3)
    image = ndimage.gaussian_filter(light * np.exp(-np.asarray(density)), (0.7, 0.7, 0))
    return np.asarray(np.clip(image + random.normal(0, 2.0, image.shape), 0, 255), dtype=np.uint8)
