"""How likely it is that what a search found answers the question: a logistic model over features that can be shown.

Learned by `pathlit train abstention` from answerable questions and from probes that the library cannot answer
(evaluation/answer_probes.py), both counting the same. So it is the probability at even odds; the odds of those who
ask may be others.
"""

from __future__ import annotations

from functools import cache
from math import exp
from pathlib import Path
from typing import Final

from retrieval.answer.answerable import BY_MEANING, BY_WORDS, read_features
from retrieval.errors import ConfigurationError
from retrieval.records import Record, SearchResult
from retrieval.rerank.learned import LearnedReranker
from retrieval.search import Searcher
from retrieval.toml_record import read_record, toml_string

SHIPPED: Final = Path(__file__).parent / "abstention.toml"
THRESHOLD: Final = 0.5
"""Below it an answer is not attempted."""


class Weights(Record, frozen=True, forbid_unknown_fields=True):
    """log-odds = bias + sum of weight x feature."""

    bias: float
    features: dict[str, float]

    def probability(self, features: dict[str, float]) -> float:
        odds = self.bias + sum(weight * features[name] for name, weight in self.features.items())
        return 1 / (1 + exp(-max(-50.0, min(50.0, odds))))


class Tried(Record, frozen=True, forbid_unknown_fields=True):
    """What became of one kind of question, by weights that were fitted to all other kinds."""

    kind: str
    answerable: bool
    questions: int
    answered: float
    """Share with at least THRESHOLD; of probes it should be small."""
    low: float
    """Its 95 % interval."""
    high: float


class AbstentionModel(Record, frozen=True, forbid_unknown_fields=True):
    encoder: str
    """Id of the encoder that the reranker read with: the features by meaning hold for it alone."""
    weights: Weights
    words_alone: Weights
    """Where the searcher reads with another encoder, or none, or where there was no time to read."""
    made_by: str = ""
    created: str = ""
    tried: tuple[Tried, ...] = ()


def answerability(
    question: str, result: SearchResult, searcher: Searcher, model: AbstentionModel | None = None
) -> float:
    """The probability that the hits answer the question, 0 without usable hits; by default by pathlit's model."""
    features = read_features(question, result, searcher)
    if not features:
        return 0.0
    model = model or shipped()
    by_meaning = all(name in features for name in BY_MEANING) and _encoder(searcher) == model.encoder
    return (model.weights if by_meaning else model.words_alone).probability(features)


@cache
def shipped() -> AbstentionModel:
    return read_abstention(SHIPPED)


def read_abstention(path: Path) -> AbstentionModel:
    """ConfigurationError names what cannot be used."""
    model = read_record(
        path,
        AbstentionModel,
        what="abstention model",
        otherwise="make one with `pathlit train abstention`, or use pathlit's",
    )
    for weights, known in ((model.weights, BY_WORDS + BY_MEANING), (model.words_alone, BY_WORDS)):
        if unknown := next((name for name in weights.features if name not in known), None):
            raise ConfigurationError(
                f"the abstention model {path} weighs {unknown!r}, which is no feature; there are {', '.join(known)}"
            )
    return model


def write_abstention(path: Path, model: AbstentionModel) -> None:
    """As TOML, to be read and compared by people."""
    lines = [
        "# When to abstain: log-odds of an answer = bias + sum of weight x feature (retrieval/answer/answerable.py).",
        f"encoder = {toml_string(model.encoder)}",
        f"made_by = {toml_string(model.made_by)}",
        f"created = {toml_string(model.created)}",
    ]
    for name, weights in (("weights", model.weights), ("words_alone", model.words_alone)):
        lines += ["", f"[{name}]", f"bias = {weights.bias:.4f}", "", f"[{name}.features]"]
        lines += [f"{feature} = {weight:.4f}" for feature, weight in weights.features.items()]
    for tried in model.tried:
        lines += [
            "",
            "[[tried]]",
            f"kind = {toml_string(tried.kind)}",
            f"answerable = {str(tried.answerable).lower()}",
            f"questions = {tried.questions}",
            *(f"{name} = {getattr(tried, name):.4f}" for name in ("answered", "low", "high")),
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _encoder(searcher: Searcher) -> str:
    reranker = searcher.reranker
    return reranker.sentences.encoder if isinstance(reranker, LearnedReranker) else ""
