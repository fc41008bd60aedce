"""From the name of an image encoder to its files: weights, architecture, preprocessing, tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, NamedTuple

from retrieval.checksums import sha256_of
from retrieval.encoders.image.files import (
    CONFIG,
    OPEN_CLIP_WEIGHTS,
    TRANSFORMERS_CONFIG,
    TRANSFORMERS_WEIGHTS,
    architecture_config,
    preprocessing_of,
    read_json,
    weights_in,
)
from retrieval.encoders.image.hub import fetch
from retrieval.encoders.image.known import KNOWN, Checkpoint, Preprocessing, known_checkpoint, known_file
from retrieval.encoders.image.transformers_clip import is_transformers_clip, model_config
from retrieval.encoders.image.weights import SUFFIXES
from retrieval.errors import ConfigurationError

OPEN_CLIP: Final = "open_clip:"
HUB: Final = "hf-hub:"
_TOKENIZER: Final = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model")


class Source(NamedTuple):
    """Everything that a model is made of; nothing of it is loaded."""

    name: str
    """Without the place where it lies."""
    weights: Path
    config: dict[str, Any]
    """As open_clip calls it: model_cfg. Empty where a vendor's package has it."""
    preprocessing: Preprocessing
    known: Checkpoint | None
    tokenizer: str | None = None
    """Folder or name on the hub; None is the tokenizer of CLIP or of the vendor."""
    own: bool = True
    """Whether the weights lie in a file of the operator's, not in a cache of the hub's."""

    @property
    def pinned_sha256(self) -> str | None:
        """Of the file that pathlit knows; a converted one has another name."""
        return self.known.sha256 if self.known and self.weights.name == self.known.file else None

    @property
    def decided_by_files(self) -> dict[str, Any]:
        """What decides the vectors beside the weights and is not fixed by what pathlit knows of the model."""
        if not self.config or self._is_as_known:
            return {}
        config = deepcopy(self.config)
        # Places; what lies there counts instead.
        config["text_cfg"] = {
            k: v for k, v in config["text_cfg"].items() if k not in ("hf_model_name", "hf_tokenizer_name")
        }
        return {"model": config, "preprocessing": str(self.preprocessing), "tokenizer": _digests(self.tokenizer)}

    @property
    def _is_as_known(self) -> bool:
        return bool(
            self.known
            and self.known.architecture
            and self.config == architecture_config(self.known.architecture)
            and self.preprocessing == self.known.preprocessing
        )


def find_source(name: str, revision: str | None) -> Source:
    """Fetches what lies on the hub; ConfigurationError where a name means nothing, or a file is missing."""
    known, file = _split(name)
    if file is not None:
        return _from_file(known, file)
    path = Path(name)
    if path.is_dir():
        return _from_folder(path, known_checkpoint(name))
    if path.is_file():
        return _from_file(_required_known(path), path)
    if name.startswith(OPEN_CLIP):
        return _from_tag(*name.removeprefix(OPEN_CLIP).partition(":")[::2])
    if found := known_checkpoint(name.removeprefix(HUB)):
        return _from_hub(found.hub, found, revision or found.revision)
    if name.startswith(HUB):
        return _from_hub(name.removeprefix(HUB), None, revision)
    raise ConfigurationError(
        f"no image encoder is known by the name {name!r}, and it is no file or folder; give one of "
        f"{', '.join(one.name for one in KNOWN)}, hf-hub:OWNER/MODEL, open_clip:ARCHITECTURE:WEIGHTS, or a folder with "
        f"{CONFIG} and weights"
    )


def known_of(name: str) -> Checkpoint | None:
    """Nothing is fetched."""
    what, file = _split(name)
    if file is not None:
        return what if isinstance(what, Checkpoint) else known_file(file)
    path = Path(name)
    if path.is_file():
        return known_file(path) or known_checkpoint(str(path.parent))
    return None if name.startswith(OPEN_CLIP) else known_checkpoint(name.removeprefix(HUB))


def _split(name: str) -> tuple[Checkpoint | str, Path | None]:
    """PathCLIP:FILE is a known model in a file of the operator's, open_clip:ARCHITECTURE:FILE any other."""
    start = name.removeprefix(OPEN_CLIP)
    architecture, _, rest = start.partition(":")
    if rest and Path(rest).suffix in SUFFIXES:
        what: Checkpoint | str | None = architecture if name.startswith(OPEN_CLIP) else known_checkpoint(architecture)
        if what is not None:
            if not Path(rest).is_file():
                raise ConfigurationError(f"the weights of {architecture} are to lie in {rest}, which is no file")
            return what, Path(rest)
    return "", None


def _required_known(path: Path) -> Checkpoint:
    known = known_of(str(path))
    if known is None:
        raise ConfigurationError(
            f"the file {path} does not say which architecture its weights are of; give it as "
            f"open_clip:ARCHITECTURE:{path}, such as open_clip:ViT-B-16:{path} or, trained with QuickGELU, "
            f"open_clip:ViT-B-16-quickgelu:{path}"
        )
    return known


