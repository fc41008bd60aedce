"""From an image to its caption, among all distinct captions of the source; those that training saw on their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from evaluation.image.results import Line, Measured, averaged
from evaluation.image.samples import Encoded
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
    lines: list[Line] = []
    groups = {"": list(range(len(own)))}
    if known:
        groups[", seen captions"] = [row for row, caption in enumerate(own) if caption in known]
        groups[", unseen captions"] = [row for row, caption in enumerate(own) if caption not in known]
    for name, rows in groups.items():
        lines += _recalls(name, [int(ranks[row]) for row in rows], len(distinct))
    names = [sample.name for sample in encoded.samples]
    values = {
        f"recall@{cut}": {name: float(rank <= cut) for name, rank in zip(names, ranks, strict=True)} for cut in CUTS
    }
    return Measured("captions", tuple(lines), values, notes=(f"{len(distinct)} distinct captions to choose from",))


def _recalls(name: str, ranks: Sequence[int], captions: int) -> list[Line]:
    cuts = [cut for cut in CUTS if cut < captions]
    if not ranks:
        return []
    return [averaged(f"recall@{cut}{name}", [float(rank <= cut) for rank in ranks], cut / captions) for cut in cuts]


def _key(caption: str) -> str:
    return " ".join(caption.casefold().split())
