"""Drafts written article by article, and a process that gets half-way through one and waits to be killed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from retrieval.analysis import Analyzer
from retrieval.index.generations import Contents, Draft
from retrieval.index.interface import IndexedArticle
from retrieval.index.manifest import FORMAT_VERSION, Manifest
from retrieval.mesh_tree import MeshTree
from retrieval.records import Article
from tests.contracts.backends import opened
from tests.contracts.documents import paper
from tests.contracts.library import Library


def write(draft: Draft, library: Library, articles: Iterable[Article], pmids: Sequence[int]) -> None:
    """Without vectors; `pmids` are those of the articles."""
    indexed = (IndexedArticle(article) for article in articles)
    draft.write(Contents(indexed, np.array(pmids, dtype=np.int64), None, None, MeshTree()))
    draft.describe(
        Manifest(
            generation=draft.name,
            format_version=FORMAT_VERSION,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            analyzer=library.analyzer.fingerprint,
            stemmer=library.analyzer.stemmer,
            encoder=None,
            articles=len(pmids),
            vectors=0,
            source="",
            files={},
        )
    )


def build_half(address: str) -> None:
    """Starts a draft, writes some thousand articles, says so, and never ends."""

    def articles() -> Iterator[IndexedArticle]:
        for pmid in range(1, 5_001):
            yield IndexedArticle(paper(pmid, f"Half {pmid}.", "Stroma."))
        print("half way", flush=True)
        time.sleep(600)

    with opened(address).drafting(Analyzer()) as draft:
        (draft.scratch / "half").write_text("x")
        draft.write(Contents(articles(), np.arange(1, 10_001, dtype=np.int64), None, None, MeshTree()))
