"""Encoding over Ray: two real workers on this machine, byte-equal with one process whatever dies meanwhile."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexing.catalog import CatalogEntry
from indexing.catalog_batch import content_hash
from indexing.embeddings import EmbeddingCache
from indexing.encoding import ray_runner, worker
from indexing.encoding.exchange import Exchange
from indexing.encoding.partition import Partition, encode_partition
from indexing.encoding.plan import Plan
from indexing.encoding.ray_runner import RayRunner
from indexing.encoding.recipe import EncoderRecipe, Recipe
from indexing.encoding.runner import LocalRunner
from indexing.encoding.worker import EncodeWorker
from retrieval.encoders.base import Passage
from retrieval.encoders.text import DEFAULT_MODEL
from retrieval.errors import ConfigurationError
from retrieval.records import Integrity
from tests.fakes import article
from tests.indexing.encoding.recipes import POISON, FakeRecipe

ROOT = Path(__file__).parents[3]
SIZE = 32
# Workers find the recipes, and get as much of a busy machine as the tests themselves; starting may take its time.
FOR_TESTS = {"PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0", "RAY_raylet_start_wait_time_s": "300"}
WORDS = ("gland", "nucleus", "stroma", "mitosis", "necrosis", "lymphocyte", "margin")


def entries(count: int) -> list[CatalogEntry]:
    articles = [
        article(n, f"{WORDS[n % 7]} {WORDS[n % 5]} {n}", f"{WORDS[n % 3]} of the {WORDS[n % 6]}. " * (n % 11))
        for n in range(1, count + 1)
    ]
    return [CatalogEntry(article=a, content_hash=content_hash(a), integrity=Integrity()) for a in articles]


def rows(path: Path) -> list[tuple[str, bytes, bytes]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM vectors ORDER BY encoder, content").fetchall()


def ray_runner_of(tmp_path: Path, recipe: Recipe) -> RayRunner:
    return RayRunner("local", Exchange(str(tmp_path / "exchange")), recipe, workers=2, texts_per_partition=SIZE)


def fill(path: Path, recipe: Recipe, count: int, runner: RayRunner | None = None) -> int:
    return EmbeddingCache(path).fill(entries(count), recipe.open(), runner=runner or LocalRunner(SIZE))


# --- Without a cluster ----------------------------------------------------------------------------------------------


def partition(*titles: str) -> Partition[Passage]:
    return Partition("hashing@1", [title.encode().ljust(16) for title in titles], [Passage(t, "") for t in titles])


def outcome(tmp_path: Path, recipe: Recipe, *titles: str, version: str = "") -> dict[str, str]:
    exchange, work = Exchange(str(tmp_path)), partition(*titles)
    encode = EncodeWorker(recipe, exchange, version or worker.installed_version(), 1)
    found = encode({"name": [work.name], "texts": [exchange.put_texts(work)]})
    return {field: values[0] for field, values in found.items()}


def test_a_worker_leaves_vectors_and_says_their_checksum(tmp_path: Path) -> None:
    found = outcome(tmp_path, FakeRecipe(), "gland", "stroma")
    left = Exchange(str(tmp_path)).finished(partition("gland", "stroma"))
    assert left is not None
    assert (found["checksum"], found["error"]) == (left.checksum, "")


def test_a_worker_with_another_version_or_encoder_says_so(tmp_path: Path) -> None:
    assert "the builder's is 0.0.1" in outcome(tmp_path, FakeRecipe(), "gland", version="0.0.1")["error"]
    assert "the encoder here is other@1" in outcome(tmp_path, FakeRecipe(name="other"), "gland")["error"]


def test_what_an_encoder_raises_is_an_outcome(tmp_path: Path) -> None:
    found = outcome(tmp_path, FakeRecipe(), "gland", POISON)
    assert found["error"] == "RuntimeError: the model met a text that it cannot read"
    assert str(os.getpid()) in found["worker"]


def test_where_nothing_is_to_be_done_ray_is_not_started_and_leftovers_go(tmp_path: Path) -> None:
    runner = RayRunner("nowhere:1", Exchange(str(tmp_path)), FakeRecipe())
    runner.exchange.put_texts(partition("gland"))
    assert list(runner.run(iter(()), FakeRecipe().open())) == []
    assert list(tmp_path.iterdir()) == []


def test_without_ray_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigurationError, match=r"install `pathlit\[ray\]`"):
        fill(tmp_path / "e", FakeRecipe(), 5, ray_runner_of(tmp_path, FakeRecipe()))


# --- On two workers -------------------------------------------------------------------------------------------------

on_ray = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    # Ray's own: files and sockets of processes that it starts and leaves to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # Ray announces a change of CUDA_VISIBLE_DEVICES at each start.
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Started once; a RayRunner uses it as it is."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ray_runner.ENVIRONMENT | FOR_TESTS).items():
            patch.setenv(name, value)
        import ray

        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 << 20)
        yield
        ray.shutdown()


@pytest.mark.usefixtures("cluster")
class TestOnTwoWorkers:
    pytestmark = on_ray

    def test_the_packaged_model_gives_the_same_bytes_as_in_one_process(self, tmp_path: Path) -> None:
        recipe = EncoderRecipe(DEFAULT_MODEL)
        assert fill(tmp_path / "ray", recipe, 300, ray_runner_of(tmp_path, recipe)) == 300
        fill(tmp_path / "local", recipe, 300)
        assert rows(tmp_path / "ray") == rows(tmp_path / "local")
        assert list((tmp_path / "exchange").iterdir()) == []

    def test_a_killed_worker_changes_nothing(self, tmp_path: Path) -> None:
        pids = tmp_path / "pids"
        pids.mkdir()
        recipe = FakeRecipe(seconds=0.4, pids=str(pids))
        killed: list[int] = []

        def kill() -> None:
            deadline = time.monotonic() + 600
            while not killed and time.monotonic() < deadline:
                if (tmp_path / "ray").exists() and len(rows_or_none(tmp_path / "ray")) >= 3 * SIZE:
                    killed.append(int(next(pids.iterdir()).name))
                    os.kill(killed[0], signal.SIGKILL)
                time.sleep(0.05)

        killer = threading.Thread(target=kill)
        killer.start()
        fill(tmp_path / "ray", recipe, 40 * SIZE, ray_runner_of(tmp_path, recipe))
        killer.join()
        assert killed
        assert len(list(pids.iterdir())) > 2, "nobody took the killed worker's place"
        fill(tmp_path / "local", FakeRecipe(), 40 * SIZE)
        assert rows(tmp_path / "ray") == rows(tmp_path / "local")
        assert list((tmp_path / "exchange").iterdir()) == []

    def test_a_failing_encoder_names_the_partition_and_keeps_what_was_finished(self, tmp_path: Path) -> None:
        bad = article(5_000, POISON)
        poisoned = [
            *entries(6 * SIZE),
            CatalogEntry(article=bad, content_hash=content_hash(bad), integrity=Integrity()),
        ]
        cache = EmbeddingCache(tmp_path / "ray")
        runner = ray_runner_of(tmp_path, FakeRecipe())
        expected = r"partition [0-9a-f]{32} of 1 texts could not be encoded on .*: RuntimeError: the model met a text"
        with pytest.raises(ConfigurationError, match=expected):
            cache.fill(poisoned, FakeRecipe().open(), runner=runner)
        # The failure may overtake others, whose vectors then lie in the exchange folder.
        assert cache.fill(entries(6 * SIZE), FakeRecipe().open(), runner=runner) <= 6 * SIZE
        fill(tmp_path / "local", FakeRecipe(), 6 * SIZE)
        assert rows(tmp_path / "ray") == rows(tmp_path / "local")

    def test_vectors_that_a_killed_build_left_are_taken(self, tmp_path: Path) -> None:
        recipe = FakeRecipe()
        runner = ray_runner_of(tmp_path, recipe)
        encoder, texts = recipe.open(), entries(3 * SIZE)
        items = ((e.content_hash, Passage(e.article.title, e.article.abstract)) for e in texts)
        partitions = list(Plan(encoder.spec.id, items, lambda group: (), size=SIZE).partitions())
        # Vectors that no encoder gives, so that they are known again.
        runner.exchange.put_vectors(encode_partition(partitions[1], lambda group: np.ones((len(group), 64), "f4")))
        fill(tmp_path / "ray", recipe, 3 * SIZE, runner)
        taken = {content for _, content, vector in rows(tmp_path / "ray") if vector == np.ones(64, "f2").tobytes()}
        assert taken == set(partitions[1].hashes)
        assert list((tmp_path / "exchange").iterdir()) == []


def rows_or_none(path: Path) -> list[tuple[str, bytes, bytes]]:
    try:
        return rows(path)
    except sqlite3.OperationalError:
        return []


BUILDER = """
import sys
from pathlib import Path
from tests.indexing.encoding.recipes import FakeRecipe
from tests.indexing.encoding.test_ray_runner import fill, ray_runner_of

recipe = FakeRecipe(seconds=0.3)
fill(Path(sys.argv[1]) / "ray", recipe, 1_280, ray_runner_of(Path(sys.argv[1]), recipe))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_builder_killed_in_the_middle_and_run_again_gives_the_same_bytes(tmp_path: Path) -> None:
    def build() -> subprocess.Popen[bytes]:
        environment = os.environ | FOR_TESTS
        return subprocess.Popen([sys.executable, "-c", BUILDER, str(tmp_path)], cwd=ROOT, env=environment)

    process = build()
    deadline = time.monotonic() + 600
    while process.poll() is None and time.monotonic() < deadline:
        if (tmp_path / "ray").exists() and len(rows_or_none(tmp_path / "ray")) >= 5 * SIZE:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert 5 * SIZE <= len(rows(tmp_path / "ray")) < 1_280
    assert build().wait(600) == 0
    fill(tmp_path / "local", FakeRecipe(), 1_280)
    assert rows(tmp_path / "ray") == rows(tmp_path / "local")
    assert list((tmp_path / "exchange").iterdir()) == []
