"""From an image to articles: precision at 10 by the weak labels, beside the share that a random order would have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from evaluation.image.labels import Label, find_label, random_levels, text_of
from evaluation.image.results import Measured, averaged, by_class
from evaluation.image.samples import Encoded
from retrieval.encoders.base import Vectors
from retrieval.errors import ConfigurationError, InputError
from retrieval.image.records import ImageQuery
from retrieval.image.search import ImageSearch
from retrieval.index.interface import IndexReader
from retrieval.records import Article

DEPTH: Final = 10
_PRECISION: Final = f"precision@{DEPTH}"
_AT_ONCE: Final = 1_000


class IndexedArticles:
    """The articles of a generation's joint space that searches may find; read anew for each iteration."""

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[Article]:
        joint = self._reader.joint_reader
        if joint is None:
            raise ConfigurationError(
                f"generation {self._reader.manifest.generation} was built without an image encoder; build again with "
                "`pathlit index`"
            )
        pmids = joint.pmids("texts").tolist()
        for start in range(0, len(pmids), _AT_ONCE):
            part = pmids[start : start + _AT_ONCE]
            out = set(self._reader.left_out(part))
            stored = self._reader.articles(part)
            yield from (stored[pmid].article for pmid in part if pmid in stored and pmid not in out)


def precision(search: ImageSearch, vectors: Vectors, labels: Sequence[Label]) -> tuple[list[float], list[bool]]:
    """For each image the share of its first ten that fit its label, and whether it was recognised.

    Fewer hits than ten, or none where the image is not recognised, count as misses.
    """
    values, recognised = [], []
    for vector, label in zip(vectors, labels, strict=True):
        result = search.search_vectors(ImageQuery(limit=DEPTH), vector.reshape(1, -1), [1.0])
        values.append(sum(label.fits(text_of(hit.article)) for hit in result.hits) / DEPTH)
        recognised.append(result.confident)
    return values, recognised


def labelled(encoded: Encoded, labels: Sequence[Label]) -> tuple[Encoded, list[Label]]:
    """The images that can be judged, each with its label. InputError where there is none."""
    found = [find_label(labels, sample.caption, sample.path.parent.name) for sample in encoded.samples]
    rows = [row for row, label in enumerate(found) if label is not None]
    if not rows:
        raise InputError(
            f"none of the {len(found)} images has a label; give classes the names of evaluation/image/labels.toml, as "
            f"--name FOLDER={labels[0].name!r}"
        )
    return encoded.only(rows), [label for label in found if label is not None]


def measure_articles(
    search: ImageSearch,
    encoded: Encoded,
    labels: Sequence[Label],
    reader: IndexReader,
) -> Measured:
    judged, own = labelled(encoded, labels)
    values, recognised = precision(search, judged.vectors, own)
    chance = random_levels(list({label.name: label for label in own}.values()), IndexedArticles(reader))
    names = [sample.name for sample in judged.samples]
    classes = {name: label.name for name, label in zip(names, own, strict=True)}
    measures = by_class(_PRECISION, dict(zip(names, values, strict=True)), classes)
    levels = {f"{_PRECISION}, {name}": level for name, level in chance.items()}
    levels[_PRECISION] = float(np.mean([chance[label.name] for label in own]))
    measures["recognised"] = {name: float(known) for name, known in zip(names, recognised, strict=True)}
    measures[f"{_PRECISION} where recognised"] = {
        name: value for name, value, known in zip(names, values, recognised, strict=True) if known
    }
    lines = tuple(averaged(name, found, levels.get(name)) for name, found in measures.items())
    return Measured("articles", lines, measures, notes=tuple(_notes(encoded, judged)))


def _notes(encoded: Encoded, judged: Encoded) -> Iterator[str]:
    if left := len(encoded.samples) - len(judged.samples):
        yield f"{left} images have no label and are not judged"
