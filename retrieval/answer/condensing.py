"""A follow-up becomes a question that stands alone: by the language model, or without one by what it leaves out."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from retrieval.answer.llm.language_model import LanguageModel, LanguageModelError
from retrieval.answer.prompt import condense_messages
from retrieval.answer.reading import is_refusal
from retrieval.answer.records import Incident, Question

_LONGEST: Final = 600
"""Characters of a condensed question; a longer one is no question."""
_TURNS: Final = 6
_FEW_WORDS: Final = 4
_REFERS = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|he|she|his|her|there|one|ones|same|former|latter|above)\b"
    r"|^\s*(?:and|or|but|what about|how about|why|also)\b",
    re.IGNORECASE,
)
_SAID = re.compile(r"[\w-]{2,}")


class Condensed(NamedTuple):
    text: str
    incident: Incident | None = None
    """What went wrong with the model, where it could not be used."""


def condensed(question: Question, model: LanguageModel | None) -> Condensed:
    """The question with what it refers to; the question itself where it refers to nothing."""
    text = question.text.strip()
    incident: Incident | None = None
    earlier = [turn for turn in question.conversation if turn.text.strip()][-_TURNS:]
    if not earlier or not text:
        return Condensed(text)
    if model is not None:
        try:
            written = "".join(
                piece
                for piece in model.stream(condense_messages(text, earlier), max_tokens=200)
                if isinstance(piece, str)
            ).strip()
        except LanguageModelError as exc:
            written = ""
            incident = Incident(exc.kind, f"the question was not condensed by the language model: {exc}")
        # A model that answers, declines or rambles instead has not condensed anything.
        if 0 < len(written) <= _LONGEST and "\n" not in written and not is_refusal(written):
            return Condensed(written)
    asked = [turn.text.strip() for turn in earlier if turn.role == "user"]
    refers = _REFERS.search(text) is not None or len(_SAID.findall(text)) <= _FEW_WORDS
    return Condensed(f"{asked[-1]} {text}" if refers and asked else text, incident)
