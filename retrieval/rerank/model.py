"""The file of a learned reranker: weights of a few features, and the record of how they were found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from retrieval.errors import ConfigurationError
from retrieval.records import Record
from retrieval.rerank.features import FEATURES
from retrieval.toml_record import read_record, toml_string

SHIPPED: Final = Path(__file__).parent / "learned.toml"
_DEEPEST: Final = 200


class Trained(Record, frozen=True, forbid_unknown_fields=True):
    """What a task gained in cross-validation: questions that the weights were not fitted to."""

    task: str
    questions: int
    fused: float
    """nDCG@10 of the fused order."""
    reranked: float
    low: float
    """The 95 % interval of the difference."""
    high: float


class RerankModel(Record, frozen=True, forbid_unknown_fields=True):
    """score = sum of weight x feature; a linear model, so that each feature's part of a score can be shown."""

    encoder: str
    """Id of the encoder whose vectors `sentence`, `title` and `words` were learned with."""
    depth: int
    """How many of the fused order are reranked."""
    weights: dict[str, float]
    made_by: str = ""
    created: str = ""
    steps: tuple[str, ...] = ()
    """Which feature was taken when, and what it gained."""
    trained: tuple[Trained, ...] = ()


def read_model(path: Path) -> RerankModel:
    """ConfigurationError names what cannot be used."""
    model = read_record(
        path,
        RerankModel,
        what="reranker",
        otherwise="make one with `pathlit train reranker`, or use the one of pathlit",
    )
    unknown = next((name for name in model.weights if name not in FEATURES), None)
    if unknown is not None or not model.weights:
        what = f"weighs {unknown!r}, which is no feature" if unknown else "weighs nothing"
        raise ConfigurationError(f"the reranker {path} {what}; there are {', '.join(FEATURES)}")
    if not 1 <= model.depth <= _DEEPEST:
        raise ConfigurationError(f"the reranker {path} has depth {model.depth}; it lies between 1 and {_DEEPEST}")
    return model


def write_model(path: Path, model: RerankModel) -> None:
    """As TOML, to be read and compared by people."""
    lines = [
        "# A learned reranker of pathlit: score = sum of weight x feature (retrieval/rerank/features.py).",
        f"encoder = {toml_string(model.encoder)}",
        f"depth = {model.depth}",
        f"made_by = {toml_string(model.made_by)}",
        f"created = {toml_string(model.created)}",
        "steps = [",
        *(f"  {toml_string(step)}," for step in model.steps),
        "]",
        "",
        "[weights]",
        *(f"{name} = {weight:.4f}" for name, weight in model.weights.items()),
    ]
    for task in model.trained:
        lines += ["", "[[trained]]", *(f"{name} = {_value(value)}" for name, value in _fields(task).items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _fields(task: Trained) -> Mapping[str, str | int | float]:
    return {name: getattr(task, name) for name in task.__struct_fields__}


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return toml_string(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)
