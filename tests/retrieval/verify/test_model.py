"""The file of a learned verifier, and files of pairs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from msgspec.structs import replace

from retrieval.errors import ConfigurationError, InputError
from retrieval.verify.model import SHIPPED, VerifierModel, Weighed, read_model, write_model
from retrieval.verify.opening import open_verifier
from retrieval.verify.pairs import Pair, labelled, read_pairs

MODEL = VerifierModel("encoder@1", 0.5, -0.25, 0.5, 0.6, {"sentence": Weighed(0.5, 0.25, 1.0, -1.0)})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_model(tmp_path / "v.toml", MODEL)
    assert read_model(tmp_path / "v.toml") == MODEL


def test_the_packaged_file_tells_what_it_was_learned_from_and_measured_on() -> None:
    model = read_model(SHIPPED)
    assert {one.tested_on for one in model.measured} == {"healthver", "scifact"}
    assert model.made_by.startswith("pathlit train verifier")
    assert len(model.data) == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replace(MODEL, weights={}), "weighs nothing"),
        (replace(MODEL, weights={"sentense": Weighed(0, 1, 1, 1)}), "'sentense', which is no feature"),
        (replace(MODEL, supported_from=0.0), "supported_from is 0.0"),
        (replace(MODEL, weights={"sentence": Weighed(0, 0, 1, 1)}), "a spread"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, changed: VerifierModel, said: str) -> None:
    write_model(tmp_path / "v.toml", changed)
    with pytest.raises(ConfigurationError, match=said):
        read_model(tmp_path / "v.toml")


def test_a_model_of_another_encoder_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "v.toml", MODEL)
    with pytest.raises(ConfigurationError, match="learned with the encoder encoder@1"):
        open_verifier(str(tmp_path / "v.toml"))


@pytest.mark.parametrize("content", ["a = [", 'encoder = "x"'])
def test_a_file_that_is_no_verifier_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "v.toml").write_text(content)
    with pytest.raises(ConfigurationError, match="is no verifier"):
        open_verifier(str(tmp_path / "v.toml"))


def test_pairs_are_read_compressed_or_not(tmp_path: Path) -> None:
    line = b'{"claim": "a", "evidence": "b", "label": "support", "more": 1}\n\n'
    (tmp_path / "mine.jsonl").write_bytes(line)
    (tmp_path / "mine.jsonl.gz").write_bytes(gzip.compress(line))
    for name in ("mine.jsonl", "mine.jsonl.gz"):
        assert list(read_pairs(tmp_path / name)) == [Pair("a", "b", "support", "mine")]


@pytest.mark.parametrize(
    "line", ["{", '{"claim": "a"}', '{"claim": " ", "evidence": "b"}', '{"claim": 1, "evidence": ""}']
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "p.jsonl").write_text('{"claim": "a", "evidence": "b"}\n' + line)
    with pytest.raises(InputError, match="line 2"):
        list(read_pairs(tmp_path / "p.jsonl"))


def test_a_pair_without_a_label_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"claim": "a", "evidence": "b"}')
    with pytest.raises(InputError, match="has no label"):
        labelled([tmp_path / "p.jsonl"])
