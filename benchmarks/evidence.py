"""How often the chosen sentence is one that people marked, and how long choosing takes.

    python -m benchmarks.evidence

SciFact's training claims are split by the parity of their number, and the even ones were used to tune. Evidence
Inference has another kind of claim: intervention, comparator, outcome, direction. Each abstract stands among nine
others that BM25 finds for the same claim, as it would among a query's hits.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import bm25s

from retrieval.analysis import Analyzer
from retrieval.evidence import find_evidence
from retrieval.records import Article, Section
from retrieval.sentences import split_sentences

Span = tuple[int, int]
Chooser = Callable[["Case"], Sequence[Span]]
DATA = Path(os.environ.get("PATHLIT_DATA", Path(__file__).parents[2] / "shared" / "data"))
HITS = 10


class Case(NamedTuple):
    claim: str
    number: int
    article: Article
    marked: tuple[Span, ...]
    hits: tuple[Article, ...]
    """The article itself first, then what BM25 finds beside it."""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def article(pmid: int, title: str, abstract: str) -> Article:
    return Article(pmid=pmid, title=title, sections=(Section(abstract),))


def marked_spans(row: dict[str, Any]) -> tuple[Span, ...]:
    """Where the marked sentences stand in the abstract; those marked elsewhere in the paper are left out."""
    found = [(row["evidence"].find(s.strip()), len(s.strip())) for rationale in row["rationales"] for s in rationale]
    return tuple((start, start + length) for start, length in found if start >= 0)


def cases(source: str, analyzer: Analyzer) -> list[Case]:
    pairs = [r for r in rows(DATA / "claim_evidence_pairs" / "pairs.jsonl.gz") if r["source"] == source]
    texts = {r["evidence"]: r["title"] for r in pairs}
    if source == "scifact":
        texts |= {d["text"]: d["title"] for d in rows(DATA / "scifact" / "corpus.jsonl.gz")}
    corpus = [article(i, title, abstract) for i, (abstract, title) in enumerate(texts.items())]
    places = {a.abstract: i for i, a in enumerate(corpus)}
    index = bm25s.BM25()
    index.index([analyzer.terms(f"{a.title} {a.abstract}") for a in corpus], show_progress=False)
    found = []
    for row in pairs:
        marked = marked_spans(row)
        if not marked or len(split_sentences(row["evidence"])) < 3:
            continue
        place = places[row["evidence"]]
        nearest, _ = index.retrieve([analyzer.query_terms(row["claim"])], k=HITS, show_progress=False)
        beside = [corpus[int(i)] for i in nearest[0] if int(i) != place][: HITS - 1]
        number = int(row["id"].split("-")[0])
        found.append(Case(row["claim"], number, corpus[place], marked, (corpus[place], *beside)))
    return found


def is_marked(span: Span, marked: Sequence[Span]) -> bool:
    """Whether span and a marked sentence share more than half of the shorter of them."""
    start, end = span
    return any(2 * (min(end, e) - max(start, s)) > min(end - start, e - s) for s, e in marked)


def accuracy(chooser: Chooser, chosen_from: Sequence[Case]) -> tuple[float, float]:
    """Share of cases where the first, or one of the first two, sentences is marked."""
    first = both = 0
    for case in chosen_from:
        right = [is_marked(span, case.marked) for span in chooser(case)[:2]]
        first += any(right[:1])
        both += any(right)
    return first / len(chosen_from), both / len(chosen_from)


def chance(chosen_from: Sequence[Case]) -> tuple[float, float]:
    """What a draw of one, or two, sentences would reach on average."""
    first, both = [], []
    for case in chosen_from:
        right = [is_marked(span, case.marked) for span in split_sentences(case.article.abstract)]
        n, wrong = len(right), len(right) - sum(right)
        first.append(1 - wrong / n)
        both.append(1 - wrong * (wrong - 1) / (n * (n - 1)))
    return statistics.mean(first), statistics.mean(both)


def most_words(case: Case) -> Sequence[Span]:
    """The plainest baseline: the most words in common, letter case and punctuation ignored."""
    claim = set(re.findall(r"\w+", case.claim.lower()))
    abstract = case.article.abstract
    spans = split_sentences(abstract)
    return sorted(spans, key=lambda s: -len(claim.intersection(re.findall(r"\w+", abstract[s[0] : s[1]].lower()))))


def main() -> None:
    analyzer = Analyzer()
    scifact = cases("scifact", analyzer)
    parts = {
        "SciFact even": [c for c in scifact if c.number % 2 == 0],
        "SciFact odd": [c for c in scifact if c.number % 2],
        "Evidence Inf.": cases("evidence_inference_v2", analyzer),
    }

    def ours(case: Case) -> Sequence[Span]:
        chosen = find_evidence(case.claim, case.hits, analyzer)[0]
        return [(e.start, e.end) if e.field == "abstract" else (-1, -1) for e in chosen]

    choosers: dict[str, Chooser] = {
        "first": lambda case: split_sentences(case.article.abstract),
        "last": lambda case: split_sentences(case.article.abstract)[::-1],
        "most words": most_words,
        "pathlit": ours,
    }
    print(f"{'top 1 / top 2':14}" + "".join(f"{f'{name} ({len(part)})':>22}" for name, part in parts.items()))
    table = {"chance": [chance(part) for part in parts.values()]}
    table |= {name: [accuracy(chooser, part) for part in parts.values()] for name, chooser in choosers.items()}
    for name, measured in table.items():
        print(f"{name:14}" + "".join(f"{one:>14.3f} / {two:.3f}" for one, two in measured))

    times = []
    for case in scifact:
        began = time.perf_counter()
        find_evidence(case.claim, case.hits, analyzer)
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    print(
        f"evidence: {statistics.median(times):.2f} ms a query of {HITS} hits, "
        f"99th percentile {times[-len(times) // 100]:.2f}"
    )

    abstracts = [hit.abstract for case in scifact for hit in case.hits]
    began = time.perf_counter()
    for abstract in abstracts:
        split_sentences(abstract)
    print(f"sentences: {(time.perf_counter() - began) / len(abstracts) * 1e6:.1f} us an abstract")


if __name__ == "__main__":
    main()
