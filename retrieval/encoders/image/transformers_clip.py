"""CLIP as transformers writes it, for open_clip to read: other names, the same numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    from torch import Tensor

_VISION: Final = {"image_size": 224, "patch_size": 32, "hidden_size": 768, "num_hidden_layers": 12}
_TEXT: Final = {"max_position_embeddings": 77, "vocab_size": 49408, "hidden_size": 512, "num_hidden_layers": 12}
"""What transformers leaves out of a config.json because it is its default."""
_BUFFER: Final = re.compile(r".*\.position_ids$")
_NAMES: Final = (
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.patch_embedding\.weight$", "visual.conv1.weight"),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.positional_embedding"),
    # Transformers spells it so.
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^vision_model\.encoder\.layers\.", "visual.transformer.resblocks."),
    (r"^text_model\.embeddings\.token_embedding\.weight$", "token_embedding.weight"),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^text_model\.encoder\.layers\.", "transformer.resblocks."),
    (r"\.self_attn\.out_proj\.", ".attn.out_proj."),
    (r"\.layer_norm1\.", ".ln_1."),
    (r"\.layer_norm2\.", ".ln_2."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
)
_QUERY: Final = re.compile(r"(.*)\.self_attn\.q_proj\.(weight|bias)$")


def is_transformers_clip(config: Mapping[str, Any]) -> bool:
    return config.get("model_type") == "clip"


def has_transformers_names(weights: Mapping[str, Tensor]) -> bool:
    return "vision_model.embeddings.class_embedding" in weights


def model_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config of open_clip for a config.json of transformers; ConfigurationError where it cannot say the same."""
    text, vision = _TEXT | _section(config, "text"), _VISION | _section(config, "vision")
    activations = {str(side.get("hidden_act", "quick_gelu")) for side in (text, vision)}
    if activations not in ({"quick_gelu"}, {"gelu"}):
        raise ConfigurationError(
            f"the config.json of this model names the activation {' and '.join(sorted(activations))}; only quick_gelu "
            "or gelu in both towers can be read"
        )
    model: dict[str, Any] = {
        "embed_dim": config.get("projection_dim", 512),
        "quick_gelu": activations == {"quick_gelu"},
        "vision_cfg": {
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "width": vision["hidden_size"],
            "layers": vision["num_hidden_layers"],
            "head_width": vision["hidden_size"] // vision.get("num_attention_heads", 12),
            "mlp_ratio": vision.get("intermediate_size", 3072) / vision["hidden_size"],
        },
        "text_cfg": {
            "context_length": text["max_position_embeddings"],
            "vocab_size": text["vocab_size"],
            "width": text["hidden_size"],
            "layers": text["num_hidden_layers"],
            "heads": text.get("num_attention_heads", 8),
            "mlp_ratio": text.get("intermediate_size", 2048) / text["hidden_size"],
        },
    }
    return model


def renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By open_clip's names; what it does not know keeps its name, to be named when it is refused."""
    import torch

    result: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if _BUFFER.match(name) or re.search(r"\.self_attn\.[kv]_proj\.", name):
            continue
        if name in ("visual_projection.weight", "text_projection.weight"):
            result["visual.proj" if name.startswith("visual") else "text_projection"] = tensor.T.contiguous()
        elif match := _QUERY.match(name):
            block, kind = match.groups()
            parts = [weights.get(f"{block}.self_attn.{letter}_proj.{kind}") for letter in "qkv"]
            present = [part for part in parts if part is not None]
            if len(present) == len(parts):
                result[f"{_new_name(block + '.')}attn.in_proj_{kind}"] = torch.cat(present)
        else:
            result[_new_name(name)] = tensor
    return result


def _new_name(name: str) -> str:
    for old, new in _NAMES:
        name = re.sub(old, new, name)
    return name


def _section(config: Mapping[str, Any], side: str) -> dict[str, Any]:
    """Older files have a complete section under another name beside a short one."""
    return {**(config.get(f"{side}_config_dict") or {}), **(config.get(f"{side}_config") or {})}
