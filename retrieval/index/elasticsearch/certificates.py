"""Whom a client of a cluster trusts: a file of certificates, or the one certificate with a given fingerprint."""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from retrieval.errors import ConfigurationError, UnavailableError

_CONNECT_S = 5.0


def trusting_file(ca_file: Path, fingerprint: str = "") -> ssl.SSLContext:
    """Trusts the certificates of a PEM file and no public authority; with a fingerprint, only the one that has it."""
    try:
        blocks = re.findall(
            r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", ca_file.read_text("ascii"), re.DOTALL
        )
        held = [ssl.PEM_cert_to_DER_cert(block) for block in blocks]
        trusted = [der for der in held if not fingerprint or _has(der, fingerprint)]
        if held and not trusted:
            raise ConfigurationError(
                f"none of the certificates in {ca_file} has the SHA-256 {fingerprint}: correct `elasticsearch.ca_file` "
                "or `elasticsearch.ca_fingerprint`"
            )
        return _trusting(trusted)
    except OSError as exc:
        reason = exc.strerror if not isinstance(exc, ssl.SSLError) else "not a certificate"
        raise ConfigurationError(f"{ca_file} cannot be used: {reason}; correct `elasticsearch.ca_file`") from exc
    except ValueError as exc:
        raise ConfigurationError(
            f"{ca_file} holds no certificate in PEM format; correct `elasticsearch.ca_file`"
        ) from exc


def trusting_fingerprint(hosts: Sequence[str], fingerprint: str) -> ssl.SSLContext:
    """Trusts the certificate with this SHA-256, which the first host that answers must send; names are not compared.

    The client's own `ssl_assert_fingerprint` looks for the certificate in the chain without checking that it signed
    the server's: whoever has read the public certificate of the authority could answer in its place.
    """
    failures = []
    for host in hosts:
        try:
            chain = _chain_of(host)
        except OSError as exc:
            failures.append(f"{host}: {exc.strerror or exc}")
            continue
        trusted = [der for der in chain if _has(der, fingerprint)]
        if not trusted:
            raise ConfigurationError(
                f"{host} shows no certificate with the SHA-256 {fingerprint}: compare `elasticsearch.ca_fingerprint` "
                "with `openssl x509 -in ca.crt -noout -fingerprint -sha256`; where the nodes do not send the "
                "certificate of their authority, set `elasticsearch.ca_file`"
            )
        context = _trusting(trusted)
        context.check_hostname = False
        return context
    raise UnavailableError(
        f"no host of Elasticsearch answers with a certificate ({'; '.join(failures)}): is it running with TLS, and is "
        "`elasticsearch.hosts` right?"
    )


def _trusting(certificates: Sequence[bytes]) -> ssl.SSLContext:
    if not certificates:
        raise ValueError("no certificates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Also a certificate that another one signed may be the one to trust.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=b"".join(certificates))
    return context


def _chain_of(host: str) -> list[bytes]:
    """The certificates that a server sends, believed by nobody yet: nothing else is said to it."""
    parts = urlsplit(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((parts.hostname or "", parts.port or 443), timeout=_CONNECT_S) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
    ):
        if hasattr(secured, "get_unverified_chain"):
            return list(secured.get_unverified_chain())
        # Until Python 3.13 the same is there under a private name, in objects of its own.
        encoding_der = 2
        return [certificate.public_bytes(encoding_der) for certificate in secured._sslobj.get_unverified_chain()]  # type: ignore[attr-defined]


def _has(certificate: bytes, fingerprint: str) -> bool:
    return hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), fingerprint)
