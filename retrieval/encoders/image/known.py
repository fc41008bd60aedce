"""Image encoders that pathlit knows by name: what their cards, papers and code say, and what is checked at loading.

Commits and checksums are those that public records of these models agree on; None stands where none was found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from retrieval.records import Record

Activation = Literal["gelu", "quick_gelu"]
Triple = tuple[float, float, float]

_OPENAI_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
_OPENAI_STD: Final = (0.26862954, 0.26130258, 0.27577711)
_HALF: Final = (0.5, 0.5, 0.5)


class Preprocessing(Record, frozen=True):
    """From pixels to what the network sees. "shortest": the shorter side becomes `size`, the middle is cut out."""

    size: int = 224
    mean: Triple = _OPENAI_MEAN
    std: Triple = _OPENAI_STD
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    resize: Literal["shortest", "longest", "squash"] = "shortest"


class Checkpoint(Record, frozen=True):
    """What is known of a model."""

    name: str
    hub: str
    """Name on the model hub."""
    file: str
    licence: str
    dimension: int
    context: int
    """Tokens that its text tower reads, marks included; the rest is cut off."""
    activation: Activation | None
    """None: not known for certain, its own open_clip_config.json decides. Weights do not show it: loaded with the wrong
    one, a model gives vectors that look right and are worse."""
    architecture: str | None = None
    """As open_clip names it; None where the model's own files say it."""
    preprocessing: Preprocessing = Preprocessing()
    revision: str | None = None
    """Commit on the hub that is fetched unless another is asked for."""
    sha256: str | None = None
    """Of `file`."""
    package: Literal["conch", "musk"] | None = None
    """The vendor's own package, which it cannot do without."""
    gated: bool = False
    """The hub hands it only to accounts that its authors have let in."""


PATHCLIP: Final = Checkpoint(
    "PathCLIP",
    "jamessyx/pathclip",
    "pathclip-base.pt",
    "CC-BY-NC-4.0",
    512,
    77,
    "quick_gelu",
    architecture="ViT-B-16-quickgelu",
    revision="1b5a57a5126d134b936dcc0b3b288bdcd630ab8c",
)
"""Sun et al.: PathAsst, AAAI 2024. Fine-tuned from OpenAI's ViT-B/16, hence QuickGELU."""

QUILTNET: Final = Checkpoint(
    "QuiltNet",
    "wisdomik/QuiltNet-B-32",
    "open_clip_pytorch_model.bin",
    "MIT",
    512,
    77,
    None,
    revision="8ce77289ce35a90b2f1db1137dfa4bc2df175e33",
)
"""Ikezogwo et al.: Quilt-1M, NeurIPS 2023. ViT-B/32."""

BIOMEDCLIP: Final = Checkpoint(
    "BiomedCLIP",
    "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224",
    "open_clip_pytorch_model.bin",
    "MIT",
    512,
    256,
    "gelu",
    revision="9f341de24bfb00180f1b847274256e9b65a3a32e",
    sha256="52cc993c5c5ff962bd0c60931874bc001e7e9b41666a385530f4a036294576be",
)
"""Zhang et al.: BiomedCLIP, NEJM AI 2025. A ViT-B/16 of timm and PubMedBERT."""

PLIP: Final = Checkpoint(
    "PLIP",
    "vinid/plip",
    "pytorch_model.bin",
    "not stated by its authors: see the model's card",
    512,
    77,
    "quick_gelu",
    revision="67ade53ddd32195868f422585f72698ef5d15094",
)
"""Huang et al.: A visual-language foundation model for pathology image analysis using medical Twitter, Nature Medicine
29, 2023. ViT-B/32 in the files of transformers."""

CONCH: Final = Checkpoint(
    "CONCH",
    "MahmoodLab/CONCH",
    "pytorch_model.bin",
    "CC-BY-NC-ND-4.0",
    512,
    128,
    "gelu",
    preprocessing=Preprocessing(size=448),
    revision="f9ca9f877171a28ade80228fb195ac5d79003357",
    package="conch",
    gated=True,
)
"""Lu et al.: A visual-language foundation model for computational pathology, Nature Medicine 30, 2024."""

MUSK: Final = Checkpoint(
    "MUSK",
    "xiangjx/musk",
    "model.safetensors",
    "CC-BY-NC-ND-4.0",
    1024,
    100,
    "gelu",
    preprocessing=Preprocessing(size=384, mean=_HALF, std=_HALF),
    package="musk",
    gated=True,
)
"""Xiang et al.: A vision-language foundation model for precision oncology, Nature 638, 2025."""

DEFAULT: Final = QUILTNET
"""The one whose licence lets everybody use it."""

KNOWN: Final[tuple[Checkpoint, ...]] = (PATHCLIP, QUILTNET, BIOMEDCLIP, PLIP, CONCH, MUSK)


def known_checkpoint(name: str) -> Checkpoint | None:
    """By its name, its name on the hub, or a folder that ends in that: models/vinid/plip is vinid/plip."""
    wanted = {name.lower(), "/".join(Path(name).parts[-2:]).lower()}
    return next((one for one in KNOWN if {one.name.lower(), one.hub.lower()} & wanted), None)


def known_file(path: Path) -> Checkpoint | None:
    """By the name of its weights, where no other model's are called so."""
    found = [one for one in KNOWN if one.file == path.name]
    return found[0] if len(found) == 1 and path.suffix == ".pt" else None
