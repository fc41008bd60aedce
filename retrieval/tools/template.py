"""How a tool's JSON is told in words: a template with dotted names, and values that are made harmless.

    "HER2 score {score}, {membrane.complete_percent} % complete staining{comment?}"

A name leads through objects only; nothing is computed, called or formatted. A list of plain values is told with commas.
A name that is missing is an error, with a question mark it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from retrieval.errors import InputError

LONGEST_SUMMARY: Final = 800
LONGEST_QUERY: Final = 200
_LONGEST_VALUE: Final = 200
_MOST_VALUES: Final = 20

_FIELD: Final = re.compile(r"\{([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(\?)?\}")
_UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]+"
)
"""Control characters, marks of direction, and what is invisible but may still speak to a language model."""
_IDENTIFIER: Final = re.compile(
    r"\bhttps?://\S+|\bwww\.\S+|\bdoi:\s*\S+|\b10\.\d{4,9}/\S+|\bPMC\d+(?:\.\d+)?|\bPM\W?ID\W{0,3}\d+|\bpubmed\W{0,3}\d+",
    re.IGNORECASE,
)
_BRACKETS: Final = str.maketrans("[]{}<>【】［］", "()()()()()")
_OPERATORS: Final = re.compile(r'["“”„‟«»:]|(?<!\w)[-\u2010-\u2015\u2212]+')
LEFT_OUT: Final = "(identifier left out)"


def fields_of(template: str) -> tuple[str, ...]:
    """The names in a template. InputError for a brace that belongs to none."""
    rest = _FIELD.sub("", template)
    if "{" in rest or "}" in rest:
        raise InputError(f"{template[:80]!r} has a brace that holds no dotted name such as {{result.score}}")
    return tuple(found[1] for found in _FIELD.finditer(template))


def told(template: str, result: Mapping[str, Any]) -> str:
    """The summary, at most 800 characters, without line breaks. InputError for a name that the result does not have."""
    return _shortened(_filled(template, result), LONGEST_SUMMARY)


def asked(template: str, result: Mapping[str, Any]) -> str:
    """Plain words for a query, at most 200 characters: nothing in them is a condition, an exclusion or a phrase."""
    words = _OPERATORS.sub(" ", _filled(template, result).replace(LEFT_OUT, " "))
    return _shortened(words, LONGEST_QUERY)


def harmless(text: str) -> str:
    """Text of a tool as data: one line, nothing invisible, no brackets that could mark a citation, no identifiers."""
    line = " ".join(_UNSEEN.sub(" ", text[: 4 * LONGEST_SUMMARY]).split())
    return _IDENTIFIER.sub(LEFT_OUT, line.translate(_BRACKETS))


def _filled(template: str, result: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda found: _value(found[1], result, optional=bool(found[2])), template)


def _value(name: str, result: Mapping[str, Any], *, optional: bool) -> str:
    value: Any = result
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None or value == [] or value == "":
        if optional:
            return ""
        raise InputError(f"its answer has no {name!r}")
    if isinstance(value, list):
        plain = [_plain(name, item) for item in value[:_MOST_VALUES]]
        return ", ".join(plain) + (" …" if len(value) > _MOST_VALUES else "")
    return _plain(name, value)


def _plain(name: str, value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)[:_LONGEST_VALUE]
        case float():
            return f"{value:.4g}"
        case str():
            return _shortened(harmless(value), _LONGEST_VALUE)
        case _:
            raise InputError(f"{name!r} of its answer is no text, number, yes or no, nor a list of them")


def _shortened(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
