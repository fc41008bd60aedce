"""From a model's stream to sentences, as soon as each is whole: with prose, fenced blocks, lists and JSON alike."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from retrieval.answer.llm.language_model import LanguageModelError
from retrieval.answer.markers import is_only_markers, leading_markers
from retrieval.answer.prompt import NOT_ANSWERED
from retrieval.answer.records import IncidentKind
from retrieval.sentences import split_sentences

_FENCE = re.compile(r"^\s*```[\w-]*[ \t]*\n?|\n?[ \t]*```\s*$")
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\(?\d{1,2}[.)]\s+|>\s+)")
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")
_HEADING = re.compile(r"^\s*#{1,6}\s|^\s*(?:\*\*)?[^.!?\[\]]{1,60}:(?:\*\*)?\s*$")
_REFUSAL = re.compile(
    r"\s*(?:i['’]?\s?a?m (?:so |very )?sorry|sorry|i (?:cannot|can['’]?t|am unable|won['’]?t)|as an ai\b"
    r"|unfortunately,? i\b)",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\s*[\[【({][^\]】)}]*")
_TEXT_FIELDS: Final = ("text", "sentence", "claim", "answer", "content", "response", "statement")
_KEY_FIELDS: Final = ("keys", "citations", "sources", "citation", "source", "key")
_LIST_FIELDS: Final = ("sentences", "answer", "answers", "claims", "statements", "response")


class SentenceReader:
    """Feed it pieces; it gives raw sentences with their markers, each once whole.

    A sentence is whole when another one has begun: until then a marker may still follow its full stop. A reply that
    begins like JSON or a fenced block is read at its end.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._buffer = ""
        self._held: bool | None = None

    def feed(self, piece: str) -> list[str]:
        self._buffer += piece
        if self._held is None and (start := self._buffer.lstrip()):
            self._held = start[0] in "{[`" and not leading_markers(start)
        if self._held:
            return []
        return self._whole(last=False)

    def finish(self) -> list[str]:
        """What is left. LanguageModelError (MALFORMED) for broken JSON."""
        if self._held:
            text = _FENCE.sub("", self._buffer.strip()).strip()
            self._buffer = "\n".join(_sentences_of_json(text)) if text[:1] in ("{", "[") else text
            self._held = False
        return self._whole(last=True)

    def _whole(self, *, last: bool) -> list[str]:
        spans = self._joined(split_sentences(self._buffer))
        cut = len(spans)
        if not last:
            cut -= 1
            # The newest sentence may consist of markers so far, which belong to the one before.
            while cut >= 0 and _may_be_markers(self._buffer[spans[cut][0] : spans[cut][1]]):
                cut -= 1
        if cut <= 0:
            return []
        whole = [self._buffer[start:end] for start, end in spans[:cut]]
        self._buffer = self._buffer[spans[cut - 1][1] :]
        return [clean for sentence in whole if (clean := _plain(sentence))]

    def _joined(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Markers at a sentence's beginning go to the end of the one before."""
        joined: list[tuple[int, int]] = []
        for start, end in spans:
            text = self._buffer[start:end]
            if joined and is_only_markers(text, self._known):
                joined[-1] = (joined[-1][0], end)
                continue
            markers = leading_markers(text) if joined else 0
            if markers:
                joined[-1] = (joined[-1][0], start + markers)
            joined.append((start + markers, end))
        return joined


def _may_be_markers(beginning: str) -> bool:
    """Whether what has come of a sentence is no word yet, or a bracket that is still open."""
    return not re.search(r"\w", beginning) or _OPEN.fullmatch(beginning) is not None


def is_not_answered(sentence: str) -> bool:
    """The model's own word that the sources do not answer."""
    return sentence.strip().strip("[]().\"'`*").casefold() == NOT_ANSWERED.casefold()


def is_refusal(sentence: str) -> bool:
    return _REFUSAL.match(sentence) is not None


def _plain(sentence: str) -> str:
    """Without list signs and emphasis; empty for headings, which claim nothing."""
    if _HEADING.match(sentence):
        return ""
    return _EMPHASIS.sub("", _BULLET.sub("", sentence)).strip()


def _sentences_of_json(text: str) -> Iterator[str]:
    """A line for each sentence, its keys as markers behind it."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise LanguageModelError(IncidentKind.MALFORMED, "the model wrote JSON that cannot be read") from exc
    lines = list(_lines(parsed, depth=0))
    if not lines:
        raise LanguageModelError(IncidentKind.MALFORMED, "the model wrote JSON that holds no sentence")
    yield from lines


def _lines(value: Any, depth: int) -> Iterator[str]:
    if depth > 4:
        return
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for item in value:
            yield from _lines(item, depth + 1)
    elif isinstance(value, dict):
        text = next((value[name] for name in _TEXT_FIELDS if isinstance(value.get(name), str)), None)
        if text is not None:
            yield f"{text.strip()} {_marker(value)}".strip()
            return
        for name in _LIST_FIELDS:
            if name in value:
                yield from _lines(value[name], depth + 1)
                return


def _marker(value: dict[str, Any]) -> str:
    for name in _KEY_FIELDS:
        keys = value.get(name)
        if isinstance(keys, str):
            keys = [keys]
        if isinstance(keys, list) and keys:
            return "".join(f"[{str(key).strip('[] ')}]" for key in keys if isinstance(key, str | int))
    return ""
