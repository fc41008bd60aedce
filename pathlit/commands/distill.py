"""`pathlit distill`: a small fast encoder that learns from slow ones."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
import typer

from indexing.catalog import CatalogEntry
from pathlit.commands.options import AsJson, Home
from pathlit.console import err, note, out, print_json
from pathlit.leak_check import checked
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.typed_command import typed_command
from pathlit.wiring import HomeFolder
from retrieval.encoders.base import Encoder, Passage
from retrieval.encoders.opening import open_encoder
from retrieval.encoders.text import TextEncoder
from retrieval.errors import InputError
from retrieval.exclusive import exclusive
from training.card import Card, LeakCheck, Metric, write_card

if TYPE_CHECKING:
    from training.distill import Distilled
    from training.static import StaticStudent

_MODEL: Final = "modules.json"
"""What every sentence-transformers folder holds."""
_TIMED_SLOW: Final = 64
_TIMED_FAST: Final = 5_000
"""Articles that teacher and student are timed on."""


def distill(
    to: Annotated[Path, typer.Argument(help="Folder to write the student in.")],
    teacher: Annotated[
        list[str] | None, typer.Option(help="An encoder to learn from; repeat. [default: that of the settings]")
    ] = None,
    start: Annotated[Path | None, typer.Option(help="An earlier student to go on from.")] = None,
    dimension: Annotated[int, typer.Option(min=2, help="Numbers of a vector; 256 is a third smaller.")] = 384,
    minutes: Annotated[float, typer.Option(min=0.001, help="Time for fitting, after the teachers have read.")] = 5.0,
    articles: Annotated[int, typer.Option(min=10, help="Learn from so many at most; chosen by the seed.")] = 50_000,
    questions: Annotated[int, typer.Option(min=2, help="Titles and sentences that the teachers read.")] = 10_000,
    check: Annotated[
        list[str] | None, typer.Option(help="Look for the texts of this task in the training data; repeat.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed learns from other texts.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier student.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make an encoder that is tens of times faster, from what is indexed and the encoders that it should imitate.

    The student looks up a vector per token and averages them. It fits the articles that it learned from, best of all
    those that are indexed; vectors that an index has already made are used again. Several teachers are averaged.

    \b
        pathlit distill my-student --home my-library
        PATHLIT_ENCODER=my-student pathlit index ... --home another-library
    """
    from training.distill import Material
    from training.distill import distill as distilled_from
    from training.fitting import Recipe

    place = HomeFolder(read_settings(home))
    names = teacher or [place.settings.encoder]
    with _written(to, force=force) as folder, WorkProgress(err).shown() as progress:
        teachers = [_open(place, name) for name in names]
        entries = _chosen(place, articles, seed)
        learned = distilled_from(
            teachers,
            _beginning(place, names[0], start),
            Material([_passage(entry) for entry in entries], [_kept(place, entries, t, progress) for t in teachers]),
            Recipe(seconds=minutes * 60, seed=seed),
            dimension=dimension,
            questions=questions,
            hear=progress.stage,
        )
        learned.student.save(folder)
        speed = _speed(teachers, folder, [_passage(entry) for entry in entries])
        card = _card(
            to,
            teachers,
            learned,
            speed,
            checked(([entry.article.title, entry.article.abstract] for entry in entries), check or ()),
        )
        write_card(folder, card)
    if as_json:
        print_json({"folder": str(to), "card": card})
        return
    for metric in card.metrics:
        before = "" if metric.before is None else f"{metric.before:.4g} -> "
        out.print(f"{metric.name}: {before}{metric.after:.4g}", highlight=False, markup=False, soft_wrap=True)
    for leak in card.leakage:
        if leak.leaked:
            note("leak:", f"{leak.leaked:,} of {leak.tested:,} texts of {leak.task} are in what was learned from")
    out.print(f"written to {to}; use it with PATHLIT_ENCODER={shlex.quote(str(to))}", highlight=False, markup=False)


def _open(place: HomeFolder, name: str) -> Encoder:
    settings = place.settings
    revision = settings.encoder_revision if name == settings.encoder else None
    return open_encoder(name, revision=revision, accepted_licences=settings.accepted_licences)


