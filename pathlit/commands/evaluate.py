"""`pathlit evaluate`: tasks, runs, comparisons and the leaderboard."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evaluation.addresses import ADDRESSES, find_tasks
from evaluation.systems import BUILT_IN, System, chosen, read_systems
from pathlit.commands.evaluate_answers import answers
from pathlit.commands.evaluate_images import images
from pathlit.commands.evaluate_router import router
from pathlit.commands.evaluate_verifier import verifier
from pathlit.commands.options import AsJson, Home
from pathlit.console import note, out, print_json
from pathlit.render_evaluation import print_comparison, print_records
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import ConfigurationError, GateError, InputError
from retrieval.index.interface import IndexedArticle
from retrieval.search import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evaluation.runs import RunRecord
    from evaluation.task import Task

_PARTS: Final = ("datasketch", "ir_measures", "jinja2")
_ROOT: Final = Path(__file__).parents[2]

Runs = Annotated[Path, typer.Option("--runs", help="Folder of stored runs.")]

evaluate = typer.Typer(name="evaluate", no_args_is_help=True, rich_markup_mode=None)
evaluate.command()(answers)
evaluate.command()(router)
evaluate.command()(images)
evaluate.command()(verifier)


@evaluate.callback()
def describe() -> None:
    """Measure searches: make tasks, run systems on them, compare, and show a leaderboard.

    \b
        pathlit evaluate make --home my-library --to tasks
        pathlit evaluate run tasks --home my-library --system both --system lexical
        pathlit evaluate diff known-item lexical both --home my-library
        pathlit evaluate leaderboard --to board
        pathlit evaluate run tasks --home my-library --runs now --gate runs
    """
    missing = [name for name in _PARTS if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"evaluation needs {', '.join(missing)}; install the extra with `pip install pathlit[evaluation]`"
        )


@evaluate.command()
def make(
    kinds: Annotated[list[str] | None, typer.Argument(help="Which ones. [default: all that the catalog gives]")] = None,
    to: Annotated[Path, typer.Option(help="Folder to make them in.")] = Path("tasks"),
    size: Annotated[
        int, typer.Option(min=1, help="Questions of each task at most; of aliases: things asked for.")
    ] = 100,
    seed: Annotated[int, typer.Option(help="Another seed chooses other articles.")] = 1,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make tasks from the catalog: known-item, mesh-topics, no-answer, retractions, aliases.

    The same catalog, size and seed make the same task. Each is a folder in BEIR's layout whose README.md says how its
    questions were chosen and judged.
    """
    from evaluation.tasks.folder import write_task
    from evaluation.tasks.make import MADE, make_task

    place = HomeFolder(read_settings(home))
    groups = place.vocabulary.groups
    made, empty = {}, []
    with place.open_catalog(read_only=True) as catalog:

        def articles() -> Iterator[IndexedArticle]:
            return (IndexedArticle(entry.article, entry.integrity) for entry in catalog.articles())

        position = catalog.position()
        source = f"{len(catalog):,} articles, current to {Path(position.name).name if position else 'nothing'}"
        for kind in kinds or MADE:
            task = make_task(kind, articles, groups, place.analyzer, size=size, seed=seed, source=source)
            if task.judged:
                write_task(task, to / task.name)
                made[kind] = len(task.queries)
            else:
                empty.append(kind)
    if empty and kinds:
        raise InputError(f"the catalog of {place.home} holds nothing to make {', '.join(empty)} from")
    if as_json:
        print_json({"made": made, "empty": empty, "folder": str(to)})
        return
    for kind, count in made.items():
        out.print(f"{kind:<12} {count:>6,} questions in {to / kind}", highlight=False, markup=False)
    for kind in empty:
        note("not made:", f"{kind}; the catalog holds nothing to make it from")


