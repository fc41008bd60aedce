"""The file of a learned verifier: weights of features, its calibration and thresholds, and how they were found."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from retrieval.errors import ConfigurationError
from retrieval.records import Record
from retrieval.toml_record import read_record, toml_string
from retrieval.verify.features import FEATURES

SHIPPED: Final = Path(__file__).parent / "learned.toml"


class Weighed(Record, frozen=True, forbid_unknown_fields=True):
    """One feature: what it adds to the log-odds against neutral for each step of `spread` above `middle`."""

    middle: float
    spread: float
    support: float
    contradict: float


class Measured(Record, frozen=True, forbid_unknown_fields=True):
    """What the same recipe gave on pairs of claims that it was not fitted to."""

    trained_on: str
    tested_on: str
    pairs: int
    threshold: float
    false_support: float
    """Share of the contradicting and neutral pairs that were called supported."""
    false_support_low: float
    false_support_high: float
    recall: float
    """Share of the supporting pairs that were called supported."""
    recall_low: float
    recall_high: float
    f1: float
    macro_f1: float
    contradict_precision: float
    contradict_recall: float


class VerifierModel(Record, frozen=True, forbid_unknown_fields=True):
    """Probabilities are the softmax of (support, contradict, 0), each a weighted sum: every feature's part shows."""

    encoder: str
    """Id of the encoder whose vectors it was learned with."""
    support: float
    """Where the log-odds of support against neutral begin."""
    contradict: float
    supported_from: float
    """The probability of support from which a claim counts as supported."""
    contradicted_from: float
    weights: dict[str, Weighed]
    made_by: str = ""
    created: str = ""
    data: tuple[str, ...] = ()
    """Which pairs it was fitted to, with counts."""
    measured: tuple[Measured, ...] = ()


def read_model(path: Path) -> VerifierModel:
    """ConfigurationError names what cannot be used."""
    model = read_record(
        path,
        VerifierModel,
        what="verifier",
        otherwise="make one with `pathlit train verifier`, or use the one of pathlit",
    )
    unknown = next((name for name in model.weights if name not in FEATURES), None)
    if unknown is not None or not model.weights:
        what = f"weighs {unknown!r}, which is no feature" if unknown else "weighs nothing"
        raise ConfigurationError(f"the verifier {path} {what}; there are {', '.join(FEATURES)}")
    for name in ("supported_from", "contradicted_from"):
        if not 0 < getattr(model, name) <= 1:
            raise ConfigurationError(f"the verifier {path}: {name} is {getattr(model, name)}; it lies between 0 and 1")
    if any(weighed.spread <= 0 for weighed in model.weights.values()):
        raise ConfigurationError(f"the verifier {path} has a spread that is not above 0")
    return model


def write_model(path: Path, model: VerifierModel) -> None:
    """As TOML, to be read and compared by people."""
    lines = [
        "# A learned verifier of pathlit: log-odds of support and of contradiction against neutral, each",
        "# = where it begins + sum of weight x (feature - middle) / spread (retrieval/verify/features.py).",
        f"encoder = {toml_string(model.encoder)}",
        f"support = {model.support:.4f}",
        f"contradict = {model.contradict:.4f}",
        f"supported_from = {model.supported_from:.4f}",
        f"contradicted_from = {model.contradicted_from:.4f}",
        f"made_by = {toml_string(model.made_by)}",
        f"created = {toml_string(model.created)}",
        *_list("data", model.data),
        "",
        "[weights]",
    ]
    for name, weighed in model.weights.items():
        values = ", ".join(f"{key} = {getattr(weighed, key):.4f}" for key in weighed.__struct_fields__)
        lines.append(f"{name} = {{ {values} }}")
    for measured in model.measured:
        lines += ["", "[[measured]]"]
        lines += [f"{name} = {_value(getattr(measured, name))}" for name in measured.__struct_fields__]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _list(name: str, texts: tuple[str, ...]) -> list[str]:
    return [f"{name} = [", *(f"  {toml_string(text)}," for text in texts), "]"]


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return toml_string(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)
