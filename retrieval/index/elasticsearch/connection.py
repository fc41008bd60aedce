"""The way to a cluster: hosts, credentials, certificates, and whether what answers there can be used."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from retrieval.errors import ConfigurationError, UnavailableError
from retrieval.index.elasticsearch.certificates import trusting_file, trusting_fingerprint
from retrieval.index.elasticsearch.errors import translated
from retrieval.records import Record

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_RETRIES_BEYOND_NODES = 3
_OLDEST = (9, 2)
"""Older ones do not know all settings of our indexes."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Access(Record, frozen=True):
    """How to reach a cluster. Shown without its secrets."""

    hosts: tuple[str, ...]
    api_key: str = ""
    username: str = ""
    password: str = ""
    ca_file: Path | None = None
    ca_fingerprint: str = ""
    """SHA-256 of the certificate of the authority that signed the nodes' ones; colons and case do not matter."""
    timeout_s: float = 30.0

    def __repr__(self) -> str:
        return f"Access({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown: list[tuple[str, Any]] = [("hosts", tuple(_shown(host) for host in self.hosts))]
        for name in ("api_key", "username", "password", "ca_file", "ca_fingerprint", "timeout_s"):
            value = getattr(self, name)
            shown.append((name, "***" if value and name in ("api_key", "password") else value))
        return shown


class ClusterFacts(Record, frozen=True):
    version: str
    """Of the oldest node."""
    data_nodes: int


def connect(access: Access) -> Elasticsearch:
    """A client that asks the hosts in turn and passes over dead ones. Nothing is sent yet, but where a fingerprint
    alone says whom to trust: then the certificate is fetched, and UnavailableError says that no host has one.
    """
    try:
        import elasticsearch

        from retrieval.index.elasticsearch.transport import CONNECTIONS, FailoverTransport, Node
    except ImportError as exc:
        raise ConfigurationError(
            "the package elasticsearch is not installed; install pathlit[elasticsearch], or unset `elasticsearch.hosts`"
        ) from exc
    hosts = [_checked(host) for host in access.hosts]
    if not hosts:
        raise ConfigurationError("`elasticsearch.hosts` is empty; name at least one node, such as https://es1:9200")
    options = _credentials(access)
    if access.ca_file or access.ca_fingerprint:
        options["ssl_context"] = _trust(access, hosts)
    # It would print a traceback for every request that another node then answers; that a node is dead is still told.
    logging.getLogger("elastic_transport.transport").setLevel(logging.ERROR)
    return elasticsearch.Elasticsearch(
        hosts,
        transport_class=FailoverTransport,
        node_class=Node,
        connections_per_node=CONNECTIONS,
        request_timeout=access.timeout_s,
        max_retries=len(hosts) + _RETRIES_BEYOND_NODES,
        retry_on_timeout=True,
        retry_on_status=(429, 502, 503, 504),
        retry_backoff_base=0.1,
        retry_backoff_cap=2,
        **options,
    )


def require_usable(client: Elasticsearch) -> ClusterFacts:
    """ConfigurationError where what answers is of another major version than the client, or too old."""
    with translated("asking which Elasticsearch answers"):
        # Another major version refuses the client's own content type, so any is accepted for this one question.
        wanted = {"filter_path": "nodes.*.version,nodes.*.roles"}
        answer = client.perform_request("GET", "/_nodes/_all/_none", params=wanted, headers={"accept": "*/*"})
    body = answer.body
    nodes: list[dict[str, Any]] = list(body.get("nodes", {}).values()) if isinstance(body, dict) else []
    if not nodes:
        raise UnavailableError("the cluster names no nodes; look at its logs")
    versions = sorted({str(node["version"]) for node in nodes}, key=_numbers)
    client_version = metadata.version("elasticsearch")
    ours = _numbers(client_version)[0]
    for found in versions:
        theirs = _numbers(found)[0]
        if theirs != ours:
            newer = f"install a pathlit for Elasticsearch {theirs}, or use a cluster of version {ours}"
            raise ConfigurationError(
                f"the cluster runs Elasticsearch {found}, the installed client is elasticsearch {client_version}: "
                + (newer if theirs > ours else f"upgrade the cluster to Elasticsearch {ours}")
            )
        if _numbers(found) < _OLDEST:
            oldest = ".".join(map(str, _OLDEST))
            raise ConfigurationError(f"the cluster runs Elasticsearch {found}: upgrade all nodes to {oldest} or later")
    return ClusterFacts(version=versions[0], data_nodes=sum(_holds_data(node) for node in nodes))


def _credentials(access: Access) -> dict[str, Any]:
    if access.api_key and (access.username or access.password):
        raise ConfigurationError("set `elasticsearch.api_key`, or username and password, not both")
    if bool(access.username) != bool(access.password):
        missing = "password" if access.username else "username"
        raise ConfigurationError(f"`elasticsearch.{missing}` is missing; username and password go together")
    if access.api_key:
        return {"api_key": access.api_key}
    return {"basic_auth": (access.username, access.password)} if access.username else {}


def _trust(access: Access, hosts: Sequence[str]) -> ssl.SSLContext:
    if plain := [host for host in hosts if not host.startswith("https:")]:
        raise ConfigurationError(
            f"{plain[0]} shows no certificate: write https://, or unset `elasticsearch.ca_file` and `.ca_fingerprint`"
        )
    fingerprint = access.ca_fingerprint.replace(":", "").lower()
    if fingerprint and not _SHA256.fullmatch(fingerprint):
        raise ConfigurationError(
            f"`elasticsearch.ca_fingerprint` is {access.ca_fingerprint!r}; a SHA-256 has 64 hexadecimal digits"
        )
    return trusting_file(access.ca_file, fingerprint) if access.ca_file else trusting_fingerprint(hosts, fingerprint)


def _holds_data(node: dict[str, Any]) -> bool:
    # Frozen nodes hold snapshots alone.
    return any(role == "data" or (role.startswith("data_") and role != "data_frozen") for role in node["roles"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)) or (0,)


def _shown(host: str) -> str:
    """Without what may be a password."""
    scheme, separator, rest = host.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _checked(host: str) -> str:
    try:
        parts = urlsplit(host)
        port = parts.port
    except ValueError:
        port = None
    else:
        if parts.username or parts.password:
            raise ConfigurationError(
                f"{_shown(host)} is written with a user before it; set `elasticsearch.username` and `.password` instead"
            )
    if port is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{_shown(host)!r} in `elasticsearch.hosts` is no address such as https://es1:9200")
    return host.rstrip("/")
