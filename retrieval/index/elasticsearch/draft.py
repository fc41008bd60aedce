"""A generation while it is being built in a cluster: unsealed indexes, which no reader is told of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError, VerificationError
from retrieval.index.elasticsearch.creating import create_index
from retrieval.index.elasticsearch.documents import DocumentWriter
from retrieval.index.elasticsearch.errors import translated
from retrieval.index.elasticsearch.health import require_healthy, require_room
from retrieval.index.elasticsearch.ingest import ingest
from retrieval.index.elasticsearch.layout import META, Layout, Meta, meta_of
from retrieval.index.elasticsearch.mapping import INDEX_SETTINGS, index_body, require_mapping
from retrieval.index.elasticsearch.merging import merge
from retrieval.index.elasticsearch.parts import read_parts, write_parts
from retrieval.index.elasticsearch.reader import ElasticsearchReader
from retrieval.index.generations import Contents
from retrieval.index.manifest import Manifest, manifest_from, require_analyzer

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_REFRESH_S: Final = 3600
"""Seconds that a refresh may take: it writes the last segment's graph of vectors."""
_COPIES_S: Final = 600
"""Seconds to wait for the copies of all shards."""


class ElasticsearchDraft:
    """Writes one generation; `nodes` is how many hold data."""

    def __init__(
        self,
        client: Elasticsearch,
        layout: Layout,
        name: str,
        scratch: Path,
        analyzer: Analyzer,
        *,
        builder: str,
        nodes: int,
    ) -> None:
        self.name = name
        self.scratch = scratch
        self._client = client
        self._layout = layout
        self._analyzer = analyzer
        self._meta = Meta(builder=builder, vectors=layout.vectors)
        self._nodes = nodes
        self._articles = 0

    def write(self, contents: Contents) -> None:
        """Replicas and refreshing are those of a build meanwhile, and as they should be afterwards."""
        client, index = self._client, self._layout.index(self.name)
        require_room(client)
        dimension = contents.vectors.shape[1] if contents.vectors is not None else None
        self._meta = replace(self._meta, joint_dimension=contents.joint.dimension if contents.joint else None)
        body = index_body(dimension=dimension, joint_dimension=self._meta.joint_dimension, vectors=self._layout.vectors)
        settings = {
            **INDEX_SETTINGS,
            "number_of_shards": self._layout.shards_for(len(contents.pmids), self._nodes),
            "number_of_replicas": self._layout.build_replicas_for(self._nodes),
            "refresh_interval": "-1",
        }
        create_index(client, index, {**body, "_meta": {META: msgspec.to_builtins(self._meta)}}, settings)
        writer = DocumentWriter(self._analyzer, contents.tree)
        self._articles = ingest(client, index, writer.documents(contents))
        replicas = self._layout.replicas_for(self._nodes)
        sums = write_parts(client, self._layout.parts(self.name), writer.parts(), replicas=replicas)
        self._meta = replace(self._meta, parts=sums)
        with translated(f"finishing {index}"):
            client.options(request_timeout=_REFRESH_S).indices.refresh(index=index)
        # Before further copies are made: they then take over what is merged.
        merge(client, index)
        with translated(f"finishing {index}"):
            settings = {"number_of_replicas": replicas, "refresh_interval": None}
            client.indices.put_settings(index=index, settings=settings)
            # All of it is there; its copies may still be on their way, where a node was lost for longer.
            client.options(request_timeout=_COPIES_S + 60, ignore_status=408).cluster.health(
                index=index, wait_for_status="green", timeout=f"{_COPIES_S}s"
            )
        require_healthy(client, index)

    def describe(self, manifest: Manifest) -> None:
        self._meta = replace(self._meta, manifest=msgspec.to_builtins(manifest))
        self._put_meta()

    def require_whole(self) -> None:
        index = self._layout.index(self.name)
        with translated(f"checking {index}"):
            held = int(self._client.count(index=index)["count"])
        if held != self._articles:
            raise VerificationError(f"{index} holds {held:,} articles, {self._articles:,} were sent")

    def open(self) -> ElasticsearchReader:
        return open_generation(self._client, self._layout, self.name, self._analyzer)

    def seal(self) -> None:
        """From here on nothing can be written to it."""
        with translated(f"sealing {self.name}"):
            self._client.indices.put_settings(index=self._layout.index(self.name), settings={"blocks.write": True})
        self._meta = replace(self._meta, sealed=True)
        self._put_meta()

    def _put_meta(self) -> None:
        with translated(f"describing {self.name}"):
            self._client.indices.put_mapping(
                index=self._layout.index(self.name), meta={META: msgspec.to_builtins(self._meta)}
            )


def open_generation(client: Elasticsearch, layout: Layout, name: str, analyzer: Analyzer) -> ElasticsearchReader:
    """IncompatibleError where its format, analyzer or mapping is not this program's, UnavailableError where it is
    not all there.
    """
    index = layout.index(name)
    mapping = live_mapping(client, index)
    manifest, meta = described(mapping, layout, name)
    require_analyzer(manifest, analyzer)
    expected = index_body(
        dimension=manifest.encoder.dimension if manifest.encoder else None,
        joint_dimension=meta.joint_dimension,
        vectors=meta.vectors,
    )
    require_mapping(mapping, expected, index)
    require_healthy(client, index)
    parts = read_parts(client, layout.parts(name), meta.parts)
    return ElasticsearchReader(client, index, manifest, analyzer, parts)


def described(mapping: dict[str, Any], layout: Layout, name: str) -> tuple[Manifest, Meta]:
    index, meta = layout.index(name), meta_of(mapping)
    if meta is None or meta.manifest is None:
        raise GenerationError(f"{index} carries no manifest of pathlit's; rebuild with `pathlit index --rebuild`")
    try:
        return manifest_from(meta.manifest, name), meta
    except msgspec.ValidationError as exc:
        raise GenerationError(f"the manifest of {index} cannot be read: {exc}; rebuild or roll back") from exc


def live_mapping(client: Elasticsearch, index: str) -> dict[str, Any]:
    with translated(f"reading the mapping of {index}"):
        found = client.indices.get_mapping(index=index).body
    mapping: dict[str, Any] = found[index]["mappings"]
    return mapping
