"""`pathlit tools`: the external models of a file, and whether they answer."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Final

import typer

from pathlit.commands.options import AsJson
from pathlit.console import note, out, print_json
from pathlit.settings import read_settings
from retrieval.errors import ConfigurationError, SourceError
from retrieval.records import Record
from retrieval.tools.calling import Toolbox, ToolError, png
from retrieval.tools.exchange import missing_variables, place
from retrieval.tools.registry import ToolSpec, read_tools

_EXAMPLE_SEED: Final = 1


class ToolCheck(Record, frozen=True, omit_defaults=False):
    """What one call of a tool gave."""

    answers: bool
    text: str
    """The result as an answer would tell it, or why there is none."""
    query: str = ""
    ms: float | None = None


class ToolRow(Record, frozen=True, omit_defaults=False):
    name: str
    kind: str
    place: str
    description: str
    needs_image: bool
    when: tuple[str, ...]
    missing: tuple[str, ...]
    """Variables of the environment that its headers need and that are not set."""
    check: ToolCheck | None = None


def tools(
    file: Annotated[
        Path | None, typer.Argument(help="TOML file of tools. [default: the setting `tools`]", show_default=False)
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Call each with its example and a drawn patch.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the external models that answers may call; with --check, call each of them once.

    The head of deploy/tools.toml explains the file. The check sends a drawing of tissue, never an image of yours.
    Exit code 4 where a tool does not answer as registered.

    \b
        pathlit tools my-tools.toml --check
    """
    file = file or read_settings().tools
    if file is None:
        raise ConfigurationError("no tools are set; name a file here, or in the settings (PATHLIT_TOOLS)")
    specs = read_tools(file)
    toolbox = Toolbox(specs)
    rows = [_row(spec, _checked(toolbox, spec) if check else None) for spec in specs]
    if as_json:
        print_json({"file": str(file), "tools": rows})
    else:
        _print(file, rows)
    failed = [row.name for row in rows if row.check and not row.check.answers]
    if failed and as_json:
        raise typer.Exit(SourceError.exit_code)
    if failed:
        raise SourceError(f"{len(failed)} of {len(rows)} tools do not answer as registered: {', '.join(failed)}")


def _row(spec: ToolSpec, check: ToolCheck | None) -> ToolRow:
    return ToolRow(
        name=spec.name,
        kind=spec.kind.value,
        place=place(spec),
        description=spec.description,
        needs_image=spec.needs_image,
        when=spec.when,
        missing=missing_variables(spec),
        check=check,
    )


def _checked(toolbox: Toolbox, spec: ToolSpec) -> ToolCheck:
    from training.synthetic_tissue import synthetic_patch

    image = png(synthetic_patch("colon_adenocarcinoma", _EXAMPLE_SEED)) if spec.needs_image else None
    start = perf_counter()
    try:
        result = toolbox.call(spec.name, spec.example, image)
    except ToolError as exc:
        return ToolCheck(answers=False, text=str(exc))
    return ToolCheck(True, result.text, result.query, round((perf_counter() - start) * 1000, 1))


def _print(file: Path, rows: list[ToolRow]) -> None:
    if not rows:
        out.print(f"{file} registers no tool; its head says how", markup=False, soft_wrap=True)
    for row in rows:
        out.print(f"{row.name}  {row.kind}  {row.place}", markup=False, soft_wrap=True)
        out.print(f"    {row.description}", markup=False, soft_wrap=True)
        if row.missing:
            note("    not set:", ", ".join(row.missing))
        if row.check and row.check.answers:
            out.print(f"    answers in {row.check.ms:.0f} ms: {row.check.text}", markup=False, soft_wrap=True)
            if row.check.query:
                out.print(f"    asks the literature for: {row.check.query}", markup=False, soft_wrap=True)
        elif row.check:
            note("    fails:", row.check.text)
