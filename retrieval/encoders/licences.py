"""Consent: a model whose licence forbids commercial use is loaded only after the operator has said yes."""

from __future__ import annotations

from retrieval.encoders.known import usage_of
from retrieval.errors import ConfigurationError

_NON_COMMERCIAL = "-NC"


def licence_of(name: str, accepted: frozenset[str]) -> str:
    """The licence of a text model; ConfigurationError where it is non-commercial and not in `accepted`."""
    return require_consent("encoder", name, usage_of(name).licence, accepted)


def require_consent(what: str, name: str, licence: str, accepted: frozenset[str]) -> str:
    """The licence; ConfigurationError where it is non-commercial and not in `accepted` (licence names)."""
    if _NON_COMMERCIAL in licence and licence not in accepted:
        raise ConfigurationError(
            f"the {what} {name} is under {licence}, which forbids commercial use; if that suits you, say so with "
            f'accepted_licences = ["{licence}"] in pathlit.toml or PATHLIT_ACCEPTED_LICENCES=\'["{licence}"]\''
        )
    return licence
