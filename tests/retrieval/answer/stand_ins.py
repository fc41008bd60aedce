"""A small index, a verifier that compares words, and a model that says what a test wrote for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from retrieval.answer.llm.language_model import LanguageModelError, Message, ToolCall
from retrieval.records import Article, Correction, Evidence, Section, Term
from retrieval.sentences import split_sentences
from retrieval.verify.base import Claim, Judgement, Verdict
from tests.fakes import article

BUDDING = 101
MITES = 102
HER2 = 103
RETRACTED = 104
NOTICE = 105
AGAINST = 106

ARTICLES = [
    article(
        BUDDING,
        "Tumour budding in colorectal carcinoma.",
        "Budding was counted in 300 resections. Tumour budding predicts nodal metastasis in colorectal carcinoma.",
        year=2018,
    ),
    article(MITES, "Mites in dust.", "Mites were found in dust of old houses.", year=2001),
    article(
        HER2,
        "HER2 in breast carcinoma.",
        "HER2 was amplified in 20 of 100 breast carcinomas. HER2 amplification predicts response to trastuzumab.",
        year=2012,
    ),
    Article(
        pmid=RETRACTED,
        title="Tumour budding cured.",
        sections=(Section(text="Tumour budding in colorectal carcinoma is cured by aspirin."),),
        publication_types=(Term(ui="D016441", name="Retracted Publication"),),
    ),
    Article(
        pmid=NOTICE,
        title="Retraction: tumour budding in colorectal carcinoma cured.",
        sections=(Section(text="The paper on tumour budding in colorectal carcinoma is retracted."),),
        corrections=(Correction(ref_type="RetractionOf", pmid=RETRACTED),),
    ),
    article(
        AGAINST,
        "Tumour budding does not matter in colorectal carcinoma.",
        "Tumour budding does not predict nodal metastasis in colorectal carcinoma.",
        year=2021,
    ),
]


class WordVerifier:
    """Supported where a sentence has all words of the claim, partly where it has most of them, contradicted where only
    "not" stands between them."""

    id = "words"

    def load(self) -> None:
        pass

    def judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        return [self._judged(claim.text, claim.article.abstract) for claim in claims]

    def judge_texts(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return [self._judged(claim, text) for claim, text in pairs]

    def _judged(self, claim: str, text: str) -> Judgement:
        wanted = _words(claim)
        best = Judgement(Verdict.NOT_FOUND, 0.0, 0.0, 1.0)
        for start, end in split_sentences(text):
            found = _words(text[start:end])
            shared = len(wanted & found) / max(len(wanted), 1)
            evidence = Evidence("abstract", start, end, text[start:end], shared)
            if shared > 0.7 and ("not" in wanted) != ("not" in found):
                return Judgement(Verdict.CONTRADICTED, 0.1, 0.9, 0.0, evidence)
            if shared > best.support:
                verdict = Verdict.SUPPORTED if shared == 1 else Verdict.PARTLY if shared > 0.7 else Verdict.NOT_FOUND
                best = Judgement(verdict, shared, 0.0, 1 - shared, evidence)
        return best


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower().replace("does ", ""))) - {"the", "a", "in", "of", "was", "is"}


Script = Sequence[str | ToolCall | LanguageModelError]


class ScriptedModel:
    """Each request plays the next script, or what a function makes of the messages; remembers what it was shown."""

    id = "scripted"

    def __init__(self, *scripts: Script | Callable[[Sequence[Message]], Script], context_tokens: int = 8_000) -> None:
        self._scripts = list(scripts)
        self.context_tokens = context_tokens
        self.asked: list[list[Message]] = []
        self.offered: list[Sequence[Mapping[str, Any]]] = []
        self.closed = 0

    def count_tokens(self, text: str) -> int:
        return len(text) // 3 + 1

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[str | ToolCall]:
        self.asked.append(list(messages))
        self.offered.append(tools)
        script = self._scripts.pop(0) if self._scripts else []
        for piece in script(messages) if callable(script) else script:
            if isinstance(piece, LanguageModelError):
                raise piece
            try:
                yield piece
            except GeneratorExit:
                self.closed += 1
                raise


def keys_in(messages: Sequence[Message]) -> dict[str, str]:
    """Of a prompt: the key of each source by the first words that it shows."""
    import json

    asked = json.loads(messages[-1].text)
    return {" ".join(source["says"]): source["key"] for source in asked["sources"]}


def key_of(messages: Sequence[Message], words: str) -> str:
    return next(key for says, key in keys_in(messages).items() if words in says)
