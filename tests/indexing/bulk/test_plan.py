"""What is still to be applied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexing.bulk.listing import BulkFile, BulkListing
from indexing.bulk.plan import Plan, pending


def a_listing(year: int = 26, baseline: int = 3, updates: int = 2) -> BulkListing:
    files = tuple(
        BulkFile(name(number, year), year, number, f"/there/{number}") for number in range(1, baseline + updates + 1)
    )
    return BulkListing(year, files[:baseline], files[baseline:])


def name(number: int, year: int = 26) -> str:
    return f"pubmed{year}n{number:04}.xml.gz"


def test_with_nothing_applied_everything_is_to_do() -> None:
    assert pending(a_listing(), []) == Plan(a_listing().files)


def test_with_everything_applied_nothing_is_to_do() -> None:
    assert pending(a_listing(), map(name, range(1, 6))) == Plan(())


def test_the_day_after_the_new_update_files_are_to_do() -> None:
    assert [file.number for file in pending(a_listing(), map(name, range(1, 4))).files] == [4, 5]


def test_other_sources_do_not_count_and_unpacked_files_do() -> None:
    applied = ["scifact.jsonl", "pubmed:colon", "pubmed26n0001.xml", name(2)]
    assert [file.number for file in pending(a_listing(), applied).files] == [3, 4, 5]


def test_files_behind_one_that_was_left_out_are_applied_again() -> None:
    assert pending(a_listing(), map(name, (1, 3, 4))) == Plan(
        a_listing().files[1:],
        warnings=("2 files from pubmed26n0003.xml.gz on are applied again: pubmed26n0002.xml.gz comes before them",),
    )


def test_a_new_year_is_applied_whole() -> None:
    plan = pending(a_listing(27), map(name, range(1, 9)))
    assert plan == Plan(a_listing(27).files, rollover=True)


def test_a_roll_over_that_was_killed_goes_on_where_it_was_and_stays_one() -> None:
    applied = [*map(name, range(1, 9)), name(1, 27), name(2, 27)]
    assert pending(a_listing(27), applied) == Plan(a_listing(27).files[2:], rollover=True)


def test_a_roll_over_is_over_when_the_old_names_are_forgotten() -> None:
    every = [name(number, 27) for number in range(1, 6)]
    assert pending(a_listing(27), [*every, name(1, 26)]) == Plan((), rollover=True)
    assert pending(a_listing(27), every) == Plan(())


def test_a_mirror_that_is_behind_is_a_warning() -> None:
    assert pending(a_listing(), map(name, range(1, 8))) == Plan(
        (),
        warnings=("file 0007 of 2026 is applied already, but the listing ends with 0005: this mirror is behind",),
    )


def test_a_mirror_that_is_a_year_behind_never_takes_the_catalog_back() -> None:
    plan = pending(a_listing(26), [name(1, 27)])
    assert plan.files == ()
    assert plan.warnings == (
        "files of 2027 are applied already, but the listing only has those of 2026: this mirror is behind, "
        "nothing is to do",
    )


@given(
    listing=st.builds(a_listing, st.just(26), st.integers(1, 20), st.integers(0, 20)),
    applied=st.lists(st.builds(name, st.integers(1, 50), st.sampled_from((25, 26)))),
)
def test_applying_a_plan_in_order_leaves_nothing_to_do_and_the_newest_file_last(
    listing: BulkListing, applied: list[str]
) -> None:
    plan = pending(listing, applied)
    numbers = [file.number for file in plan.files]
    # In order and without a hole, up to the end of the listing.
    assert numbers == list(range(numbers[0], listing.files[-1].number + 1)) if numbers else True
    # What is not applied again was applied before.
    assert {file.name for file in listing.files} <= {*applied, *(file.name for file in plan.files)}
    assert plan.rollover == any(source.startswith("pubmed25") for source in applied)
    after = pending(listing, [*applied, *(file.name for file in plan.files)])
    assert after.files == ()


@given(done=st.integers(0, 30), more=st.integers(0, 10))
def test_day_by_day_every_file_is_applied_exactly_once(done: int, more: int) -> None:
    applied = list(map(name, range(1, done + 1)))
    listing = a_listing(baseline=1, updates=done + more)
    plan = pending(listing, applied)
    assert [*applied, *(file.name for file in plan.files)] == [file.name for file in listing.files]
    assert plan.warnings == ()
