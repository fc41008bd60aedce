"""What a wrong load leaves behind is found at each load, above all the wrong one of two activations."""

from pathlib import Path

import pytest
import torch
from msgspec.structs import replace

from retrieval.checksums import sha256_of
from retrieval.encoders.image import network as networks
from retrieval.encoders.image.activation import count_activations
from retrieval.encoders.image.audit import AuditReport, audit
from retrieval.encoders.image.clip import ClipEncoder
from retrieval.encoders.image.known import Checkpoint, Preprocessing
from retrieval.encoders.image.network import load_network
from retrieval.encoders.image.probe import place_of
from retrieval.encoders.image.source import find_source
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.image.checkpoints import (
    DIMENSION,
    describe,
    random_weights,
    save,
    save_folder,
    tiny,
)

KNOWN = Checkpoint(
    "Tiny", "somebody/tiny", "tiny.pt", "MIT", DIMENSION, 77, "quick_gelu", preprocessing=Preprocessing(size=32)
)
"""What a registry would say of the models here."""


def audited(folder: Path, known: Checkpoint | None = None) -> AuditReport:
    source = find_source(str(folder), None)._replace(known=known)
    return audit(source, load_network(source), sha256_of(source.weights))


def failing(report: AuditReport) -> list[str]:
    return [check.name for check in report.failed]


def test_a_right_load_passes_every_check_with_its_number(tmp_path: Path) -> None:
    report = audited(save_folder(tmp_path / "a", tiny(quick_gelu=True)), KNOWN)
    assert not report.failed
    report.require()
    numbers = {check.name: check.value for check in report.checks}
    assert numbers["weights"] == numbers["matrices"] == numbers["preprocessing"] == numbers["activation"] == 0
    assert numbers["dimension"] == DIMENSION
    assert numbers["context length"] == 77
    assert numbers["logit scale"] == pytest.approx(1 / 0.07)
    assert numbers["projections"] == pytest.approx(0.123, abs=0.02)
    assert numbers["images told apart"] > 1e-3
    assert numbers["texts told apart"] > 1e-3
    assert "2 layers" not in report.checks[-1].wanted
    assert "all 4 layers" in report.checks[-1].wanted


# --- The activation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trained", [True, False])
def test_a_known_model_is_refused_with_the_wrong_activation_in_its_files(tmp_path: Path, trained: bool) -> None:
    wanted = KNOWN if trained else replace(KNOWN, activation="gelu")
    report = audited(save_folder(tmp_path / "a", tiny(quick_gelu=not trained)), wanted)
    assert failing(report) == ["activation"]
    with pytest.raises(
        ConfigurationError, match=r"activation: 4 where (quick_gelu|gelu) in all 4 layers.*quick_gelu to"
    ):
        report.require()


@pytest.mark.parametrize("first", [True, False])
def test_a_later_load_with_another_activation_is_refused(tmp_path: Path, first: bool) -> None:
    folder = save_folder(tmp_path / "a", tiny(quick_gelu=first))
    ClipEncoder(str(folder)).encode_texts(["lung"])
    ClipEncoder(str(folder)).encode_texts(["the same again"])
    describe(folder, tiny(quick_gelu=not first))
    with pytest.raises(ConfigurationError, match=r"its probe: .* activation .* delete .*\.probe\.json"):
        ClipEncoder(str(folder)).encode_texts(["lung"])
    place_of(folder / "open_clip_model.safetensors").unlink()
    ClipEncoder(str(folder)).encode_texts(["lung"])


def test_an_activation_is_known_by_what_it_computes_not_by_its_name() -> None:
    class NotGELU(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * torch.sigmoid(1.702 * x)

    model = torch.nn.Sequential(torch.nn.GELU(), torch.nn.GELU("tanh"), NotGELU(), torch.nn.ReLU())
    assert count_activations(model, "gelu") == (3, 1)
    assert count_activations(model, "quick_gelu") == (3, 2)


# --- The weights and the facts --------------------------------------------------------------------------------------


def test_a_tensor_that_the_weights_do_not_reach_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(model: torch.nn.Module, weights: dict[str, torch.Tensor], _: str) -> None:
        model.load_state_dict({**weights, "visual.ln_post.bias": model.get_parameter("visual.ln_post.bias")})

    folder = save_folder(tmp_path / "a")
    monkeypatch.setattr(networks, "load_weights", forgetful)
    report = audited(folder)
    assert report.failed[0].name == "weights"
    assert report.failed[0].value == 1


def test_ones_and_zeros_of_a_layer_norm_are_no_fault(tmp_path: Path) -> None:
    weights = random_weights()
    assert bool((weights["ln_final.weight"] == 1).all())
    assert not audited(save_folder(tmp_path / "a")).failed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"visual.proj": float("nan")}, "weights"),
        ({"visual.proj": float("inf")}, "weights"),
        ({"text_projection": 0.0}, "matrices"),
        ({"transformer.resblocks.0.mlp.c_fc.weight": 0.0}, "matrices"),
        ({"logit_scale": 20.0}, "logit scale"),
        ({"logit_scale": -3.0}, "logit scale"),
    ],
)
def test_damaged_weights_are_found(tmp_path: Path, changes: dict[str, float], expected: str) -> None:
    folder = save_folder(tmp_path / "a")
    weights = random_weights()
    for name, number in changes.items():
        weights[name] = torch.full_like(weights[name], number)
    save(weights, folder / "open_clip_model.safetensors")
    with pytest.raises(ConfigurationError, match=f"failed the check of its {expected}"):
        ClipEncoder(str(folder)).encode_texts(["lung"])


def test_projections_of_next_to_nothing_are_found(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a")
    save(
        {**random_weights(), "visual.proj": random_weights()["visual.proj"] * 1e-9},
        folder / "open_clip_model.safetensors",
    )
    assert "projections" in failing(audited(folder))


def test_a_network_that_sees_nothing_is_found(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a")
    weights = random_weights()
    weights["visual.conv1.weight"] *= 1e-12
    save(weights, folder / "open_clip_model.safetensors")
    assert failing(audited(folder)) == ["images told apart"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"dimension": 64}, ["dimension"]),
        ({"context": 256}, ["context length"]),
        ({"preprocessing": Preprocessing(size=32, std=(0.5, 0.5, 0.5))}, ["preprocessing"]),
        ({"preprocessing": Preprocessing(size=224)}, ["preprocessing"]),
    ],
)
def test_what_the_files_say_otherwise_than_the_registry_is_found(
    tmp_path: Path, facts: dict[str, object], expected: list[str]
) -> None:
    folder = save_folder(tmp_path / "a", tiny(quick_gelu=True))
    assert failing(audited(folder, replace(KNOWN, **facts))) == expected


def test_the_message_names_check_number_and_what_to_do(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a", tiny(quick_gelu=True))
    report = audited(folder, replace(KNOWN, context=256))
    with pytest.raises(
        ConfigurationError, match=r"^the image encoder a failed the check of its context length: 77 where 256"
    ):
        report.require()
