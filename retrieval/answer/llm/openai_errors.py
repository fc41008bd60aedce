"""What a failing model server is reported as: the kind of incident, where, and what to do.

Messages of servers may repeat the key or the question, so nothing of them is passed on except one-word codes, and
the errors of the client, which hold whole requests, are not chained.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import httpx2
import openai

from retrieval.answer.llm.language_model import LanguageModelError
from retrieval.answer.records import IncidentKind

_CODE = re.compile(r"[a-z_]{3,40}")
_FILTERED: Final = re.compile(r"content[_ ]?(?:filter|policy|management)|responsible_?ai", re.IGNORECASE)
_OVERFLOW: Final = re.compile(
    r"context[_ ](?:length|size|window)|exceed_context|maximum context|too many (?:input )?tokens|prompt is too long"
    r"|n_ctx",
    re.IGNORECASE,
)
_REFUSES: Final = re.compile(
    r"support|requir|unknown|unrecogni[sz]ed|unexpected|not (?:permitted|allowed|implemented)|invalid|extra|must be"
    r"|only",
    re.IGNORECASE,
)
_PARAMETERS: Final = {
    "max_tokens": r"max_tokens",
    "max_completion_tokens": r"max_completion_tokens",
    "seed": r"seed",
    "temperature": r"temperature",
    "tools": r"tools?(?:[_ ]choice)?|functions?(?: calling)?",
    "stream": r"stream(?:ing)?",
}
_ADVICE: Final = {
    401: "it refuses the key: check the API key of the language model",
    403: "it refuses access: check the API key of the language model, and what it may use",
    404: "it knows no such model or path: check the model's name, and that the base URL ends as its API does, mostly "
    "in /v1",
    405: "check that the base URL ends as its API does, mostly in /v1",
    408: "it was too slow: try again later",
    413: "the question is too large for it: set the model's context size",
    429: "it has too many requests: try again later, or check what is left of your quota",
}
_LOOK_AT_IT: Final = "look at the server's own log, or try again later"


def rejected_parameter(exc: openai.APIStatusError, sent: Collection[str]) -> str | None:
    """The parameter of those sent that the server does not take, where that is what it says."""
    if exc.status_code not in (400, 422, 500, 501) or _says(_OVERFLOW, exc) or _says(_FILTERED, exc):
        return None
    if exc.param in sent and exc.param in _PARAMETERS:
        return exc.param
    text = _text(exc)
    if not _REFUSES.search(text):
        return None
    places = {
        name: found.start()
        for name, pattern in _PARAMETERS.items()
        if name in sent and (found := re.search(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE))
    }
    return min(places, key=places.__getitem__, default=None)


def before_reply(exc: Exception, where: str) -> LanguageModelError:
    """Of a request that got no reply."""
    if isinstance(exc, openai.APIConnectionError):
        return unavailable(where, "cannot be reached: check the base URL, and that the server runs")
    if isinstance(exc, openai.APIStatusError):
        return _of_status(exc, where)
    return unavailable(where, "cannot be asked: check the base URL and the API key")


def during_reply(exc: Exception, where: str, *, said: bool) -> LanguageModelError:
    """Of a reply that had begun; `said` is whether text had come."""
    if isinstance(exc, openai.APITimeoutError | httpx2.TimeoutException):
        return LanguageModelError(
            IncidentKind.DROPPED, f"the language model at {where} fell silent in the middle of its reply: try again"
        )
    if isinstance(exc, openai.APIConnectionError | httpx2.HTTPError):
        return dropped(where)
    if isinstance(exc, openai.APIError):
        if _says(_FILTERED, exc):
            return refused(where)
        kind = IncidentKind.DROPPED if said else IncidentKind.UNAVAILABLE
        return LanguageModelError(
            kind, f"the language model at {where} reported an error{_code(exc)} while it replied: {_LOOK_AT_IT}"
        )
    return LanguageModelError(
        IncidentKind.MALFORMED,
        f"the language model at {where} sent what is no chat completion: check that its API is OpenAI-compatible",
    )


def unavailable(where: str, what: str) -> LanguageModelError:
    return LanguageModelError(IncidentKind.UNAVAILABLE, f"the language model at {where} {what}")


def dropped(where: str) -> LanguageModelError:
    return LanguageModelError(
        IncidentKind.DROPPED, f"the language model at {where} broke off before it had finished: try again"
    )


def refused(where: str) -> LanguageModelError:
    return LanguageModelError(
        IncidentKind.REFUSED, f"the language model at {where} declined to answer: rephrase, or choose another model"
    )


def too_long(where: str, bound: str, advice: str) -> LanguageModelError:
    return LanguageModelError(
        IncidentKind.TOO_LONG, f"the language model at {where} was cut off after {bound}: {advice}"
    )


def _of_status(exc: openai.APIStatusError, where: str) -> LanguageModelError:
    if exc.status_code in (400, 403, 422) and _says(_FILTERED, exc):
        return refused(where)
    if exc.status_code in (400, 413, 422, 500) and _says(_OVERFLOW, exc):
        return unavailable(where, "has less context than the question needs: set the model's context size to its own")
    if exc.status_code < 400:
        return unavailable(where, "leads to another address, which is not followed: set the base URL to that one")
    advice = _ADVICE.get(exc.status_code, _LOOK_AT_IT)
    return unavailable(where, f"answered HTTP {exc.status_code}{_code(exc)}: {advice}")


def _code(exc: openai.APIError) -> str:
    """The server's own word for the error, where it is one."""
    code = next((c for c in (exc.code, exc.type) if isinstance(c, str) and _CODE.fullmatch(c)), None)
    return f" ({code})" if code else ""


def _says(pattern: re.Pattern[str], exc: openai.APIError) -> bool:
    return bool(pattern.search(_text(exc)))


def _text(exc: openai.APIError) -> str:
    """The first words of what the server says: later ones may repeat the question."""
    return f"{exc.code} {exc.type} {exc.message[:300]}"
