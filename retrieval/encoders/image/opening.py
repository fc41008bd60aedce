"""From a name to an image encoder: which class can read it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from retrieval.encoders.image.base import ImageEncoder
from retrieval.encoders.image.clip import ClipEncoder

ADAPTER: Final = "adapter.toml"
DEMONSTRATION: Final = Path(__file__).parent / "demonstration"
"""An adapter that learned from drawings alone: it shows how image search works, and nothing about real tissue."""


def open_image_encoder(
    name: str,
    *,
    revision: str | None = None,
    accepted_licences: frozenset[str] = frozenset(),
    sha256: str | None = None,
) -> ImageEncoder:
    """Nothing is loaded yet. Names are those of `ClipEncoder`; `sha256` pins the weights."""
    folder = DEMONSTRATION if name == "demonstration" else Path(name)
    if (folder / ADAPTER).is_file():
        # An encoder that was adapted to a library: another encoder and what was learned on top of it.
        from retrieval.encoders.image.adapted import AdaptedEncoder

        return AdaptedEncoder(folder, accepted_licences=accepted_licences)
    return ClipEncoder(name, revision=revision, accepted_licences=accepted_licences, sha256=sha256)
