"""Builds killed at random moments: the published generation stays, and the build after comes to the same end."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.index.interface import NO_CONDITION
from retrieval.query import Constraint
from tests.cluster.searching import articles
from tests.contracts.backends import Clustered
from tests.contracts.library import Library

pytestmark = [pytest.mark.elasticsearch, pytest.mark.server, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
KILLS = 6
BUILD = """
import sys
from pathlib import Path
from tests.cluster.searching import articles
from tests.contracts.backends import opened
from tests.contracts.library import Library
from tests.fakes import HashingEncoder
library = Library(Path(sys.argv[2]), opened(sys.argv[1]), HashingEncoder())
print("begins", flush=True)
library.publish(articles(2_500, said="Changed."))
"""


def test_killed_builds_change_nothing_and_the_next_comes_to_the_same_end(
    library: Library, address: str, clustered: Clustered, new_library: Callable[[], Library]
) -> None:
    library.publish(articles(300))
    dice, killed = random.Random(8), 0
    while killed < KILLS:
        before = library.generations.all()
        command = [sys.executable, "-c", BUILD, address, str(library.home)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as builder:
            assert builder.stdout is not None
            assert builder.stdout.readline() == "begins\n"
            try:
                builder.wait(dice.uniform(0.2, 6.0))
            except subprocess.TimeoutExpired:
                builder.kill()
                killed += 1
            else:
                assert builder.returncode == 0
                break
        published = library.generations.current()
        assert published in library.generations.all()
        if library.generations.all() == before:
            assert published == before[-1]
            assert len(library.open().pmids()) == library.generations.manifest(published).articles
    library.publish(articles(2_500, said="Changed."))
    assert clustered.stray(library.generations) == []

    fresh = new_library()
    fresh.publish(articles(2_500, said="Changed."))
    one, other = library.open(), fresh.open()
    everything = list(range(1, 2_501))
    assert one.pmids().tolist() == other.pmids().tolist() == one.vector_pmids().tolist() == everything
    assert one.articles(everything) == other.articles(everything)
    for text in ("lung adenocarcinoma", "changed"):
        assert one.lexical(text, Constraint(), 50) == other.lexical(text, Constraint(), 50)
    assert one.facets("lung", NO_CONDITION, ("year",), 5) == other.facets("lung", NO_CONDITION, ("year",), 5)
