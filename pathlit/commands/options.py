"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of catalog and indexes. [default: PATHLIT_HOME or ./pathlit-home]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        help='Encode over a cluster of Ray: "local" for one on this machine, HOST:PORT, ray://HOST:10001. '
        "[default: the setting ray.address]",
        show_default=False,
    ),
]
NoVectors = Annotated[bool, typer.Option("--no-vectors", help="Words only: skip the encoder. Fast, finds less.")]
