"""Which output of an NLI model means what, and under which licence it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.encoders.known import UNKNOWN
from retrieval.errors import ConfigurationError

_SUPPORT: Final = frozenset(("entailment", "entails", "entailed", "support", "supported", "supports", "yes", "true"))
_CONTRADICT: Final = frozenset(("contradiction", "contradict", "contradicts", "contradicted", "refutes", "refuted"))
_NEUTRAL: Final = frozenset(("neutral", "notenoughinfo", "nei", "unrelated"))
_NOT_SUPPORT: Final = frozenset(
    ("notentailment", "notentailed", "notsupported", "nosupport", "unsupported", "no", "false", "hallucinated")
)
_MINICHECK: Final = "minicheck"
"""Its checkpoints call their two labels LABEL_0 and LABEL_1; the latter is support."""

_LICENCES: Final[Mapping[str, str]] = {
    "lytang/MiniCheck-RoBERTa-Large": "MIT",
    "lytang/MiniCheck-DeBERTa-v3-Large": "MIT",
    "cross-encoder/nli-deberta-v3-base": "Apache-2.0",
    "MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli": "MIT",
    "FacebookAI/roberta-large-mnli": "MIT",
}


class Labels(NamedTuple):
    """Places among the outputs; None where the model has no such label."""

    support: int
    contradict: int | None
    others: tuple[int, ...]

    def probabilities(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Shape (rows, 3): support, contradict, neutral. A model of two labels never says contradict."""
        odds = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        shares = odds / odds.sum(axis=1, keepdims=True)
        contradict = shares[:, self.contradict] if self.contradict is not None else np.zeros(len(shares))
        return np.stack([shares[:, self.support], contradict, shares[:, list(self.others)].sum(axis=1)], axis=1)


def labels_of(name: str, config: Any) -> Labels:
    """By the names in `config.id2label`; ConfigurationError where they leave open which one means support."""
    names = {int(place): _bare(str(label)) for place, label in config.id2label.items()}
    support = [place for place, label in names.items() if label in _SUPPORT]
    contradict = [place for place, label in names.items() if label in _CONTRADICT]
    if not support and sorted(names.values()) == ["label0", "label1"] and _MINICHECK in name.lower():
        support = [1]
    rest = tuple(place for place in names if place not in (*support, *contradict))
    known = all(names[place] in _NEUTRAL | _NOT_SUPPORT or support == [1] for place in rest)
    if len(support) != 1 or len(contradict) > 1 or not rest or not known:
        raise ConfigurationError(
            f"the model {name!r} has the labels {', '.join(map(str, config.id2label.values()))}; a verifier needs "
            "entailment, neutral and contradiction, or supported and not supported: correct id2label in its config.json"
        )
    return Labels(support[0], contradict[0] if contradict else None, rest)


def licence_of_model(name: str) -> str:
    return _LICENCES.get(name, UNKNOWN)


def _bare(label: str) -> str:
    return "".join(character for character in label.lower() if character.isalnum())
