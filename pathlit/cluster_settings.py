"""How to reach a cluster of Elasticsearch, and how generations lie in it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

from retrieval.index.elasticsearch.connection import Access
from retrieval.index.elasticsearch.layout import Layout
from retrieval.index.elasticsearch.mapping import VectorIndex


class ElasticsearchSettings(BaseModel, extra="forbid"):
    """Elasticsearch 9 in place of the home folder's index; needs `pathlit[elasticsearch]`."""

    hosts: tuple[str, ...] = Field(
        (), description="Addresses of its nodes, such as https://es1:9200; empty: the index lies in the home folder."
    )
    prefix: str = Field(
        "pathlit",
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,99}$",
        description="Name of the alias, and how all indexes begin. One home folder to a prefix.",
    )
    api_key: SecretStr | None = Field(None, description="Encoded API key.")
    username: str = Field("", description="Where there is no API key: who asks,")
    password: SecretStr | None = Field(None, description="and the password.")
    ca_file: Path | None = Field(None, description="Certificates (PEM) of the authority that signed the nodes' ones.")
    ca_fingerprint: str = Field("", description="SHA-256 that this authority's certificate must have (pins it).")
    timeout_s: float = Field(30.0, gt=0, description="Seconds that one request may take.")
    shards: int | None = Field(
        None, ge=1, le=1024, description="Shards of a generation; by the number of articles and nodes where unset."
    )
    replicas: int | None = Field(
        None, ge=0, le=10, description="Copies of each shard; one where there are several nodes, where unset."
    )
    build_replicas: int | None = Field(
        None,
        ge=0,
        le=10,
        description="The same during a build. 0 is faster, and a node lost meanwhile then costs the build.",
    )
    vectors: VectorIndex = Field(
        "int8_hnsw", description="How vectors are indexed: int8_hnsw, or bbq_hnsw for a quarter of its memory."
    )
    snapshots: str = Field("", description="Repository of the cluster that `pathlit snapshot` writes to.")

    def access(self) -> Access:
        return Access(
            hosts=self.hosts,
            api_key=self.api_key.get_secret_value() if self.api_key else "",
            username=self.username,
            password=self.password.get_secret_value() if self.password else "",
            ca_file=self.ca_file,
            ca_fingerprint=self.ca_fingerprint,
            timeout_s=self.timeout_s,
        )

    def layout(self) -> Layout:
        return Layout(
            prefix=self.prefix,
            shards=self.shards,
            replicas=self.replicas,
            build_replicas=self.build_replicas,
            vectors=self.vectors,
        )
