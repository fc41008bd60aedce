"""Long abstracts: what is lost by cutting them off, and which way of reading their end gains something?

    python -m benchmarks.long_abstracts [ENCODER [LONGER]]      LONGER: tokens of the longer cut, 512 by default

SciFact's training claims over its 5,183 abstracts, exact search, alone and fused with BM25 as pathlit fuses by default.
An abstract is long if it does not fit into what the encoder reads; all others have one vector in every row. Differences
are to the first row, question by question, with their bootstrap interval.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import bm25s
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from benchmarks.data import CACHE, DATA, heading
from evaluation.datasets import Topics, read_beir
from evaluation.measures import ranked_values
from evaluation.significance import Interval, interval
from indexing.jsonl import read_jsonl
from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder, Passage, Vectors
from retrieval.encoders.known import usage_of
from retrieval.encoders.matryoshka import unit
from retrieval.encoders.text import DEFAULT_MODEL, TextEncoder
from retrieval.fusion import minmax
from retrieval.index.interface import Scored
from retrieval.records import Article
from retrieval.search import DEFAULT_WEIGHTS
from retrieval.sentences import split_sentences

Scores = npt.NDArray[np.float32]
"""Of shape (questions, articles)."""
_DEPTH: Final = 100
_CONCLUSION: Final = 3
"""Sentences at the end of an abstract."""


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_MODEL
    longer = int(sys.argv[2]) if len(sys.argv) > 2 else 512
    encoder = TextEncoder(name)
    articles = list(read_jsonl(DATA / "scifact" / "corpus.jsonl.gz"))
    topics = read_beir(DATA / "scifact" / "queries_train.tsv.gz", DATA / "scifact" / "qrels_train.tsv")
    limit = encoder.spec.max_tokens
    lengths = encoder.count_tokens([_passage(article) for article in articles])
    long = [article.id for article, length in zip(articles, lengths, strict=True) if length > limit > 0]
    print(heading(f"Long abstracts with {encoder.spec.id}"))
    judged = {article for grades in topics.qrels.values() for article in grades}
    print(
        f"{len(topics.queries):,} claims; longer than {limit} tokens are {len(long):,} of {len(articles):,} abstracts"
    )
    print(f"and {len(judged & set(long)):,} of the {len(judged):,} that answer a claim")
    words = _lexical(articles, topics)
    questions = encoder.encode_queries(list(topics.queries.values()))
    first: dict[str, list[float]] = {}
    for title, vectors in _strategies(name, encoder, articles, lengths, longer):
        dense = questions @ vectors.T
        values = {
            "dense": _ndcg(_runs(articles, topics, {"dense": dense}), topics),
            "hybrid": _ndcg(_runs(articles, topics, {"lexical": words, "dense": dense}), topics),
        }
        first = first or values
        told = (_told(interval(found), _difference(found, first[leg])) for leg, found in values.items())
        print(f"  {title:<44} {'   '.join(told)}", flush=True)


def _strategies(
    name: str, encoder: TextEncoder, articles: Sequence[Article], lengths: Sequence[int], longer: int
) -> Iterator[tuple[str, Vectors]]:
    """The vectors of all articles, row by row of the table."""
    limit = encoder.spec.max_tokens
    folder = CACHE / "long_abstracts" / encoder.spec.id.replace("/", "_")
    whole = [_passage(article) for article in articles]
    base = _kept(folder / f"cut-{limit}", whole, encoder)
    yield f"cut at {limit}", base
    long = [i for i, length in enumerate(lengths) if length > limit > 0]

    def replaced(*windows: Vectors) -> Vectors:
        """Long abstracts have the mean of several vectors, of length 1."""
        vectors = base.copy()
        vectors[long] = unit(np.mean(windows, axis=0, dtype=np.float32))
        return vectors

    def encoded(title: str, passages: Sequence[Passage], by: Encoder = encoder) -> Vectors:
        return _kept(folder / title, [passages[i] for i in long], by)

    conclusions = [_conclusion(article) for article in articles]
    yield f"and title + last {_CONCLUSION} sentences", replaced(base[long], encoded("conclusion", conclusions))
    ends = [_ending(article, limit / length) for article, length in zip(articles, lengths, strict=True)]
    yield "and title + last sentences that fit", replaced(base[long], encoded("end", ends))
    far = TextEncoder(name, usage=replace(usage_of(name), document_tokens=longer))
    yield f"cut at {longer}", replaced(encoded(f"cut-{longer}", whole, far))
    halves = [_half(article, last=last) for last in (False, True) for article in articles]
    first, second = (encoded(f"half-{n}", halves[n * len(articles) :]) for n in range(2))
    yield "two halves, each with the title", replaced(first, second)
    everywhere = _kept(folder / "conclusion-of-all", conclusions, encoder)
    yield "and conclusion, of short abstracts too", unit((base + everywhere) / np.float32(2))


def _kept(path: Path, passages: Sequence[Passage], encoder: Encoder) -> Vectors:
    """Encoding takes minutes: what a run has encoded, the next one reads."""
    file = path.with_suffix(".npy")
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        groups = [encoder.encode_documents(passages[i : i + 512]) for i in range(0, len(passages), 512)]
        np.save(file, np.concatenate(groups).astype(np.float16))
    return np.asarray(np.load(file), dtype=np.float32)


def _passage(article: Article) -> Passage:
    return Passage(article.title, article.abstract)


def _sentences(article: Article) -> list[str]:
    return [article.abstract[start:end] for start, end in split_sentences(article.abstract)]


def _half(article: Article, *, last: bool) -> Passage:
    """The title stands in both, so that each half says what it is about."""
    sentences = _sentences(article)
    ends = list(accumulate(map(len, sentences)))
    middle = sum(2 * end <= ends[-1] for end in ends)
    return Passage(article.title, " ".join(sentences[middle:] if last else sentences[:middle]))


def _ending(article: Article, share: float) -> Passage:
    """The last sentences, as many as fit into what the encoder reads, by characters."""
    room = share * len(article.abstract) - len(article.title)
    sentences = _sentences(article)
    from_end = list(accumulate(len(sentence) + 1 for sentence in reversed(sentences)))
    fitting = max(1, sum(length <= room for length in from_end))
    return Passage(article.title, " ".join(sentences[-fitting:]))


def _conclusion(article: Article) -> Passage:
    return Passage(article.title, " ".join(_sentences(article)[-_CONCLUSION:]))


def _lexical(articles: Sequence[Article], topics: Topics) -> Scores:
    """BM25 of the title twice and the abstract, as pathlit's own index scores them."""
    analyzer = Analyzer()
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index([analyzer.terms(f"{a.title} {a.title} {a.abstract}") for a in articles], show_progress=False)
    return np.stack([index.get_scores(analyzer.terms(text)) for text in topics.queries.values()])


