"""`pathlit train`: models learned from what is indexed."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pathlit.commands.options import AsJson, Home
from pathlit.commands.train_abstention import abstention
from pathlit.commands.train_encoder import encoder
from pathlit.commands.train_image_adapter import image_adapter
from pathlit.commands.train_router import router
from pathlit.commands.train_verifier import verifier
from pathlit.console import err, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.typed_command import typed_command
from pathlit.wiring import HomeFolder
from retrieval.encoders.text import TextEncoder
from retrieval.errors import ConfigurationError, InputError
from retrieval.rerank.model import RerankModel, Trained, write_model

if TYPE_CHECKING:
    from evaluation.task import Task
    from training.reranker import Learned, Step

train = typer.Typer(name="train", no_args_is_help=True, rich_markup_mode=None)


@train.callback()
def describe() -> None:
    """Train models from what is indexed, or from images with captions.

    \b
        pathlit train encoder my-encoder --home my-library
        pathlit train reranker tasks evidence-inference:FOLDER --home my-library --to my-reranker.toml
        PATHLIT_RERANKER=my-reranker.toml pathlit search ...
        pathlit train image-adapter captions.jsonl --to my-adapter
    """


train.command()(abstention)
train.command()(router)
train.command()(encoder)
train.command()(image_adapter)
train.command()(verifier)


@train.command()
def reranker(
    tasks: Annotated[list[str], typer.Argument(help="Judged questions: as in `pathlit evaluate run --help`.")],
    to: Annotated[Path, typer.Option(help="File to write, .toml.")] = Path("reranker.toml"),
    questions: Annotated[int, typer.Option(min=20, help="Of each task at most; chosen by a hash.")] = 500,
    depth: Annotated[int, typer.Option(min=2, max=200, help="Candidates of each question.")] = 20,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Learn which features of a hit tell the right ones, from judged questions over the published generation.

    Features are taken one by one while they help on a task that the weights were not fitted to, so give several
    tasks of different kinds. The file is short, says what was gained, and is used by PATHLIT_RERANKER=FILE.
    """
    if find_spec("ir_measures") is None:
        raise ConfigurationError("training needs tasks to learn from; install the extra `pathlit[evaluation]`")
    from evaluation.addresses import find_tasks
    from evaluation.experiment import require_indexed
    from retrieval.rerank.learned import FeatureReader
    from training.courses import NAMES, make_course
    from training.reranker import learn

    if to.suffix != ".toml":
        raise InputError(f"{to} is no name for a reranker; give it the ending .toml")
    if to.exists() and not force:
        raise InputError(f"{to} exists; give another name with --to, or --force")
    place = HomeFolder(read_settings(home))
    found = [_some(task, questions) for task in find_tasks(tasks)]
    searcher = place.open_searcher()
    reading = place.encoder
    if not isinstance(reading, TextEncoder):
        raise ConfigurationError(
            f"the encoder {reading.spec.name} has no vectors of tokens, which features need; choose a transformer"
        )
    reader = FeatureReader(place.analyzer, reading)
    courses = []
    with WorkProgress(err).shown() as progress:
        for task in found:
            require_indexed(searcher, task)
            total = len(task.queries)
            courses.append(
                make_course(
                    searcher,
                    reader,
                    task.name,
                    task.queries,
                    task.qrels,
                    depth=depth,
                    hear=lambda done, name=task.name, total=total: progress.stage(name, done, total),  # type: ignore[misc]
                )
            )
    learned = learn(courses, NAMES, _tell)
    model = _model(learned, reading.spec.id, depth)
    write_model(to, model)
    if as_json:
        print_json({"file": str(to), "model": model})
        return
    for name, weight in model.weights.items():
        out.print(f"{weight:>8.3f}  {name}", highlight=False)
    for gained in model.trained:
        out.print(
            f"{gained.task}: nDCG@10 {gained.fused:.4f} as fused, {gained.reranked:.4f} reranked "
            f"(difference {gained.low:+.4f} to {gained.high:+.4f}), weights fitted to the other tasks",
            highlight=False,
            markup=False,
        )
    out.print(f"written to {to}; use it with PATHLIT_RERANKER={shlex.quote(str(to))}", highlight=False, markup=False)


def _tell(step: Step) -> None:
    err.print(f"nDCG@10 {step.ndcg:.4f} with {', '.join(step.features)}", highlight=False, markup=False)


def _some(task: Task, most: int) -> Task:
    from msgspec.structs import replace

    from evaluation.tasks.sampling import fraction

    if task.kind != "ranked":
        raise InputError(f"the task {task.name} is a probe ({task.kind}); a reranker learns from judged questions")
    kept = sorted(task.qrels, key=lambda key: fraction(0, key))[:most]
    return replace(
        task,
        queries={key: task.queries[key] for key in kept},
        qrels={key: task.qrels[key] for key in kept},
    )


def _model(learned: Learned, encoder: str, depth: int) -> RerankModel:
    from evaluation.significance import interval

    trained = []
    for task, scores in learned.scores.items():
        gain = interval([after - before for before, after in scores.values()])
        before = sum(before for before, _ in scores.values()) / len(scores)
        trained.append(Trained(task, len(scores), before, before + gain.mean, gain.low, gain.high))
    return RerankModel(
        encoder=encoder,
        depth=depth,
        weights=learned.weights,
        made_by=typed_command(),
        created=datetime.now(UTC).date().isoformat(),
        steps=tuple(f"{', '.join(step.features)}: {step.ndcg:.4f}" for step in learned.steps),
        trained=tuple(trained),
    )
