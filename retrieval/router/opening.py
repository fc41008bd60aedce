"""Which router a setting means."""

from __future__ import annotations

from pathlib import Path

from retrieval.errors import ConfigurationError
from retrieval.router.base import Router
from retrieval.router.learned import LearnedRouter
from retrieval.router.model import read_router
from retrieval.router.rules import RULES, RuleRouter


def open_router(name: str) -> Router:
    """ "rules", or a file of `pathlit train router`. ConfigurationError for anything else."""
    if name == RULES:
        return RuleRouter()
    if not name.endswith(".toml"):
        raise ConfigurationError(f'{name!r} is no router; use "{RULES}", or a file (.toml) of `pathlit train router`')
    path = Path(name)
    return LearnedRouter(read_router(path), path.stem)
