"""`pathlit evaluate verifier`: false support, support F1 and the rest, against a threshold of similarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pathlit.commands.options import AsJson
from pathlit.commands.train_verifier import PairFiles, of_sources
from pathlit.console import err, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from retrieval.encoders.text import DEFAULT_MODEL, TextEncoder
from retrieval.errors import InputError
from retrieval.verify.learned import LearnedVerifier
from retrieval.verify.opening import LEARNED, open_reader, open_verifier
from retrieval.verify.pairs import Pair, labelled

if TYPE_CHECKING:
    from evaluation.verification import VerificationScores


def verifier(
    pairs: PairFiles,
    train_on: Annotated[
        list[str] | None, typer.Option(help="Learn from pairs of these sources first; repeat. [default: learn nothing]")
    ] = None,
    test_on: Annotated[list[str] | None, typer.Option(help="Measure on these sources; repeat. [default: all]")] = None,
    name: Annotated[
        str, typer.Option("--verifier", help="Without --train-on: learned, a .toml file, or an NLI model.")
    ] = LEARNED,
    as_json: AsJson = False,
) -> None:
    """Measure a verifier on labelled pairs: false support first, each figure with its 95 % interval.

    With --train-on it is learned from those sources, threshold included, and stands beside the baseline: a threshold
    of similarity that was set by the same rule on the same pairs.

    \b
        pathlit evaluate verifier pairs.jsonl.gz --train-on scifact --test-on healthver
        pathlit evaluate verifier my-pairs.jsonl --verifier models/deberta-mnli
    """
    from evaluation.verification import judged, measure

    known = labelled(pairs)
    tested = of_sources(known, test_on or [])
    shared = sorted(set(train_on or ()) & {pair.source for pair in tested})
    if shared:
        raise InputError(f"{', '.join(shared)} would be measured on the pairs it was learned from; name another source")
    scores: dict[str, VerificationScores] = {}
    with WorkProgress(err).shown() as progress:

        def hear(done: int) -> None:
            progress.stage("Judging pairs", done, len(tested))

        if train_on:
            scores = _learned(of_sources(known, train_on), tested, progress)
        else:
            opened = open_verifier(name, accepted_licences=read_settings().accepted_licences)
            scores[opened.id] = measure(judged(opened, tested, hear))
    if as_json:
        print_json({"train_on": train_on or [], "test_on": test_on or [], "scores": scores})
        return
    _tell(scores)


def _learned(taught: Sequence[Pair], tested: Sequence[Pair], progress: WorkProgress) -> dict[str, VerificationScores]:
    from evaluation.verification import by_threshold, judged, measure
    from training.verifier import SIGNS, SUPPORT, learn, make_examples, safe_from

    encoder = TextEncoder(DEFAULT_MODEL)
    reader = open_reader(encoder)
    examples = make_examples(reader, taught, lambda done: progress.stage("Reading pairs", done, len(taught)))
    model = learn(examples, encoder.spec.id)
    verifier = LearnedVerifier(model, reader, name="trained", digest="0")
    outcomes = judged(verifier, tested, lambda done: progress.stage("Judging pairs", done, len(tested)))
    given = examples.of(examples.given)
    place = list(SIGNS).index("sentence")
    threshold = safe_from(given.features[:, place], given.labels != SUPPORT, given.claims)
    others = make_examples(reader, tested, lambda done: progress.stage("Reading pairs", done, len(tested)))
    similarities = others.features[others.given][:, place].tolist()
    return {
        f"learned, supported from {model.supported_from:.3f}": measure(outcomes),
        f"similarity from {threshold:.3f}": measure(by_threshold(tested, similarities, threshold)),
    }


def _tell(scores: dict[str, VerificationScores]) -> None:
    for name, found in scores.items():
        out.print(f"{name}: {found.pairs:,} pairs of {found.claims:,} claims", markup=False)
        for figure in found.__struct_fields__[2:-1]:
            value = getattr(found, figure)
            words = figure.replace("_", " ")
            out.print(f"  {words:<22}{value.mean:.3f}  ({value.low:.3f} to {value.high:.3f})", markup=False)
        out.print(f"  {'area under ROC':<22}{found.auc:.3f}", markup=False)
