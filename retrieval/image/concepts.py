"""Which concepts of the vocabulary an image shows, zero-shot, and which articles name them."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Vectors
from retrieval.encoders.image.base import NOTHING, ImageEncoder
from retrieval.encoders.matryoshka import unit
from retrieval.records import Article, Record
from retrieval.vocabulary.concepts import Concept

CONFIDENT: Final = 0.5
"""Probability from which a concept becomes part of a query: more likely so than not."""
KIND_WEIGHTS: Final = {"entity": 1.0, "cytology": 0.6, "organ": 0.5, "pattern": 0.25, "tissue": 0.25}
"""Stain and specimen say how an image was made, not what it shows."""
_ABBREVIATION: Final = 4
"""Letters of a term up to which it is taken to be one."""
_TOLD: Final = 3
"""Concepts of each kind that an answer lists."""


class SeenConcept(Record, frozen=True):
    concept: Concept
    probability: float
    """Among the concepts of its kind, and none of them."""
    similarity: float
    """Cosine of the image and the concept's texts."""

    @property
    def confident(self) -> bool:
        return self.probability >= CONFIDENT


class ConceptFinder:
    """Compares images with the texts of concepts; the texts are encoded once, at the first use."""

    def __init__(self, encoder: ImageEncoder, concepts: Sequence[Concept]) -> None:
        self._encoder = encoder
        self.concepts = tuple(concepts)
        self._encoding = threading.Lock()
        self._encoded: Vectors | None = None

    @property
    def _texts(self) -> Vectors:
        """Shape (concepts + 3, dimension): the mean of the prompts of each (prompt ensemble, Radford et al. 2021)."""
        # Whoever comes second waits; from Python 3.12 on a cached property would encode twice.
        with self._encoding:
            if self._encoded is None:
                self._encoded = self._encode()
            return self._encoded

    def _encode(self) -> Vectors:
        # Without these, the least unlikely stain would be certain.
        prompts = [*(concept.prompts for concept in self.concepts), *((nothing,) for nothing in NOTHING)]
        templates = self._encoder.prompt_templates
        asked = [template.format(prompt) for each in prompts for prompt in each for template in templates]
        vectors = self._encoder.encode_texts(asked)
        counts = [len(each) * len(templates) for each in prompts]
        ends = np.cumsum(counts)
        means = [vectors[end - count : end].mean(axis=0) for count, end in zip(counts, ends, strict=True)]
        return unit(np.array(means, dtype=np.float32))

    @cached_property
    def _kinds(self) -> dict[str, npt.NDArray[np.int64]]:
        kinds = dict.fromkeys(concept.kind for concept in self.concepts)
        return {kind: np.array([n for n, c in enumerate(self.concepts) if c.kind == kind]) for kind in kinds}

    def probabilities(self, images: Vectors) -> npt.NDArray[np.float64]:
        """Shape (images, concepts): adding up to 1 over the concepts of each kind and "nothing of the kind"."""
        count = len(self.concepts)
        odds = (images @ self._texts.T).astype(np.float64) * self._encoder.logit_scale
        nothing = odds[:, count:].max(axis=1, keepdims=True)
        shares = np.zeros_like(odds[:, :count])
        for members in self._kinds.values():
            among = np.concatenate([odds[:, members], nothing], axis=1)
            own = np.exp(among - among.max(axis=1, keepdims=True))
            shares[:, members] = (own / own.sum(axis=1, keepdims=True))[:, :-1]
        return shares

    def seen(self, images: Vectors, weights: npt.NDArray[np.float64] | None = None) -> tuple[SeenConcept, ...]:
        """The likeliest three of each kind over the weighed views of one image, likeliest first."""
        shares = np.average(self.probabilities(images), axis=0, weights=weights)
        likeness = np.average(images @ self._texts[: len(self.concepts)].T, axis=0, weights=weights)
        found = [
            SeenConcept(self.concepts[n], float(shares[n]), float(likeness[n]))
            for members in self._kinds.values()
            for n in members[np.argsort(-shares[members], kind="stable")][:_TOLD]
        ]
        return tuple(sorted(found, key=lambda seen: -seen.probability))


class Naming(Record, frozen=True):
    """The words by which an article names a concept; empty where it does not."""

    organ: str = ""
    diagnosis: str = ""


def naming(concept: Concept, article: Article) -> Naming:
    """Looks in title, abstract and MeSH headings."""
    text = " ".join([article.title, article.abstract, *(heading.name for heading in article.mesh)])
    return Naming(_first(concept.organ_words, text), _first(concept.terms, text))


def completeness(concept: Concept, named: Naming) -> float:
    """The share of organ and diagnosis, as far as the concept has them, that an article names."""
    wanted = [word for words, word in ((concept.organ_words, named.organ), (concept.terms, named.diagnosis)) if words]
    return sum(map(bool, wanted)) / len(wanted) if wanted else 1.0


def _first(words: tuple[str, ...], text: str) -> str:
    found = _pattern(words).search(text) if words else None
    return found[0] if found else ""


@lru_cache(maxsize=1_000)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted(words, key=len, reverse=True)
    # Words may go on, "colon" in "colonic" and "lymphoma" in "lymphomas"; abbreviations may not: "CIN", "cinema".
    either = "|".join(re.escape(word) + (r"\w{0,3}" if len(word) > _ABBREVIATION else "s?") for word in longest)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
