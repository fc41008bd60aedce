"""The store of figures: an article is in with all its figures, or not at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from indexing.figures.store import ArticleState, FigureStore
from retrieval.errors import CatalogError
from retrieval.records import Figure, Panel


def state(pmcid: str, version: int = 1, *, pmid: int | None = None, retracted: bool = False) -> ArticleState:
    return ArticleState(pmcid, version, stamp="today", state="digest", pmid=pmid, is_retracted=retracted)


def figure(identity: str, *, pmid: int | None = None, licence: str = "CC BY") -> Figure:
    return Figure(
        id=identity,
        pmcid=identity.partition(":")[0],
        pmid=pmid,
        caption="(A) One. (B) Two.",
        panels=(Panel("A", 4, 8), Panel("B", 13, 17)),
        license_code=licence,
    )


@pytest.fixture
def store(tmp_path: Path) -> FigureStore:
    return FigureStore.open(tmp_path / "figures.sqlite")


def test_figures_come_back_as_they_went_in(store: FigureStore) -> None:
    kept = [figure("PMC5.1:f1", pmid=50), figure("PMC5.1:f2", pmid=50)]
    store.put(state("PMC5", pmid=50), kept)
    assert list(store) == kept
    assert store.by_pmid(50) == tuple(kept)
    assert (len(store), store.by_pmid(51)) == (2, ())
    assert [kept[0].panel_text(panel) for panel in kept[0].panels] == ["One.", "Two."]


def test_a_newer_version_replaces_the_older_ones_figures(store: FigureStore) -> None:
    store.put(state("PMC5", 1), [figure("PMC5.1:f1"), figure("PMC5.1:f2")])
    store.put(state("PMC5", 2), [figure("PMC5.2:f1")])
    assert [kept.id for kept in store] == ["PMC5.2:f1"]
    assert store.article("PMC5") == state("PMC5", 2)


def test_the_store_knows_which_articles_were_read_even_without_figures(store: FigureStore) -> None:
    store.put(state("PMC5", pmid=50, retracted=True))
    store.put(state("PMC4"))
    assert list(store.articles()) == [state("PMC4"), state("PMC5", pmid=50, retracted=True)]
    assert store.article("PMC6") is None


def test_deleting_an_article_takes_its_figures_along(store: FigureStore) -> None:
    store.put(state("PMC5"), [figure("PMC5.1:f1")])
    store.put(state("PMC6"), [figure("PMC6.1:f1")])
    assert store.delete("PMC5") == 1
    assert store.delete("PMC5") == 0
    assert [kept.id for kept in store] == ["PMC6.1:f1"]
    assert store.article("PMC5") is None


def test_articles_under_other_licences_are_found(store: FigureStore) -> None:
    store.put(state("PMC5"), [figure("PMC5.1:f1"), figure("PMC5.1:f2", licence="CC0")])
    store.put(state("PMC6"), [figure("PMC6.1:f1", licence="CC BY-NC")])
    assert store.not_under(["CC BY", "CC0"]) == ("PMC6",)
    assert store.not_under(["CC BY"]) == ("PMC5", "PMC6")
    assert store.not_under([]) == ("PMC5", "PMC6")


def test_what_fails_half_way_changes_nothing(store: FigureStore) -> None:
    store.put(state("PMC5", 1), [figure("PMC5.1:f1")])
    with pytest.raises(CatalogError):
        store.put(ArticleState("PMC5", None), [figure("PMC5.2:f1")])  # type: ignore[arg-type]
    assert [kept.id for kept in store] == ["PMC5.1:f1"]
    assert store.article("PMC5") == state("PMC5", 1)


def test_what_was_committed_survives_without_closing(store: FigureStore) -> None:
    store.put(state("PMC5"), [figure("PMC5.1:f1")])
    with FigureStore.open(store.path, read_only=True) as other:
        assert [kept.id for kept in other] == ["PMC5.1:f1"]


def test_a_missing_file_is_not_made_for_reading(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="collect some with `pathlit figures`"):
        FigureStore.open(tmp_path / "figures.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("no database" * 100)
    with pytest.raises(CatalogError, match="not a database"):
        FigureStore.open(text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
    connection.close()
    with pytest.raises(CatalogError, match="holds no pathlit figures"):
        FigureStore.open(other)


def test_another_format_is_refused(store: FigureStore) -> None:
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(CatalogError, match="figure format 9, this pathlit knows 1"):
        FigureStore.open(store.path)


def test_a_store_that_is_not_open_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"use FigureStore\.open"):
        len(FigureStore(tmp_path / "figures.sqlite"))
