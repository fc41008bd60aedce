"""A model and its tokenizer, made of a source: open_clip's networks, or a vendor's."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retrieval.encoders.image.source import Source
from retrieval.encoders.image.vendor import conch, musk
from retrieval.encoders.image.weights import load_weights, read_weights
from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    from torch import Tensor, nn

Tokenize = Callable[[list[str]], "Tensor"]
Prepare = Callable[[Any], "Tensor"]
"""From an image of Pillow to float32 of shape (3, size, size)."""

_SHORTEST_TEXT: Final = 2


class Network(NamedTuple):
    """In float32 on the processor, ready to encode."""

    model: nn.Module
    """Has encode_image and encode_text."""
    tokenize: Tokenize
    prepare: Prepare
    logit_scale: float
    unset: int
    """Tensors that hold a number that is none: not reached by the weights, or damaged."""
    tensors: int


def load_network(source: Source) -> Network:
    """ConfigurationError for weights that do not fit, for missing packages, and for what cannot be fetched."""
    import torch

    weights = read_weights(source.weights)
    if source.known and source.known.package:
        vendor = {"conch": conch, "musk": musk}[source.known.package]
        model, tokenize, weights = vendor(source.known, source.weights, weights)
    else:
        model, tokenize = _open_clip_model(source), _open_clip_tokenizer(source)
    # Instead of their random start: what the weights do not reach stays no number and is found.
    held = [one for one in model.state_dict().values() if one.is_floating_point()]
    with torch.no_grad():
        for tensor in held:
            tensor.fill_(math.nan)
    load_weights(model, weights, source.weights.name)
    # A sum is a number where all its parts are, and several times faster than asking each.
    unset = sum(not bool(torch.isfinite(tensor.sum())) for tensor in held)
    scale = float(model.get_parameter("logit_scale").detach().exp().flatten()[0])
    return Network(model.eval(), tokenize, _preparation(source), scale, unset, len(held))


def _open_clip_model(source: Source) -> nn.Module:
    from open_clip import CLIP, CustomTextCLIP

    config = deepcopy(source.config)
    if "multimodal_cfg" in config:
        raise ConfigurationError(f"{source.name} is a CoCa, which writes captions; choose a model that only compares")
    text, vision = config["text_cfg"], config["vision_cfg"]
    # Weights of a tower's own would be fetched, only to be replaced.
    if text.get("hf_model_name"):
        text["hf_model_pretrained"] = False
    if vision.get("timm_model_name"):
        vision["timm_model_pretrained"] = False
    custom = config.pop("custom_text", False) or bool(text.get("hf_model_name"))
    try:
        model: nn.Module = (CustomTextCLIP if custom else CLIP)(**config)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AssertionError) as exc:
        reason = next(iter(str(exc).splitlines()), type(exc).__name__)
        raise ConfigurationError(
            f"the model {source.name} cannot be made from its config: {reason} Fetch the whole model; where its text "
            "tower lies elsewhere on the hub, fetch that as well, or put its config.json and tokenizer into the folder"
        ) from exc
    return model


def _open_clip_tokenizer(source: Source) -> Tokenize:
    from open_clip.tokenizer import HFTokenizer, SimpleTokenizer

    text = source.config["text_cfg"]
    length = text.get("context_length", 77)
    options = text.get("tokenizer_kwargs") or {}
    if source.tokenizer is None:
        tokenizer: Tokenize = SimpleTokenizer(context_length=length, **options)
        return tokenizer
    try:
        of_transformers = HFTokenizer(
            source.tokenizer, context_length=length, tokenizer_mode=text.get("tokenizer_mode"), **options
        )
    except (OSError, ValueError) as exc:
        reason = next(iter(str(exc).splitlines()), type(exc).__name__)
        raise ConfigurationError(
            f"the tokenizer {source.tokenizer!r} of {source.name} cannot be loaded: {reason} Fetch it on a machine "
            "with a network, or put its files into the folder of the model"
        ) from exc
    padding = of_transformers.tokenizer.pad_token_id

    def tokenize(texts: list[str]) -> Tensor:
        tokens: Tensor = of_transformers(texts)
        # Padding is masked and changes nothing, but would be computed: 256 columns for a question of ten words.
        used = int((tokens != padding).sum(dim=1).max()) if len(tokens) else 0
        return tokens[:, : max(used, _SHORTEST_TEXT)]

    # Other towers read what a text ends with, wherever that stands, or all columns.
    return tokenize if text.get("hf_model_name") and not text.get("tokenizer_mode") else of_transformers


def _preparation(source: Source) -> Prepare:
    from open_clip.transform import PreprocessCfg, image_transform_v2

    wanted = source.preprocessing
    prepare: Prepare = image_transform_v2(
        PreprocessCfg(
            size=wanted.size,
            mean=wanted.mean,
            std=wanted.std,
            interpolation=wanted.interpolation,
            resize_mode=wanted.resize,
        ),
        is_train=False,
    )
    return prepare
