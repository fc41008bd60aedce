"""Results are pooled by image, printed with their chance levels, and read back as they were stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.image.report import told
from evaluation.image.results import (
    Bin,
    ImageRun,
    Line,
    Measured,
    averaged,
    fingerprint,
    pooled,
    read_image_run,
    write_image_run,
)
from evaluation.image.samples import Rejected, Sample
from evaluation.significance import Interval
from retrieval.errors import InputError


def _measured(values: dict[str, float], error: float) -> Measured:
    lines = (averaged("accuracy", values, 0.25), Line("error", Interval(error, 0.0, 1.0), len(values)))
    return Measured("concepts", lines, {"accuracy": values}, {"here": (Bin(0.0, 1.0, 2, 0.7, 0.5),)}, ("a note",))


def test_an_image_of_several_halves_counts_once() -> None:
    both = pooled([_measured({"a": 1.0, "b": 0.0}, 0.2), _measured({"a": 0.0, "c": 1.0}, 0.4)])
    line = both.line("accuracy")
    assert (line.value.mean, line.n, line.chance) == (0.5, 3, 0.25)
    assert both.line("error").value.mean == pytest.approx(0.3)
    assert both.notes == ("a note",)


def test_an_average_over_nothing_is_zero() -> None:
    assert averaged("accuracy", []) == Line("accuracy", Interval(0.0, 0.0, 0.0), 0)


def test_a_run_is_read_as_it_was_stored(tmp_path: Path) -> None:
    run = ImageRun(
        source="set one",
        fingerprint="f",
        images=3,
        rejected=(Rejected("x.png", "blank"),),
        generation="000001",
        encoder="adapter:mine@12",
        commit="abc",
        created="2026-01-01T00:00:00+00:00",
        settings={"half": "other"},
        measured=_measured({"a": 1.0}, 0.1),
    )
    path = write_image_run(tmp_path, run)
    assert path == tmp_path / "images-concepts-set-one" / "adapter-mine" / "images.json"
    assert read_image_run(path) == run
    path.write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        read_image_run(path)


def test_another_caption_is_another_set_of_images() -> None:
    first, second = (fingerprint([Sample("a", Path("a"), caption)]) for caption in ("x", "y"))
    assert first != second


def test_a_table_says_mean_interval_chance_and_number() -> None:
    lines = list(told(_measured({"a": 1.0}, 0.1), "concepts, here"))
    assert lines[1].split() == ["accuracy", "1.0000", "1.0000", "to", "1.0000", "0.2500", "1"]
    assert lines[-2].endswith("0.70: 0.50 (2)")
    assert lines[-1] == "a note"
