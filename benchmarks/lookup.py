"""Citation look-up on real data: which sentences need a citation, which papers are found, and what is said of them.

python -m benchmarks.lookup HOME [CLAIMS]     HOME: a folder with a published generation of abstracts.jsonl.gz

need      899 abstracts of PubMed with sections that NLM labels, read as drafts without their labels: the share of
          sentences that are said to need a citation. BACKGROUND with an OBJECTIVE of its own beside it holds what is
          known, METHODS and RESULTS what the authors did. And the claims of SciFact and HealthVer, each by itself.
papers    SciFact's claims as sentences: is an abstract that the claim was judged against among the first 3 or 10
          papers, and shown as supporting where its label says so, or, worse, where it contradicts.
cited     The same claims citing that abstract by its id: the verdict on an existing reference.
The packaged verifier is trained on SciFact's training claims, among others: the last two tell of finding, ranking and
showing, and of verdicts only on claims like those it knows.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

from benchmarks.data import DATA, heading
from evaluation.significance import interval
from indexing.ingest import find_files, read_file
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.lookup.draft import read_draft
from retrieval.lookup.lookup import CitationLookup
from retrieval.lookup.need import assess
from retrieval.lookup.records import MOST_PAPERS, Assessment, LookupRequest, Need
from retrieval.records import Article
from retrieval.sentences import split_sentences
from retrieval.verify.base import Claim, Verdict

_CLAIMS: Final = 400


def main() -> None:
    print(heading("Citation look-up"), flush=True)
    _need()
    if len(sys.argv) > 1:
        _papers(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else _CLAIMS)


def _need() -> None:
    articles: dict[int, Article] = {}
    for path in find_files([DATA / "pubmed_xml"]):
        if "malformed" not in path.parts:
            for record in read_file(path, lambda error: None):
                if isinstance(record, Article) and any(section.category for section in record.sections):
                    articles[record.pmid] = record
    print(f"\n  need: {len(articles):,} abstracts; share of sentences that need a citation")
    for told in (False, True):
        flagged: defaultdict[str, list[float]] = defaultdict(list)
        for article in articles.values():
            for kind, assessment in _assessed(article, told=told):
                flagged[kind].append(assessment.need is Need.NEEDED)
        for kind, values in sorted(flagged.items()):
            _line(f"{kind}{' (its heading given)' if told else ''}", values)
    for source in ("scifact", "healthver"):
        claims = sorted({pair["claim"] for pair in _pairs() if pair["source"] == source})
        _line(f"claims of {source}", [assess(claim).need is Need.NEEDED for claim in claims])


def _assessed(article: Article, *, told: bool) -> list[tuple[str, Assessment]]:
    has_objective = any(section.category == "OBJECTIVE" for section in article.sections)
    found: list[tuple[str, Assessment]] = []
    before: Assessment | None = None
    for section in article.sections:
        kind = section.category
        if kind in ("", "UNASSIGNED"):
            before = None
            continue
        name = "LITERATURE" if kind == "BACKGROUND" else kind
        for start, end in split_sentences(section.text):
            before = assess(section.text[start:end], section=name if told else "", before=before)
            found.append((f"{kind} beside OBJECTIVE" if kind == "BACKGROUND" and has_objective else kind, before))
    return found


def _papers(home: Path, most: int) -> None:
    place = HomeFolder(read_settings(home))
    searcher = place.open_searcher()
    lookup = CitationLookup(searcher, place.verifier)
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for pair in _pairs():
        if pair["source"] == "scifact":
            labels[pair["claim"]][f"scifact:{pair['id'].rpartition('-')[2]}"] = pair["label"]
    claims = sorted(labels)
    chosen = Random(0).sample(claims, min(most, len(claims)))
    among3, among10, supported, wrongly, shown, seconds = ([] for _ in range(6))
    cited: defaultdict[str, list[Verdict]] = defaultdict(list)
    for claim in chosen:
        started = perf_counter()
        (report,) = lookup.look_up(LookupRequest(text=claim.replace("\n", " "), papers=10)).sentences[:1] or (None,)
        seconds.append(perf_counter() - started)
        if report is None:
            continue
        by_id = {paper.article.id: (i, paper) for i, paper in enumerate(report.papers)}
        places = [by_id[key][0] for key in labels[claim] if key in by_id]
        among3.append(any(i < 3 for i in places))
        among10.append(any(i < MOST_PAPERS for i in places))
        for key, label in labels[claim].items():
            is_shown = key in by_id and by_id[key][1].supports
            if label == "support":
                supported.append(is_shown)
            elif label == "contradict":
                wrongly.append(is_shown)
            if key in by_id and by_id[key][1].judgement.verdict is Verdict.SUPPORTED:
                shown.append(label == "support")
            index = searcher.article(key)
            (judgement,) = place.verifier.judge([Claim(claim, index.article)])
            cited[label].append(judgement.verdict)
    print(f"\n  papers: {len(chosen)} claims of SciFact, verifier {place.verifier.id}")
    _line("its abstract among the first 3", among3)
    _line("its abstract among the first 10", among10)
    _line("labelled support, shown as supporting", supported)
    _line("labelled contradict, shown as supporting", wrongly)
    _line("judged abstracts shown as supporting that are", shown)
    print("\n  cited: verdicts on the paper itself")
    for label, verdicts in sorted(cited.items()):
        for verdict in Verdict:
            _line(f"{label}: {verdict}", [found is verdict for found in verdicts])
    ordered = sorted(seconds)
    print(f"\n  seconds a sentence: median {ordered[len(ordered) // 2]:.3f}, 95th percentile "
          f"{ordered[int(len(ordered) * 0.95)]:.3f}")  # fmt: skip
    _draft(lookup, chosen)


def _draft(lookup: CitationLookup, claims: Sequence[str]) -> None:
    text = "\n\n".join(" ".join(claims[i : i + 5]) for i in range(0, min(50, len(claims)), 5))
    started = perf_counter()
    result = lookup.look_up(LookupRequest(text=text))
    spent = perf_counter() - started
    print(f"  a draft of {len(read_draft(text).sentences)} sentences: {spent:.1f} s, "
          f"{sum(s.looked_up for s in result.sentences)} looked up")  # fmt: skip


def _pairs() -> list[dict[str, str]]:
    with gzip.open(DATA / "claim_evidence_pairs" / "pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _line(name: str, values: Sequence[float]) -> None:
    if not values:
        return
    found = interval([float(value) for value in values])
    print(f"    {name:48s} {found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]  n={len(values)}", flush=True)


if __name__ == "__main__":
    main()
