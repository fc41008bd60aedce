"""Generations come, are published, rolled back and pruned; a build that fails or is killed changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from retrieval.analysis import Analyzer
from retrieval.encoders.base import Passage, Vectors
from retrieval.errors import (
    BusyError,
    GenerationError,
    IncompatibleError,
    InputError,
    NotPublishedError,
    VerificationError,
)
from retrieval.index.interface import NO_CONDITION, Words
from retrieval.index.manifest import FORMAT_VERSION, require_encoder
from retrieval.query import Constraint
from retrieval.records import Article, Deletion, Filters
from tests.contracts.backends import Backend, opened
from tests.contracts.comparing import SAME_VECTOR, assert_same_ranking
from tests.contracts.documents import ARTICLES, STATUS, paper, tree_file
from tests.contracts.killed import write
from tests.contracts.library import Library
from tests.fakes import HashingEncoder

ROOT = Path(__file__).parents[2]
NewLibrary = Callable[..., Library]


@pytest.fixture
def library(new_library: NewLibrary) -> Library:
    return new_library(HashingEncoder())


def pmids(library: Library, generation: str | None = None) -> list[int]:
    found: list[int] = library.open(generation).pmids().tolist()
    return found


# --- Publish, roll back, prune ----------------------------------------------------------------------------------------


def test_each_build_is_a_new_generation_and_is_published(library: Library) -> None:
    assert library.generations.all() == []
    assert library.publish([paper(1, "One.")]).generation == "000001"
    assert library.publish([paper(2, "Two.")]).generation == "000002"
    assert (library.generations.all(), library.generations.current()) == (["000001", "000002"], "000002")
    assert (pmids(library, "000001"), pmids(library)) == ([1], [1, 2])


def test_rollback_publishes_the_one_before_and_the_next_build_takes_a_new_number(library: Library) -> None:
    for pmid in (1, 2):
        library.publish([paper(pmid, "Text.")])
    assert library.generations.rollback() == "000001"
    assert (library.generations.current(), pmids(library)) == ("000001", [1])
    assert library.publish([paper(3, "Three.")]).generation == "000003"
    assert library.generations.rollback("000002") == "000002"
    assert pmids(library) == [1, 2]


def test_publish_is_seen_by_others_who_look_at_the_same_place(backend: Backend, tmp_path: Path) -> None:
    address = backend.address(tmp_path / "home")
    library, other = Library(tmp_path / "home", opened(address), HashingEncoder()), opened(address)
    with pytest.raises(NotPublishedError):
        other.current()
    library.publish([paper(1, "One.")])
    assert (other.current(), other.all()) == ("000001", ["000001"])
    library.publish([paper(2, "Two.")])
    other.rollback()
    assert library.generations.current() == "000001"


def test_rollback_names_what_there_is(library: Library) -> None:
    library.publish([paper(1, "One.")])
    with pytest.raises(GenerationError, match="no generation older than 000001"):
        library.generations.rollback()
    with pytest.raises(GenerationError, match="there is no generation '000007'; there are: 000001"):
        library.generations.rollback("000007")
    assert library.generations.current() == "000001"


def test_prune_keeps_the_newest_and_never_deletes_the_published_one(library: Library, backend: Backend) -> None:
    for pmid in range(1, 6):
        library.publish([paper(pmid, "Text.")], keep=9)
    library.generations.rollback("000001")
    gone = library.generations.prune(keep=2)
    # A cluster also spares the one that was published last, which servers may still be reading.
    assert gone == ["000002", "000003"]
    assert library.generations.all() == ["000001", "000004", "000005"]
    assert pmids(library) == [1]
    assert library.publish([paper(9, "Nine.")], keep=9).generation == "000006"
    assert backend.stray(library.generations) == []


def test_builds_keep_as_many_as_they_are_told(library: Library) -> None:
    for pmid in range(1, 5):
        library.publish([paper(pmid, "Text.")], keep=2)
    assert library.generations.all() == ["000003", "000004"]
    assert library.generations.rollback() == "000003"


def test_nothing_published_says_what_to_do(library: Library) -> None:
    with pytest.raises(NotPublishedError, match="pathlit index FILES"):
        library.generations.current()
    with pytest.raises(NotPublishedError):
        library.generations.rollback()


def test_a_finished_generation_that_is_not_published_is_known_and_can_be(library: Library) -> None:
    with library.generations.drafting(library.analyzer) as draft:
        write(draft, library, [paper(1, "One.")], [1])
        draft.seal()
    assert library.generations.all() == ["000001"]
    with pytest.raises(NotPublishedError, match="publish one with `pathlit rollback 000001`"):
        library.generations.current()
    library.generations.publish("000001")
    assert (library.generations.current(), pmids(library)) == ("000001", [1])


# --- What a generation says of itself ---------------------------------------------------------------------------------


def test_the_manifest_says_what_went_in(new_library: NewLibrary, tmp_path: Path) -> None:
    library = new_library(HashingEncoder(), mesh=tree_file(tmp_path))
    library.publish(ARTICLES, source="pubmed26n0007.xml.gz")
    manifest = library.generations.manifest("000001")
    assert (manifest.generation, manifest.format_version) == ("000001", FORMAT_VERSION)
    assert (manifest.articles, manifest.vectors) == (len(ARTICLES), len(ARTICLES))
    assert (manifest.analyzer, manifest.encoder) == (library.analyzer.fingerprint, HashingEncoder().spec)
    assert manifest.integrity == {status.value: 1 for status in STATUS.values()}
    assert manifest.source == "pubmed26n0007.xml.gz"
    assert datetime.fromisoformat(manifest.created).tzinfo is not None
    assert manifest == library.open().manifest


def test_a_generation_takes_some_bytes_and_is_whole(library: Library) -> None:
    library.publish(ARTICLES)
    assert library.generations.bytes("000001") > 1_000
    library.generations.require_whole("000001")


def test_another_analyzer_is_refused_naming_both(library: Library) -> None:
    library.publish([paper(1, "One.")])
    with pytest.raises(IncompatibleError, match=r"analyzer pathlit-english-3-\w+ .* has pathlit-english-3-"):
        library.generations.open("000001", Analyzer(frozenset({"catalase"})))


def test_another_format_is_refused_naming_both(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.publish([paper(1, "One.")])
    monkeypatch.setattr("retrieval.index.manifest.FORMAT_VERSION", 99)
    with pytest.raises(IncompatibleError, match=f"has format {FORMAT_VERSION}, this pathlit reads format 99"):
        library.generations.open("000001", library.analyzer)


def test_another_encoder_is_refused_naming_both(library: Library) -> None:
    library.publish([paper(1, "One.")])
    with pytest.raises(IncompatibleError, match=r"encoder hashing@1 \(64 dimensions\), the configured one is other@1"):
        require_encoder(library.generations.manifest("000001"), HashingEncoder(name="other").spec)


def test_a_generation_that_does_not_exist_is_an_error(library: Library) -> None:
    library.publish([paper(1, "One.")])
    generations = library.generations
    for ask in (
        generations.manifest,
        generations.bytes,
        generations.require_whole,
        generations.publish,
        lambda name: generations.open(name, library.analyzer),
    ):
        with pytest.raises(GenerationError, match="000007"):
            ask("000007")
    assert generations.current() == "000001"


# --- Builds that fail ------------------------------------------------------------------------------------------------


class Wavering(HashingEncoder):
    """Makes other vectors when it is asked again, as the check after a build does."""

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        again = bool(self.encoded)
        vectors = super().encode_documents(passages)
        return np.roll(vectors, 1, axis=1) if again else vectors


def test_a_build_that_is_wrong_is_not_published_and_leaves_nothing(library: Library, backend: Backend) -> None:
    library.publish([paper(1, "One.")])
    library.encoder = Wavering(name="wavering")
    with pytest.raises(VerificationError, match="the vector under PMID 1 is not that of its text"):
        library.publish([paper(2, "Two.")])
    library.encoder = HashingEncoder()
    assert (library.generations.all(), library.generations.current()) == (["000001"], "000001")
    assert pmids(library) == [1]
    assert backend.stray(library.generations) == []
    assert library.publish().generation == "000002"
    assert pmids(library) == [1, 2]


@pytest.mark.parametrize("error", [InputError("nothing to look for"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("stage", ["before writing", "among the articles", "before the seal"])
def test_a_build_that_breaks_off_leaves_nothing(
    library: Library, backend: Backend, error: BaseException, stage: str
) -> None:
    library.publish([paper(1, "One.")])

    def articles() -> Iterator[Article]:
        yield paper(1, "One.")
        if stage == "among the articles":
            raise error
        yield paper(2, "Two.")

    def build() -> None:
        with library.generations.drafting(library.analyzer) as draft:
            assert list(draft.scratch.iterdir()) == []
            (draft.scratch / "half").write_text("x")
            if stage == "before writing":
                raise error
            write(draft, library, articles(), [1, 2])
            raise error

    with pytest.raises(type(error)):
        build()
    assert (library.generations.all(), library.generations.current()) == (["000001"], "000001")
    assert pmids(library) == [1]
    assert backend.stray(library.generations) == []


def test_a_draft_can_be_read_before_anybody_else_can_find_it(library: Library) -> None:
    library.publish([paper(1, "One.")])
    with library.generations.drafting(library.analyzer) as draft:
        write(draft, library, [paper(2, "Two."), paper(3, "Three.")], [2, 3])
        draft.require_whole()
        assert draft.open().pmids().tolist() == [2, 3]
        assert (library.generations.all(), library.generations.current()) == (["000001"], "000001")
    assert library.generations.all() == ["000001"]


def test_two_builds_at_once_are_refused(backend: Backend, tmp_path: Path) -> None:
    address = backend.address(tmp_path / "home")
    one, other = opened(address), opened(address)
    with (
        one.drafting(Analyzer()),
        pytest.raises(BusyError, match=r"build \(process \d+, since .* is at work"),
        other.drafting(Analyzer()),
    ):
        pass
    with other.drafting(Analyzer()) as draft:
        assert draft.name == "000001"


@pytest.mark.server
def test_what_a_killed_build_left_is_removed_by_the_next(backend: Backend, tmp_path: Path) -> None:
    home = tmp_path / "home"
    address = backend.address(home)
    library = Library(home, opened(address), HashingEncoder())
    library.publish([paper(1, "One.")])
    code = "import sys; from tests.contracts.killed import build_half; build_half(sys.argv[1])"
    with subprocess.Popen(
        [sys.executable, "-c", code, address], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "half way\n"
        builder.kill()
    assert backend.stray(library.generations) != []
    assert (library.generations.all(), library.generations.current(), pmids(library)) == (["000001"], "000001", [1])
    library.publish([paper(2, "Two.")])
    assert backend.stray(library.generations) == []
    assert library.generations.current() == library.generations.all()[-1]
    assert pmids(library) == [1, 2]


# --- Deletes ----------------------------------------------------------------------------------------------------------


def test_a_generation_after_changes_and_deletions_is_that_of_a_build_from_scratch(new_library: NewLibrary) -> None:
    grown, fresh = new_library(HashingEncoder()), new_library(HashingEncoder())
    first = [paper(pmid, f"Gland {pmid} of the lung.", "Stroma.", year=2000 + pmid % 7) for pmid in range(1, 120)]
    changed = [replace(each, title=f"Nucleus {each.pmid} anew.", version=2) for each in first[10:30]]
    more = [paper(pmid, f"Lung {pmid}.", types=["Review"]) for pmid in range(500, 520)]
    deleted = [Deletion(pmid=pmid) for pmid in (*range(50, 80), 505, 777)]
    assert grown.publish(first).encoded == len(first)
    assert grown.publish([*changed, *more]).encoded == len(changed) + len(more)
    assert grown.publish(deleted).encoded == 0
    kept = {each.pmid: each for each in (*first, *changed, *more)}
    for gone in deleted:
        kept.pop(gone.pmid, None)
    fresh.publish(kept.values())

    one, other = grown.open(), fresh.open()
    assert one.pmids().tolist() == other.pmids().tolist() == one.vector_pmids().tolist() == sorted(kept)
    assert one.articles(sorted(kept)) == other.articles(sorted(kept))
    assert one.articles([50, 505]) == {}
    assert one.facets("lung", NO_CONDITION, ("year", "type"), 10) == other.facets(
        "lung", NO_CONDITION, ("year", "type"), 10
    )
    for text in ("gland lung", "nucleus", "stroma 25", "50", "505"):
        assert_same_ranking(one.lexical(text, Constraint(), 200), other.lexical(text, Constraint(), 200), 200, rel=1e-6)
        vector = HashingEncoder().encode_queries([text])[0]
        expected = other.dense(vector, Constraint(), 200)
        assert_same_ranking(one.dense(vector, Constraint(), 200), expected, 200, rel=0, within=SAME_VECTOR)
    # And the earlier generation still has what was deleted.
    assert set(pmids(grown, "000002")) == set(kept) | set(range(50, 80)) | {505}


# --- One reader, several threads --------------------------------------------------------------------------------------


def test_a_reader_answers_several_threads_alike(library: Library) -> None:
    library.publish(ARTICLES)
    reader = library.open()
    texts = ("lung carcinoma", "PD-L1", "tumour", "xenografts", "")
    constraints = [Constraint(filters=Filters(year_from=year)) for year in (None, 2010, 2019, 2020)]

    def ask(number: int) -> tuple[object, ...]:
        text, constraint = texts[number % len(texts)], constraints[number % len(constraints)]
        vector = HashingEncoder().encode_queries([text])[0]
        return (
            reader.recall(Words(text), vector, constraint, 20),
            reader.facets(text, constraint, ("year", "journal"), 5),
            reader.articles([1, number % 60]),
        )

    alone = [ask(number) for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(ask, [number % 20 for number in range(160)]))
    assert together == alone * 8
