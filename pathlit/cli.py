"""The command line.

Exit codes: 0 done, 1 not found or not in order, 2 unusable input or setting, 3 index or catalog, 4 remote source,
5 another run is at work.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer

from pathlit.commands.answer import answer
from pathlit.commands.cite import cite
from pathlit.commands.demo import demo
from pathlit.commands.distill import distill
from pathlit.commands.doctor import doctor
from pathlit.commands.evaluate import evaluate
from pathlit.commands.export import export
from pathlit.commands.figures import figures
from pathlit.commands.index import index
from pathlit.commands.mcp import mcp
from pathlit.commands.notices import notices
from pathlit.commands.operate import rollback, serve, status
from pathlit.commands.refresh import harvest, refresh
from pathlit.commands.schedule import schedule
from pathlit.commands.search import regions, search, show
from pathlit.commands.snapshot import snapshot
from pathlit.commands.tools import tools
from pathlit.commands.train import train
from pathlit.commands.verify import verify
from pathlit.console import err, note, print_json, visible
from retrieval.errors import GenerationError, InputError, PathlitError

_INTERRUPTED = 130
_UsageError: Any = typer.BadParameter.__bases__[0]
"""Of click, of which typer carries a copy in some versions."""

app = typer.Typer(
    name="pathlit",
    help="Find, check and cite the biomedical literature, for pathology. Start with `pathlit demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo,
    index,
    harvest,
    refresh,
    notices,
    figures,
    search,
    answer,
    cite,
    verify,
    export,
    show,
    regions,
    serve,
    mcp,
    status,
    rollback,
    schedule,
    doctor,
    tools,
    distill,
):
    app.command()(command)
app.add_typer(evaluate)
app.add_typer(snapshot)
app.add_typer(train)


def main() -> None:
    """Run a command; an error of ours is one line on standard error (with --json, one JSON object) and an exit code."""
    try:
        # Left to itself, typer prints a usage error as text and exits.
        sys.exit(app(standalone_mode="--json" not in sys.argv))
    except _UsageError as exc:
        _fail("usage", exc.format_message(), exc.exit_code)
    except PathlitError as exc:
        _fail(exc.code, str(exc), exc.exit_code)
    except SystemExit as exc:
        # Typer has turned Ctrl-C into an exit code by now.
        if exc.code == _INTERRUPTED:
            err.print("stopped; what was done so far is kept, the same command goes on from there")
        raise
    except UnicodeEncodeError as exc:
        _fail(
            "invalid_input", f"an argument is not UTF-8: {ascii(exc.object)[:80]}; type it again", InputError.exit_code
        )
    except OSError as exc:
        # A full disk, a missing permission: known to the system, not to our error tree.
        _fail("system", f"{exc.strerror or exc}: {exc.filename or 'no file named'}", GenerationError.exit_code)


def _fail(code: str, message: str, exit_code: int) -> NoReturn:
    if "--json" in sys.argv:
        print_json({"error": {"code": code, "message": visible(message)}})
    else:
        note("error", message)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
