"""`pathlit train verifier`: learns to tell from labelled pairs whether a text supports a claim."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from pathlit.commands.options import AsJson
from pathlit.console import err, out, print_json
from pathlit.progress import WorkProgress
from pathlit.typed_command import typed_command
from retrieval.encoders.text import DEFAULT_MODEL, TextEncoder
from retrieval.errors import InputError
from retrieval.verify.learned import LearnedVerifier
from retrieval.verify.model import Measured, VerifierModel, write_model
from retrieval.verify.opening import open_reader
from retrieval.verify.pairs import LABELS, Pair, labelled
from retrieval.verify.reading import SentenceReader

if TYPE_CHECKING:
    from training.verifier import Examples

PairFiles = Annotated[
    list[Path],
    typer.Argument(
        help='JSON Lines, may be .gz: {"claim", "evidence", "label": support, contradict or neutral, "source"?}.',
        show_default=False,
    ),
]


def verifier(
    pairs: PairFiles,
    to: Annotated[Path, typer.Option(help="File to write, .toml.")] = Path("verifier.toml"),
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Learn from pairs of these sources only; repeat.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn to tell whether a text supports a claim, from labelled pairs; best of several sources.

    The threshold of "supported" is set so that at most a tenth of the pairs that do not support are called so, on
    claims and sources that the weights were not fitted to. The file is short and says what was measured.

    \b
        pathlit train verifier pairs.jsonl.gz --to my-verifier.toml
        PATHLIT_VERIFIER=my-verifier.toml pathlit verify "HER2 is amplified in 20 % of cancers" --pmid 29952771
    """
    from training.verifier import learn, make_examples

    if to.suffix != ".toml":
        raise InputError(f"{to} is no name for a verifier; give it the ending .toml")
    if to.exists() and not force:
        raise InputError(f"{to} exists; give another name with --to, or --force")
    kept = of_sources(labelled(pairs), source or [])
    encoder = TextEncoder(DEFAULT_MODEL)
    with WorkProgress(err).shown() as progress:
        reader = open_reader(encoder)
        examples = make_examples(reader, kept, lambda done: progress.stage("Reading pairs", done, len(kept)))
        model = replace(
            learn(examples, encoder.spec.id),
            made_by=typed_command(),
            created=datetime.now(UTC).date().isoformat(),
            data=tuple(_counted(kept)),
            measured=tuple(_measured(examples, kept, encoder.spec.id, reader, progress)),
        )
    write_model(to, model)
    if as_json:
        print_json({"file": str(to), "model": model})
        return
    _tell(model, to)


def of_sources(pairs: Sequence[Pair], sources: Sequence[str]) -> list[Pair]:
    """All of them where none is named; InputError for a source that no pair has."""
    there = sorted({pair.source for pair in pairs})
    for source in sources:
        if source not in there:
            raise InputError(f"no pair is of the source {source!r}; there are {', '.join(there) or 'none'}")
    return [pair for pair in pairs if not sources or pair.source in sources]


def _counted(pairs: Sequence[Pair]) -> list[str]:
    counts = Counter((pair.source, pair.label) for pair in pairs)
    lines = []
    for source in sorted({pair.source for pair in pairs}):
        said = ", ".join(f"{counts[source, label]:,} {label}" for label in LABELS)
        digest = sha256("\n".join(sorted(f"{p.claim}\t{p.evidence}" for p in pairs if p.source == source)).encode())
        lines.append(f"{source}: {said}; SHA-256 of its sorted pairs {digest.hexdigest()[:16]}")
    return lines


def _measured(
    examples: Examples, pairs: Sequence[Pair], encoder: str, reader: SentenceReader, progress: WorkProgress
) -> list[Measured]:
    """Every source by a verifier of every other one, thresholds and all."""
    from evaluation.verification import judged, measure
    from training.verifier import learn

    found = []
    for trained, tested in permutations(sorted({pair.source for pair in pairs}), 2):
        model = learn(examples.of(examples.sources == trained), encoder)
        asked = [pair for pair in pairs if pair.source == tested]
        stage = f"Measuring {trained} on {tested}"
        outcomes = judged(
            LearnedVerifier(model, reader, name="trained", digest="0"),
            asked,
            lambda done, stage=stage: progress.stage(stage, done, 0),  # type: ignore[misc]
        )
        scores = measure(outcomes)
        found.append(
            Measured(
                trained,
                tested,
                scores.pairs,
                model.supported_from,
                scores.false_support.mean,
                scores.false_support.low,
                scores.false_support.high,
                scores.recall.mean,
                scores.recall.low,
                scores.recall.high,
                scores.f1.mean,
                scores.macro_f1.mean,
                scores.contradict_precision.mean,
                scores.contradict_recall.mean,
            )
        )
    return found


def _tell(model: VerifierModel, to: Path) -> None:
    out.print(f"{'feature':<24}{'support':>9}{'contradict':>12}   (log-odds for one standard deviation)", markup=False)
    for name, weighed in model.weights.items():
        out.print(f"{name:<24}{weighed.support:>9.2f}{weighed.contradict:>12.2f}", markup=False)
    out.print(
        f"supported from {model.supported_from:.3f}, contradicted from {model.contradicted_from:.3f}", markup=False
    )
    for one in model.measured:
        out.print(
            f"{one.trained_on} -> {one.tested_on}: false support {one.false_support:.3f} "
            f"({one.false_support_low:.3f} to {one.false_support_high:.3f}), recall {one.recall:.3f} "
            f"({one.recall_low:.3f} to {one.recall_high:.3f}), F1 {one.f1:.3f}, macro F1 {one.macro_f1:.3f}",
            markup=False,
            soft_wrap=True,
        )
    out.print(f"written to {to}; use it with PATHLIT_VERIFIER={shlex.quote(str(to))}", markup=False)
