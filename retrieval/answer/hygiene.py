"""Text from outside on its way into a prompt: data that cannot look like an instruction, a marker or a turn.

The defence does not rest on this. Whatever a model was talked into, its sentences are checked against the papers, its
keys are known, its tools were called before any source was read. This keeps honest models on course, and tells people.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CONTROL_TOKENS = re.compile(
    r"<\|[^|<>]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<\uff5c[^\uff5c<>]{0,40}\uff5c>|"
    r"</?(?:system|assistant|user|tool_call|tool_response|think)\b[^>]{0,40}>|^\s*#{2,}\s*(?:system|instruction)\b",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESSES_THE_MODEL = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\b(?:previous|prior|above|earlier|all|any|your|these|the)\b"
    r"[^.]{0,40}\b(?:instructions?|prompts?|rules?|sources?|polic(?:y|ies)|guidelines?)\b"
    r"|\b(?:you are|act as|pretend to be)\b[^.]{0,30}\b(?:assistant|language model|ai|chatbot|dan)\b"
    r"|\b(?:system|developer)\s+(?:prompt|message)\b"
    r"|\b(?:cite|add|insert|append)\b[^.]{0,40}\b(?:PMID|doi|https?:|this (?:paper|article|abstract)[^.]{0,30}"
    r"\b(?:first|always|only))"
    r"|\binvok(?:e|ing)\s+\w+|\b(?:call|use|run)\s+the\s+\w+\s+(?:tool|function)\b"
    r"|\b(?:do not|don't|never)\s+(?:mention|reveal|tell|cite)\b[^.]{0,40}\b(?:user|reader|retract|source|paper)",
    re.IGNORECASE,
)
_MARKER_LIKE = re.compile(r"[\[【]\s*(#?[A-Z]\d[A-Z])\s*[\]】]")
_LONGEST: Final = 200
_KEPT: Final = "\n\t"


def neutralised(text: str) -> str:
    """The same words without control and invisible characters, chat-template tokens and markers of our own form."""
    plain = "".join(
        c if c in _KEPT or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs", "Cn") else " " for c in text
    )
    plain = _CONTROL_TOKENS.sub(" ", plain)
    return _MARKER_LIKE.sub(r"(\1)", plain)


def suspicious(text: str) -> str:
    """The passage that seems to address a language model, cut to 200 characters; empty where none does."""
    found = _CONTROL_TOKENS.search(text) or _ADDRESSES_THE_MODEL.search(text)
    return found[0].strip()[:_LONGEST] if found else ""
