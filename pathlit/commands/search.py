"""`pathlit search` and `pathlit show`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from api.schemas import article_view, search_view
from pathlit.commands.figures import render_figures
from pathlit.commands.options import AsJson, Home
from pathlit.commands.search_image import (
    Genes,
    Image,
    ImageAsked,
    ImageWeight,
    Mpp,
    Overlay,
    Region,
    RegionText,
    Slide,
    read_genes,
    search_with_image,
)
from pathlit.console import out, print_answer
from pathlit.render import render_article, render_result
from pathlit.render_image import render_regions
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import InputError
from retrieval.image.asking import Part
from retrieval.image.records import ImageQuery
from retrieval.query import FIELDS
from retrieval.records import FACETS, LEGS, Filters, IntegrityPolicy, IntegrityStatus, Query


class Leg(StrEnum):
    LEXICAL = "lexical"
    DENSE = "dense"


class FusionName(StrEnum):
    MINMAX = "minmax"
    RRF = "rrf"


Words = Annotated[list[str] | None, typer.Argument(help="The question, in plain words or the query language below.")]
Limit = Annotated[int, typer.Option("--limit", "-n", help="How many hits, at most 1,000.")]
YearFrom = Annotated[int | None, typer.Option("--from", help="Published in this year or later.")]
YearTo = Annotated[int | None, typer.Option("--to", help="Published in this year or earlier.")]
Mesh = Annotated[list[str] | None, typer.Option(help="MeSH heading; repeat for alternatives.")]
MeshExplode = Annotated[
    bool, typer.Option("--mesh-explode/--no-mesh-explode", help="Find the headings below a MeSH heading as well.")
]
Types = Annotated[list[str] | None, typer.Option("--type", help='Publication type, such as "Case Reports".')]
Species = Annotated[list[str] | None, typer.Option("--species", help="human, animal, mouse and others.")]
Organs = Annotated[list[str] | None, typer.Option("--organ", help="lung, breast, colorectum and others.")]
Studies = Annotated[list[str] | None, typer.Option("--study", help='Study type, such as "case report".')]
Journals = Annotated[list[str] | None, typer.Option("--journal", help="Journal title, abbreviation or ISSN.")]
Languages = Annotated[list[str] | None, typer.Option("--language", help="Three-letter code, such as eng.")]
Pmids = Annotated[list[int] | None, typer.Option("--pmid", help="Only these articles.")]
NotPmids = Annotated[list[int] | None, typer.Option("--not-pmid", help="Never these articles.")]
Integrity = Annotated[
    IntegrityPolicy, typer.Option("--retracted", help="Leave retracted articles out, or show them with a label.")
]
Statuses = Annotated[
    list[IntegrityStatus] | None, typer.Option("--status", help="Only articles of this standing, such as corrected.")
]
Legs = Annotated[list[Leg] | None, typer.Option("--leg", help="Search by words or by meaning alone. [default: both]")]
FusionOption = Annotated[FusionName, typer.Option("--fusion", help="How the two legs are combined.")]
Expand = Annotated[
    bool, typer.Option("--expand/--no-expand", help="Search names by their synonyms as well: HER2 as ERBB2, CD340.")
]
Rerank = Annotated[
    bool, typer.Option("--rerank/--no-rerank", help="Read the best hits once more, sentence by sentence.")
]
WithFacets = Annotated[
    bool,
    typer.Option("--facets", help="Count years, journals, organs, study types and others over all matching articles."),
]
WithTopUp = Annotated[
    bool,
    typer.Option(
        "--top-up",
        help="List what PubMed has and the index not yet, too. Sends the words of your query over the network to NCBI.",
    ),
]


def search(
    words: Words = None,
    image: Image = None,
    slide: Slide = None,
    region: Region = "",
    region_text: RegionText = "",
    genes: Genes = "",
    image_weight: ImageWeight = 0.5,
    mpp: Mpp = None,
    overlay: Overlay = None,
    limit: Limit = 10,
    year_from: YearFrom = None,
    year_to: YearTo = None,
    mesh: Mesh = None,
    mesh_explode: MeshExplode = True,
    types: Types = None,
    species: Species = None,
    organs: Organs = None,
    studies: Studies = None,
    journals: Journals = None,
    languages: Languages = None,
    pmids: Pmids = None,
    not_pmids: NotPmids = None,
    retracted: Integrity = IntegrityPolicy.EXCLUDE,
    statuses: Statuses = None,
    legs: Legs = None,
    fusion: FusionOption = FusionName.MINMAX,
    expand: Expand = True,
    rerank: Rerank = True,
    facets: WithFacets = False,
    top_up: WithTopUp = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    place = HomeFolder(read_settings(home))
    filters = Filters(
        year_from=year_from,
        year_to=year_to,
        mesh=tuple(mesh or ()),
        mesh_explode=mesh_explode,
        publication_types=tuple(types or ()),
        species=tuple(species or ()),
        organs=tuple(organs or ()),
        study_types=tuple(studies or ()),
        journals=tuple(journals or ()),
        languages=tuple(languages or ()),
        pmids=tuple(pmids or ()),
        exclude_pmids=tuple(not_pmids or ()),
        integrity_statuses=tuple(statuses or ()),
        integrity=retracted,
    )
    text = " ".join(words or ())
    if image or slide or genes:
        query_with_image = ImageQuery(
            words=text,
            genes=read_genes(genes),
            image_weight=image_weight,
            limit=limit,
            filters=filters,
            expand=expand,
        )
        asked = ImageAsked(image, slide, Part(region, region_text, mpp), overlay)
        search_with_image(place, asked, query_with_image, as_json=as_json)
        return
    if not text.strip():
        raise InputError("nothing is asked: give words, --image FILE, --slide FILE or --genes LIST")
    query = Query(
        text=text,
        limit=limit,
        filters=filters,
        legs=tuple(leg.value for leg in legs) if legs else LEGS,
        fusion=fusion.value,
        expand=expand,
        rerank=rerank,
        facets=FACETS if facets else (),
    )
    searcher = place.open_searcher()
    result = searcher.search(query)
    if top_up:
        result = searcher.top_up(result, place.top_up)
    if as_json:
        print_answer(search_view(result), result.generation)
    else:
        render_result(result, out)


search.__doc__ = """Search the published generation.

    Plain words rank; the rest are conditions that every hit meets:

    \b
        "in a row"        -without        field:value        field:"some value"

    Fields: {fields}.

    \b
        pathlit search which markers separate lung adenocarcinoma from squamous cell carcinoma
        pathlit search 'PD-L1 "combined positive score" year:2018.. -melanoma'
        pathlit search --facets 'PD-L1 species:human study:"case report"'

    An image, or a slide, may stand beside the words or in their place, where an image encoder is configured:

    \b
        pathlit search --image patch.png
        pathlit search --image patch.png --region-text glands --overlay glands.png which markers help
        pathlit search --slide case.svs --genes "ERBB2:4.1, KRT5 -3.0" partial response to chemotherapy
    """.format(fields="; ".join(f"{name} ({what})" for name, what in FIELDS.items()))


def show(
    identifier: Annotated[str, typer.Argument(help="A PMID such as 29952771, or a local id such as scifact:4983.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show one article of the published generation in full, retracted or not."""
    place = HomeFolder(read_settings(home))
    generation = place.store.current()
    found = place.article(identifier, generation)
    if as_json:
        print_answer(article_view(found), generation)
    else:
        render_article(found, out)
        render_figures(place, found.article.pmid, out)


def regions() -> None:
    """List what of an image words can point at (`search --region-text`), each with how it was checked."""
    render_regions(out)
