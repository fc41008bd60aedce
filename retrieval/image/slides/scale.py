"""How large a pixel of the slide is, as far as its file says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from retrieval.image.slides.notice import Notice

# Outside stand the 72 or 96 dpi that programs fill in for want of anything better: 353 and 265 um/px.
_LEAST_MPP: Final = 0.02
_MOST_MPP: Final = 20.0
_MOST_POWER: Final = 200.0
_CAMERA_UM: Final = 10.0
"""Scanners make 0.25 um/px of 40x, 0.5 um/px of 20x."""
_UNIT_UM: Final = {"inch": 25_400.0, "centimeter": 10_000.0}


def objective_power(properties: Mapping[str, str]) -> float | None:
    """Magnification of the objective, 20 for 20x; None where the file says none, or nonsense."""
    power = _number(properties, "openslide.objective-power")
    return power if power is not None and 0 < power <= _MOST_POWER else None


def microns_per_pixel(properties: Mapping[str, str]) -> tuple[float | None, tuple[Notice, ...]]:
    """Microns per pixel of level 0: as stated, else by the TIFF's resolution, else by the objective, else None."""
    stated = _mean(_number(properties, "openslide.mpp-x"), _number(properties, "openslide.mpp-y"))
    unit = _UNIT_UM.get(properties.get("tiff.ResolutionUnit", "").casefold())
    resolution = _number(properties, "tiff.XResolution")
    if stated is None and unit and resolution:
        stated = unit / resolution
    if stated is not None and _LEAST_MPP <= stated <= _MOST_MPP:
        return stated, ()
    said = "" if stated is None else f"; the {stated:.4g} um/px that it states are none of a scanner"
    power = objective_power(properties)
    if power is not None:
        mpp = _CAMERA_UM / power
        return mpp, (
            Notice(
                "scale", f"the slide states no usable pixel size{said}: {mpp:.3g} um/px by its {power:g}x objective"
            ),
        )
    return None, (
        Notice(
            "scale",
            f"the slide states neither a usable pixel size nor an objective{said}: it is read as if it had 0.5 um/px, "
            "and results may be of another magnification",
        ),
    )


def _mean(x: float | None, y: float | None) -> float | None:
    stated = [value for value in (x, y) if value is not None and value > 0]
    return math.prod(stated) ** (1 / len(stated)) if stated else None


def _number(properties: Mapping[str, str], name: str) -> float | None:
    try:
        value = float(properties[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) else None
