"""From settings to a runner."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Final

from indexing.encoding.exchange import Exchange
from indexing.encoding.ray_runner import RayRunner
from indexing.encoding.recipe import Recipe
from indexing.encoding.runner import LocalRunner, Runner
from indexing.encoding.settings import RaySettings

_FOLDER: Final = "encoding"
_SCHEME: Final = "://"


def open_runner(settings: RaySettings, home: Path, recipe: Recipe) -> Runner:
    """Nothing is started yet. `recipe` opens, on each worker, the very encoder that the build is given."""
    if not settings.address:
        return LocalRunner()
    return RayRunner(
        settings.address,
        Exchange(_exchange(settings.exchange, home)),
        recipe,
        workers=settings.workers,
        cpus_per_worker=settings.cpus_per_worker,
        gpus_per_worker=settings.gpus_per_worker,
    )


def _exchange(url: str, home: Path) -> str:
    """A folder of this home folder's alone, since whoever builds there sweeps it; absolute, since workers read it."""
    if not url:
        return str(home.resolve() / _FOLDER)
    own = hashlib.blake2b(f"{socket.gethostname()}:{home.resolve()}".encode(), digest_size=6).hexdigest()
    where = url.rstrip("/") if _SCHEME in url else str(Path(url).expanduser().resolve())
    return f"{where}/pathlit-{own}"
