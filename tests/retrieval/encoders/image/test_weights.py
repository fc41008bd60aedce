"""Weights in the files that trainings leave behind, and what of them is refused."""

import argparse
from collections import OrderedDict
from pathlib import Path
from zipfile import ZipFile

import pytest
import torch

from retrieval.encoders.image.weights import load_weights, read_weights
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.image.checkpoints import random_model, random_weights, save, tiny


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return random_weights()


def assert_same(path: Path, weights: dict[str, torch.Tensor]) -> None:
    read = read_weights(path)
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name].float(), weights[name]) for name in weights)


@pytest.mark.parametrize("name", ["a.pt", "a.bin", "a.pth", "a.safetensors"])
def test_plain_weights_are_read(tmp_path: Path, weights: dict[str, torch.Tensor], name: str) -> None:
    assert_same(save(weights, tmp_path / name), weights)


def test_the_file_of_a_training_on_several_gpus_is_read(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(2))])
    held = OrderedDict((f"module.{name}", tensor) for name, tensor in weights.items())
    training = {
        "epoch": 3,
        "name": "run",
        "state_dict": held,
        "optimizer": optimizer.state_dict(),
        "scaler": {"scale": 2.0},
    }
    assert_same(save(training, tmp_path / "epoch_3.pt"), weights)


def test_the_names_and_numbers_of_openai_are_read(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    numbers = {name: torch.tensor(77) for name in ("input_resolution", "context_length", "vocab_size")}
    assert_same(save({**weights, **numbers}, tmp_path / "a.pt"), weights)


def test_weights_in_half_precision_fill_a_model_in_full(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    path = save({name: tensor.half() for name, tensor in weights.items()}, tmp_path / "a.pt")
    model = random_model(tiny(), seed=1)
    load_weights(model, read_weights(path), path.name)
    assert model.get_parameter("visual.proj").dtype == torch.float32
    assert torch.allclose(model.get_parameter("visual.proj"), weights["visual.proj"], atol=1e-3)


def test_a_text_tower_of_its_own_takes_weights_of_the_older_names(weights: dict[str, torch.Tensor]) -> None:
    model = random_model(tiny(custom_text=True), seed=1)
    load_weights(model, weights, "a.pt")
    assert torch.equal(model.get_parameter("text.token_embedding.weight"), weights["token_embedding.weight"])


def test_a_file_that_would_run_code_is_refused_and_not_run(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    path = save({"state_dict": weights, "args": argparse.Namespace(lr=1e-5)}, tmp_path / "a.pt")
    with pytest.raises(ConfigurationError, match=r"a\.pt holds more than tensors .*may run code .*argparse\.Namespace"):
        read_weights(path)


def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    with ZipFile(path, "w") as archive:
        for name in ("a/data.pkl", "a/constants.pkl", "a/code/__torch__.py"):
            archive.writestr(name, "")
    with pytest.raises(ConfigurationError, match="TorchScript program"):
        read_weights(path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 cut off"])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_other_bytes_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"fetch it again|holds more than tensors"):
        read_weights(path)


@pytest.mark.parametrize("content", [{"epoch": 3, "loss": 0.1}, {}, [torch.ones(1)]])
def test_a_file_without_weights_says_what_it_holds(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(ConfigurationError, match=r"epoch, loss are no tensors|holds dict|holds list"):
        read_weights(tmp_path / "a.pt")


def test_missing_surplus_and_misshapen_weights_are_named(weights: dict[str, torch.Tensor]) -> None:
    given = {**weights, "head.weight": torch.ones(2), "visual.proj": torch.ones(2, 3)}
    del given["ln_final.bias"]
    model = random_model(tiny(), seed=1)
    before = model.get_parameter("visual.conv1.weight").clone()
    with pytest.raises(ConfigurationError) as caught:
        load_weights(model, given, "a.pt")
    message = str(caught.value)
    assert "lacks ln_final.bias" in message
    assert "does not know: head.weight" in message
    assert "visual.proj 2x3 instead of 64x32" in message
    assert torch.equal(before, model.get_parameter("visual.conv1.weight")), "nothing is loaded by halves"


def test_of_many_faults_the_first_few_are_named_and_the_rest_counted(weights: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ConfigurationError, match=f"and {len(weights) - 4} more"):
        load_weights(random_model(tiny()), {"a": torch.ones(1)}, "a.pt")
