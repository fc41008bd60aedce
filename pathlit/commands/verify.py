"""`pathlit verify`: does an article, or a text, say what a sentence claims?"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from pathlit.commands.options import AsJson, Home
from pathlit.console import out, print_json
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import InputError
from retrieval.integrity import may_support
from retrieval.records import IntegrityPolicy
from retrieval.verify.base import Claim, Judgement, Verifier
from retrieval.verify.pairs import Pair, label_of, read_pairs
from retrieval.verify.standing import without_support

_AT_ONCE: Final = 64
_SHOWN: Final = 5
"""Features that a person is told of."""


def verify(
    claim: Annotated[str | None, typer.Argument(help="One sentence.", show_default=False)] = None,
    pmid: Annotated[
        str | None, typer.Option(help="Against this article of the published generation; a local id works too.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Against this text; - reads it from standard input.")] = None,
    pairs: Annotated[
        Path | None, typer.Option(help='Judge JSON Lines {"claim", "evidence", "id"?}, may be .gz; prints JSON Lines.')
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an article supports a claim, contradicts it or does not say, with the sentence that decides.

    Supported is said with caution: see `pathlit evaluate verifier`. What is less sure is "partly supported". A
    retracted article supports nothing.

    \b
        pathlit verify "p40 is specific for squamous carcinoma" --pmid 29952771
        pathlit verify "HER2 is amplified" --text "HER2 amplification was found in 12 of 60 tumours."
        pathlit verify --pairs pairs.jsonl.gz > verdicts.jsonl
    """
    place = HomeFolder(read_settings(home))
    if pairs is not None:
        if claim is not None or pmid is not None or text is not None:
            raise InputError("--pairs brings its own claims and texts; leave the others out")
        for line in _lines(place.verifier, read_pairs(pairs)):
            sys.stdout.write(line + "\n")
        return
    if claim is None or not claim.strip() or (pmid is None) == (text is None):
        raise InputError("give a claim and what it is checked against: --pmid ID or --text TEXT; or --pairs FILE alone")
    if pmid is not None:
        found = place.article(pmid, place.store.current())
        judgement = place.verifier.judge([Claim(claim, found.article)])[0]
        if not may_support(found.integrity, IntegrityPolicy.EXCLUDE):
            judgement = without_support(judgement)
        against, standing = found.article.id, found.integrity.status.value
    else:
        given = sys.stdin.read() if text == "-" else text or ""
        judgement = place.verifier.judge_texts([(claim, given)])[0]
        against, standing = "", ""
    if as_json:
        shown: dict[str, Any] = {"claim": claim, "id": against or None, "integrity": standing or None}
        print_json({**shown, "judgement": judgement, "verifier": place.verifier.id})
        return
    _tell(judgement, against, standing)


def _lines(verifier: Verifier, pairs: Iterator[Pair]) -> Iterator[str]:
    while group := list(islice(pairs, _AT_ONCE)):
        found = verifier.judge_texts([(pair.claim, pair.evidence) for pair in group])
        for pair, judgement in zip(group, found, strict=True):
            yield msgspec.json.encode(_line(pair, judgement)).decode()


def _line(pair: Pair, judgement: Judgement) -> dict[str, Any]:
    evidence = judgement.evidence
    return {
        "id": pair.id or None,
        "claim": pair.claim,
        "label": label_of(judgement.verdict),
        "verdict": judgement.verdict.value,
        "support": round(judgement.support, 4),
        "contradict": round(judgement.contradict, 4),
        "neutral": round(judgement.neutral, 4),
        "span": [evidence.start, evidence.end] if evidence else None,
    }


def _tell(judgement: Judgement, against: str, standing: str) -> None:
    out.print(judgement.verdict.value.replace("_", " "), style="bold")
    if against:
        out.print(f"  {against} ({standing})", markup=False)
    out.print(
        f"  support {judgement.support:.2f}, contradiction {judgement.contradict:.2f}, neither {judgement.neutral:.2f}",
        markup=False,
    )
    if judgement.evidence:
        out.print(f"  {judgement.evidence.field}: {judgement.evidence.text}", markup=False, soft_wrap=True)
    for name, added in _strongest(judgement.features):
        out.print(f"    {added:+.2f}  {name.replace('_', ' ')}", markup=False)


def _strongest(features: dict[str, float]) -> Sequence[tuple[str, float]]:
    return sorted(features.items(), key=lambda item: -abs(item[1]))[:_SHOWN]
