"""The command line.

Exit codes: 0 done, 1 not found or not in order, 2 unusable input or setting, 3 index or catalog, 4 remote source.
"""

from __future__ import annotations

import os
import sys

import typer

from pathlit.commands.demo import demo
from pathlit.commands.doctor import doctor
from pathlit.commands.index import index
from pathlit.commands.operate import rollback, serve, status
from pathlit.commands.search import search, show
from pathlit.console import err, print_json
from retrieval.errors import PathlitError

app = typer.Typer(
    name="pathlit",
    help="Find, check and cite the biomedical literature, for pathology. Start with `pathlit demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, index, search, show, serve, status, rollback, doctor):
    app.command()(command)


def main() -> None:
    """Run a command; an error of ours is one line on standard error (with --json, one JSON object) and an exit code."""
    try:
        app()
    except PathlitError as exc:
        if "--json" in sys.argv:
            print_json({"error": {"code": exc.code, "message": str(exc)}})
        else:
            err.print(f"[bold red]error[/] {exc}", soft_wrap=True)
        sys.exit(exc.exit_code)
    except KeyboardInterrupt:
        err.print("stopped; what was done so far is kept")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone, as in `pathlit search ... | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
