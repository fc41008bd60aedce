"""What a cluster and the way to it can answer, in pathlit's errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING, Any

from retrieval.errors import ConfigurationError, GenerationError, PathlitError, UnavailableError

if TYPE_CHECKING:
    from elastic_transport import TransportError
    from elasticsearch import ApiError

_ABOUT_DOCUMENTS = {
    "document_parsing_exception",
    "mapper_exception",
    "mapper_parsing_exception",
    "strict_dynamic_mapping_exception",
}
"""Their reasons name fields. Those of other refusals may repeat the query, and stay unsaid."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """The client's exceptions as UnavailableError, ConfigurationError or GenerationError that begin with `what`.

    A message names the host, never the query nor credentials.
    """
    from elasticsearch import ApiError, TransportError

    try:
        yield
    except ApiError as exc:
        # Not `from exc`: its text may repeat the query, and would be printed with the traceback.
        raise _of_answer(what, exc) from None
    except TransportError as exc:
        raise _of_transport(what, exc) from exc


def _of_transport(what: str, exc: TransportError) -> PathlitError:
    from elasticsearch import ConnectionTimeout, SerializationError, SSLError

    asked = dict.fromkeys(note for each in (exc, *exc.errors) for note in getattr(each, "__notes__", ()))
    where = f"Elasticsearch at {', '.join(asked)}" if asked else "Elasticsearch"
    cause = str(exc.errors[0]) if exc.errors else str(exc)
    if isinstance(exc, ConnectionTimeout):
        return UnavailableError(
            f"{what}: {where} did not answer in time; look at its load, or raise `elasticsearch.timeout_s`"
        )
    if isinstance(exc, SSLError):
        return _of_tls(what, where, cause)
    if isinstance(exc, SerializationError):
        return ConfigurationError(f"{what}: {where} answers what is no JSON; does `elasticsearch.hosts` name a proxy?")
    if "BadStatusLine" in cause or "Remote end closed" in cause or "reset by peer" in cause:
        hint = " (a node with TLS does so when it is spoken to by http://: write https:// then)"
        spoken = hint if any(address.startswith("http:") for address in asked) else ""
        return UnavailableError(f"{what}: {where} closed the connection{spoken}; is it starting or stopping?")
    errno = re.search(r"\[Errno -?\d+\] ([^\"')]+)", cause)
    reason = errno[1].strip() if errno else "no connection"
    return UnavailableError(
        f"{what}: {where} cannot be reached ({reason}); is it running, and is `elasticsearch.hosts` right?"
    )


def _of_tls(what: str, where: str, cause: str) -> PathlitError:
    if "WRONG_VERSION_NUMBER" in cause or "RECORD_LAYER_FAILURE" in cause:
        reason, remedy = "does not speak TLS", "write http:// in `elasticsearch.hosts`, or turn its TLS on"
    elif "doesn't match" in cause or "IP address mismatch" in cause or "Hostname mismatch" in cause:
        reason = "has a certificate for another name"
        remedy = "use a name that the certificate has, or `elasticsearch.ca_fingerprint`, which compares no names"
    elif "has expired" in cause or "not yet valid" in cause:
        reason, remedy = "has a certificate that is not valid today", "renew it, or set the clock"
    elif "CERTIFICATE_VERIFY_FAILED" in cause:
        reason = "has a certificate that is signed by nobody we trust"
        remedy = "name the authority in `elasticsearch.ca_file` or `elasticsearch.ca_fingerprint`"
    elif "EOF" in cause:
        return UnavailableError(f"{what}: {where} closed the connection; is it starting or stopping?")
    else:
        reason, remedy = "refused a TLS connection", "compare the TLS settings of both sides"
    return ConfigurationError(f"{what}: {where} {reason}; {remedy}")


def _of_answer(what: str, exc: ApiError) -> PathlitError:
    from elasticsearch import UnsupportedProductError

    where = f"Elasticsearch at {_address(exc)}"
    if isinstance(exc, UnsupportedProductError):
        return ConfigurationError(
            f"{what}: what answers at {_address(exc)} is not Elasticsearch; correct `elasticsearch.hosts`"
        )
    kinds, reason = kinds_of(exc.body), _reason(exc.body)
    if exc.status_code == 401:
        return ConfigurationError(
            f"{what}: {where} refuses the credentials; correct `elasticsearch.username` and `.password`, or "
            "`elasticsearch.api_key`"
        )
    if "cluster_block_exception" in kinds:
        return _of_block(what, where, reason)
    if exc.status_code == 403:
        return ConfigurationError(f"{what}: {where} does not permit it{_privilege(reason)}; ask for that privilege")
    if "media_type_header_exception" in kinds:
        client = metadata.version("elasticsearch")
        return ConfigurationError(
            f"{what}: {where} is of another version than the installed client elasticsearch {client}; "
            f"use a cluster of version {client.partition('.')[0]}"
        )
    if "index_not_found_exception" in kinds:
        name = re.search(r"\[(.+?)\]", reason)
        return GenerationError(f"{what}: {where} has no index {name[1] if name else ''}; has it been deleted?")
    if exc.status_code == 429:
        return UnavailableError(f"{what}: {where} is overloaded ({_named(kinds)}); try later, or give it more memory")
    if exc.status_code in (408, 502, 503, 504):
        return UnavailableError(
            f"{what}: {where} cannot answer now ({_named(kinds) or exc.status_code}); look at it with `pathlit doctor`"
        )
    if documents := _ABOUT_DOCUMENTS.intersection(kinds):
        # What follows is the text of an article.
        shown = reason.partition(" Preview of field")[0] or _named(list(documents))
        return GenerationError(f"{what}: {where} refuses the document: {shown}")
    named = _named(kinds) or "without a reason"
    return GenerationError(f"{what}: {where} refuses the request ({exc.status_code}, {named})")


def _of_block(what: str, where: str, reason: str) -> PathlitError:
    if "flood-stage" in reason:
        return GenerationError(
            f"{what}: {where} lets nothing be written: a disk is filled beyond "
            "cluster.routing.allocation.disk.watermark.flood_stage; delete old generations or add room, and the block "
            "goes by itself"
        )
    if "no master" in reason or "state not recovered" in reason:
        return UnavailableError(f"{what}: {where} has no elected master; are enough of its nodes running?")
    block = re.search(r"blocked by: \[(.+?)\]", reason)
    return GenerationError(f"{what}: {where} has a block on it ({block[1] if block else 'unnamed'}); remove it first")


def _privilege(reason: str) -> str:
    """The refused action and what would grant it, out of the sentence that x-pack says."""
    action = re.search(r"action \[([^\]]+)\]", reason)
    granted = re.search(r"granted by the (\w+ privileges \[[^\]]+\])", reason)
    said = f": {action[1]}" if action else ""
    return f"{said}, which takes one of the {granted[1]}" if granted else said


def _address(exc: ApiError) -> str:
    node = exc.meta.node
    return f"{node.scheme}://{node.host}:{node.port}"


def kinds_of(body: Any) -> list[str]:
    """The types of an error and of its causes, from the outside in."""
    error = body.get("error") if isinstance(body, dict) else None
    found: dict[str, None] = {}
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, dict):
            if isinstance(each.get("type"), str):
                found[each["type"]] = None
            waiting += [each.get("caused_by"), *(each.get("root_cause") or [])]
            waiting += [failed.get("reason") for failed in each.get("failed_shards") or [] if isinstance(failed, dict)]
    return list(found)


def _reason(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return str(error.get("reason") or "")
    return str(error or "")


def _named(kinds: list[str]) -> str:
    return ", ".join(kind.removesuffix("_exception").replace("_", " ") for kind in kinds)
