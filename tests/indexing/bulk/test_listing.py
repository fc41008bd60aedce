"""Which files a tree of bulk files offers, and when it is refused."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from indexing.bulk.listing import BulkFile, BulkListing, arrange
from retrieval.errors import SourceError


def files(year: int, numbers: Iterable[int], suffix: str = ".xml.gz") -> list[BulkFile]:
    return [BulkFile(f"pubmed{year}n{n:04}{suffix}", year, n, f"/there/pubmed{year}n{n:04}{suffix}") for n in numbers]


def numbers(listing: BulkListing) -> tuple[list[int], list[int]]:
    return [file.number for file in listing.baseline], [file.number for file in listing.updates]


def test_files_come_in_the_order_of_their_numbers_beyond_9999_too() -> None:
    listing = arrange(reversed(files(26, range(1, 9_999))), files(26, (10_001, 9_999, 10_000)), source="x")
    assert listing.year == 26
    assert numbers(listing) == (list(range(1, 9_999)), [9_999, 10_000, 10_001])
    assert [file.name for file in listing.files[-2:]] == ["pubmed26n10000.xml.gz", "pubmed26n10001.xml.gz"]
    assert listing.warnings == ()


def test_a_baseline_without_updates_is_enough() -> None:
    assert numbers(arrange(files(26, (1, 2)), [], source="x")) == ([1, 2], [])


def test_an_empty_tree_is_an_error() -> None:
    with pytest.raises(
        SourceError, match=r"^x holds no PubMed baseline: expected names such as pubmed26n0001\.xml\.gz"
    ):
        arrange([], files(26, (3, 4)), source="x")


def test_a_hole_in_the_baseline_is_an_error_that_names_what_is_missing() -> None:
    with pytest.raises(
        SourceError, match=r"the baseline of 2026 lacks files 0001, 0004-0006, 0008; nothing is skipped"
    ):
        arrange(files(26, (2, 3, 7, 9)), [], source="x")


def test_many_holes_are_told_in_short() -> None:
    with pytest.raises(SourceError, match="0023 and 8 more ranges"):
        arrange(files(26, range(2, 42, 2)), [], source="x")


@pytest.mark.parametrize(
    ("updates", "missing"),
    [((4, 5), "0003"), ((3, 5, 8), "0004, 0006-0007"), ((9,), "0003-0008")],
    ids=["between baseline and updates", "among the updates", "many"],
)
def test_a_hole_behind_the_baseline_is_an_error_that_names_what_is_missing(
    updates: tuple[int, ...], missing: str
) -> None:
    with pytest.raises(
        SourceError, match=f"files {missing} of 2026 are missing between the baseline, which ends with 0002"
    ):
        arrange(files(26, (1, 2)), files(26, updates), source="x")


# --- While the next year's files replace everything ------------------------------------------------------------------


def test_the_new_baseline_is_taken_once_it_has_as_many_files_as_the_old_one() -> None:
    listing = arrange(files(26, (1, 2)) + files(27, (1, 2, 3)), files(26, (3, 4)), source="x")
    assert (listing.year, numbers(listing)) == (27, ([1, 2, 3], []))
    assert listing.warnings == (
        "2 baseline files of 2026 are ignored: the files of 2027 are used",
        "2 update files of 2026 are ignored: the files of 2027 are used",
        "there are no update files of 2027 yet: its baseline may still be growing",
    )


def test_a_new_baseline_that_is_still_arriving_leaves_the_old_year_in_use() -> None:
    listing = arrange(files(26, (1, 2, 3)) + files(27, (1, 2)), files(26, (4,)), source="x")
    assert (listing.year, numbers(listing)) == (26, ([1, 2, 3], [4]))
    assert listing.warnings == (
        "the baseline of 2027 has 2 files so far, that of 2026 had 3",
        "2 baseline files of 2027 are ignored: the files of 2026 are used",
    )


def test_a_new_baseline_with_a_hole_leaves_the_old_year_in_use() -> None:
    listing = arrange(files(26, (1, 2)) + files(27, (1, 3)), files(26, (3,)), source="x")
    assert listing.year == 26
    assert listing.warnings[0] == "the baseline of 2027 lacks files 0002"


def test_old_updates_tell_the_size_of_an_old_baseline_that_is_gone() -> None:
    with pytest.raises(
        SourceError, match=r"the baseline of 2027 has 2 files so far, that of 2026 had 3; PubMed is being"
    ):
        arrange(files(27, (1, 2)), files(26, (4, 5)), source="x")
    assert arrange(files(27, (1, 2, 3)), files(26, (4, 5)), source="x").year == 27


def test_update_files_of_its_own_show_that_a_new_baseline_is_complete() -> None:
    listing = arrange(files(26, (1, 2, 3)) + files(27, (1, 2)), files(27, (3,)), source="x")
    assert (listing.year, numbers(listing)) == (27, ([1, 2], [3]))


def test_neither_year_complete_is_an_error_that_says_when_to_come_back() -> None:
    with pytest.raises(
        SourceError, match=r"2027 lacks files 0001; the baseline of 2026 lacks files 0001; .*in some hours"
    ):
        arrange(files(26, (2, 3)) + files(27, (2,)), [], source="x")


# --- Everything in one folder ----------------------------------------------------------------------------------------


def test_files_side_by_side_are_one_run() -> None:
    assert numbers(arrange(files(26, (2, 1, 3)), None, source="x")) == ([1, 2, 3], [])


def test_the_same_file_packed_and_unpacked_is_read_once() -> None:
    listing = arrange(files(26, (1,), ".xml") + files(26, (1, 2)), None, source="x")
    assert [file.name for file in listing.files] == ["pubmed26n0001.xml.gz", "pubmed26n0002.xml.gz"]
    assert listing.warnings == ("pubmed26n0001.xml is left aside: pubmed26n0001.xml.gz is the same file",)


def test_an_update_file_among_the_baseline_files_is_read_once() -> None:
    listing = arrange(files(26, (1, 2, 3)), files(26, (3, 4)), source="x")
    assert numbers(listing) == ([1, 2, 3], [4])
    assert listing.warnings == ("1 update files of 2026 are also among the baseline files: those are read",)
