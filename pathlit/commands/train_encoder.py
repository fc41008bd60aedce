"""`pathlit train encoder`: the encoder that there is, adapted to the articles that are indexed."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from pathlit.commands.options import AsJson, Home
from pathlit.console import err, note, out, print_json
from pathlit.leak_check import checked
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.typed_command import typed_command
from pathlit.wiring import HomeFolder
from retrieval.encoders.packaged import packaged_model
from retrieval.encoders.text import DEFAULT_MODEL, TextEncoder
from retrieval.errors import ConfigurationError, InputError
from retrieval.exclusive import exclusive
from retrieval.index.interface import NO_CONDITION
from retrieval.records import Article
from training.card import Card, Metric, write_card
from training.heldout import find_own_abstract
from training.negatives import Example, with_negatives
from training.pairs import Pair, find_pairs, held_out

if TYPE_CHECKING:
    from training.encoder import Plan, Trained

_OTHERS = 2_000
"""Articles among which the held-out ones must be found."""


def encoder(
    to: Annotated[Path, typer.Argument(help="Folder to write the model in.")],
    steps: Annotated[int, typer.Option(min=1, help="Batches of 32 questions.")] = 300,
    minutes: Annotated[float, typer.Option(min=0.01, help="Stop after so long, whatever the steps.")] = 60.0,
    articles: Annotated[int, typer.Option(min=40, help="Learn from so many at most; chosen by the seed.")] = 50_000,
    kinds: Annotated[
        list[str] | None, typer.Option("--pairs", help="title, conclusion, citation, neighbour; repeat. [default: all]")
    ] = None,
    back: Annotated[float, typer.Option(min=0, max=1, help="Share of the old weights in the result.")] = 0.5,
    check: Annotated[
        list[str] | None, typer.Option(help="Look for the questions of this task in the training data; repeat.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed learns from other texts.")] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier model, or start an unfinished anew.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Adapt the encoder of the settings to the indexed articles, from their own titles, sentences, links and headings.

    No labels are needed. A run that was stopped goes on when the same command is given again. Measure the result
    before you use it: adapting to one corpus may cost on another.

    \b
        pathlit train encoder my-encoder --home my-library --minutes 30
        PATHLIT_ENCODER=my-encoder pathlit index --rebuild --home my-library
    """
    from training.encoder import Plan, adapt

    place = HomeFolder(read_settings(home))
    base = place.encoder
    if not isinstance(base, TextEncoder):
        raise ConfigurationError(f"{base.spec.name} is two models; only one-tower encoders can be adapted")
    work = to.absolute().parent / f".{to.name}.unfinished"
    if to.exists() and not force:
        raise InputError(f"{to} exists; give another name, or --force to replace it")
    if not work.parent.is_dir():
        raise InputError(f"the folder {work.parent} does not exist; make it first, or give another name than {to}")
    work.mkdir(exist_ok=True)
    with exclusive(work / "lock", f"train encoder {to.name}"), WorkProgress(err).shown() as progress:
        if force:
            shutil.rmtree(work / "run", ignore_errors=True)
        read = _sample(place, articles, seed)
        kept = held_out(read, seed)
        pairs = _wanted(find_pairs(read, kept), kinds)
        examples = list(_examples(place, pairs, read, kept, seed, progress))
        plan = Plan(base.spec.id, _digest(examples), steps, back=back, seed=seed)
        source = packaged_model() if place.settings.encoder == DEFAULT_MODEL else place.settings.encoder
        trained = adapt(
            source,
            plan,
            examples,
            work / "run",
            work / "model",
            minutes=minutes,
            hear=lambda done, total: progress.stage("Training", done, total),
        )
        note("measuring", "on held-out articles")
        card = _card(to, base, plan, trained, pairs, read, kept, work / "model", check or ())
        write_card(work / "model", card)
        if to.exists():
            shutil.rmtree(to)
        (work / "model").rename(to)
        shutil.rmtree(work / "run", ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    if as_json:
        print_json({"folder": str(to), "card": card})
        return
    for metric in card.metrics:
        out.print(f"{metric.name}: {metric.before:.4f} -> {metric.after:.4f}", highlight=False, markup=False)
    for leak in card.leakage:
        if leak.leaked:
            note("leak:", f"{leak.leaked:,} of {leak.tested:,} questions of {leak.task} are in the training data")
    out.print(f"written to {to}; use it with PATHLIT_ENCODER={shlex.quote(str(to))}", highlight=False, markup=False)


def _sample(place: HomeFolder, most: int, seed: int) -> list[Article]:
    """In good standing and with an abstract; of more than `most` those whose hashes come first."""
    from retrieval.integrity import EXCLUDED

    with place.open_catalog(read_only=True) as catalog:
        usable = (e.article for e in catalog.articles() if e.article.sections and e.integrity.status not in EXCLUDED)
        read = sorted(usable, key=lambda a: hashlib.sha256(f"{seed}|{a.id}".encode()).digest())
    return read[:most]


def _wanted(pairs: Sequence[Pair], kinds: Sequence[str] | None) -> list[Pair]:
    known = ("title", "conclusion", "citation", "neighbour")
    unknown = next((kind for kind in kinds or () if kind not in known), None)
    if unknown:
        raise InputError(f"there are no pairs {unknown!r}; there are {', '.join(known)}")
    return [pair for pair in pairs if not kinds or pair.kind in kinds]


def _examples(
    place: HomeFolder,
    pairs: Sequence[Pair],
    read: Sequence[Article],
    kept: set[int],
    seed: int,
    progress: WorkProgress,
) -> Iterator[Example]:
    reader = place.open_reader()

    def search(text: str, limit: int) -> list[int]:
        return [scored.pmid for scored in reader.lexical(text, NO_CONDITION, limit)]

    known = {article.pmid: article for article in read}
    for done, example in enumerate(with_negatives(pairs, known, kept, search, seed=seed), 1):
        progress.stage("Looking for negatives", done, len(pairs))
        yield example


def _digest(examples: Sequence[Example]) -> str:
    return hashlib.sha256(msgspec.json.encode(examples)).hexdigest()[:16]


def _card(
    to: Path,
    base: TextEncoder,
    plan: Plan,
    trained: Trained,
    pairs: Sequence[Pair],
    read: Sequence[Article],
    kept: set[int],
    folder: Path,
    check: Sequence[str],
) -> Card:
    asked = [article for article in read if article.pmid in kept]
    others = [article for article in read if article.pmid not in kept][:_OTHERS]
    before = find_own_abstract(base, asked, others)
    after = find_own_abstract(TextEncoder(str(folder)), asked, others)
    what = f"titles of {len(asked):,} held-out articles for their abstracts among {len(asked) + len(others):,}"
    return Card(
        title=to.resolve().name,
        made_by=typed_command(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        base_models=(base.spec.id,),
        licence=base.spec.licence,
        about="A sentence encoder, adapted without labels to the articles that it is to search.",
        data={
            "articles": len(read),
            "held out": len(kept),
            **{f"pairs: {kind}": count for kind, count in Counter(pair.kind for pair in pairs).items()},
        },
        steps={
            "steps": trained.steps,
            "batch": plan.batch,
            "learning rate": plan.learning_rate,
            "share of the old weights": plan.back,
            "seed": plan.seed,
            "seconds": round(trained.seconds),
        },
        metrics=(
            Metric(f"MRR@10, {what}", before.mrr, after.mrr),
            Metric(f"nDCG@10, {what}", before.ndcg, after.ndcg),
        ),
        leakage=checked(([pair.question] for pair in pairs), check),
    )
