"""What of a model's output is its reply: without its thoughts, the fence around it, and what follows its end."""

from __future__ import annotations

import re
from typing import Final

_THOUGHTS: Final = ("think", "thinking", "thought", "reasoning")
_ENDS: Final = (
    "<|im_end|>",
    "<|im_start|>",
    "<|eot_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<end_of_turn>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "</s>",
)
"""Small local models are often served without their stop token, and go on to play both sides."""
_TAGS: Final = (*(f"<{name}>" for name in _THOUGHTS), *(f"</{name}>" for name in _THOUGHTS), *_ENDS)
_TAG = re.compile("|".join(map(re.escape, _TAGS)), re.IGNORECASE)
_LONGEST: Final = max(map(len, _TAGS))
_FENCE: Final = "```"
_OPENING = re.compile(r"```[\w+-]{0,20}[ \t]*\n")
_MAYBE_OPENING = re.compile(r"`{1,2}|```[\w+-]{0,20}[ \t]*")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class ReplyText:
    """Takes output piece by piece, however tags are split over pieces, and gives back text as soon as it is sure."""

    def __init__(self) -> None:
        self.ended = False
        """Whether a stop token has come: nothing after it is part of the reply."""
        self.thoughts = 0
        """Characters dropped as thoughts."""
        self._held = ""
        self._closing = ""
        """The tag that ends the thought that is under way."""
        self._unfenced = _Unfenced()

    def feed(self, piece: str) -> str:
        if self.ended:
            return ""
        self._held += piece
        return _UNPRINTABLE.sub("", self._unfenced.feed(self._said()))

    def finish(self) -> str:
        """What was held back; a thought that never ended is dropped."""
        rest = "" if self._closing or self.ended else self._held
        self._held = ""
        return _UNPRINTABLE.sub("", self._unfenced.feed(rest) + self._unfenced.finish())

    def _said(self) -> str:
        said: list[str] = []
        while True:
            if self._closing:
                thought, closed, self._held = _parted(self._held, self._closing)
                self.thoughts += len(thought)
                if not closed:
                    return "".join(said)
                self._closing = ""
            elif found := _TAG.search(self._held):
                said.append(self._held[: found.start()])
                self._held = self._held[found.end() :]
                tag = found[0].lower()
                if tag in _ENDS:
                    self.ended, self._held = True, ""
                elif not tag.startswith("</"):
                    self._closing = f"</{tag[1:]}"
            else:
                sure = _sure(self._held)
                said.append(self._held[:sure])
                self._held = self._held[sure:]
                return "".join(said)


class _Unfenced:
    """Drops a code fence around a whole reply, also one that only closes, and keeps those within."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "before"
        self._open = False
        """Whether a fence within the text has been opened and not closed."""

    def feed(self, text: str) -> str:
        self._held += text
        said = ""
        if self._state == "before":
            self._held = self._held.lstrip()
            if opening := _OPENING.match(self._held):
                self._held, self._state = self._held[opening.end() :], "inside"
            elif self._held and not _MAYBE_OPENING.fullmatch(self._held):
                self._state = "plain"
        if self._state == "inside":
            inside, closing, after = self._held.partition(_FENCE)
            said = inside.rstrip("` \t\n")
            self._held = after if closing else inside[len(said) :]
            self._state = "after" if closing else "inside"
        if self._state == "after" and self._held.strip():
            self._held, self._state = "\n" + self._held.lstrip(), "plain"
        if self._state == "plain":
            said += self._plain()
        return said

    def finish(self) -> str:
        rest, self._held = self._held, ""
        if self._state != "plain":
            return ""
        return rest if self._open else rest.replace(_FENCE, "").rstrip()

    def _plain(self) -> str:
        """All but a fence at the end, which may be the one that closes nothing."""
        at = len(self._held.rstrip("` \t\n"))
        at = self._held.find("`", at)
        said = self._held if at < 0 else self._held[:at]
        self._held = self._held[len(said) :]
        self._open ^= said.count(_FENCE) % 2 == 1
        return said


def _parted(text: str, tag: str) -> tuple[str, str, str]:
    """`text` before `tag`, the tag, and the rest; without it, the end that may be its beginning is the rest."""
    at = text.lower().find(tag)
    if at >= 0:
        return text[:at], tag, text[at + len(tag) :]
    sure = max(0, len(text) - len(tag) + 1)
    return text[:sure], "", text[sure:]


def _sure(text: str) -> int:
    """How much of a text cannot be the beginning of a tag."""
    start = text.rfind("<", max(0, len(text) - _LONGEST + 1))
    if start < 0:
        return len(text)
    end = text[start:].lower()
    return start if any(tag.startswith(end) for tag in _TAGS) else len(text)
