"""What a harvest still has to do, kept in the catalog's file, so that a killed one goes on where it was.

A harvest is a list of slices still to be searched and the PMIDs that the slices so far have found. The records of a
batch and the note that they are stored go into one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date
from enum import IntEnum

from indexing.catalog import Catalog
from indexing.entrez.source import DateRange
from retrieval.records import Record

SWEEP = "sweep"
"""In place of a harvest's first day: look which articles there are, and fetch the unknown ones only."""


class State(IntEnum):
    """Of a PMID that a search has found."""

    PENDING = 0
    STORED = 1
    ABSENT_ONCE = 2
    """Not among the records when it was asked for; it is asked for once more at the end."""
    MISSING = 3
    REJECTED = 4


class HarvestPlan(Record, frozen=True):
    id: int
    term: str
    since: str
    """First day (ISO) of the modifications to look for; empty for all there is, or SWEEP."""
    started: str
    """The day, ISO 8601; older catalogs have the time behind it."""
    announced: int
    """How many articles PubMed said match, -1 before it was asked."""
    translation: str
    warnings: tuple[str, ...]


class Slice(Record, frozen=True):
    """A part of a search small enough, it is hoped, for PubMed to hand out whole."""

    sequence: int
    dates: DateRange | None
    uids: tuple[int, int] | None


