"""Chat completions in OpenAI's form: whole, or as chunks while sentences are verified."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from api.assistant.answers import described
from api.assistant.prose import Prose
from api.schemas.chat import MODEL, ChatMessage, ChatRequest
from retrieval.answer.records import Answer, AnswerEvent, AnswerSentence, Finished, Sourced, Written

_CHARACTERS: Final = 4
"""To a token, about, in English."""


class Transcript:
    """Writes one completion from the events of its answer. Feed it every event, in order."""

    def __init__(self, request: ChatRequest, notices: Sequence[str]) -> None:
        self._request = request
        self._notices = notices
        self._prose = Prose()
        self._content = ""
        self._annotated: list[tuple[int, int, int]] = []
        self._cut = False
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": MODEL}
        self._prompt_tokens = sum(map(_message_tokens, request.messages))
        self.answer: Answer | None = None

    def feed(self, event: AnswerEvent) -> str:
        """What the event adds to the text; nothing for most events."""
        before = len(self._content)
        match event:
            case Sourced(sources=sources):
                self._prose.learn(sources)
            case Written(sentence=sentence):
                self._write(sentence)
            case Finished(answer=answer):
                self._prose.learn(answer.sources)
                self.answer = answer
                self._content += self._prose.ending(answer) if not self._cut else self._prose.references()
        return self._content[before:]

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self._content, "refusal": None, **self._citations()}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish_reason}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": self._usage(),
            "system_fingerprint": self._fingerprint,
            "pathlit": self._pathlit(),
        }

    def opening(self) -> dict[str, Any]:
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def delta(self, text: str) -> dict[str, Any]:
        return self._chunk({"content": text})

    def closing(self) -> Iterator[dict[str, Any]]:
        last = self._chunk(self._citations(), self._finish_reason)
        yield {**last, "system_fingerprint": self._fingerprint, "pathlit": self._pathlit()}
        if self._wants_usage:
            yield {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": self._usage()}

    def _write(self, sentence: AnswerSentence) -> None:
        most = self._request.most_tokens
        self._cut = self._cut or (most is not None and bool(self._content) and _tokens(self._content) >= most)
        if self._cut:
            return
        marked = self._prose.sentence(sentence)
        start = len(self._content) + bool(self._content)
        self._content += (" " if self._content else "") + marked.text
        self._annotated += [(number, start + begin, start + end) for number, begin, end in marked.markers]

    @property
    def _finish_reason(self) -> str:
        return "length" if self._cut else "stop"

    @property
    def _fingerprint(self) -> str | None:
        return f"generation-{self.answer.generation}" if self.answer else None

    @property
    def _wants_usage(self) -> bool:
        return bool(self._request.stream_options and self._request.stream_options.include_usage)

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self._wants_usage else {}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice], **usage}

    def _usage(self) -> dict[str, int]:
        written = _tokens(self._content)
        return {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self._prompt_tokens + written,
        }

    def _citations(self) -> dict[str, Any]:
        """Ours, and the annotations that OpenAI's own clients know."""
        if self.answer is None:
            return {"citations": [], "annotations": []}
        result = described(self.answer, self._content, self._prose)
        references = {reference.n: reference for reference in result.references}
        return {
            "citations": [reference.model_dump(mode="json", exclude_none=True) for reference in result.references],
            "annotations": [
                {
                    "type": "url_citation",
                    "url_citation": {
                        "start_index": start,
                        "end_index": end,
                        "title": references[number].title,
                        "url": references[number].url,
                    },
                }
                for number, start, end in self._annotated
                if references[number].url
            ],
        }

    def _pathlit(self) -> dict[str, Any] | None:
        """The answer with everything that can be checked; its text and references stand in the message."""
        if self.answer is None:
            return None
        result = described(self.answer, self._content, self._prose)
        shown = result.model_dump(mode="json", exclude_none=True, exclude={"text", "references"})
        return {**shown, "notices": [*self._notices, *result.notices]}


def sse(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


DONE: Final = b"data: [DONE]\n\n"
KEEP_ALIVE: Final = b": working\n\n"


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS)


def _message_tokens(message: ChatMessage) -> int:
    return sum(_tokens(part.text) for part in message.content)
