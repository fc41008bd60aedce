"""Collecting figures, from a bucket on loopback and from folders of the same layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexing.catalog import Catalog
from indexing.figures.collect import FiguresReport, PmcRetraction, collect_figures, wanted_by
from indexing.figures.images import ImageFolder
from indexing.figures.pmc_cloud import PmcCloud
from indexing.figures.pmc_folder import PmcFolder
from indexing.figures.reading import Wanted
from indexing.figures.store import FigureStore
from retrieval.errors import InputError, SourceError
from retrieval.records import LOCAL_PMID_FLOOR, Article, Figure, Panel
from tests.servers.pmc_bucket import BY, JPEG, Fault, PmcBucket, article, fig, jats

TWO_FIGURES = fig("f1", "<p>(A) H&amp;E. (B) Ki-67.</p>") + fig("f2", "<p>p53.</p>")


def kept(pmcid: str, **changes: Any) -> dict[str, bytes]:
    return article(pmcid, pmid=int(pmcid[3:].partition(".")[0]) * 10, body=TWO_FIGURES, **changes)


class Harvest:
    """A store, images and a bucket; `run` is one harvest on one day."""

    def __init__(self, folder: Path, bucket: PmcBucket) -> None:
        self.bucket = bucket
        self.store = FigureStore.open(folder / "figures.sqlite")
        self.images = ImageFolder(folder / "figures")
        self.day = "2026-11-20"

    def run(self, *wanted: str | Wanted, **options: Any) -> FiguresReport:
        self.bucket.requests.clear()
        with PmcCloud(self.bucket.url, wait=lambda _: None, max_attempts=2, today=lambda: self.day) as cloud:
            report = collect_figures(
                [w if isinstance(w, Wanted) else Wanted(w) for w in wanted],
                cloud,
                self.store,
                images=self.images,
                **options,
            )
        outcomes = report.unchanged + report.older + report.kept + sum(report.refused.values()) + len(report.rejected)
        assert report.asked == outcomes == len(wanted)
        return report

    def image_files(self) -> list[str]:
        root = self.images.path
        return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) if root.exists() else []


@pytest.fixture
def harvest(tmp_path: Path) -> Iterator[Harvest]:
    with PmcBucket() as bucket:
        harvest = Harvest(tmp_path, bucket)
        yield harvest
        harvest.store.close()


def test_a_figure_knows_its_article_its_terms_and_its_image(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.2", images=["f1.jpg"]))
    report = harvest.run("PMC1")
    first, second = harvest.store.by_pmid(10)
    assert first == Figure(
        id="PMC1.2:f1",
        pmcid="PMC1.2",
        pmid=10,
        doi="10.5555/pmc1.2",
        label="Figure 1",
        caption="(A) H&E. (B) Ki-67.",
        panels=(Panel("A", 4, 8), Panel("B", 13, 19)),
        file="PMC1.2/f1.jpg",
        media_type="image/jpeg",
        license_code="CC BY",
        licence_url=BY,
        source=harvest.bucket.url,
    )
    assert (second.id, second.file) == ("PMC1.2:f2", "")
    assert (report.kept, report.figures, report.without_image, report.images) == (1, 2, 1, 0)
    assert harvest.image_files() == []


def test_an_article_without_figures_is_kept_as_read(harvest: Harvest) -> None:
    harvest.bucket.add(article("PMC1.1", pmid=10))
    assert harvest.run("PMC1").kept == 1
    assert harvest.run("PMC1").unchanged == 1


# --- Licences -------------------------------------------------------------------------------------------------------


def test_articles_are_refused_by_licence_before_their_text_is_fetched(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", licence="CC BY-NC"), kept("PMC2.1", licence="TDM"), kept("PMC3.1", licence=None))
    report = harvest.run("PMC1", "PMC2", "PMC3")
    assert report.refused == {"CC BY-NC": 1, "TDM": 1, "": 1}
    assert len(harvest.store) == 0
    assert sorted(harvest.bucket.requests) == [
        "?PMC1.", "?PMC2.", "?PMC3.", "metadata/PMC1.1.json", "metadata/PMC2.1.json", "metadata/PMC3.1.json",
    ]  # fmt: skip


def test_the_operator_says_which_licences_are_allowed(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1"), kept("PMC2.1", licence="CC0"))
    report = harvest.run("PMC1", "PMC2", licences=["cc0 1.0"])
    assert (report.refused, report.kept) == ({"CC BY": 1}, 1)


def test_an_article_whose_text_names_a_stricter_licence_is_refused_under_that(harvest: Harvest) -> None:
    files = kept("PMC1.1", metadata={"xml_url": None})
    files["PMC1.1/PMC1.1.xml"] = jats(
        "PMC1.1", permissions='<license xlink:href="https://creativecommons.org/licenses/by-nc-nd/4.0/"/>'
    )
    harvest.bucket.add(files)
    assert harvest.run("PMC1").refused == {"CC BY-NC-ND": 1}


def test_a_figure_that_others_own_is_refused_and_counted(harvest: Harvest) -> None:
    borrowed = fig("f3", "<p>Reprinted with permission from Smith (2001).</p>")
    stricter = fig(
        "f4", "<p>X.</p>", inside=f'<permissions><license xlink:href="{BY.replace("by", "by-nd")}"/></permissions>'
    )
    harvest.bucket.add(article("PMC1.1", pmid=10, body=TWO_FIGURES + borrowed + stricter))
    report = harvest.run("PMC1")
    assert (report.figures, report.figures_refused) == (2, {"": 1, "CC BY-ND": 1})


def test_what_is_no_longer_allowed_is_removed_with_its_images(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", images=["f1.jpg"]), kept("PMC2.1", licence="CC0"))
    harvest.run("PMC1", "PMC2", with_images=True)
    report = harvest.run("PMC2", licences=["CC0"])
    assert (report.withdrawn, len(harvest.store), harvest.image_files()) == (1, 2, [])


def test_what_is_allowed_anew_is_read_on_the_same_day(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", licence="CC BY-NC"))
    assert harvest.run("PMC1").refused == {"CC BY-NC": 1}
    assert harvest.run("PMC1", licences=["CC BY-NC"]).figures == 2


# --- Again, and after a kill ----------------------------------------------------------------------------------------


def test_what_was_read_today_is_not_asked_for_again(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1"), kept("PMC2.1", licence="TDM"))
    harvest.run("PMC1", "PMC2", "PMC3")
    report = harvest.run("PMC1", "PMC2", "PMC3")
    assert (report.unchanged, harvest.bucket.requests) == (3, [])


def test_on_another_day_only_metadata_are_asked_for(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1"))
    harvest.run("PMC1")
    harvest.day = "2026-11-21"
    assert harvest.run("PMC1").unchanged == 1
    assert harvest.bucket.requests == ["?PMC1.", "metadata/PMC1.1.json"]
    assert harvest.run("PMC1").unchanged == 1
    assert harvest.bucket.requests == []


def test_a_newer_version_replaces_figures_and_images(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", images=["f1.jpg"]))
    harvest.run("PMC1", with_images=True)
    harvest.bucket.add(article("PMC1.2", pmid=10, body=fig("f1", "<p>New.</p>"), images=["f1.jpg"]))
    harvest.day = "2026-11-21"
    harvest.run("PMC1", with_images=True)
    assert [figure.id for figure in harvest.store] == ["PMC1.2:f1"]
    assert harvest.image_files() == ["PMC1.2/f1.jpg"]


def test_a_harvest_that_the_source_ends_goes_on_where_it_stood(harvest: Harvest) -> None:
    harvest.bucket.add(*(kept(f"PMC{n}.1") for n in range(1, 31)))
    wanted = [f"PMC{n}" for n in range(1, 31)]
    asked = 0

    def fail_later(done: int) -> None:
        nonlocal asked
        asked = done
        if done == 10:
            harvest.bucket.faults += [Fault(status=503)] * 200

    with pytest.raises(SourceError, match="HTTP 503"):
        harvest.run(*wanted, progress=fail_later)
    harvest.bucket.faults.clear()
    assert len(harvest.store) == 2 * asked
    report = harvest.run(*wanted)
    assert (report.unchanged, report.kept) == (asked, 30 - asked)
    assert len(harvest.store) == 60


def test_images_that_are_there_are_not_fetched_again(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", images=["f1.jpg", "f2.jpg"]))
    harvest.images.keep("PMC1.1/f1.jpg", JPEG + b"f1.jpg")
    harvest.images.keep("PMC1.1/f2.jpg", b"half of it")
    report = harvest.run("PMC1", with_images=True)
    assert report.images == 2
    assert [key for key in harvest.bucket.requests if key.endswith(".jpg")] == ["PMC1.1/f2.jpg"]
    assert (harvest.images.path / "PMC1.1/f2.jpg").read_bytes() == JPEG + b"f2.jpg"
    assert harvest.image_files() == ["PMC1.1/f1.jpg", "PMC1.1/f2.jpg"]


def test_images_asked_for_later_are_fetched_on_the_same_day(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", images=["f1.jpg", "f2.jpg"]))
    assert harvest.run("PMC1").images == 0
    assert harvest.run("PMC1", with_images=True).images == 2
    assert harvest.run("PMC1").kept == 1
    assert harvest.image_files() == ["PMC1.1/f1.jpg", "PMC1.1/f2.jpg"]


# --- What goes wrong ------------------------------------------------------------------------------------------------


def test_each_article_that_cannot_be_read_is_named(harvest: Harvest) -> None:
    broken, changed, other, silent = (kept(f"PMC{n}.1") for n in (1, 2, 3, 4))
    broken["PMC1.1/PMC1.1.xml"] = b"<article>"
    changed["PMC2.1/PMC2.1.xml"] += b" "
    other |= {"PMC3.1/PMC3.1.xml": jats("PMC33.1")} | {
        key: data for key, data in article("PMC3.1", metadata={"xml_url": None}).items() if key.startswith("metadata")
    }
    silent = article("PMC4.1", metadata={"license_code": ...})
    broken |= {key: data for key, data in article("PMC1.1", metadata={"xml_url": None}).items() if "meta" in key}
    harvest.bucket.add(broken, changed, other, silent, kept("PMC6.1"))
    report = harvest.run("PMC1", "PMC2", "PMC3", "PMC4", "PMC5", "PMC6", "PMCx")
    assert [line.replace(harvest.bucket.url, "").partition("http")[0] for line in report.rejected] == [
        " PMC1.1.xml, line 1: Premature end of data in tag article line 1, line 1, column 10 "
        "(0 records were read before it)",
        ", record PMC2.1/PMC2.1.xml: its checksum is not the one that its metadata give",
        " PMC3.1.xml, record PMC3.1: its text is that of PMC33",
        ", record PMC4.1: its metadata lack 'license_code'",
        f"{harvest.bucket.url[7:-1]}, record PMC5: it is not among PMC's open-access articles",
        "'PMCx' (PMID None) is no PMCID such as PMC1234567",
    ]
    assert {figure.pmcid for figure in harvest.store} == {"PMC6.1"}


def test_figures_of_another_pmid_are_not_taken(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1"))
    report = harvest.run(Wanted("PMC1", 99))
    assert "it belongs to PMID 10, not to PMID 99" in report.rejected[0]


def test_what_is_known_stays_while_it_cannot_be_read_again(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1"))
    harvest.run("PMC1")
    harvest.bucket.add(kept("PMC1.2"))
    del harvest.bucket.files["PMC1.2/PMC1.2.xml"]
    harvest.bucket.files["PMC1.2/x"] = b""
    harvest.day = "2026-11-21"
    assert len(harvest.run("PMC1").rejected) == 1
    assert [figure.id for figure in harvest.store] == ["PMC1.1:f1", "PMC1.1:f2"]


def test_what_pmc_no_longer_has_is_forgotten(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", images=["f1.jpg"]))
    harvest.run("PMC1", with_images=True)
    harvest.bucket.files.clear()
    harvest.day = "2026-11-21"
    assert len(harvest.run("PMC1", with_images=True).rejected) == 1
    assert (len(harvest.store), harvest.image_files()) == (0, [])


def test_an_image_that_fails_is_named_and_tried_again_another_day(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", images=["f1.jpg", "f2.jpg"]))
    image = harvest.bucket.files.pop("PMC1.1/f2.jpg")
    report = harvest.run("PMC1", with_images=True)
    assert (report.figures, report.images) == (2, 1)
    assert [line.partition(", ")[2] for line in report.images_rejected] == [
        "record PMC1.1/f2.jpg: there is no such file (HTTP 404)"
    ]
    harvest.bucket.files["PMC1.1/f2.jpg"] = image
    harvest.day = "2026-11-21"
    assert harvest.run("PMC1", with_images=True).images == 2


@pytest.mark.parametrize(
    ("href", "images", "file"),
    [
        ("f1", ["f1.jpg", "f1.gif"], "f1.jpg"),
        ("f1.jpg", ["f1.jpg"], "f1.jpg"),
        ("f1.tif", ["f1.tif", "f1.jpg"], "f1.jpg"),
        ("f1.tif", ["f1.tif"], "f1.tif"),
        ("a.b_Fig1_HTML", ["a.b_Fig1_HTML.jpg"], "a.b_Fig1_HTML.jpg"),
        ("F1.JPG", ["f1.jpg"], "f1.jpg"),
        ("images/f1.png", ["f1.png"], "f1.png"),
        ("f1", ["f11.jpg"], ""),
        ("f1", ["f1.pdf"], ""),
    ],
)
def test_the_image_of_a_figure_is_found_by_its_name(harvest: Harvest, href: str, images: list[str], file: str) -> None:
    harvest.bucket.add(article("PMC1.1", body=fig("f1", "<p>T.</p>", href=href), images=images))
    harvest.run("PMC1")
    assert [figure.file.removeprefix("PMC1.1/") for figure in harvest.store] == [file]


def test_each_image_of_a_figure_is_a_figure_of_its_own(harvest: Harvest) -> None:
    two = '<fig id="f1"><graphic xlink:href="a"/><graphic xlink:href="b"/></fig>'
    harvest.bucket.add(article("PMC1.1", body=two, images=["a.jpg", "b.jpg"]))
    harvest.run("PMC1")
    assert [(figure.id, figure.file) for figure in harvest.store] == [
        ("PMC1.1:f1", "PMC1.1/a.jpg"),
        ("PMC1.1:f1/2", "PMC1.1/b.jpg"),
    ]


# --- Retractions ----------------------------------------------------------------------------------------------------


def test_retractions_are_told_whatever_the_licence(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1", retracted=True), kept("PMC2.1", retracted=True, licence="TDM"), kept("PMC3.1"))
    told = (PmcRetraction(10, "PMC1.1"), PmcRetraction(20, "PMC2.1"))
    assert harvest.run("PMC1", "PMC2", "PMC3").retractions == told
    assert harvest.run("PMC3").retractions == told
    assert [figure.is_retracted for figure in harvest.store] == [True, True, False, False]


def test_a_retraction_shows_on_the_next_day(harvest: Harvest) -> None:
    harvest.bucket.add(kept("PMC1.1"))
    assert harvest.run("PMC1").retractions == ()
    harvest.bucket.add(kept("PMC1.1", retracted=True))
    harvest.day = "2026-11-21"
    assert harvest.run("PMC1").retractions == (PmcRetraction(10, "PMC1.1"),)


# --- Folders --------------------------------------------------------------------------------------------------------


def collect(folder: PmcFolder, harvest: Harvest, **options: Any) -> FiguresReport:
    wanted = [Wanted(pmcid) for pmcid in folder.articles()]
    return collect_figures(wanted, folder, harvest.store, images=harvest.images, **options)


def test_a_folder_of_the_same_layout_gives_the_same_figures(harvest: Harvest, tmp_path: Path) -> None:
    harvest.bucket.add(kept("PMC1.1", images=["f1.jpg"]), kept("PMC2.1"), kept("PMC2.2"))
    harvest.bucket.write_to(tmp_path / "pmc")
    folder = PmcFolder(tmp_path / "pmc")
    assert collect(folder, harvest, with_images=True).kept == 2
    from_folder = [(figure.id, figure.caption, figure.file) for figure in harvest.store]
    harvest.run("PMC1", "PMC2")
    assert [(figure.id, figure.caption, figure.file) for figure in harvest.store] == from_folder
    assert harvest.image_files() == ["PMC1.1/f1.jpg"]


def test_a_folder_is_read_again_only_where_it_changed(harvest: Harvest, tmp_path: Path) -> None:
    harvest.bucket.add(kept("PMC1.1"), kept("PMC2.1"))
    harvest.bucket.write_to(tmp_path / "pmc")
    collect(PmcFolder(tmp_path / "pmc"), harvest)
    assert collect(PmcFolder(tmp_path / "pmc"), harvest).unchanged == 2
    harvest.bucket.add(kept("PMC1.1", retracted=True))
    harvest.bucket.write_to(tmp_path / "pmc")
    report = collect(PmcFolder(tmp_path / "pmc"), harvest)
    assert (report.unchanged, report.kept, report.retractions) == (1, 1, (PmcRetraction(10, "PMC1.1"),))


def test_an_older_version_in_a_folder_changes_nothing(harvest: Harvest, tmp_path: Path) -> None:
    harvest.bucket.add(kept("PMC1.1"))
    harvest.bucket.write_to(tmp_path / "pmc")
    harvest.bucket.add(kept("PMC1.2"))
    harvest.run("PMC1")
    assert collect(PmcFolder(tmp_path / "pmc"), harvest).older == 1
    assert {figure.pmcid for figure in harvest.store} == {"PMC1.2"}


def test_without_metadata_the_text_of_a_folder_says_its_licence(harvest: Harvest, tmp_path: Path) -> None:
    folder = tmp_path / "PMC1.1"
    folder.mkdir()
    folder.joinpath("PMC1.1.xml").write_bytes(jats("PMC1.1", pmid=10, body=TWO_FIGURES))
    folder.joinpath("f2.png").write_bytes(b"image")
    report = collect(PmcFolder(folder), harvest)
    assert (report.kept, report.without_image) == (1, 1)
    assert [figure.file for figure in harvest.store.by_pmid(10)] == ["", "PMC1.1/f2.png"]


def test_a_folder_without_articles_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no article folder such as PMC1234567\.1"):
        list(PmcFolder(tmp_path).articles())
    with pytest.raises(InputError, match="cannot be read"):
        list(PmcFolder(tmp_path / "gone").articles())


# --- Which articles -------------------------------------------------------------------------------------------------


def test_the_articles_of_the_catalog_that_pmc_has(tmp_path: Path) -> None:
    articles = [
        Article(pmid=1),
        Article(pmid=2, pmcid="PMC22"),
        Article(pmid=3, pmcid="PMC33.4"),
        Article(pmid=LOCAL_PMID_FLOOR, source_id="x:1", pmcid="PMC44"),
    ]
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        catalog.apply(articles, source="test")
        assert wanted_by(catalog) == [Wanted("PMC22", 2), Wanted("PMC33", 3), Wanted("PMC44", None)]
