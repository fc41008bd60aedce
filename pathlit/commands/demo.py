"""`pathlit demo`: real retrieval in one command, on PubMed records where NCBI can be reached."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from PIL import Image
from rich.rule import Rule
from rich.text import Text

from indexing.catalog import Catalog
from indexing.entrez.source import EntrezSource
from indexing.ingest import ingest
from pathlit.commands.index import publish
from pathlit.commands.options import Home
from pathlit.console import err, note, out
from pathlit.progress import WorkProgress
from pathlit.render import render_result
from pathlit.render_answer import render_answer
from pathlit.render_image import render_image_result
from pathlit.settings import EntrezSettings, Settings, read_settings
from pathlit.wiring import HomeFolder
from retrieval.answer.records import Question
from retrieval.errors import SourceError
from retrieval.image.asking import prepare
from retrieval.image.records import ImageQuery
from retrieval.records import Filters, IntegrityPolicy, Query
from training.synthetic_tissue import synthetic_patch

_PER_TOPIC: Final = 50
_TOPICS: Final = (
    "lung adenocarcinoma squamous cell carcinoma immunohistochemistry TTF-1 p40",
    "breast carcinoma HER2 Ki-67 immunohistochemistry",
    "colorectal carcinoma tumor budding mismatch repair",
    "melanoma SOX10 PRAME immunohistochemistry",
    "prostate biopsy Gleason grading",
    "thyroid fine needle aspiration Bethesda",
    "cervical cytology liquid-based p16",
    "diffuse large B-cell lymphoma classification",
    "glioma IDH1 ATRX classification",
    "deep learning whole slide image pathology",
)
_FETCHED: Final = ("PubMed, demonstration topics", "1")
_QUESTIONS: Final = (
    "Which markers separate lung adenocarcinoma from squamous cell carcinoma?",
    "HER2 and Ki-67 in breast cancer",
    '"mismatch repair" tumour budding colorectal',
)
_UNANSWERABLE: Final = "What is the boiling point of liquid helium?"
_DRAWN: Final = 2_026
"""A seed that the packaged adapter did not learn from."""
_RETRACTED_QUESTION: Final = "single TGF-β1 immunostain predicts microsatellite instability"


def demo(home: Home = None) -> None:
    """Index about 500 PubMed records (or, without a network, demonstration texts) and search them.

    Everything goes to a folder of its own below the home folder; nothing else is touched.
    """
    settings = read_settings(home)
    place = _with_pubmed(settings) or _with_texts(settings)
    searcher = place.open_searcher()
    for question in _QUESTIONS:
        out.print(Rule(Text(question, style="bold"), align="left"))
        render_result(searcher.search(Query(text=question, limit=3)), out)
        out.print()
    labelled = Query(text=_RETRACTED_QUESTION, limit=2, filters=Filters(integrity=IntegrityPolicy.LABEL))
    if any(hit.integrity.related_pmids for hit in searcher.search(labelled).hits):
        out.print(Rule(Text("Retracted articles are left out; on demand, labelled", style="bold"), align="left"))
        render_result(searcher.search(labelled), out)
        out.print()
    _ask_with_image(place)
    _answer(place)
    _suggest(place.home)


def _ask_with_image(place: HomeFolder) -> None:
    """With a drawing, since no real image may be part of the project."""
    kind = "lung_squamous"
    pixels = synthetic_patch(kind, seed=_DRAWN)
    path = place.home / "drawn-lung-squamous.png"
    Image.fromarray(pixels).save(path)
    out.print(Rule(Text("The same with an image: a drawing of squamous cell carcinoma", style="bold"), align="left"))
    images = place.image_search(place.open_searcher())
    prepared = prepare(path.read_bytes())
    render_image_result(images.search(ImageQuery(limit=3), prepared.views, prepared.gate.findings), (), out)
    out.print()


def _answer(place: HomeFolder) -> None:
    """Without a language model: in the papers' own words."""
    answerer = place.answerer(place.open_searcher())
    for question in (_QUESTIONS[0], _UNANSWERABLE):
        out.print(Rule(Text(f"Answered from the papers: {question}", style="bold"), align="left"))
        render_answer(answerer.answer(Question(question, sentences=3)), out)
        out.print()


