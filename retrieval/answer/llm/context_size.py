"""How many tokens of context a model server has, asked in the ways of those that say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from retrieval.answer.llm.language_model import LanguageModelError

DEFAULT_CONTEXT: Final = 4096
"""Of a server that does not say: what llama.cpp and Ollama gave by default, and every model of today has."""
_SMALLEST: Final = 256
_LISTED: Final = ("max_model_len", "context_length", "max_context_length", "context_window")
"""Of vLLM and SGLang; of OpenRouter and Together; of LM Studio; of Groq."""
_NUM_CTX = re.compile(r"^\s*num_ctx\s+(\d+)", re.MULTILINE)

Ask = Callable[[str, str, object], object]
"""Asks (method, URL, body) and gives the decoded answer, None for none; LanguageModelError where it is not reached."""


def ask_context_size(base_url: str, model: str, ask: Ask) -> int | None:
    """Tokens for question and answer together; None from a server that does not say, or cannot be reached."""
    try:
        root = _root(base_url)
        return (
            _listed(ask("GET", f"{base_url.rstrip('/')}/models", None), model)
            or _props(ask("GET", f"{root}/props", None))
            or _ollama(ask("POST", f"{root}/api/show", {"model": model}))
        )
    except (LanguageModelError, ValueError):
        return None  # a reply will say what is wrong with it


def _listed(found: object, model: str) -> int | None:
    entries = _of(found, "data")
    if not isinstance(entries, list):
        return None
    named = [entry for entry in entries if model in (_of(entry, "id"), _of(entry, "root"))]
    chosen = named or (entries if len(entries) == 1 else [])
    return next((size for entry in chosen for name in _LISTED if (size := _size(_of(entry, name)))), None)


def _props(found: object) -> int | None:
    """llama.cpp: the context of one slot, which is what one request has."""
    return _size(_of(_of(found, "default_generation_settings"), "n_ctx"))


def _ollama(found: object) -> int | None:
    """What a request gets is num_ctx of the model file, or else the server's default, whatever the model could hold.

    Ollama cuts longer prompts in silence, from the front.
    """
    parameters = _of(found, "parameters")
    if isinstance(parameters, str) and (written := _NUM_CTX.search(parameters)):
        return _size(int(written[1]))
    info = _of(found, "model_info")
    if not isinstance(info, Mapping):
        return None
    sizes = [size for name, value in info.items() if str(name).endswith(".context_length") and (size := _size(value))]
    return min([DEFAULT_CONTEXT, *sizes]) if sizes else None


def _root(base_url: str) -> str:
    """Where the server's own paths begin: the address without the /v1 at its end."""
    scheme, host, path, _, _ = urlsplit(base_url)
    return urlunsplit((scheme, host, re.sub(r"/v\d+/?$", "", path.rstrip("/")), "", "")).rstrip("/")


def _of(found: object, name: str) -> Any:
    return found.get(name) if isinstance(found, Mapping) else None


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= _SMALLEST else None
