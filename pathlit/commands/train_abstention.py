"""`pathlit train abstention`: when to say that the library does not answer, learned from what it can and cannot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pathlit.commands.options import AsJson, Home
from pathlit.console import err, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.typed_command import typed_command
from pathlit.wiring import HomeFolder
from retrieval.answer.abstention import THRESHOLD, AbstentionModel, Tried, write_abstention
from retrieval.errors import ConfigurationError, InputError
from retrieval.records import Query
from retrieval.rerank.learned import LearnedReranker

if TYPE_CHECKING:
    from evaluation.answer_probes import Answerable, Probe
    from evaluation.task import Task
    from retrieval.search import Searcher
    from training.abstention import Asked, Learned

_BY_BOTH: Final = ("missing", "named", "weakest", "cosine")
_BY_WORDS_ALONE: Final = ("missing", "covered", "named")


def abstention(
    tasks: Annotated[list[str], typer.Argument(help="Judged questions: as in `pathlit evaluate run --help`.")],
    to: Annotated[Path, typer.Option(help="File to write, .toml.")] = Path("abstention.toml"),
    questions: Annotated[int, typer.Option(min=20, help="Of each task at most; chosen by a hash.")] = 100,
    probes: Annotated[int, typer.Option(min=10, help="Of each kind at most.")] = 60,
    seed: Annotated[int, typer.Option(help="Another seed makes other probes.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Learn when to abstain, from questions that the published generation answers and from probes that it does not.

    Learns from the first half of the questions and of what probes are made of; `pathlit evaluate answers --half other`
    measures on the rest. A task no-answer (`pathlit evaluate make no-answer`) gives both.

    \b
        pathlit evaluate make no-answer --home my-library --to tasks
        pathlit train abstention tasks pubmedqa:ori_pqal.json.gz scifact-claims --home my-library
    """
    if find_spec("ir_measures") is None:
        raise ConfigurationError("training needs tasks to learn from; install the extra `pathlit[evaluation]`")
    from evaluation.addresses import find_tasks
    from training.abstention import learn

    if to.suffix != ".toml":
        raise InputError(f"{to} is no name for an abstention model; give it the ending .toml")
    if to.exists() and not force:
        raise InputError(f"{to} exists; give another name with --to, or --force")
    place = HomeFolder(read_settings(home))
    searcher = place.open_searcher()
    if not isinstance(searcher.reranker, LearnedReranker):
        raise ConfigurationError("learning when to abstain needs the reranker `learned`, which reads the hits' words")
    asked = _read(place, searcher, find_tasks(tasks), questions, probes, seed)
    both, words = learn(asked, _BY_BOTH), learn(asked, _BY_WORDS_ALONE)
    model = AbstentionModel(
        encoder=searcher.reranker.sentences.encoder,
        weights=both.weights,
        words_alone=words.weights,
        made_by=typed_command(),
        created=datetime.now(UTC).date().isoformat(),
        tried=tuple(_tried(asked, both)),
    )
    write_abstention(to, model)
    if as_json:
        print_json({"file": str(to), "model": model})
        return
    for name, weight in model.weights.features.items():
        out.print(f"{weight:>8.3f}  {name}", highlight=False)
    for tried in model.tried:
        what = "questions answered" if tried.answerable else "probes answered"
        out.print(
            f"{tried.kind}: {tried.answered:.3f} [{tried.low:.3f}, {tried.high:.3f}] of {tried.questions} {what}, by "
            "weights fitted to the other kinds",
            highlight=False,
            markup=False,
        )
    out.print(f"written to {to}", highlight=False, markup=False)


def _read(
    place: HomeFolder, searcher: Searcher, tasks: Sequence[Task], questions: int, probes: int, seed: int
) -> list[Asked]:
    """Every question of the first half with its features; those that find nothing at all teach nothing."""
    from evaluation.answer_probes import is_first_half, make_probes
    from evaluation.answers import answerable_of
    from evaluation.experiment import require_indexed
    from evaluation.tasks.sampling import sample
    from retrieval.answer.answerable import BY_MEANING, read_features
    from training.abstention import Asked

    given: dict[str, Answerable] = {}
    apart: list[str] = []
    for task in tasks:
        require_indexed(searcher, task)
        keys = sample(filter(is_first_half, task.qrels), questions, seed, str)
        given[task.name] = answerable_of(searcher, task.queries, {key: task.qrels[key] for key in keys})
        if task.kind == "no-answer":
            apart += [task.queries[key] for key in task.judged]
    everything = {key: question for answerable in given.values() for key, question in answerable.items()}
    made: list[Probe] = make_probes(
        searcher, everything, place.vocabulary.groups, apart, size=probes, seed=seed, wanted=is_first_half
    )
    waiting = [(name, True, Query(text=text)) for name, found in given.items() for text, _ in found.values()]
    waiting += [(probe.kind, False, Query(text=probe.text, filters=probe.filters)) for probe in made]
    asked: list[Asked] = []
    with WorkProgress(err).shown() as progress:
        for done, (kind, answerable, query) in enumerate(waiting, 1):
            progress.stage("Asking", done, len(waiting))
            features = read_features(query.text, searcher.search(query), searcher)
            if all(name in features for name in BY_MEANING):
                asked.append(Asked(kind, answerable, features))
    return asked


def _tried(asked: Sequence[Asked], learned: Learned) -> list[Tried]:
    from evaluation.answers import share

    answerable = {one.kind: one.answerable for one in asked}
    shares = {kind: share([p >= THRESHOLD for p in given]) for kind, given in learned.left_out.items()}
    return [
        Tried(kind, answerable[kind], len(learned.left_out[kind]), found.mean, found.low, found.high)
        for kind, found in shares.items()
    ]
