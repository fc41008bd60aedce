"""Consent: an image encoder whose licence forbids commercial use is loaded only after the operator has said yes."""

from __future__ import annotations

from retrieval.errors import ConfigurationError

_NON_COMMERCIAL = "-NC"


def require_consent(name: str, licence: str, accepted: frozenset[str]) -> str:
    """The licence; ConfigurationError where it is non-commercial and not in `accepted` (licence names)."""
    if _NON_COMMERCIAL in licence and licence not in accepted:
        raise ConfigurationError(
            f"the image encoder {name} is under {licence}, which forbids commercial use; if that suits you, say so "
            f'with accepted_licences = ["{licence}"] in pathlit.toml or PATHLIT_ACCEPTED_LICENCES=\'["{licence}"]\''
        )
    return licence
