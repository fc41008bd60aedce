"""Which of the two GELUs do the networks compute? Asked of their modules by numbers, not by the modules' names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retrieval.encoders.image.known import Activation
from retrieval.encoders.image.source import Source

if TYPE_CHECKING:
    from torch import nn

_CLOSE: Final = 2e-3
"""The two differ by up to 0.02 between -4 and 4; the approximation of GELU by tanh is within 0.0005 of it."""


def wanted_activation(source: Source) -> Activation | None:
    """What the registry or the model's config says; None where towers of other libraries have their own."""
    if source.known and source.known.activation:
        return source.known.activation
    foreign = source.config["vision_cfg"].get("timm_model_name") or source.config["text_cfg"].get("hf_model_name")
    if foreign:
        return None
    return "quick_gelu" if source.config.get("quick_gelu") else "gelu"


def count_activations(model: nn.Module, wanted: Activation) -> tuple[int, int]:
    """How many modules compute a GELU, and how many of them not the wanted one."""
    import torch

    grid = torch.linspace(-4, 4, 161)
    reference = grid * torch.sigmoid(1.702 * grid) if wanted == "quick_gelu" else torch.nn.functional.gelu(grid)
    gelus = [one for one in model.modules() if "gelu" in type(one).__name__.lower() and not list(one.children())]
    with torch.inference_mode():
        other = sum(float((one(grid) - reference).abs().max()) > _CLOSE for one in gelus)
    return len(gelus), other
