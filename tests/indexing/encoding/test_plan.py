"""Partitions: every text once, the same cut again, nothing kept is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexing.encoding.partition import Partition, encode_partition
from indexing.encoding.plan import Plan
from retrieval.encoders.base import Vectors

DIGESTS = st.integers(0, 40).map(lambda n: n.to_bytes(16, "big"))


def encode(items: Sequence[int]) -> Vectors:
    return np.array([[item, -item] for item in items], dtype=np.float32)


def planned(
    hashes: Sequence[bytes], kept: set[bytes], size: int, done: Sequence[int] = ()
) -> tuple[list[Partition[int]], list[int]]:
    """The partitions; `done` says, of those under way, which one finishes before the next is asked for."""
    told: list[int] = []
    order = iter(done)
    items = ((content, int.from_bytes(content, "big")) for content in hashes)
    plan = Plan("encoder@1", items, lambda group: kept & set(group), size=size, progress=told.append)
    found: list[Partition[int]] = []
    under_way: list[Partition[int]] = []

    def finish(place: int) -> None:
        partition = under_way.pop(place % len(under_way))
        kept.update(partition.hashes)
        plan.finish(encode_partition(partition, encode))

    for partition in plan.partitions():
        found.append(partition)
        under_way.append(partition)
        if (place := next(order, None)) is not None:
            finish(place)
    while under_way:
        finish(0)
    return found, told


@given(st.lists(DIGESTS), st.sets(DIGESTS), st.integers(1, 7))
def test_every_text_that_is_not_kept_is_in_one_partition_in_the_order_of_the_catalog(
    hashes: list[bytes], kept: set[bytes], size: int
) -> None:
    found, _ = planned(hashes, set(kept), size)
    assert [content for partition in found for content in partition.hashes] == [
        content for content in dict.fromkeys(hashes) if content not in kept
    ]
    assert all(len(partition.hashes) == size for partition in found[:-1])
    assert all(int.from_bytes(c, "big") == item for p in found for c, item in zip(p.hashes, p.items, strict=True))


@given(st.lists(DIGESTS), st.sets(DIGESTS), st.integers(1, 7), st.lists(st.integers(0, 99)))
def test_the_cut_does_not_depend_on_who_is_fast(
    hashes: list[bytes], kept: set[bytes], size: int, done: list[int]
) -> None:
    assert [p.name for p in planned(hashes, set(kept), size)[0]] == [
        p.name for p in planned(hashes, set(kept), size, done)[0]
    ]


@given(st.lists(DIGESTS, min_size=1), st.integers(1, 7), st.data())
def test_after_a_kill_the_partitions_that_are_left_are_found_again(
    hashes: list[bytes], size: int, data: st.DataObject
) -> None:
    before, _ = planned(hashes, set(), size)
    finished = data.draw(st.sets(st.sampled_from(before)))
    kept = {content for partition in finished for content in partition.hashes}
    assert [p.name for p in planned(hashes, kept, size)[0]] == [p.name for p in before if p not in finished]


@given(st.lists(DIGESTS), st.sets(DIGESTS), st.integers(1, 7), st.lists(st.integers(0, 99)))
def test_progress_rises_to_the_number_of_articles(
    hashes: list[bytes], kept: set[bytes], size: int, done: list[int]
) -> None:
    _, told = planned(hashes, set(kept), size, done)
    assert told == sorted(told)
    assert not told or told[-1] == len(hashes)


def test_a_name_tells_encoders_and_texts_apart() -> None:
    names = {
        Partition(encoder, hashes, hashes).name
        for encoder in ("a@1", "a@2")
        for hashes in ((b"x" * 16,), (b"y" * 16,), (b"x" * 16, b"y" * 16), (b"y" * 16, b"x" * 16))
    }
    assert len(names) == 8