def _chosen(place: HomeFolder, most: int, seed: int) -> list[CatalogEntry]:
    """Articles that have an abstract, by rising PMID; of many a sample, the same for the same catalog and seed."""
    with place.open_catalog(read_only=True) as catalog:
        # Two readings instead of a list of all: a catalog may hold millions.
        usable = np.fromiter((bool(e.article.sections) for e in catalog.articles()), dtype=bool)
        rows = np.flatnonzero(usable)
        kept = set(np.random.default_rng(seed).permutation(rows)[:most].tolist())
        return [entry for row, entry in enumerate(catalog.articles()) if row in kept]


def _kept(place: HomeFolder, entries: Sequence[CatalogEntry], teacher: Encoder, progress: WorkProgress) -> np.ndarray:
    """The teacher's vectors of the articles; those not kept yet are made, and kept as those of an index are."""
    with place.working("distill"):
        place.embeddings.fill(entries, teacher, lambda done: progress.stage("encode", done, len(entries)))
    hashes = [entry.content_hash for entry in entries]
    batches = place.embeddings.read(teacher.spec.id, hashes, teacher.spec.dimension)
    return np.concatenate([np.empty((0, teacher.spec.dimension), np.float32), *batches], dtype=np.float32)


def _beginning(place: HomeFolder, teacher: str, start: Path | None) -> StaticStudent:
    from training.static import StaticStudent, is_static, open_student
    from training.teachers import read_tokenizer

    if start or is_static(Path(teacher)):
        return open_student(start or Path(teacher))
    revision = place.settings.encoder_revision if teacher == place.settings.encoder else None
    return StaticStudent(read_tokenizer(teacher, revision), np.empty((0, 0), dtype=np.float32))


def _passage(entry: CatalogEntry) -> Passage:
    return Passage(entry.article.title, entry.article.abstract)


def _speed(teachers: Sequence[Encoder], folder: Path, passages: Sequence[Passage]) -> Metric:
    """Articles a second, each encoder loaded and warm."""

    def rate(encoder: Encoder, most: int) -> float:
        some = [passages[i % len(passages)] for i in range(most)]
        encoder.encode_documents(some[:8])
        began = perf_counter()
        encoder.encode_documents(some)
        return len(some) / (perf_counter() - began)

    # Teachers that work together are as slow as one after the other.
    together = 1 / sum(1 / rate(teacher, _TIMED_SLOW) for teacher in teachers)
    return Metric(
        "articles a second, measured together; before: teacher",
        together,
        rate(TextEncoder(str(folder)), _TIMED_FAST),
    )


def _card(
    to: Path, teachers: Sequence[Encoder], learned: Distilled, speed: Metric, leakage: tuple[LeakCheck, ...]
) -> Card:
    return Card(
        title=to.resolve().name,
        made_by=typed_command(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        base_models=tuple(teacher.spec.id for teacher in teachers),
        licence=" and ".join(dict.fromkeys(teacher.spec.licence for teacher in teachers)),
        about=(
            "A static encoder: a text is the mean of its tokens' vectors. It was fitted to the vectors that its "
            "teachers give to biomedical articles, titles and sentences, and is meant for searching them, questions "
            "and articles alike, together with a search by words."
        ),
        data=learned.data,
        steps=learned.steps,
        metrics=(*learned.metrics, speed),
        leakage=leakage,
    )


@contextmanager
def _written(to: Path, *, force: bool) -> Iterator[Path]:
    """A folder to write in, which takes its name when it is whole; what a killed run left is removed first."""
    parent = to.absolute().parent
    if not parent.is_dir():
        raise InputError(f"the folder {parent} does not exist; make it first, or give another name than {to}")
    work = parent / f".{to.name}.unfinished"
    unfinished, replaced = work / "student", work / "replaced"
    work.mkdir(exist_ok=True)
    with exclusive(work / "lock", f"distill {to.name}"):
        try:
            _put_back(replaced, to)
            _require_free(to, force=force)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            yield unfinished
            if to.exists():
                to.rename(replaced)
            unfinished.rename(to)
        finally:
            _put_back(replaced, to)
            shutil.rmtree(work, ignore_errors=True)


def _require_free(to: Path, *, force: bool) -> None:
    if to.exists() and not force:
        raise InputError(f"{to} exists; give another name, or --force")
    if to.exists() and not (to / _MODEL).is_file():
        raise InputError(f"{to} is no model, so --force does not replace it; give another name")


def _put_back(replaced: Path, to: Path) -> None:
    """What was stopped between its two renamings left the old student under the other name."""
    if replaced.exists() and not to.exists():
        replaced.rename(to)
    shutil.rmtree(replaced, ignore_errors=True)
