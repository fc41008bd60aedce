"""Lexical build: articles per second, analysis included, beside bm25s on the same articles in the same run.

python -m benchmarks.lexical [FILE.jsonl.gz]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

import bm25s
import Stemmer

from benchmarks.data import DATA, heading
from indexing.jsonl import read_jsonl
from retrieval.analysis import Analyzer
from retrieval.index.interface import IndexedArticle
from retrieval.index.lexical import LexicalWriter


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "abstracts.jsonl.gz"
    articles = [IndexedArticle(article=article) for article in read_jsonl(path)]
    print(heading(f"Lexical build of {len(articles):,} articles"))
    analyzer = Analyzer()
    for state in ("cold analyzer", "warm analyzer", "warm analyzer"):
        with tempfile.TemporaryDirectory() as folder:
            start = perf_counter()
            LexicalWriter(Path(folder) / "index", analyzer).write(articles)
            seconds = perf_counter() - start
        print(f"  pathlit, {state:<15} {len(articles) / seconds:>10,.0f} articles/s")
    start = perf_counter()
    texts = [f"{a.article.title} {a.article.abstract}" for a in articles]
    tokens = bm25s.tokenize(texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False)
    bm25s.BM25(method="lucene").index(tokens, show_progress=False)
    print(f"  bm25s, English stemmer   {len(articles) / (perf_counter() - start):>10,.0f} articles/s")


if __name__ == "__main__":
    main()
