"""`pathlit evaluate router`: the rules against a router learnt from logged rewards, on held-out questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from pathlit.commands.options import AsJson, Home
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import InputError

if TYPE_CHECKING:
    from evaluation.image.samples import Sample
    from evaluation.router import Compared, RouterComparison
    from evaluation.router_rewards import Row, Ways
    from retrieval.encoders.base import Vectors

_SLIDE_READINGS: Final = 3


class Shown(NamedTuple):
    """The images that questions are asked beside."""

    patches: Path | None
    slide: Path | None
    names: dict[str, str]
    slides: int


def router(
    tasks: Annotated[list[str], typer.Argument(help="Judged questions: as in `pathlit evaluate run --help`.")],
    claims: Annotated[
        list[str] | None, typer.Option("--claims", help="Name of a task whose questions are statements; repeat.")
    ] = None,
    patches: Annotated[
        Path | None, typer.Option(help="Folder with one folder of images per class; half of them is used.")
    ] = None,
    name: Annotated[list[str] | None, typer.Option(help='Caption of a class: FOLDER="words"; repeat.')] = None,
    slide: Annotated[Path | None, typer.Option(help="A slide, to measure what reading one costs.")] = None,
    slides: Annotated[int, typer.Option(min=0, help="Questions with a slide, of each class and half.")] = 4,
    size: Annotated[int, typer.Option(min=10, help="Questions of each task.")] = 250,
    seed: Annotated[int, typer.Option(help="Another seed chooses other questions and halves.")] = 0,
    logs: Annotated[int, typer.Option(min=1, help="Simulated logs to learn from.")] = 20,
    explore: Annotated[float, typer.Option(min=0, max=1, help="Share of logged choices made at random.")] = 1.0,
    table: Annotated[Path | None, typer.Option(help="File of the rewards; made where it does not exist.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Compare the rules with a router learnt from logged rewards, on questions that it did not learn from.

    Asked are the tasks' questions, small talk and general knowledge, and questions beside patches and slides; every
    choice is tried once for each. A statement counts as supported where a paper that is judged to answer it is among
    the first three and the verifier finds its verdict there, another question where such a paper is found, one of an
    image by the share of the first three that fit its label, one that needs no literature where nothing is searched.

    Patches are those that `train image-adapter --take half` left. A slide is stood in for by eight patches of one
    class, as the regions that slides are searched with; it costs what reading --slide costs.

    \b
        pathlit evaluate router pubmedqa:FILE scifact:train --claims scifact --patches images --slide one.svs
    """
    from evaluation.router import compare
    from evaluation.router_rewards import read_table, write_table
    from training.router import learn, within

    if table is not None and table.exists():
        rows = read_table(table)
        note("rewards:", f"read from {table}; delete it to measure them again")
    else:
        with WorkProgress(err).shown() as progress:
            place = HomeFolder(read_settings(home))
            shown = Shown(patches, slide, _captions(name or []), slides)

            def hear(done: int, total: int) -> None:
                progress.stage("Asking", done, total)

            rows = _measured(place, tasks, claims or [], shown, size, seed, hear)
        if table is not None:
            write_table(table, rows)
    result = compare(rows, learn, within, logs=logs, explore=explore, seed=seed)
    if as_json:
        print_json(result)
        return
    _print(result)


def _measured(
    place: HomeFolder,
    addresses: Sequence[str],
    claims: Sequence[str],
    shown: Shown,
    size: int,
    seed: int,
    hear: Callable[[int, int], None],
) -> list[Row]:
    from evaluation.addresses import find_tasks
    from evaluation.image.labels import read_labels
    from evaluation.router_questions import make_questions, read_wordings
    from evaluation.router_rewards import Judges, Ways, reward_table

    tasks = find_tasks(addresses)
    if unknown := [claim for claim in claims if claim not in {task.name for task in tasks}]:
        raise InputError(f"--claims names {unknown[0]!r}, which is none of the tasks {[task.name for task in tasks]}")
    searcher = place.open_searcher()
    labels = read_labels()
    ways = Ways(searcher)
    samples: list[Sample] = []
    if shown.patches is not None:
        ways, samples = _with_images(place, ways, shown.patches, shown, seed)
    slides = shown.slides if shown.slide is not None else 0
    questions = make_questions(tasks, samples, labels, read_wordings(), size=size, slides=slides, seed=seed)
    judges = Judges(labels, place.verifier if claims else None, frozenset(claims))
    return reward_table(questions, ways, judges, lambda done: hear(done, len(questions)))


def _with_images(place: HomeFolder, ways: Ways, patches: Path, shown: Shown, seed: int) -> tuple[Ways, list[Sample]]:
    from evaluation.image.samples import Sample, pictures
    from retrieval.image.slides import read_slide_regions
    from training.image_pairs import read_pairs, split

    images = place.image_search(ways.searcher)
    _, left = split(read_pairs(patches, shown.names), seed)
    samples = [Sample(f"{pair.path.parent.name}/{pair.path.name}", pair.path, pair.caption) for pair in left]
    vectors: dict[str, Vectors] = {}
    patch_ms, slide_ms = [], [0.0]
    for one, picture in pictures(samples):
        start = perf_counter()
        vectors[one.name] = images.encode([picture.pixels])
        patch_ms.append((perf_counter() - start) * 1000)
    if shown.slide is not None:
        slide_ms = []
        for _ in range(_SLIDE_READINGS):
            start = perf_counter()
            read_slide_regions(shown.slide, images.encode)
            slide_ms.append((perf_counter() - start) * 1000)
    ways = ways._replace(images=images, vectors=vectors, encode_ms=median(patch_ms or [0.0]), slide_ms=median(slide_ms))
    return ways, [one for one in samples if one.name in vectors]


def _captions(words: Sequence[str]) -> dict[str, str]:
    names = {}
    for word in words:
        folder, _, caption = (part.strip() for part in word.partition("="))
        if not folder or not caption:
            raise InputError(f"--name {word!r} names nothing; write --name FOLDER='its caption'")
        names[folder] = caption
    return names


def _print(result: RouterComparison) -> None:
    out.print(
        f"learnt from {result.learnt_from:,} questions, {result.logs} logs; {result.held_out:,} held out", markup=False
    )
    out.print(
        f"{'':<22}{'n':>5}  {'rules':>6} {'learnt':>6} {'best':>6}  {'difference':<26}{'ms':>5} {'learnt':>6}",
        soft_wrap=True,
    )
    for compared in (*result.groups, result.with_literature, result.overall):
        out.print(_line(compared), markup=False, soft_wrap=True)
    silent = f"{result.overall.wrongly_silent:.1%} of the questions that need literature would not be searched"
    verdict = "the learnt router beats the rules at equal cost" if result.beats else "the rules stay the default"
    if result.beats and result.with_literature.difference.low <= 0:
        verdict += ", by what it does not search for; not on the questions that need literature"
    out.print(f"{result.better} of {result.logs} logs taught better routing; {silent}; {verdict}", soft_wrap=True)


def _line(compared: Compared) -> str:
    gain = compared.difference
    difference = f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
    return (
        f"{compared.name:<22}{compared.questions:>5}  {compared.rules:>6.3f} {compared.learnt:>6.3f} "
        f"{compared.best:>6.3f}  {difference:<26}{compared.rules_ms:>5.0f} {compared.learnt_ms:>6.0f}"
    )
