"""What a static student costs and gives: articles a second, and nDCG@10 of meaning alone and of both legs.

python -m benchmarks.distill STUDENT [FOLDER]     distilled before: pathlit distill STUDENT --home LIBRARY

Both encoders are timed in this run, in turns. FOLDER keeps the two libraries (by default below .cache). The articles
are SciFact's, the questions its training claims, which no student is distilled from.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.data import CACHE, DATA, heading
from evaluation.datasets import Topics, read_beir
from evaluation.experiment import run_topics
from evaluation.measures import ranked_values
from evaluation.significance import interval
from indexing.build import build_generation
from indexing.ingest import ingest
from pathlit.settings import Settings
from pathlit.wiring import HomeFolder
from retrieval.encoders.base import Encoder, Passage
from retrieval.encoders.text import DEFAULT_MODEL

_TURNS: Final = 3
_SLOW: Final = 64
_FAST: Final = 5_000
LEGS: Final = (("lexical",), ("dense",), ("lexical", "dense"))


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = Path(sys.argv[2]) if len(sys.argv) == 3 else CACHE / "distill"
    print(heading(f"Distillation: {DEFAULT_MODEL} and its student {Path(sys.argv[1]).name}, SciFact train claims"))
    topics = read_beir(DATA / "scifact" / "queries_train.tsv.gz", DATA / "scifact" / "qrels_train.tsv")
    places = [_indexed(folder / "teacher", DEFAULT_MODEL), _indexed(folder / "student", sys.argv[1])]
    slow, fast = _rates(places)
    print(
        f"\n  articles/s, median of {_TURNS}: teacher {slow:,.0f}, student {fast:,.0f}: {fast / slow:.0f} times as many"
    )
    print("\n  legs              teacher  student  difference, 95 % interval")
    for legs in LEGS:
        teacher, student = (_values(place, topics, legs) for place in places)
        change = interval([student[key] - teacher[key] for key in teacher])
        means = f"{statistics.fmean(teacher.values()):.4f}   {statistics.fmean(student.values()):.4f}"
        print(f"  {' + '.join(legs):<17} {means}   {change.mean:+.4f} ({change.low:+.4f} to {change.high:+.4f})")


def _indexed(home: Path, encoder: str) -> HomeFolder:
    # As fused: reranking by another encoder would hide what the student lacks.
    place = HomeFolder(Settings(home=home, encoder=encoder, reranker="none"))
    place.make_home()
    with place.open_catalog() as catalog:
        ingest([DATA / "scifact" / "corpus.jsonl.gz"], catalog)
        build_generation(catalog, place.store, place.embeddings, place.analyzer, place.encoder)
    return place


def _rates(places: list[HomeFolder]) -> tuple[float, float]:
    """Articles a second of teacher and student: the same articles, taken in turns, since other work may come and go."""
    with places[0].open_catalog(read_only=True) as catalog:
        passages = [Passage(entry.article.title, entry.article.abstract) for entry in catalog.articles()]
    # Every so many, so that short and long ones are as frequent as in all.
    some = passages[:: max(1, len(passages) // _SLOW)][:_SLOW]
    slow, fast = [], []
    for _ in range(_TURNS):
        slow.append(_rate(places[0].encoder, some))
        fast.append(_rate(places[1].encoder, passages[:_FAST]))
    return statistics.median(slow), statistics.median(fast)


def _rate(encoder: Encoder, passages: list[Passage]) -> float:
    began = perf_counter()
    encoder.encode_documents(passages)
    return len(passages) / (perf_counter() - began)


def _values(place: HomeFolder, topics: Topics, legs: tuple[str, ...]) -> dict[str, float]:
    run = run_topics(place.open_searcher(), topics, legs=legs).run
    return dict(ranked_values(run, topics.qrels)["nDCG@10"])


if __name__ == "__main__":
    main()
