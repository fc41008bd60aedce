"""The gate: it holds on equal runs, and fails on a broken analyzer, on a shifted id map, on a rule broken once."""

from pathlib import Path

import pytest

from evaluation.entry import make_entry
from evaluation.gate import compare
from evaluation.runs import read_runs
from evaluation.systems import System
from evaluation.task import Task
from retrieval.analysis import Analyzer, Terms
from retrieval.errors import InputError
from retrieval.index.embedded import EmbeddedReader
from retrieval.index.interface import Scored
from retrieval.search import Searcher
from tests.evaluation.boards import store
from tests.fakes import Corpus, article

ORGANS = "lung colon breast liver kidney skin brain bone thyroid prostate stomach bladder ovary testis spleen".split()
TASK = Task(
    "organs",
    {f"q{i}": f"tumours of the {organ}" for i, organ in enumerate(ORGANS)},
    {f"q{i}": {f"pmid:{i + 1}": 1} for i in range(len(ORGANS))},
)
WORDS = System("lexical", legs=("lexical",))


class BrokenAnalyzer(Analyzer):
    """Keeps the first letter of each word, in documents and queries alike, so that nothing but quality tells."""

    def text(self, text: str) -> Terms:
        return super().text(" ".join(word[0] for word in text.split()))


class ShiftedReader(EmbeddedReader):
    """Hands out the key of the article before the right one, as a map by row position does after a lost row."""

    def lexical(self, *args: object, **kwargs: object) -> list[Scored]:
        found = super().lexical(*args, **kwargs)  # type: ignore[arg-type]
        return [Scored(max(1, scored.pmid - 1), scored.score) for scored in found]


def publish(home: Path, analyzer: Analyzer) -> Corpus:
    corpus = Corpus(home)
    corpus.analyzer = analyzer
    corpus.publish([article(i, f"A study of {organ}", "Findings in patients.") for i, organ in enumerate(ORGANS, 1)])
    return corpus


def measure(searcher: Searcher, runs: Path) -> Path:
    make_entry(searcher, WORDS, TASK, runs, commit="abc", settings={})
    return runs


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    return measure(publish(tmp_path / "good", Analyzer()).open_searcher(), tmp_path / "baseline")


def test_the_gate_holds_where_nothing_has_changed(tmp_path: Path, baseline: Path) -> None:
    again = measure(publish(tmp_path / "again", Analyzer()).open_searcher(), tmp_path / "runs")
    (verdict,) = compare(read_runs(baseline), read_runs(again))
    assert verdict.before.mean == verdict.after == 1.0
    assert not verdict.fell


def test_the_gate_fails_on_a_broken_analyzer(tmp_path: Path, baseline: Path) -> None:
    corpus = publish(tmp_path / "broken", BrokenAnalyzer())
    broken = measure(corpus.open_searcher(), tmp_path / "runs")
    (verdict,) = compare(read_runs(baseline), read_runs(broken))
    assert verdict.after < 0.9
    assert verdict.fell
    assert verdict.sentence.startswith("organs, lexical: nDCG@10 1.000 [1.000, 1.000] -> 0.")


def test_the_gate_fails_on_a_shifted_id_map(tmp_path: Path, baseline: Path) -> None:
    corpus = publish(tmp_path / "shifted", Analyzer())
    folder = corpus.store.folder(corpus.store.current())
    reader = ShiftedReader.open(folder, corpus.analyzer)
    searcher = Searcher(reader, generation="000001", analyzer=corpus.analyzer, encoder=None)
    shifted = measure(searcher, tmp_path / "runs")
    (verdict,) = compare(read_runs(baseline), read_runs(shifted))
    assert verdict.after < 0.5
    assert verdict.fell


def test_one_exception_to_a_rule_that_held_always_is_enough(tmp_path: Path) -> None:
    store(tmp_path / "base", "retractions", "both", dict.fromkeys("abcdefgh", 1.0), kind="retractions")
    store(tmp_path / "now", "retractions", "both", dict.fromkeys("abcdefg", 1.0) | {"h": 0.0}, kind="retractions")
    (verdict,) = compare(read_runs(tmp_path / "base"), read_runs(tmp_path / "now"))
    assert verdict.fell


def test_a_small_fall_everywhere_fails_and_ups_and_downs_do_not(tmp_path: Path) -> None:
    before = {f"q{i}": i / 40 for i in range(40)}
    store(tmp_path / "base", "t", "both", before)
    store(tmp_path / "less", "t", "both", {key: value - 0.02 for key, value in before.items()})
    store(
        tmp_path / "moved", "t", "both", {k: v + (0.05 if i % 2 else -0.05) for i, (k, v) in enumerate(before.items())}
    )
    base = read_runs(tmp_path / "base")
    assert [verdict.fell for verdict in compare(base, read_runs(tmp_path / "less"))] == [True]
    assert [verdict.fell for verdict in compare(base, read_runs(tmp_path / "moved"))] == [False]


def test_other_questions_and_other_systems_are_no_baseline(tmp_path: Path) -> None:
    store(tmp_path / "base", "t", "both", {"a": 1.0})
    store(tmp_path / "other", "t", "both", {"b": 1.0})
    store(tmp_path / "dense", "t", "dense", {"a": 1.0})
    base = read_runs(tmp_path / "base")
    with pytest.raises(InputError, match="the questions or judgments of t have changed"):
        compare(base, read_runs(tmp_path / "other"))
    with pytest.raises(InputError, match="holds none of the tasks and systems that were run"):
        compare(base, read_runs(tmp_path / "dense"))
