"""Licences of known encoders. One that forbids commercial use is loaded only after the operator has said yes."""

from __future__ import annotations

from retrieval.errors import ConfigurationError

UNKNOWN = "not known to pathlit: see the model's card"

LICENCES = {
    "all-MiniLM-L6-v2": "Apache-2.0",
    "sentence-transformers/all-MiniLM-L6-v2": "Apache-2.0",
    "sentence-transformers/all-mpnet-base-v2": "Apache-2.0",
    "BAAI/bge-small-en-v1.5": "MIT",
    "BAAI/bge-base-en-v1.5": "MIT",
    "BAAI/bge-large-en-v1.5": "MIT",
    "intfloat/e5-base-v2": "MIT",
    "pritamdeka/S-PubMedBert-MS-MARCO": "CC-BY-NC-2.0",
}
_NON_COMMERCIAL = "-NC"


def licence_of(name: str, accepted: frozenset[str]) -> str:
    """The licence of a model; ConfigurationError where it is non-commercial and not in `accepted` (licence names)."""
    licence = LICENCES.get(name, UNKNOWN)
    if _NON_COMMERCIAL in licence and licence not in accepted:
        raise ConfigurationError(
            f"the encoder {name} is under {licence}, which forbids commercial use; if that suits you, say so with "
            f'accepted_licences = ["{licence}"] in pathlit.toml or PATHLIT_ACCEPTED_LICENCES=\'["{licence}"]\''
        )
    return licence