class Agenda:
    """Keeps itself in the tables `harvests`, `slices` and `wanted` of an open catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    # --- Harvests ---------------------------------------------------------------------------------------------------

    def unfinished(self, term: str) -> HarvestPlan | None:
        with self._catalog.reading() as connection:
            row = connection.execute(
                "SELECT id, term, since, started, announced, translation, warnings FROM harvests WHERE term = ?",
                (term,),
            ).fetchone()
        if row is None:
            return None
        number, term, since, started, announced, translation, warnings = row
        return HarvestPlan(number, term, since, started, announced, translation, tuple(json.loads(warnings)))

    def begin(self, term: str, since: str, slices: Sequence[DateRange | None], today: date) -> HarvestPlan:
        started = today.isoformat()
        with self._catalog.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO harvests (term, since, started, announced, translation, warnings) "
                "VALUES (?, ?, ?, -1, '', '[]')",
                (term, since, started),
            )
            plan = HarvestPlan(int(cursor.lastrowid or 0), term, since, started, -1, "", ())
            _add_slices(connection, plan, [(dates, None) for dates in slices])
        return plan

    def note_answer(self, plan: HarvestPlan, announced: int, translation: str, warnings: Sequence[str]) -> HarvestPlan:
        """Keeps what PubMed said of the whole search."""
        with self._catalog.writing() as connection:
            connection.execute(
                "UPDATE harvests SET announced = ?, translation = ?, warnings = ? WHERE id = ?",
                (announced, translation, json.dumps(warnings), plan.id),
            )
        return HarvestPlan(plan.id, plan.term, plan.since, plan.started, announced, translation, tuple(warnings))

    def search_again(self, plan: HarvestPlan) -> None:
        """Puts the whole search back on the list; what was found stays found."""
        with self._catalog.writing() as connection:
            _add_slices(connection, plan, [(None, None)])

    def finish(self, plan: HarvestPlan) -> None:
        """Remembers what the query found, and takes the harvest off the agenda."""
        with self._catalog.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO queries (term) VALUES (?)", (plan.term,))
            (query,) = connection.execute("SELECT id FROM queries WHERE term = ?", (plan.term,)).fetchone()
            if plan.since in ("", SWEEP):
                connection.execute("DELETE FROM members WHERE query = ?", (query,))
            connection.execute(
                "INSERT OR IGNORE INTO members SELECT ?, pmid FROM wanted WHERE harvest = ? AND state = ?",
                (query, plan.id, State.STORED),
            )
            for table, column in (("wanted", "harvest"), ("slices", "harvest"), ("harvests", "id")):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (plan.id,))  # noqa: S608 - our own names

    # --- Slices -----------------------------------------------------------------------------------------------------

    def next_slice(self, plan: HarvestPlan) -> Slice | None:
        with self._catalog.reading() as connection:
            row = connection.execute(
                "SELECT sequence, date_kind, first, last, first_uid, last_uid FROM slices WHERE harvest = ? "
                # Modified articles first: what they add to the list is to be fetched, known or not.
                "ORDER BY date_kind DESC, sequence LIMIT 1",
                (plan.id,),
            ).fetchone()
        if row is None:
            return None
        sequence, kind, first, last, first_uid, last_uid = row
        dates = DateRange(kind, first, last) if kind else None
        return Slice(sequence, dates, (first_uid, last_uid) if last_uid else None)

    def replace(
        self, plan: HarvestPlan, done: Slice, parts: Sequence[tuple[DateRange | None, tuple[int, int] | None]] = ()
    ) -> None:
        """Takes a slice off the list, for its smaller parts or because it is done."""
        with self._catalog.writing() as connection:
            connection.execute("DELETE FROM slices WHERE sequence = ?", (done.sequence,))
            _add_slices(connection, plan, parts)

    # --- PMIDs ------------------------------------------------------------------------------------------------------

    def want(self, plan: HarvestPlan, pmids: Sequence[int], *, known_too: bool) -> list[int]:
        """Notes what a search has found; returns those that are still to be fetched, in the order given.

        Without `known_too`, articles that the catalog holds count as stored.
        """
        found = json.dumps(pmids)
        with self._catalog.writing() as connection:
            connection.execute(
                "INSERT INTO wanted (harvest, pmid, state) SELECT ?, value, "
                "CASE WHEN ? OR value NOT IN (SELECT pmid FROM articles) THEN ? ELSE ? END "
                "FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING",
                (plan.id, known_too, State.PENDING, State.STORED, found),
            )
            rows = connection.execute(
                "SELECT pmid FROM wanted WHERE harvest = ? AND state = ? AND pmid IN (SELECT value FROM json_each(?))",
                (plan.id, State.PENDING, found),
            )
            pending = {pmid for (pmid,) in rows}
        return [pmid for pmid in pmids if pmid in pending]

    def settle(self, connection: sqlite3.Connection, plan: HarvestPlan, outcomes: Iterable[tuple[int, State]]) -> None:
        """Within the transaction that stores the records."""
        connection.executemany(
            "UPDATE wanted SET state = ? WHERE harvest = ? AND pmid = ?",
            ((int(state), plan.id, pmid) for pmid, state in outcomes),
        )

    def pmids(self, plan: HarvestPlan, *states: State) -> list[int]:
        with self._catalog.reading() as connection:
            rows = connection.execute(
                "SELECT pmid FROM wanted WHERE harvest = ? AND state IN (SELECT value FROM json_each(?)) ORDER BY pmid",
                (plan.id, json.dumps([int(state) for state in states])),
            ).fetchall()
        return [pmid for (pmid,) in rows]

    def count(self, plan: HarvestPlan) -> dict[State, int]:
        with self._catalog.reading() as connection:
            rows = connection.execute(
                "SELECT state, count(*) FROM wanted WHERE harvest = ? GROUP BY state", (plan.id,)
            ).fetchall()
        return {State(state): count for state, count in rows}

    def no_longer_found(self, plan: HarvestPlan) -> list[int]:
        """Articles of the catalog that this query found before, and that this harvest has not found again."""
        with self._catalog.reading() as connection:
            rows = connection.execute(
                "SELECT m.pmid FROM queries q JOIN members m ON m.query = q.id JOIN articles a ON a.pmid = m.pmid "
                "WHERE q.term = ? AND m.pmid NOT IN (SELECT pmid FROM wanted WHERE harvest = ?) ORDER BY m.pmid",
                (plan.term, plan.id),
            ).fetchall()
        return [pmid for (pmid,) in rows]

    def known(self, term: str) -> int:
        """How many articles a query has found so far."""
        with self._catalog.reading() as connection:
            query = "SELECT count(*) FROM queries q JOIN members m ON m.query = q.id WHERE q.term = ?"
            return int(connection.execute(query, (term,)).fetchone()[0])


def _add_slices(
    connection: sqlite3.Connection,
    plan: HarvestPlan,
    parts: Iterable[tuple[DateRange | None, tuple[int, int] | None]],
) -> None:
    connection.executemany(
        "INSERT INTO slices (harvest, date_kind, first, last, first_uid, last_uid) VALUES (?, ?, ?, ?, ?, ?)",
        ((plan.id, *((d.kind, d.first, d.last) if d else ("", "", "")), *(uids or (0, 0))) for d, uids in parts),
    )
