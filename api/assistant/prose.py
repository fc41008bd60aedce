"""An answer as a text that people read: sentences with markers, and a list of references at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from api.assistant.results import citation_line
from api.schemas.view import pubmed_url
from retrieval.answer.records import Answer, AnswerSentence, Conflict, Source, Stance
from retrieval.records import IntegrityStatus
from retrieval.verify.base import Verdict

REFERENCES: Final = "\n\nReferences\n"
_MARKER_LIKE: Final = re.compile(r"\[([\d\s,;–-]{1,40})\]")
_MARKUP: Final = re.compile(r"!(?=\[)|(?<=\])(?=[(:\[])|(?=<[A-Za-z/!?])|(?=`)")


class Marked(NamedTuple):
    """A sentence as it is written, without the blank before it."""

    text: str
    markers: tuple[tuple[int, int, int], ...]
    """(number, start, end) of each marker within the text."""


class Prose:
    """Numbers papers as they are first cited, so that a text can be written before its end is known."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._numbers: dict[str, int] = {}

    def learn(self, sources: Iterable[Source]) -> None:
        self._sources.update((source.key, source) for source in sources)

    @property
    def cited(self) -> list[tuple[int, Source]]:
        """Numbers, from 1, and what stands behind them."""
        return [(number, self._sources[key]) for key, number in self._numbers.items()]

    def number(self, key: str) -> int:
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def sentence(self, sentence: AnswerSentence) -> Marked:
        text = plain(sentence.text)
        keys = dict.fromkeys(citation.key for citation in sentence.citations)
        numbers = [self.number(key) for key in keys if key in self._sources]
        markers = []
        text += " " if numbers else ""
        for number in numbers:
            marker = f"[{number}]"
            markers.append((number, len(text), len(text) + len(marker)))
            text += marker
        if sentence.origin == "tool":
            text += " (result of an external tool, not of the literature)"
        elif sentence.verdict == Verdict.PARTLY:
            text += " (partly supported)"
        return Marked(text, tuple(markers))

    def ending(self, answer: Answer) -> str:
        """What follows the sentences: why there are none, where papers disagree, what was left out, references."""
        said = []
        if answer.abstention:
            said.append(plain(answer.abstention.message))
        said += [self._conflict(conflict) for conflict in answer.conflicts]
        if answer.sentences and answer.dropped:
            said.append(f"Sentences left out because no cited paper supports them: {len(answer.dropped)}.")
        text = "\n\n".join(said)
        if text and answer.sentences:
            text = "\n\n" + text
        return text + self.references()

    def references(self) -> str:
        lines = [f"{number}. {self._reference(source)}" for number, source in self.cited]
        return REFERENCES + "\n".join(lines) if lines else ""

    def _reference(self, source: Source) -> str:
        url = pubmed_url(source.article)
        standing = "" if source.integrity.status == IntegrityStatus.OK else f" [{_shown(source.integrity.status)}]"
        return plain(citation_line(source.article)) + standing + (f" {url}" if url else "")

    def _conflict(self, conflict: Conflict) -> str:
        sides = f"for it {self._stances(conflict.support)}, against it {self._stances(conflict.against)}"
        return f"The papers do not agree on: {plain(conflict.sentence)} ({sides})"

    def _stances(self, stances: Iterable[Stance]) -> str:
        known = [stance for stance in stances if stance.key in self._sources]
        return " ".join(f"[{self.number(stance.key)}]" for stance in known) or "none"


def written(answer: Answer) -> tuple[str, Prose]:
    """The whole text of an answer, and the numbers that it gave."""
    prose = Prose()
    prose.learn(answer.sources)
    text = " ".join(prose.sentence(sentence).text for sentence in answer.sentences)
    return text + prose.ending(answer), prose


def without_references(text: str) -> str:
    """An earlier text of ours without its list of references, which is no part of what was said."""
    return text.partition(REFERENCES)[0]


def plain(text: str) -> str:
    """A text on one line that no chat client takes for markup, and none of whose brackets pass for our markers.

    Backslashes are put before what would become an image, a link, HTML or code; "[12]" of a paper becomes "(12)".
    """
    one_line = " ".join(text.split()).replace("\\", "\\\\")
    return _MARKUP.sub(lambda match: "\\" + match[0] if not match[0] else "!\\", _MARKER_LIKE.sub(r"(\1)", one_line))


def _shown(status: IntegrityStatus) -> str:
    return status.value.replace("_", " ").upper()