def _settings(settings: Settings, folder: str) -> Settings:
    """Of a home folder below the one that is configured; images go by the packaged adapter where no other is named."""
    image_encoder = settings.image_encoder or "demonstration"
    return settings.model_copy(update={"home": settings.home / folder, "image_encoder": image_encoder})


def _with_pubmed(settings: Settings) -> HomeFolder | None:
    """Fetch and index records from NCBI; None, with a word of why, where that fails."""
    place = HomeFolder(_settings(settings, "demo-pubmed"))
    place.make_home()
    try:
        with place.open_catalog() as catalog, WorkProgress(err).shown() as progress:
            if not catalog.is_complete(*_FETCHED):
                _fetch(catalog, settings.entrez, progress)
            built = publish(place, catalog, progress)
    except SourceError as exc:
        note("NCBI cannot be used:", str(exc))
        return None
    out.print(f"{built.articles:,} PubMed records on pathology, indexed in {place.home}.\n")
    return place


def _fetch(catalog: Catalog, entrez: EntrezSettings, progress: WorkProgress) -> None:
    key = entrez.api_key.get_secret_value() if entrez.api_key else None
    # The first request only finds out whether NCBI is there, and gives up soon.
    probe = EntrezSource(
        entrez.email, api_key=key, base_url=entrez.url, timeout=4.0, connect_timeout=2.0, max_attempts=1
    )
    pmids = dict.fromkeys(probe.search(_TOPICS[0], limit=_PER_TOPIC).pmids)
    source = EntrezSource(entrez.email, api_key=key, base_url=entrez.url)
    for topic in _TOPICS[1:]:
        pmids |= dict.fromkeys(source.search(topic, limit=_PER_TOPIC).pmids)
    records = source.fetch(
        list(pmids),
        on_reject=lambda error: note("rejected", str(error)),
        on_missing=lambda missing: note("not returned by PubMed:", f"{len(missing)} records"),
        progress=lambda done: progress.stage("Fetching from PubMed", done, len(pmids)),
    )
    catalog.apply(records, source=_FETCHED[0])
    catalog.mark_complete(*_FETCHED)


def _with_texts(settings: Settings) -> HomeFolder:
    place = HomeFolder(_settings(settings, "demo-texts"))
    place.make_home()
    corpus = Path(str(files("pathlit") / "demo_corpus.xml"))
    with place.open_catalog() as catalog, WorkProgress(err).shown() as progress:
        ingest([corpus], catalog, progress=progress.file)
        built = publish(place, catalog, progress)
    out.print(
        f"Using the [bold]demonstration corpus[/] instead: {built.articles:,} texts written for this purpose. They are "
        f"not publications, their PMIDs are made up. Indexed in {place.home}.\n"
    )
    return place


def _suggest(home: Path) -> None:
    out.print(Rule(Text("Try next", style="bold"), align="left"))
    for command in _next_commands(home):
        out.print(f"  {command}", markup=False, soft_wrap=True)


def _next_commands(home: Path) -> Iterator[str]:
    at = f"--home {shlex.quote(str(home))}"
    yield f"uv run pathlit search {at} 'frozen section pitfalls'"
    yield f"uv run pathlit search {at} --from 2015 --type Review 'thyroid cytology' --json"
    drawing = shlex.quote(str(home / "drawn-lung-squamous.png"))
    yield f"PATHLIT_IMAGE_ENCODER=demonstration uv run pathlit search {at} --image {drawing} 'targeted therapy'"
    yield f"uv run pathlit answer {at} 'How is tumour budding reported in colorectal carcinoma?'"
    yield f"uv run pathlit serve {at}        # then open http://127.0.0.1:8000/docs"
    yield "uv run pathlit index FILES       # your own PubMed XML or JSON lines"
    yield "uv run pathlit doctor            # is everything in order?"