@evaluate.command()
def run(
    tasks: Annotated[list[str], typer.Argument(help="Folders or addresses of tasks, see below.", show_default=False)],
    names: Annotated[list[str] | None, typer.Option("--system", help="Only these systems; repeat.")] = None,
    file: Annotated[Path | None, typer.Option("--systems", help="TOML file of further systems.")] = None,
    runs: Runs = Path("runs"),
    gate: Annotated[
        Path | None, typer.Option(help="Stored runs; exit with 1 where a task falls by more than its interval.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    from evaluation.gate import compare
    from evaluation.runs import read_runs

    place = HomeFolder(read_settings(home))
    systems = chosen(names or [], [*BUILT_IN, *(read_systems(file) if file else ())])
    found = find_tasks(tasks)
    # Read first: it may be the folder that is written to.
    baseline = read_runs(gate) if gate else []
    records = list(_run_all(place, systems, found, runs, named=bool(names)))
    ran = {(record.task, record.system.name) for record in records}
    current = [run for run in read_runs(runs) if (run.record.task, run.record.system.name) in ran] if gate else []
    verdicts = compare(baseline, current) if gate else []
    fallen = [verdict for verdict in verdicts if verdict.fell]
    if as_json:
        print_json({"runs": records, "gate": [{**v._asdict(), "fell": v.fell} for v in verdicts]})
        raise typer.Exit(int(bool(fallen)))
    print_records(records)
    for verdict in verdicts:
        note("fell:" if verdict.fell else "held:", verdict.sentence)
    if fallen:
        raise GateError(f"{len(fallen)} of {len(verdicts)} runs fell below {gate}: {fallen[0].sentence}")


run.__doc__ = """Ask systems the questions of tasks, measure, and store what came back.

    A task is one of

    \b
    {addresses}

    A system is a configuration of the search; built in are

    \b
    {systems}

    --systems adds others from a file of [[system]] tables: name, legs, fusion, lexical_weight, expand, encoder, home,
    trained_on (files to be searched for the texts of the test), about.

    \b
        pathlit evaluate run tasks --system both --system lexical
        pathlit evaluate run scifact:train --home scifact-home --gate baseline
    """.format(
    addresses="\n    ".join(ADDRESSES),
    systems="\n    ".join(f"{system.name:<20} {system.about}" for system in BUILT_IN),
)


@evaluate.command()
def diff(
    task: Annotated[str, typer.Argument(help="Name of a task.")],
    first: Annotated[str, typer.Argument(help="Name of a system.")],
    second: Annotated[str, typer.Argument(help="Name of another one.")],
    measure: Annotated[str, typer.Option(help="[default: the one that decides the task]")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Questions shown.")] = 10,
    runs: Runs = Path("runs"),
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Compare two stored runs question by question: greatest difference first, with what only one of them found."""
    from evaluation.comparison import compare_systems

    comparison = compare_systems(runs, task, first, second, measure=measure)
    shown = comparison.differences[:limit]
    if as_json:
        print_json({**comparison._asdict(), "differences": [d._asdict() for d in shown]})
        return
    place = HomeFolder(read_settings(home))
    reader = place.open_reader()
    searcher = Searcher(reader, generation=reader.manifest.generation, analyzer=place.analyzer, encoder=None)
    print_comparison(comparison, limit, searcher)


@evaluate.command()
def leaderboard(
    runs: Runs = Path("runs"),
    to: Annotated[
        Path, typer.Option(help="Folder to write index.html, leaderboard.md and leaderboard.json in.")
    ] = Path("leaderboard"),
) -> None:
    """Write the leaderboard of all stored runs: one page that works offline, Markdown, and JSON. Nothing is run."""
    from evaluation.leaderboard.board import make_board
    from evaluation.leaderboard.pages import write_board
    from evaluation.runs import read_runs

    board = make_board(read_runs(runs))
    for path in write_board(board, to):
        out.print(str(path), markup=False, soft_wrap=True)


def _run_all(
    place: HomeFolder, systems: Sequence[System], tasks: Sequence[Task], runs: Path, *, named: bool
) -> Iterator[RunRecord]:
    from evaluation.entry import make_entry

    commit, settings = _commit(), _settings(place)
    for system in systems:
        searcher = place.open_system(system)
        if "dense" in system.legs and searcher.manifest.encoder is None:
            # Searched by words alone it would stand on the board as something that it is not.
            if named:
                raise InputError(f"{system.name} searches by meaning, and this generation has no vectors")
            note("left out:", f"{system.name}; this generation has no vectors")
            continue
        for task in tasks:
            yield make_entry(searcher, system, task, runs, commit=commit, settings=settings)


def _settings(place: HomeFolder) -> dict[str, str]:
    """Those that change what is found, beside the system's own."""
    settings = place.settings
    return {
        "vocabulary": settings.vocabulary.name if settings.vocabulary else "",
        "mesh_descriptors": settings.mesh_descriptors.name if settings.mesh_descriptors else "",
    }


def _commit() -> str:
    """Of the checkout that this runs from, "-dirty" where it has changes; otherwise the installed version."""
    git = shutil.which("git")
    if git and (_ROOT / ".git").exists():
        command = [git, "-C", str(_ROOT), "describe", "--always", "--dirty"]
        described = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
        if described.returncode == 0:
            return described.stdout.strip()
    return f"pathlit {version('pathlit')}"
