"""Refreshes killed at random moments while users search: every run after a kill comes to the same end, nobody notices.

The real command, the real server in a process of its own, PubMed's stand-ins over HTTP, SIGKILL.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from indexing.bulk.names import BulkName
from indexing.catalog import Catalog
from retrieval.analysis import Analyzer
from retrieval.index.embedded import EmbeddedReader
from retrieval.index.generation import GenerationStore
from retrieval.vocabulary.file import read_vocabulary
from tests.api.running import ask
from tests.servers.bulk_tree import BulkTree
from tests.servers.ncbi import NcbiServer
from tests.servers.ncbi_world import World
from tests.users import Users, search_answer

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[1]
KILLS = 50
QUERY = "stand-in pathology"
WORDS = ("immunohistochemistry adenocarcinoma colon", "frozen sections of the lung", "lymphoma", "patients treatment")


class Scene:
    """A home folder of a real installation, the sources that it follows, and the commands typed there."""

    def __init__(self, home: Path, tree: BulkTree, ncbi: NcbiServer) -> None:
        self.home, self.tree, self.ncbi = home, tree, ncbi
        self.environment = os.environ | {
            "PATHLIT_HOME": str(home),
            "PATHLIT_ENTREZ__URL": ncbi.url,
            "PATHLIT_ENTREZ__EMAIL": "me@example.org",
            "PATHLIT_ENTREZ__API_KEY": "k" * 36,
            "PATHLIT_KEEP_GENERATIONS": "1000",
            "PATHLIT_API__PORT": "0",
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pathlit", *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def start_refresh(self) -> subprocess.Popen[str]:
        bulk = f"{self.ncbi.root}pubmed/"
        return self.start("refresh", "--no-vectors", "--bulk", bulk, "--query", QUERY)

    def refresh(self) -> None:
        run = self.start_refresh()
        said, _ = run.communicate(timeout=120)
        assert run.returncode == 0, said

    def truth(self, newest: int) -> set[int]:
        """What PubMed's files hold up to one of them."""
        return set(self.tree.truth(newest))

    def texts(self) -> dict[int, tuple[str, str]]:
        with Catalog.open(self.home / "catalog.sqlite") as catalog:
            return {e.article.pmid: (e.article.title, e.article.abstract) for e in catalog.articles()}

    def wanted_texts(self) -> dict[int, tuple[str, str]]:
        bulk = {pmid: (c.title, c.abstract) for pmid, c in self.tree.truth().items()}
        held = self.texts()
        return bulk | {pmid: held[pmid] for pmid in self.ncbi.pmids}

    def left_at(self) -> str:
        """The stage in which a killed run was."""
        try:
            stages = json.loads((self.home / "refresh.json").read_bytes()).get("stages", [])
        except FileNotFoundError:
            return "before the first stage"
        return str(stages[-1]["name"]) if stages else "before the first stage"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    tree = BulkTree(seed=9, baseline_files=4, update_files=24, citations_per_file=250)
    tree.published = 4
    # The newest are of today, so that those that come later are news to a query.
    today = datetime.now(UTC).date()
    world = World(2_000, per_day=60, first_day=today - timedelta(days=33))
    with NcbiServer(world=world, mounts={"/pubmed/": tree.answer}) as ncbi:
        yield Scene(tmp_path / "home", tree, ncbi)


