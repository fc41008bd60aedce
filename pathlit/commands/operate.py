"""`pathlit status`, `rollback` and `serve`: what an operator types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from pathlit.commands.options import AsJson, Home
from pathlit.console import note, out, print_json
from pathlit.last_refresh import last_refresh
from pathlit.last_refresh import sentence as refresh_sentence
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import CatalogError, GenerationError, NotPublishedError
from retrieval.freshness import Freshness, freshness
from retrieval.index.manifest import Manifest


def status(
    fail_if_stale: Annotated[
        bool, typer.Option("--fail-if-stale", help="Exit with 1 where the index is stale, for monitoring.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what is published, what it is current to, how the last refresh ended, and what could be rolled back to.

    An index is stale once its newest source is older than the setting stale_after_days.
    """
    settings = read_settings(home)
    place = HomeFolder(settings)
    current = place.store.current()
    manifest = place.store.manifest(current)
    catalog_articles = None
    if place.catalog_path.exists():
        try:
            with place.open_catalog(read_only=True) as catalog:
                catalog_articles = len(catalog)
        except CatalogError as exc:
            # As in a home folder that is mounted for reading only; what is published can be told all the same.
            note("warning", str(exc))
    fresh = freshness(manifest, datetime.now(UTC), settings.stale_after_days)
    refreshed = last_refresh(place.home)
    if as_json:
        print_json(
            {
                "home": str(place.home),
                "current": current,
                "generations": place.store.all(),
                "catalog_articles": catalog_articles,
                "freshness": fresh,
                "last_refresh": refreshed,
                "manifest": manifest,
            }
        )
    else:
        for name, value in _facts(manifest, fresh, refreshed, place, catalog_articles).items():
            out.print(Text.assemble((f"{name:<13}", "bold"), value))
        if refreshed and refreshed.get("outcome") == "failed":
            note("warning", f"the last refresh failed: {refreshed.get('reason') or 'it left no reason'}")
        if fresh.stale:
            note("warning", f"the index is stale: {fresh.sentence}")
    if fail_if_stale and fresh.stale:
        raise typer.Exit(1)


def _facts(
    manifest: Manifest,
    fresh: Freshness,
    refreshed: dict[str, Any] | None,
    place: HomeFolder,
    catalog_articles: int | None,
) -> dict[str, str]:
    encoder = manifest.encoder
    size = place.store.bytes(manifest.generation)
    others = [name for name in place.store.all() if name != manifest.generation]
    return {
        "home": str(place.home),
        "generation": f"{manifest.generation}, built {manifest.created}",
        "articles": f"{manifest.articles:,} ({size / 1e6:,.1f} MB)",
        "encoder": f"{encoder.id}, {encoder.dimension} dimensions, {encoder.licence}"
        if encoder
        else "none: words only",
        "analyzer": f"{manifest.analyzer} ({manifest.stemmer})",
        "freshness": fresh.sentence,
        "last refresh": refresh_sentence(refreshed) if refreshed else "none",
        "integrity": ", ".join(f"{count:,} {status}" for status, count in manifest.integrity.items())
        or "nothing noted",
        "catalog": "none, or not to be read" if catalog_articles is None else f"{catalog_articles:,} articles",
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
    from pathlit.assistant import home_assistant

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
    live = place.live_searcher()
    app = create_app(
        live,
        settings=api_settings,
        stale_after_days=settings.stale_after_days,
        top_up=place.top_up if api_settings.top_up else None,
        image_search=place.image_search if settings.image_encoder else None,
        answerer=place.answerer,
        lookup=place.citation_lookup,
        verifier=lambda: place.verifier,
        assistant=home_assistant(place, live),
    )
    run(app, api_settings)
