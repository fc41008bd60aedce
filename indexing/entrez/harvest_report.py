"""What came of a harvest, and what the catalog calls it."""

from __future__ import annotations

from indexing.catalog import Tally
from retrieval.records import Record


class HarvestReport(Record, frozen=True):
    """What came of a harvest: found = stored + missing + unusable. A sweep's stored ones include those known before."""

    term: str
    since: str
    translation: str
    """The query as PubMed understood it."""
    warnings: tuple[str, ...]
    announced: int
    """How many articles PubMed said match, before any narrowing by date."""
    found: int
    stored: int
    tally: Tally
    """What this run did; a resumed harvest's earlier runs have tallies of their own."""
    missing: tuple[int, ...]
    """Found by the search and, asked for twice, not returned."""
    unusable: int
    """Records that could not be used, in earlier runs of this harvest as well."""
    rejected: tuple[str, ...]
    """Why, as far as this run came upon them."""
    deleted: tuple[int, ...]
    """Known from an earlier harvest of this query, no longer found, and no longer in PubMed."""
    resumed: bool


def source_name(term: str) -> str:
    """What the catalog calls a harvested query."""
    return f"PubMed query: {term}"


def sweep_name(term: str) -> str:
    """What it calls the last harvest that looked at everything the query finds."""
    return f"PubMed sweep: {term}"
