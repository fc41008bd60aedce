"""Where models run and how precisely: a GPU where there is one, half precision where the hardware is made for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch

_BFLOAT16_INSTRUCTIONS: Final = ("avx512_bf16", "amx_bf16", "bf16")


def best_device() -> str:
    """As torch calls it: "cuda" or "cpu"."""
    # Imported here: torch takes seconds to load, and `pathlit --help` should not.
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def fastest_type() -> torch.dtype:
    """bfloat16 where the processor has instructions for it, otherwise float16 on a GPU and float32 on a CPU."""
    import torch

    if torch.cuda.is_available():
        # GPUs older than Ampere reckon in bfloat16 too, but by way of float32.
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    # Versions of torch that cannot tell what the processor can do compute in float32.
    able: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if any(able.get(name) for name in _BFLOAT16_INSTRUCTIONS) else torch.float32
