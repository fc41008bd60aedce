"""`pathlit evaluate answers`: are answers cited to the right articles, and do unanswerable questions get none?"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.table import Table

from pathlit.commands.options import AsJson, Home
from pathlit.console import err, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evaluation.answer_probes import Answerable
    from evaluation.answers import Outcome
    from evaluation.significance import Interval


class AnswersHalf(StrEnum):
    ALL = "all"
    OTHER = "other"


def answers(
    tasks: Annotated[list[str], typer.Argument(help="Judged questions: as in `pathlit evaluate run --help`.")],
    questions: Annotated[int, typer.Option(min=1, help="Of each task at most; chosen by a hash.")] = 100,
    probes: Annotated[int, typer.Option(min=0, help="Unanswerable questions of each kind at most.")] = 40,
    half: Annotated[
        AnswersHalf, typer.Option(help="other: what `pathlit train abstention` did not learn from.")
    ] = AnswersHalf.OTHER,
    seed: Annotated[int, typer.Option(help="Another seed chooses and makes others.")] = 2,
    to: Annotated[Path | None, typer.Option(help="File to write what became of each question to, .jsonl.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask questions whose articles are known, and probes that the library cannot answer, and measure the answers.

    Answers are those of `pathlit answer` under the same settings. Probes are made from the library, the vocabulary and
    the questions; a task no-answer (`pathlit evaluate make no-answer`) adds its own.

    \b
        pathlit evaluate answers pubmedqa:ori_pqal.json.gz tasks --home my-library
    """
    from evaluation.addresses import find_tasks
    from evaluation.answer_probes import is_first_half, make_probes
    from evaluation.answers import abstentions, answerable_of, ask_probes, ask_questions, measures
    from evaluation.experiment import require_indexed
    from evaluation.tasks.sampling import sample

    def wanted(name: str) -> bool:
        return half is AnswersHalf.ALL or not is_first_half(name)

    place = HomeFolder(read_settings(home))
    searcher = place.open_searcher()
    ask = place.answerer(searcher).answer
    given: dict[str, Answerable] = {}
    apart: list[str] = []
    for task in find_tasks(tasks):
        require_indexed(searcher, task)
        keys = sample(filter(wanted, task.qrels), questions, seed, str)
        given[task.name] = answerable_of(searcher, task.queries, {key: task.qrels[key] for key in keys})
        if task.kind == "no-answer":
            apart += [task.queries[key] for key in task.judged]
    if not any(given.values()):
        raise InputError("these tasks have no question whose article is indexed; choose another --home, or --half all")
    outcomes: list[Outcome] = []
    with WorkProgress(err).shown() as progress:
        for name, found in given.items():
            outcomes += ask_questions(ask, name, found, partial(progress.stage, name, total=len(found)))
        everything = {key: question for found in given.values() for key, question in found.items()}
        groups = place.vocabulary.groups
        made = make_probes(searcher, everything, groups, apart, size=probes, seed=seed, wanted=wanted) if probes else []
        kinds = Counter(probe.kind for probe in made)
        asked = ask_probes(ask, made, partial(progress.stage, "Probes", total=len(made)))
    if to is not None:
        to.write_bytes(msgspec.json.Encoder().encode_lines([*outcomes, *asked]))
    by_task = {name: measures([o for o in outcomes if o.kind == name]) for name, found in given.items() if found}
    abstained = abstentions(asked) if asked else {}
    if as_json:
        print_json({"generation": searcher.generation, "tasks": by_task, "abstained": abstained, "probes": kinds})
        return
    for name, measured in by_task.items():
        _show(f"{name}: {len(given[name]):,} questions", measured)
    if abstained:
        _show(f"abstained, of {len(asked):,} probes", abstained)


def _show(title: str, measured: Mapping[str, Interval]) -> None:
    table = Table(box=None, pad_edge=False)
    for name, justify in ((title, "left"), ("share", "right"), ("95 %", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name, found in measured.items():
        table.add_row(name, f"{found.mean:.3f}", f"{found.low:.3f}-{found.high:.3f}")
    out.print(table)
    out.print()
