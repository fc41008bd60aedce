"""`pathlit status`, `rollback` and `serve`: what an operator types."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from pathlit.commands.options import AsJson, Home
from pathlit.console import note, out, print_json
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import GenerationError, NotPublishedError
from retrieval.index.manifest import Manifest


def status(home: Home = None, as_json: AsJson = False) -> None:
    """Say what is published, what it was built from, and what else could be rolled back to."""
    place = HomeFolder(read_settings(home))
    current = place.store.current()
    manifest = place.store.manifest(current)
    catalog_articles = None
    if place.catalog_path.exists():
        with place.open_catalog(read_only=True) as catalog:
            catalog_articles = len(catalog)
    if as_json:
        print_json(
            {
                "home": str(place.home),
                "current": current,
                "generations": place.store.all(),
                "catalog_articles": catalog_articles,
                "manifest": manifest,
            }
        )
        return
    for name, value in _facts(manifest, place, catalog_articles).items():
        out.print(Text.assemble((f"{name:<13}", "bold"), value))


def _facts(manifest: Manifest, place: HomeFolder, catalog_articles: int | None) -> dict[str, str]:
    encoder = manifest.encoder
    size = sum(file.bytes for file in manifest.files.values())
    others = [name for name in place.store.all() if name != manifest.generation]
    return {
        "home": str(place.home),
        "generation": f"{manifest.generation}, built {manifest.created}",
        "articles": f"{manifest.articles:,} ({size / 1e6:,.1f} MB)",
        "encoder": f"{encoder.id}, {encoder.dimension} dimensions, {encoder.licence}"
        if encoder
        else "none: words only",
        "analyzer": f"{manifest.analyzer} ({manifest.stemmer})",
        "current to": manifest.source or "not known",
        "catalog": f"{catalog_articles:,} articles" if catalog_articles is not None else "none",
        "also kept": ", ".join(others) or "no other generation",
    }


def rollback(
    to: Annotated[str | None, typer.Argument(help="Such as 000041. [default: the one before]")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Publish an earlier generation again; running servers follow within a second."""
    place = HomeFolder(read_settings(home))
    try:
        before = place.store.current()
    except GenerationError:
        # A lost or damaged pointer is what naming a generation mends.
        before = None
    after = place.store.rollback(to)
    if as_json:
        print_json({"before": before, "current": after})
    else:
        out.print(f"Generation [bold]{after}[/] is published; before it was {before or 'none'}.")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [default: 8000]")] = None,
    home: Home = None,
) -> None:
    """Serve the HTTP API; its documentation is at /docs. New generations are picked up without a restart."""
    from api.app import create_app
    from api.server import run

    settings = read_settings(home)
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    api_settings = settings.api.model_copy(update=changes)
    place = HomeFolder(settings)
    try:
        place.store.current()
    except NotPublishedError as exc:
        note("warning", f"{exc}; the server waits for it")
    except GenerationError as exc:
        note("warning", str(exc))
    run(create_app(place.live_searcher(), settings=api_settings), api_settings)
