"""Which verifier a setting means."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder
from retrieval.encoders.text import DEFAULT_MODEL, TextEncoder
from retrieval.errors import ConfigurationError
from retrieval.synonyms import Synonyms
from retrieval.verify.base import Verifier
from retrieval.verify.cross_encoder import CrossEncoderVerifier
from retrieval.verify.learned import LearnedVerifier
from retrieval.verify.lexicon import LEXICON, read_lexicon
from retrieval.verify.model import SHIPPED, VerifierModel, read_model
from retrieval.verify.reading import SentenceReader
from retrieval.verify.wording import WordingReader
from retrieval.vocabulary.file import read_vocabulary

LEARNED: Final = "learned"


def open_verifier(
    name: str = LEARNED, *, accepted_licences: frozenset[str] = frozenset(), encoder: Encoder | None = None
) -> Verifier:
    """Not loaded yet: "learned" (packaged), a .toml file of `pathlit train verifier`, or an NLI model's name or folder.

    `encoder` is used again where it is the one that the model was learned with.
    """
    if name != LEARNED and not name.endswith(".toml"):
        return CrossEncoderVerifier(name, accepted_licences=accepted_licences)
    path = SHIPPED if name == LEARNED else Path(name)
    model = read_model(path)
    reader = open_reader(_encoder(model, encoder, path))
    digest = sha256(path.read_bytes() + LEXICON.read_bytes()).hexdigest()[:12]
    return LearnedVerifier(model, reader, name=name if name == LEARNED else path.stem, digest=digest)


def open_reader(encoder: TextEncoder) -> SentenceReader:
    """With the packaged lexicon and vocabulary, whatever the settings say: the weights were learned with them."""
    vocabulary = read_vocabulary()
    analyzer = Analyzer(vocabulary.symbols())
    lexicon = read_lexicon(analyzer)
    return SentenceReader(encoder, WordingReader(analyzer, lexicon, Synonyms(vocabulary, analyzer)), lexicon)


def _encoder(model: VerifierModel, encoder: Encoder | None, path: Path) -> TextEncoder:
    if isinstance(encoder, TextEncoder) and encoder.spec.id == model.encoder:
        return encoder
    packaged = TextEncoder(DEFAULT_MODEL)
    if packaged.spec.id == model.encoder:
        return packaged
    raise ConfigurationError(
        f"the verifier {path} was learned with the encoder {model.encoder}, which is neither the packaged one nor the "
        "one of the settings; train it again with `pathlit train verifier`"
    )
