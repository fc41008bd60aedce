"""The assistant of a home folder: what `pathlit serve` and `pathlit mcp` open its doors with."""

from __future__ import annotations

from api.assistant.assistant import Assistant
from api.assistant.doors import Doors
from api.assistant.opening import open_doors
from api.workers import Workers
from pathlit.wiring import HomeFolder
from retrieval.live import LiveSearcher
from retrieval.search import Searcher


def home_assistant(place: HomeFolder, live: LiveSearcher) -> Assistant:
    """Opens nothing before the first request; each has the generation that is published then."""
    settings = place.settings.api
    workers = Workers(at_once=settings.max_concurrent_answers, waiting=settings.max_waiting_answers)
    return Assistant(lambda: home_doors(place, live.searcher()), workers)


def home_doors(place: HomeFolder, searcher: Searcher) -> Doors:
    return open_doors(
        searcher,
        answerer=place.answerer(searcher),
        verifier=place.verifier,
        look_up=place.citation_lookup(searcher).look_up,
        images=place.images_of(searcher),
        settings=place.settings.api,
        stale_after_days=place.settings.stale_after_days,
    )
