"""How precisely models reckon: by what the processor has instructions for."""

import pytest
import torch

from retrieval.encoders.device import best_device, fastest_type


def machine(monkeypatch: pytest.MonkeyPatch, *, gpu: bool, bfloat16: bool) -> None:
    def is_supported(including_emulation: bool = True) -> bool:
        return bfloat16 or including_emulation

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    able = {"avx512_bf16": bfloat16, "avx2": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)


@pytest.mark.parametrize(
    ("gpu", "bfloat16", "device", "expected"),
    [
        (True, True, "cuda", torch.bfloat16),
        (True, False, "cuda", torch.float16),
        (False, True, "cpu", torch.bfloat16),
        (False, False, "cpu", torch.float32),
    ],
)
def test_a_model_runs_where_and_how_it_is_fastest(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, bfloat16: bool, device: str, expected: torch.dtype
) -> None:
    machine(monkeypatch, gpu=gpu, bfloat16=bfloat16)
    assert best_device() == device
    assert fastest_type() is expected


def test_a_torch_that_cannot_tell_reckons_in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, gpu=False, bfloat16=True)
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert fastest_type() is torch.float32