def _runs(articles: Sequence[Article], topics: Topics, legs: Mapping[str, Scores]) -> dict[str, dict[str, float]]:
    """Each leg's best hundred, scored by the other leg as well, and fused."""
    runs = {}
    for row, key in enumerate(topics.queries):
        found = {int(i) for scores in legs.values() for i in np.argsort(-scores[row], kind="stable")[:_DEPTH]}
        ranked = {
            leg: sorted((Scored(i, float(scores[row, i])) for i in found), key=lambda one: (-one.score, one.pmid))
            for leg, scores in legs.items()
        }
        fused = minmax(ranked, DEFAULT_WEIGHTS)[:_DEPTH]
        runs[key] = {articles[one.pmid].id: one.score for one in fused}
    return runs


def _ndcg(run: Mapping[str, Mapping[str, float]], topics: Topics) -> list[float]:
    values = ranked_values(run, topics.qrels)["nDCG@10"]
    return [values[key] for key in topics.qrels]


def _difference(values: Sequence[float], first: Sequence[float]) -> Interval:
    return interval([a - b for a, b in zip(values, first, strict=True)])


def _told(found: Interval, difference: Interval) -> str:
    return (
        f"{found.mean:.4f} [{found.low:.3f}, {found.high:.3f}]  "
        f"{difference.mean:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
    )


if __name__ == "__main__":
    main()
