"""`pathlit train router`: which searches a question needs, learnt from what earlier answers were worth."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from pathlit.commands.options import AsJson
from pathlit.console import note, out, print_json
from pathlit.typed_command import typed_command
from retrieval.errors import InputError
from retrieval.router.log import read_log
from retrieval.router.model import Estimate, write_router

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.router import Judged

_RULES = "rules"
_LEARNT = "learnt"
_DIFFERENCE = "learnt - rules"


def router(
    log: Annotated[
        Path, typer.Argument(help="JSON Lines that `router_log` of the settings wrote.", show_default=False)
    ],
    to: Annotated[Path, typer.Option(help="File to write, .toml.")] = Path("router.toml"),
    budget_ms: Annotated[
        float | None, typer.Option("--budget-ms", min=0, help="Of a question on average. [default: what rules cost]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from a log of rewards which experts a question should go to: lexical, dense, image, slide, or none.

    The log holds features, choices and rewards, and no question. The file is short and can be read; it says what the
    learnt router and the rules would have brought on questions that it was not fitted to. It is used only where
    PATHLIT_ROUTER names it; the rules are the default.

    \b
        pathlit train router choices.jsonl --to my-router.toml
        PATHLIT_ROUTER=my-router.toml pathlit answer ...
    """
    from training.router import judged, learn

    if to.suffix != ".toml":
        raise InputError(f"{to} is no name for a router; give it the ending .toml")
    if to.exists() and not force:
        raise InputError(f"{to} exists; give another name with --to, or --force")
    choices = list(read_log(log))
    measures = sorted({choice.measure for choice in choices})
    if len(measures) > 1:
        raise InputError(f"{log} mixes rewards of several measures ({', '.join(measures)}); learn from one at a time")
    estimates = _estimates(judged(choices))
    model = replace(
        learn(choices, budget_ms=budget_ms),
        measure=measures[0],
        made_by=typed_command(),
        created=datetime.now(UTC).date().isoformat(),
        estimates=estimates,
    )
    write_router(to, model)
    if as_json:
        print_json({"file": str(to), "entries": len(choices), "model": model})
        return
    for estimate in estimates:
        out.print(
            f"{estimate.policy:<15} {measures[0]} {estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f}), "
            f"{estimate.cost_ms:.0f} ms",
            markup=False,
            soft_wrap=True,
        )
    if estimates[-1].low <= 0:
        note("not better:", "the interval of the difference holds zero; stay with the rules, or log more questions")
    out.print(f"written to {to}; use it with PATHLIT_ROUTER={shlex.quote(str(to))}", markup=False, soft_wrap=True)


def _estimates(judged: Judged) -> tuple[Estimate, ...]:
    from evaluation.significance import interval

    def estimate(policy: str, values: Sequence[float], cost_ms: float) -> Estimate:
        found = interval(values)
        return Estimate(policy, found.mean, found.low, found.high, cost_ms)

    differences = [learnt - rules for learnt, rules in zip(judged.learnt, judged.rules, strict=True)]
    return (
        estimate(_RULES, judged.rules, judged.rules_ms),
        estimate(_LEARNT, judged.learnt, judged.learnt_ms),
        estimate(_DIFFERENCE, differences, judged.learnt_ms - judged.rules_ms),
    )
