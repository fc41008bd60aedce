"""From an image to its caption, among all distinct captions of the source; those that training saw on their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from evaluation.image.results import Line, Measured, averaged
from evaluation.image.samples import Encoded
from evaluation.measures import Values
from retrieval.encoders.image.base import ImageEncoder
from retrieval.errors import InputError

CUTS: Final = (1, 5, 10)


def measure_captions(
    encoded: Encoded, encoder: ImageEncoder, captions: Iterable[str], seen: Iterable[str] = ()
) -> Measured:
    """`captions` are all that an image may have; `seen` those of training, in any case and spacing.

    A caption that is as near as the right one counts as nearer.
    """
    own = [_key(caption) for caption in encoded.captions]
    distinct = list({_key(caption): caption for caption in [*captions, *encoded.captions]}.items())
    if len(distinct) < 2 or not own:
        raise InputError(f"{len(own)} images with {len(distinct)} different captions cannot be told apart; give two")
    texts = encoder.encode_texts([caption for _, caption in distinct])
    likeness = encoded.vectors @ texts.T
    right = likeness[np.arange(len(own)), [[k for k, _ in distinct].index(caption) for caption in own]]
    ranks = (likeness >= right[:, None]).sum(axis=1)
    known = {_key(caption) for caption in seen}
    groups = {"": list(range(len(own)))}
    if known:
        groups[", seen captions"] = [row for row, caption in enumerate(own) if caption in known]
        groups[", unseen captions"] = [row for row, caption in enumerate(own) if caption not in known]
    values: Values = {}
    lines: list[Line] = []
    for group, rows in groups.items():
        for cut in (cut for cut in CUTS if rows and cut < len(distinct)):
            name = f"recall@{cut}{group}"
            values[name] = {encoded.samples[row].name: float(ranks[row] <= cut) for row in rows}
            lines.append(averaged(name, values[name], cut / len(distinct)))
    return Measured("captions", tuple(lines), values, notes=(f"{len(distinct)} distinct captions to choose from",))


def _key(caption: str) -> str:
    return " ".join(caption.casefold().split())
