"""A few articles for the joint space, one of them retracted, and figures of two: for every test of it."""

from __future__ import annotations

from retrieval.records import Article, Section, Term
from tests.fakes import article
from tests.retrieval.image.image_fakes import LUNG, SKIN, figure, patch, png

RETRACTED = Article(
    pmid=9,
    title="Lung adenocarcinoma.",
    sections=(Section(text="Lung adenocarcinoma was seen wherever we looked for it."),),
    publication_types=(Term(name="Retracted Publication", ui="D016441"),),
)
ARTICLES = [
    article(1, "Lung adenocarcinoma.", "Smokers have lung tumours more often than others.", year=2001),
    article(2, "A case.", "We saw a lung adenocarcinoma in a woman. She was well after surgery of it.", year=2002),
    article(3, "Colon adenocarcinoma.", "Polyps of the colon come before it in many cases.", year=2003),
    article(4, "Skin melanoma.", year=2004),
    RETRACTED,
]
IMAGE = figure(4, "Surface.", name="fig1")
SAID = figure(4, "Unlike lung adenocarcinoma.", name="fig2")
FIGURES = (
    {IMAGE: png(patch(SKIN)), SAID: None},
    # Retracted by PubMed alone: the figures' source does not know it yet.
    {figure(9, "Lung adenocarcinoma."): png(patch(LUNG, 1))},
)
"""Of one article each."""
