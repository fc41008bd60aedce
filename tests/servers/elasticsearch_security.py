"""What a secured test cluster needs: certificates, and users with roles in files."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_ITERATIONS = 10_000


class Authority(NamedTuple):
    certificate: Path
    """PEM."""
    fingerprint: str
    """SHA-256 of the certificate, in hexadecimal."""


def write_certificates(folder: Path, address: str = "127.0.0.1") -> Authority:
    """A new authority `ca.pem` and, signed by it, `http.pem` and `http.key` for this address and localhost."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"pathlit test authority {secrets.token_hex(4)}")])
    ca = (
        certificate_for(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    places = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(address))]
    node_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    node = (
        certificate_for(node_name, ca_name, key.public_key())
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    # The chain with its root: a client that pins the authority's fingerprint must see the authority.
    (folder / "http.pem").write_bytes(node.public_bytes(pem) + ca.public_bytes(pem))
    (folder / "http.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Authority(folder / "ca.pem", ca.fingerprint(hashes.SHA256()).hex())


def certificate_for(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def write_users(config: Path, users: Mapping[str, tuple[str, str]], roles: Mapping[str, object]) -> None:
    """The file realm of one node: `users` is name -> (password, role), `roles` holds what is not built in."""
    (config / "users").write_text("".join(f"{name}:{_hash(word)}\n" for name, (word, _) in users.items()))
    (config / "users_roles").write_text("".join(f"{role}:{name}\n" for name, (_, role) in users.items()))
    # JSON is YAML, but the server reads a role up to the next line that is not indented.
    (config / "roles.yml").write_text("".join(f"{name}: {json.dumps(role)}\n" for name, role in roles.items()))


def _hash(password: str) -> str:
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, dklen=32)
    return f"{{PBKDF2}}{_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
