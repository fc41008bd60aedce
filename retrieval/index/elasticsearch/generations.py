"""Generations in a cluster: an index each, of which one alias names the published one."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError, NotPublishedError, PathlitError
from retrieval.exclusive import exclusive
from retrieval.index.elasticsearch.connection import Access, connect, require_usable
from retrieval.index.elasticsearch.draft import ElasticsearchDraft, described, live_mapping, open_generation
from retrieval.index.elasticsearch.errors import translated
from retrieval.index.elasticsearch.health import require_healthy
from retrieval.index.elasticsearch.layout import META, Layout, Meta, meta_of
from retrieval.index.elasticsearch.reader import ElasticsearchReader
from retrieval.index.generations import outdated, rollback_target
from retrieval.index.manifest import Manifest

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_BUILDER: Final = "builder"
_LOCK: Final = ".lock"
_BUILDING: Final = "building-"


class ElasticsearchGenerations:
    """The generations of one cluster under one prefix; `folder` is this machine's, for what a build needs."""

    def __init__(self, access: Access, layout: Layout, folder: Path) -> None:
        self.access = access
        self.layout = layout
        self._folder = folder
        self._replaced = ""

    @cached_property
    def client(self) -> Elasticsearch:
        """ConfigurationError where the cluster is not one that this program can speak to."""
        client = connect(self.access)
        require_usable(client)
        return client

    # --- Reading ----------------------------------------------------------------------------------------------------

    def current(self) -> str:
        alias = self.layout.prefix
        with translated(f"reading the alias {alias}"):
            found = self.client.options(ignore_status=404).indices.get_alias(name=alias).body
        if "error" in found:
            known = self.all()
            todo = f"publish one with `pathlit rollback {known[-1]}`" if known else "run `pathlit index FILES` first"
            raise NotPublishedError(f"no generation is published under the alias {alias} in {self._where}; {todo}")
        names = [name for name in map(self.layout.generation, found) if name]
        if len(found) != 1 or not names:
            raise GenerationError(
                f"the alias {alias} in {self._where} names {', '.join(sorted(found))} instead of one generation; "
                "publish one with `pathlit rollback NUMBER`"
            )
        return names[0]

    def all(self) -> list[str]:
        return sorted((name for name, meta in self._known().items() if meta.sealed), key=int)

    def manifest(self, name: str) -> Manifest:
        return described(live_mapping(self.client, self.layout.index(name)), self.layout, name)[0]

    def bytes(self, name: str) -> int:
        with translated(f"measuring generation {name}"):
            found = self.client.indices.stats(index=self._indexes(name), metric="store").body
        return int(found["_all"]["total"]["store"]["size_in_bytes"])

    def require_whole(self, name: str, *, thorough: bool = False) -> None:
        """Checksums of what lies there are the cluster's own affair, however thorough."""
        for index in self._indexes(name):
            require_healthy(self.client, index)

    def open(self, name: str, analyzer: Analyzer) -> ElasticsearchReader:
        return open_generation(self.client, self.layout, name, analyzer)

    def advice(self) -> str:
        return f"remove the alias {self.layout.prefix} from the cluster so that nothing is found any more"

    # --- Writing ----------------------------------------------------------------------------------------------------

    @contextmanager
    def drafting(self, analyzer: Analyzer) -> Iterator[ElasticsearchDraft]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self._folder / _LOCK, "build"), self._scratch() as scratch:
            nodes = require_usable(self.client).data_nodes
            builder, known = self._builder(), self._known()
            self._remove([name for name, meta in known.items() if meta.builder == builder and not meta.sealed])
            name = f"{max([0, *map(int, known)]) + 1:06d}"
            draft = ElasticsearchDraft(self.client, self.layout, name, scratch, analyzer, builder=builder, nodes=nodes)
            try:
                yield draft
            finally:
                # Where the cluster is away, the next build removes what is left.
                with suppress(PathlitError):
                    if name not in self.all():
                        self._remove([name])

    def publish(self, name: str) -> None:
        with suppress(GenerationError):
            self._replaced = self.current()
        self._point_at(name)

    def _point_at(self, name: str) -> None:
        self.require_whole(name)
        alias = self.layout.prefix
        actions: list[dict[str, Any]] = [
            {"remove": {"index": f"{alias}-*", "alias": alias, "must_exist": False}},
            {"add": {"index": self.layout.index(name), "alias": alias}},
        ]
        with translated(f"publishing generation {name}"):
            self.client.indices.update_aliases(actions=actions)

    def rollback(self, to: str | None = None) -> str:
        to = rollback_target(self.all(), to, self.current)
        self._point_at(to)
        return to

    def prune(self, keep: int) -> list[str]:
        """Spares the one that was just replaced, too: servers answer from it until they have seen the new one."""
        doomed = outdated(self.all(), keep, [self.current(), self._replaced] if keep > 0 else [])
        self._remove(doomed)
        return doomed

    # --- Inside -----------------------------------------------------------------------------------------------------

    @property
    def _where(self) -> str:
        return ", ".join(self.access.hosts)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        for leftover in self._folder.glob(f"{_BUILDING}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with TemporaryDirectory(prefix=_BUILDING, dir=self._folder) as scratch:
            yield Path(scratch)

    def _indexes(self, name: str) -> list[str]:
        return [self.layout.index(name), self.layout.parts(name)]

    def _known(self) -> dict[str, Meta]:
        """Every generation of this prefix, finished or not."""
        with translated("listing generations"):
            found = self.client.indices.get_mapping(
                index=f"{self.layout.prefix}-*", filter_path=f"*.mappings._meta.{META}"
            ).body
        metas = ((self.layout.generation(index), meta_of(entry["mappings"])) for index, entry in found.items())
        return {name: meta for name, meta in metas if name and meta}

    def _remove(self, names: list[str]) -> None:
        for name in names:
            with translated(f"deleting generation {name}"):
                self.client.indices.delete(index=self._indexes(name), ignore_unavailable=True)

    def _builder(self) -> str:
        """This home folder's own name in the cluster, random, made at its first build."""
        path = self._folder / _BUILDER
        if not path.exists():
            path.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
        return path.read_text(encoding="ascii").strip()
