"""Drafts of an answer as a language model writes them: sentence by sentence, with what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final, NamedTuple

from retrieval.answer.forgeries import forged
from retrieval.answer.llm.language_model import LanguageModel, LanguageModelError, Message, ToolCall
from retrieval.answer.markers import Marked, read_markers
from retrieval.answer.prompt import NOTHING
from retrieval.answer.reading import SentenceReader, is_not_answered, is_refusal
from retrieval.answer.records import Incident, IncidentKind

TOKENS_PER_SENTENCE: Final = 120
_PATIENCE: Final = 2
"""How many times the sentences asked for a model may write before it is stopped."""
_NO_MORE: Final = frozenset({IncidentKind.UNAVAILABLE, IncidentKind.MALFORMED, IncidentKind.REFUSED})


class Attempt(NamedTuple):
    """A sentence as it was written."""

    marked: Marked
    forged: tuple[str, ...]
    """Identifiers in it that the model was never shown."""


class Declined(NamedTuple):
    """The model's own word that the sources do not answer."""


Piece = Attempt | Incident | Declined


def reply_tokens(sentences: int) -> int:
    return TOKENS_PER_SENTENCE * sentences + 60


def write(
    model: LanguageModel, messages: Sequence[Message], keys: Sequence[str], shown: str, *, sentences: int
) -> Iterator[Piece]:
    """What the model writes, read as it comes. Never raises for what the model does; closing it cancels the request."""
    reader = SentenceReader(keys)
    written = 0
    incident: Incident | None = None
    stream = model.stream(messages, max_tokens=reply_tokens(sentences))
    with closing(_Closable(stream)) as pieces:
        try:
            for piece in pieces:
                if isinstance(piece, ToolCall):
                    # None was offered: sources have been read by now.
                    message = "the model called a tool while it wrote; nothing was called"
                    yield Incident(IncidentKind.UNKNOWN_TOOL, message, piece.name[:80])
                    continue
                for sentence in reader.feed(piece):
                    said = _said(sentence, keys, shown, first=written == 0)
                    yield said
                    if _ends(said):
                        return
                    written += 1
                    if written >= _PATIENCE * sentences:
                        message = (
                            f"the model wrote more than {written} sentences where {sentences} were asked for; stopped"
                        )
                        yield Incident(IncidentKind.TOO_LONG, message)
                        return
        except LanguageModelError as exc:
            incident = Incident(exc.kind, str(exc))
    # A reply that was cut off ends in the middle of a sentence, which says who knows what.
    if incident is not None:
        yield incident
        return
    try:
        left = reader.finish()
    except LanguageModelError as exc:
        yield Incident(exc.kind, str(exc))
        return
    if not written and not left:
        yield Incident(IncidentKind.MALFORMED, "the model's reply holds no sentence")
    for sentence in left:
        said = _said(sentence, keys, shown, first=written == 0)
        yield said
        if _ends(said):
            return
        written += 1


def rewrite(
    model: LanguageModel, messages: Sequence[Message], keys: Sequence[str], shown: str
) -> Attempt | Incident | None:
    """The model's second try at one sentence; None where it gives up, or writes anything but one sentence."""
    try:
        text = "".join(p for p in model.stream(messages, max_tokens=TOKENS_PER_SENTENCE * 2) if isinstance(p, str))
        reader = SentenceReader(keys)
        sentences = [*reader.feed(text), *reader.finish()]
    except LanguageModelError as exc:
        return Incident(exc.kind, f"the sentence was not repaired: {exc}")
    if len(sentences) != 1 or sentences[0].strip(" .\"'`").casefold() == NOTHING.casefold():
        return None
    attempt = _said(sentences[0], keys, shown, first=True)
    return None if isinstance(attempt, Declined) else attempt


def falls_back(incident: Incident) -> bool:
    """Whether nothing is to be expected of the model any more."""
    return incident.kind in _NO_MORE


def _said(sentence: str, keys: Sequence[str], shown: str, *, first: bool) -> Piece:
    if is_not_answered(sentence):
        return Declined()
    if first and is_refusal(sentence):
        return Incident(IncidentKind.REFUSED, "the model declined to answer", sentence=sentence)
    marked = read_markers(sentence, keys)
    return Attempt(marked, forged(marked.text, shown))


def _ends(said: Piece) -> bool:
    return isinstance(said, Declined) or (isinstance(said, Incident) and said.kind is IncidentKind.REFUSED)


class _Closable:
    """An iterator that can be closed, whatever kind it is."""

    def __init__(self, stream: Iterator[str | ToolCall]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[str | ToolCall]:
        return self._stream

    def close(self) -> None:
        close: object = getattr(self._stream, "close", None)
        if callable(close):
            close()
