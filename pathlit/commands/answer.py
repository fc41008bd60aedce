"""`pathlit answer`: sentences that the literature supports, each checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.schemas import answer_view
from pathlit.commands.options import AsJson, Home
from pathlit.commands.search_image import read_image
from pathlit.console import err, out, print_answer
from pathlit.progress import WorkProgress
from pathlit.render_answer import render_answer
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.answer.asked_image import AskedImage, AskedSlide, ask_with_picture
from retrieval.answer.records import Question
from retrieval.errors import InputError
from retrieval.image.asking import Part
from retrieval.records import Filters, IntegrityPolicy


def answer(
    question: Annotated[list[str] | None, typer.Argument(help="The question, quoted or not.")] = None,
    image: Annotated[Path | None, typer.Option(help="An image that the question is about.")] = None,
    region: Annotated[str, typer.Option(help='A box of the image in pixels: "x,y,w,h".')] = "",
    region_text: Annotated[str, typer.Option(help='What of the image is meant: "glands".')] = "",
    slide: Annotated[Path | None, typer.Option(help="A whole slide in place of an image.")] = None,
    year_from: Annotated[int | None, typer.Option("--from", help="Papers of this year or later.")] = None,
    year_to: Annotated[int | None, typer.Option("--to", help="Papers of this year or earlier.")] = None,
    sources: Annotated[int, typer.Option(min=1, max=20, help="Papers that the answer may rest on.")] = 8,
    sentences: Annotated[int, typer.Option(min=1, max=12, help="Sentences, at most.")] = 6,
    policy: Annotated[
        IntegrityPolicy,
        typer.Option(
            "--retracted", help="Retracted papers: left out, shown and never rested upon, or used like others."
        ),
    ] = IntegrityPolicy.EXCLUDE,
    details: Annotated[bool, typer.Option("--details", help="Also what was left out, and every incident.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question from the published generation; every sentence is checked against the papers that it cites.

    Without a language model the sentences are quotations. PATHLIT_LLM__URL and PATHLIT_LLM__MODEL name one, on any
    server that speaks OpenAI's protocol; what it writes is kept only where a paper says it. Where the literature does
    not answer, that is said, and why.

    \b
        pathlit answer "Which markers separate lung adenocarcinoma from squamous cell carcinoma?"
        pathlit answer --from 2015 --details does tumour budding predict nodal metastasis
        pathlit answer --image patch.png which markers confirm this
        PATHLIT_LLM__URL=http://127.0.0.1:11434/v1 PATHLIT_LLM__MODEL=llama3.1 pathlit answer ...
    """
    if image and slide:
        raise InputError("--image and --slide are given; ask with one of them")
    if (region or region_text) and not image:
        raise InputError("--region and --region-text point into an image; give --image FILE")
    place = HomeFolder(read_settings(home))
    asked = Question(
        text=" ".join(question or ()),
        filters=Filters(year_from=year_from, year_to=year_to, integrity=policy),
        sources=sources,
        sentences=sentences,
    )
    searcher = place.open_searcher()
    answerer = place.answerer(searcher)
    with WorkProgress(err).shown() as progress:
        picture: AskedImage | None = None
        if image:
            picture = ask_with_picture(read_image(image), Part(region, region_text))
        elif slide:
            picture = AskedSlide(slide, lambda done, total: progress.stage("tiles", done, total))
        answered = answerer.answer(asked, picture)
    if as_json:
        print_answer(answer_view(answered), answered.generation)
    else:
        render_answer(answered, out, details=details)
