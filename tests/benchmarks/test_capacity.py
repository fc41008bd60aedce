"""docs/capacity.md says what the measured figures give."""

from __future__ import annotations

import pytest

from benchmarks import capacity
from benchmarks.capacity_model import SCALES, Constant, clustered, constants, disk, measured_kinds, memory, times

ARTICLES = SCALES.index(38_000_000)


@pytest.fixture(scope="module")
def found() -> dict[str, Constant]:
    return constants()


def test_the_page_holds_what_is_computed(found: dict[str, Constant]) -> None:
    page = capacity.PAGE.read_text(encoding="utf-8")
    assert capacity.renewed(page, capacity.generated_part(found)) == page


def test_every_constant_is_positive_and_has_a_dated_source(found: dict[str, Constant]) -> None:
    for constant in found.values():
        assert constant.value > 0
        assert "2026-" in constant.source


def test_a_sum_is_that_of_its_rows(found: dict[str, Constant]) -> None:
    *parts, together, _ = disk(found)
    assert together.values[ARTICLES] == pytest.approx(sum(part.values[ARTICLES] for part in parts))


def test_the_catalog_of_all_of_pubmed_is_its_bytes_times_38_million(found: dict[str, Constant]) -> None:
    assert disk(found)[0].values[ARTICLES] == found["catalog"].value * 38_000_000


def test_finding_cells_grows_faster_than_the_articles_do(found: dict[str, Constant]) -> None:
    [assigning] = [row for row in times(found) if "cell" in row.what and "n^1.5" in row.how]
    assert assigning.values[1] / assigning.values[0] == pytest.approx((38 / 5.3) ** 1.5)


def test_vectors_lie_in_shards_above_the_limit_of_one_file(found: dict[str, Constant]) -> None:
    [mapped] = [row for row in memory(found) if row.what == "files: vectors"]
    assert mapped.values[ARTICLES] == found["shards"].value * 38_000_000


def test_a_cluster_has_three_nodes_at_least(found: dict[str, Constant]) -> None:
    for kind in measured_kinds(found):
        [nodes] = [row for row in clustered(found, kind) if row.what.startswith("nodes")]
        assert min(nodes.values) >= 3


def test_another_page_is_told_apart(found: dict[str, Constant]) -> None:
    page = capacity.PAGE.read_text(encoding="utf-8")
    doubled = found | {"catalog": found["catalog"]._replace(value=found["catalog"].value * 2)}
    assert capacity.renewed(page, capacity.generated_part(doubled)) != page
