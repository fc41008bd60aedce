"""A verifier that looks for words, and a small library to look things up in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from retrieval.records import Article, Author, Correction, Evidence, Journal, PartialDate, Section, Term
from retrieval.search import Searcher
from retrieval.verify.base import Claim, Judgement, Verdict
from tests.fakes import Corpus, HashingEncoder

SUPPORTING, PARTIAL, OPPOSED, RETRACTED, NOTICE = 201, 202, 203, 204, 205
CLAIM = "Markers of lung adenocarcinoma are stained by TTF-1."


def _article(pmid: int, title: str, abstract: str, author: str, **more: object) -> Article:
    return Article(
        pmid=pmid,
        title=title,
        sections=(Section(text=abstract),),
        authors=(Author(last_name=author, initials="J"),),
        journal=Journal(title="Modern pathology", abbreviation="Mod Pathol", volume=str(pmid)),
        published=PartialDate(sortable="2014-01-01", precision="year", raw="2014"),
        **more,  # type: ignore[arg-type]
    )


LIBRARY = (
    _article(
        SUPPORTING,
        "TTF-1 stains lung adenocarcinoma.",
        "We stained lung tumours. TTF-1 markers of lung adenocarcinoma: yes.",
        "Smith",
        doi="10.1000/smith",
    ),
    _article(PARTIAL, "Lung adenocarcinoma and its TTF-1 markers.", "TTF-1 in lung adenocarcinoma: maybe.", "Jones"),
    _article(OPPOSED, "TTF-1 fails in lung adenocarcinoma.", "TTF-1 markers of lung adenocarcinoma: no.", "Brown"),
    _article(
        RETRACTED,
        "TTF-1 markers always stain lung adenocarcinoma.",
        "TTF-1 markers of lung adenocarcinoma: yes.",
        "Fraud",
        publication_types=(Term(name="Retracted Publication", ui="D016441"),),
        corrections=(Correction(ref_type="RetractionIn", pmid=NOTICE),),
    ),
    _article(206, "Diffusion of water in the newborn brain.", "It rises with age.", "Other"),
)


class WordVerifier:
    """An abstract that says "yes" supports what speaks of TTF-1, "maybe" in part, "no" contradicts."""

    id = "words"

    def __init__(self) -> None:
        self.judged: list[Claim] = []

    def load(self) -> None:
        """Nothing to load."""

    def judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        self.judged += claims
        return [_judgement(claim.text, claim.article) for claim in claims]

    def judge_texts(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        raise NotImplementedError


def _judgement(claim: str, article: Article) -> Judgement:
    for word, verdict, support, contradict in (
        ("yes", Verdict.SUPPORTED, 0.9, 0.05),
        ("maybe", Verdict.PARTLY, 0.5, 0.1),
        ("no", Verdict.CONTRADICTED, 0.1, 0.8),
    ):
        if "TTF-1" in claim and article.abstract.endswith(f": {word}."):
            start = article.abstract.index("TTF-1 ")
            evidence = Evidence("abstract", start, len(article.abstract), article.abstract[start:], 1.0)
            return Judgement(verdict, support, contradict, round(1 - support - contradict, 2), evidence)
    return Judgement(Verdict.NOT_FOUND, 0.1, 0.1, 0.8)


def open_library(home: Path) -> Searcher:
    corpus = Corpus(home, HashingEncoder(dimension=16))
    corpus.publish(LIBRARY)
    return corpus.open_searcher()