def _from_file(what: Checkpoint | str, file: Path) -> Source:
    if isinstance(what, str):
        # A known file stays what it is: its licence holds, and another architecture than its own does not pass.
        config, known = architecture_config(what), known_file(file)
        name = known.hub if known else f"{what}:{file.name}"
        return Source(name, file, config, preprocessing_of({}, config), known)
    if what.package:
        return Source(what.hub, file, {}, what.preprocessing, what)
    if what.architecture:
        return Source(what.hub, file, architecture_config(what.architecture), what.preprocessing, what)
    return _from_folder(file.parent, what, file)


def _from_tag(architecture: str, tag: str) -> Source:
    """Weights that open_clip itself names, such as open_clip:ViT-B-32-quickgelu:openai."""
    from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model

    config = architecture_config(architecture)
    facts: Mapping[str, Any] = get_pretrained_cfg(architecture, tag) if tag else {}
    if not facts or not facts.get("hf_hub"):
        tags = ", ".join(list_pretrained_tags_by_model(architecture)) or "none"
        raise ConfigurationError(
            f"open_clip:{architecture} needs weights, or it would encode at random: give open_clip:{architecture}:FILE "
            f"or a tag of open_clip's on the hub; those of {architecture} are: {tags}"
        )
    if bool(facts.get("quick_gelu")) != bool(config.get("quick_gelu")):
        other = architecture.removesuffix("-quickgelu") + ("-quickgelu" if facts.get("quick_gelu") else "")
        raise ConfigurationError(f"{tag} was not trained with the activation of {architecture}; give {other}:{tag}")
    repository, _, file = str(facts["hf_hub"]).rpartition("/")
    weights = fetch(repository, [file] if file else OPEN_CLIP_WEIGHTS, None)
    name = f"{architecture}:{tag}"
    return Source(name, weights, config, preprocessing_of(facts, config), None, own=False)


def _from_folder(folder: Path, known: Checkpoint | None, weights: Path | None = None) -> Source:
    weights = weights or weights_in(folder, known)
    name = known.hub if known else folder.resolve().name
    if known and known.package:
        return Source(name, weights, {}, known.preprocessing, known)
    if (folder / CONFIG).is_file():
        return _described(name, weights, folder / CONFIG, known, folder)
    if (folder / TRANSFORMERS_CONFIG).is_file():
        content = read_json(folder / TRANSFORMERS_CONFIG)
        if is_transformers_clip(content):
            config = model_config(content)
            return Source(name, weights, config, preprocessing_of({}, config), known)
    if known and known.architecture:
        return Source(name, weights, architecture_config(known.architecture), known.preprocessing, known)
    raise ConfigurationError(
        f"{folder} does not say which architecture its weights are of: it holds neither {CONFIG} nor a "
        f"{TRANSFORMERS_CONFIG} of CLIP; fetch the whole model, or give open_clip:ARCHITECTURE:{weights}"
    )


def _from_hub(repository: str, known: Checkpoint | None, revision: str | None) -> Source:
    if known and (known.package or known.architecture):
        config = architecture_config(known.architecture) if known.architecture else {}
        return Source(
            repository, fetch(repository, [known.file], revision), config, known.preprocessing, known, own=False
        )
    path = fetch(repository, [CONFIG, TRANSFORMERS_CONFIG], revision)
    if path.name == CONFIG:
        weights = fetch(repository, [known.file] if known else OPEN_CLIP_WEIGHTS, revision)
        return _described(repository, weights, path, known, None)
    content = read_json(path)
    if not is_transformers_clip(content):
        raise ConfigurationError(
            f"{repository} is no CLIP: it has no {CONFIG}, and its {TRANSFORMERS_CONFIG} is another's"
        )
    weights = fetch(repository, [known.file] if known else TRANSFORMERS_WEIGHTS, revision)
    config = model_config(content)
    return Source(repository, weights, config, preprocessing_of({}, config), known, own=False)


def _described(name: str, weights: Path, path: Path, known: Checkpoint | None, folder: Path | None) -> Source:
    """By an open_clip_config.json; a text tower of transformers may lie in the same folder."""
    content = read_json(path)
    config: dict[str, Any] = content.get("model_cfg", content)
    if not all(isinstance(config.get(part), dict) for part in ("vision_cfg", "text_cfg")) or "embed_dim" not in config:
        raise ConfigurationError(f"{path} is no config of open_clip: it lacks embed_dim, vision_cfg or text_cfg")
    text = config["text_cfg"]
    tokenizer = text.get("hf_tokenizer_name") or None
    if folder and tokenizer and any((folder / one).is_file() for one in _TOKENIZER):
        tokenizer = str(folder)
    if folder and text.get("hf_model_name") and (folder / TRANSFORMERS_CONFIG).is_file():
        text["hf_model_name"] = str(folder)
    facts = content.get("preprocess_cfg") or {}
    return Source(name, weights, config, preprocessing_of(facts, config), known, tokenizer, own=folder is not None)


def _digests(tokenizer: str | None) -> dict[str, str] | str | None:
    if tokenizer is None or not Path(tokenizer).is_dir():
        return tokenizer
    files = (Path(tokenizer) / name for name in _TOKENIZER)
    return {path.name: sha256_of(path) for path in files if path.is_file()}
