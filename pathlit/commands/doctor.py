"""`pathlit doctor`: is everything here that pathlit needs, and in order?"""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Literal
from urllib.parse import urlsplit

import numpy as np
import typer
from rich.text import Text

from pathlit.commands.options import AsJson, Home
from pathlit.console import out, print_json
from pathlit.settings import SETTINGS_FILE, Settings, read_settings
from pathlit.wiring import HomeFolder
from retrieval.answer.llm.language_model import LanguageModelError, Message
from retrieval.encoders.base import Passage
from retrieval.errors import NotPublishedError, PathlitError
from retrieval.index.dense import faiss_version
from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
from retrieval.records import Record
from retrieval.verify.base import Verdict

_LOW_DISK_BYTES = 2_000_000_000
_REACH_SECONDS = 2.0
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


class Finding(Record, frozen=True):
    check: str
    state: Literal["ok", "warning", "failed"]
    says: str


class _Doubtful(Exception):  # noqa: N818 - a finding, not an error
    """Not broken, but worth knowing."""


def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Check the installation, the home folder and the published generation; exit code 1 where something is broken.

    Settings come from PATHLIT_* in the environment, then from ./pathlit.toml; nested ones are written
    PATHLIT_API__PORT or [api] port.
    """
    settings = read_settings(home)
    findings = list(_examine(settings))
    if as_json:
        print_json({"findings": findings})
    else:
        for finding in findings:
            mark = (f"{finding.state:<8}", _STYLES[finding.state])
            out.print(Text.assemble(mark, (f"{finding.check:<12}", "bold"), finding.says))
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(1)


def _examine(settings: Settings) -> Iterator[Finding]:
    place = HomeFolder(settings)
    checks: dict[str, Callable[[], str]] = {
        "python": lambda: f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores",
        "settings": lambda: f"{SETTINGS_FILE} and PATHLIT_*" if SETTINGS_FILE.exists() else "PATHLIT_* and defaults",
        "tantivy": lambda: version("tantivy"),
        "faiss": faiss_version,
        "encoder": lambda: _encoder(place),
        "images": lambda: _images(place),
        "verifier": lambda: _verifier(place),
        "writer": lambda: _writer(place),
        "tools": lambda: _tools(place),
        "cluster": lambda: _cluster(place),
        "home": lambda: _home(place),
        "catalog": lambda: _catalog(place),
        "generation": lambda: _generation(place),
        "NCBI": lambda: _reachable(settings.entrez.url),
    }
    for name, check in checks.items():
        try:
            yield Finding(check=name, state="ok", says=check())
        except _Doubtful as exc:
            yield Finding(check=name, state="warning", says=str(exc))
        except (PathlitError, PackageNotFoundError, OSError) as exc:
            yield Finding(check=name, state="failed", says=str(exc))


def _encoder(place: HomeFolder) -> str:
    spec = place.encoder.spec
    place.encoder.encode_documents([Passage("A short title.", "A short abstract.")])
    return f"{spec.id}, {spec.dimension} dimensions, {spec.licence}; encodes"


def _images(place: HomeFolder) -> str:
    encoder = place.image_encoder
    if encoder is None:
        return "cannot be asked with: no image encoder is named (PATHLIT_IMAGE_ENCODER)"
    encoder.encode_images([np.full((64, 64, 3), 200, dtype=np.uint8)])
    return f"{encoder.spec.id}, {encoder.spec.dimension} dimensions, {encoder.spec.licence}; encodes"


def _verifier(place: HomeFolder) -> str:
    verdict = place.verifier.judge_texts([("p40 marks squamous cells.", "p40 marks squamous cells.")])[0].verdict
    if verdict is not Verdict.SUPPORTED:
        raise _Doubtful(f"{place.verifier.id} does not find a sentence in itself ({verdict.value}); do not use it")
    return f"{place.verifier.id}; judges"


def _writer(place: HomeFolder) -> str:
    model = place.language_model
    if model is None:
        return "answers quote the papers: no language model is named (PATHLIT_LLM__URL, PATHLIT_LLM__MODEL)"
    try:
        for _ in model.stream([Message("user", "Reply with the one word: yes")], max_tokens=64):
            return f"{model.id} writes; {model.context_tokens:,} tokens"
    except LanguageModelError as exc:
        raise _Doubtful(f"{exc}; until then answers quote the papers") from exc
    raise _Doubtful(f"{model.id} answers without a word; until then answers quote the papers")


def _tools(place: HomeFolder) -> str:
    toolbox = place.toolbox
    if toolbox is None:
        return "no external models are registered (PATHLIT_TOOLS)"
    return f"{len(toolbox.specs)} registered; `pathlit tools --check` tries them"


def _cluster(place: HomeFolder) -> str:
    if not isinstance(place.store, ElasticsearchGenerations):
        return "none: generations are kept in the home folder (PATHLIT_ELASTICSEARCH__HOSTS)"
    from retrieval.index.elasticsearch.connection import require_usable
    from retrieval.index.elasticsearch.health import disk_warnings

    facts = require_usable(place.store.client)
    if warnings := disk_warnings(place.store.client):
        raise _Doubtful("; ".join(warnings))
    return f"Elasticsearch {facts.version}, {facts.data_nodes} data nodes"


def _home(place: HomeFolder) -> str:
    nearest = place.home.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not os.access(nearest, os.W_OK):
        if nearest == place.home.absolute() and place.store.all():
            raise _Doubtful(f"{place.home} is read only: it can be searched and served, nothing can be indexed")
        raise PathlitError(f"{nearest} cannot be written to; choose another --home")
    free = shutil.disk_usage(nearest).free
    says = f"{place.home}, {free / 1e9:,.0f} GB free"
    if free < _LOW_DISK_BYTES:
        raise _Doubtful(f"{says}: a generation may not fit")
    return says


def _catalog(place: HomeFolder) -> str:
    if not place.catalog_path.exists():
        raise _Doubtful("none yet; `pathlit index FILES` makes one")
    if not os.access(place.home, os.W_OK):
        # SQLite keeps files beside it even for reading.
        raise _Doubtful(f"{place.catalog_path} is not looked into, since {place.home} is read only")
    with place.open_catalog(read_only=True) as catalog:
        return f"{len(catalog):,} articles"


def _generation(place: HomeFolder) -> str:
    try:
        current = place.store.current()
    except NotPublishedError as exc:
        raise _Doubtful(str(exc)) from exc
    manifest = place.store.manifest(current)
    place.store.require_whole(current, thorough=True)
    place.open_searcher(current)
    what = "every checksum right" if manifest.files else "opens"
    return f"{current}: {manifest.articles:,} articles, {what}"


def _reachable(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        with socket.create_connection((host, parts.port or 443), timeout=_REACH_SECONDS):
            return f"{host} answers"
    except OSError as exc:
        raise _Doubtful(f"{host} cannot be reached ({exc}); indexing files still works") from exc