@contextmanager
def serving(scene: Scene) -> Iterator[int]:
    """The server in its own process; gives its port."""
    process = scene.start("serve")
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        if "127.0.0.1:" in line:
            port = int("".join(c for c in line.partition("127.0.0.1:")[2].split()[0] if c.isdigit()))
            break
    # Nobody reads its log, which must not fill the pipe.
    reader = threading.Thread(target=process.stdout.read, daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                if ask(connection, "GET", "/readyz").status == 200:
                    break
            except OSError:
                time.sleep(0.05)
            finally:
                connection.close()
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        reader.join(10)
        process.stdout.close()


class Visitors(Users):
    """Search without a pause; remember what every answer said."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.failures: list[str] = []
        self.answers: set[tuple[str, frozenset[int]]] = set()
        self.count = 0
        self._lock = threading.Lock()
        super().__init__([partial(self._search, words) for words in WORDS[:2]])

    def _search(self, words: str) -> None:
        connection, dice = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30), random.Random(words)
        while not self.stopped.is_set():
            body = {"query": dice.choice(WORDS), "limit": 200, "filters": {"integrity": "allow"}}
            answer = search_answer(connection, body, self.failures)
            if answer is None:
                continue
            pmids = frozenset(int(hit["pmid"]) for hit in answer.body["data"]["hits"])
            with self._lock:
                self.count += 1
                self.answers.add((answer.body["meta"]["generation"], pmids))
            # The machine has two cores, and the refresh wants one.
            time.sleep(0.01)
        connection.close()


def newest_file_of(store: GenerationStore, generation: str) -> int:
    """The last bulk file that went into a generation, from its articles' own manifest."""
    name = BulkName.parse(store.manifest(generation).source)
    assert name is not None
    return name.number


class Killer:
    """Starts refreshes and kills them at random moments; those that are quicker count as ended."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene, self._dice = scene, random.Random(seed)
        self.left_at: Counter[str] = Counter()
        self.ended = 0

    @property
    def kills(self) -> int:
        return self.left_at.total()

    def bring_news(self) -> None:
        """Update files, and articles that the query finds."""
        tree, world = self._scene.tree, self._scene.ncbi.world
        tree.published = min(tree.baseline_files + tree.update_files, (tree.published or 0) + 1)
        world.citations += 150

    def strike(self, longest: float) -> None:
        run = self._scene.start_refresh()
        try:
            said, _ = run.communicate(timeout=self._dice.uniform(0.2, longest))
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            self.left_at[self._scene.left_at()] += 1
        else:
            assert run.returncode == 0, said
            self.ended += 1
            self.bring_news()


def test_fifty_kills_change_nothing_that_anybody_sees(scene: Scene, tmp_path: Path) -> None:
    killer = Killer(scene, seed=20)
    # The first fill, with nothing published yet.
    while killer.kills < KILLS // 3:
        killer.strike(longest=4.0)
    scene.refresh()
    assert scene.texts() == scene.wanted_texts()

    store = GenerationStore(scene.home / "generations")
    with serving(scene) as port, Visitors(port) as users:
        while killer.kills < KILLS:
            killer.bring_news()
            for _ in range(5):
                killer.strike(longest=2.0)
            scene.refresh()
            assert scene.texts() == scene.wanted_texts()
        scene.tree.published = None
        scene.refresh()
        # Until the server has seen the last generation, and users too.
        deadline = time.monotonic() + 30
        while store.current() not in {generation for generation, _ in users.answers} and time.monotonic() < deadline:
            time.sleep(0.1)
    print(
        f"\n{killer.kills} runs killed ({dict(killer.left_at)}), {killer.ended} ended before; "
        f"{users.count:,} searches, "
        f"{len({generation for generation, _ in users.answers})} generations seen"
    )
    assert users.failures == []
    assert users.count > 500
    assert store.current() in {generation for generation, _ in users.answers}
    assert scene.texts() == scene.wanted_texts()

    # No answer named an article that was deleted when its generation was made.
    for generation in {generation for generation, _ in users.answers}:
        held = scene.truth(newest_file_of(store, generation)) | set(scene.ncbi.pmids)
        for pmids in (pmids for answered, pmids in users.answers if answered == generation):
            assert pmids <= held, generation

    # From scratch, without a kill: the same catalog, the same index.
    fresh = Scene(tmp_path / "fresh", scene.tree, scene.ncbi)
    fresh.refresh()
    assert fresh.texts() == scene.texts()
    everything = sorted(scene.texts())
    one, other = open_index(scene.home), open_index(fresh.home)
    assert one.articles(everything) == other.articles(everything)
    assert one.lexical_reader.count == other.lexical_reader.count == len(everything)


def open_index(home: Path) -> EmbeddedReader:
    store = GenerationStore(home / "generations")
    return EmbeddedReader.open(store.folder(store.current()), Analyzer(read_vocabulary().symbols()))
