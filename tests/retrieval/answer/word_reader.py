"""A reader of tokens in place of a transformer, and a searcher that reranks with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.encoders.base import EncoderSpec
from retrieval.encoders.tokens import ReadText
from retrieval.records import Article
from retrieval.rerank.learned import LearnedReranker
from retrieval.rerank.model import RerankModel
from retrieval.search import Searcher
from tests.fakes import Corpus, HashingEncoder

_SIZE = 256


class WordReader:
    """Each word is a direction of its own, and a text the mean of its words."""

    spec = EncoderSpec(name="words", revision="1", dimension=_SIZE, max_tokens=0, licence="MIT")

    def read_queries(self, texts: Sequence[str]) -> list[ReadText]:
        return [self._read(text) for text in texts]

    read_sentences = read_queries

    def _read(self, text: str) -> ReadText:
        words = re.findall(r"\w+", text.lower())
        tokens = np.zeros((len(words), _SIZE), dtype=np.float16)
        for row, word in enumerate(words):
            digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
            tokens[row, int.from_bytes(digest, "big") % _SIZE] = 1
        mean = tokens.astype(np.float32).sum(axis=0)
        return ReadText((mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float16), tokens)


def open_reading_searcher(home: Path, articles: Sequence[Article], *, reading: bool = True) -> Searcher:
    corpus = Corpus(home, HashingEncoder())
    corpus.publish(articles)
    reader = corpus.open_reader()
    model = RerankModel(encoder="words@1", depth=12, weights={"fused": 1.0, "words": 1.0})
    reranker = LearnedReranker(model, corpus.analyzer, WordReader(), name="learned")
    return Searcher(
        reader,
        generation=reader.manifest.generation,
        analyzer=corpus.analyzer,
        encoder=corpus.encoder,
        reranker=reranker if reading else None,
        rerank_budget_s=600.0,
    )
