"""Which reranker a setting means."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder
from retrieval.encoders.text import DEFAULT_MODEL, TextEncoder
from retrieval.errors import ConfigurationError
from retrieval.rerank.base import Reranker
from retrieval.rerank.cross_encoder import CrossEncoderReranker
from retrieval.rerank.learned import LearnedReranker
from retrieval.rerank.model import SHIPPED, read_model

LEARNED: Final = "learned"
NONE: Final = "none"


def open_reranker(
    name: str, analyzer: Analyzer, encoder: Encoder, *, accepted_licences: frozenset[str]
) -> Reranker | None:
    """Not loaded yet. `encoder` is the one of the index, used again where the model was learned with it.

    ConfigurationError where a learned model needs an encoder that is not at hand.
    """
    if name == NONE:
        return None
    if name != LEARNED and not name.endswith(".toml"):
        return CrossEncoderReranker(name, accepted_licences=accepted_licences)
    path = SHIPPED if name == LEARNED else Path(name)
    model = read_model(path)
    reader = _reader(model.encoder, encoder, path)
    return LearnedReranker(model, analyzer, reader, name=name if name == LEARNED else path.stem)


def _reader(wanted: str, encoder: Encoder, path: Path) -> TextEncoder:
    if isinstance(encoder, TextEncoder) and encoder.spec.id == wanted:
        return encoder
    packaged = TextEncoder(DEFAULT_MODEL)
    if packaged.spec.id == wanted:
        return packaged
    raise ConfigurationError(
        f"the reranker {path} was learned with the encoder {wanted}, which is neither the packaged one nor the one of "
        "the settings; train it again with `pathlit train reranker`"
    )
