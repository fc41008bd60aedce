"""Quality and latency on real questions, each leg alone and both, beside bm25s on the same terms in the same run.

python -m benchmarks.quality        the first run encodes 28,000 abstracts, later ones keep them in .cache
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import bm25s

from benchmarks.data import CACHE, DATA, heading
from evaluation.datasets import Topics, read_beir, read_pubmedqa
from evaluation.experiment import ndcg, run_topics
from indexing.build import build_generation
from indexing.ingest import ingest
from pathlit.settings import Settings
from pathlit.wiring import HomeFolder
from retrieval.records import Article

_WARMED_UP_BY = 20


def main() -> None:
    print(heading("Retrieval quality, nDCG@10, and median latency per query, evidence included"))
    scifact = read_beir(DATA / "scifact" / "queries_train.tsv.gz", DATA / "scifact" / "qrels_train.tsv")
    _task("SciFact train claims", DATA / "scifact" / "corpus.jsonl.gz", scifact)
    pubmedqa = read_pubmedqa(DATA / "pubmedqa" / "ori_pqal.json.gz")
    _task("PubMedQA known item", DATA / "abstracts.jsonl.gz", pubmedqa)


def _task(name: str, corpus: Path, topics: Topics) -> None:
    place = HomeFolder(Settings(home=CACHE / name.split()[0].lower()))
    place.make_home()
    with place.open_catalog() as catalog:
        ingest([corpus], catalog)
        build_generation(catalog, place.store, place.embeddings, place.analyzer, place.encoder)
        articles = [entry.article for entry in catalog.articles()]
    searcher = place.open_searcher()
    print(f"\n{name}: {len(topics.queries):,} questions, {len(articles):,} articles")
    few = Topics(dict(list(topics.queries.items())[:_WARMED_UP_BY]), topics.qrels)
    run_topics(searcher, few)
    for legs in (("lexical",), ("dense",), ("lexical", "dense")):
        outcome = run_topics(searcher, topics, legs=legs)
        print(f"  {' + '.join(legs):<20} {ndcg(outcome.run, topics.qrels):.4f}   {outcome.median_ms:5.1f} ms")
    quality, median = _bm25s(place, articles, topics)
    print(f"  {'bm25s, same terms':<20} {quality:.4f}   {median:5.1f} ms (no articles fetched, no evidence)")


def _bm25s(place: HomeFolder, articles: Sequence[Article], topics: Topics) -> tuple[float, float]:
    analyzer = place.analyzer
    fields = [analyzer.combine(analyzer.text(a.title), analyzer.text(a.abstract)) for a in articles]
    documents = [" ".join(values).split() for values in fields]
    peer = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    peer.index(documents, show_progress=False)
    run: dict[str, dict[str, float]] = {}
    latencies: list[float] = []
    for key, text in topics.queries.items():
        start = perf_counter()
        rows, _ = peer.retrieve([analyzer.query_terms(text)], k=10, show_progress=False)
        latencies.append((perf_counter() - start) * 1000)
        run[key] = {articles[row].id: 1 / rank for rank, row in enumerate(rows[0], start=1)}
    return ndcg(run, topics.qrels), statistics.median(latencies)


if __name__ == "__main__":
    main()
