"""Whom a client trusts: the authority in a file or by its fingerprint, and nobody who only looks like it."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from retrieval.errors import ConfigurationError, PathlitError, UnavailableError
from retrieval.index.elasticsearch.connection import Access, connect, require_usable
from tests.servers.elasticsearch_answers import AnsweringServer, dead_address, nodes_of
from tests.servers.elasticsearch_security import Authority, certificate_for, write_certificates

PEM = serialization.Encoding.PEM


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return write_certificates(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Authority:
    (tmp_path / "other").mkdir()
    return write_certificates(tmp_path / "other")


def _server(folder: Path) -> AnsweringServer:
    return AnsweringServer(nodes_of("9.2.4"), tls=(folder / "http.pem", folder / "http.key"))


def test_the_file_of_the_right_authority_is_enough(authority: Authority, tmp_path: Path) -> None:
    with _server(tmp_path) as server:
        assert require_usable(connect(Access(hosts=(server.url,), ca_file=authority.certificate))).version == "9.2.4"


def test_another_authority_is_not_trusted(other: Authority, authority: Authority, tmp_path: Path) -> None:
    with _server(tmp_path) as server, pytest.raises(ConfigurationError, match=r"signed by nobody we trust.*ca_file"):
        require_usable(connect(Access(hosts=(server.url,), ca_file=other.certificate)))


def test_without_an_authority_only_public_ones_are_trusted(authority: Authority, tmp_path: Path) -> None:
    with _server(tmp_path) as server, pytest.raises(ConfigurationError, match=r"signed by nobody we trust.*ca_file"):
        require_usable(connect(Access(hosts=(server.url,))))


@pytest.mark.parametrize("written", [str, str.upper, lambda plain: ":".join(plain[i : i + 2] for i in range(0, 64, 2))])
def test_the_fingerprint_of_the_authority_is_enough(authority: Authority, tmp_path: Path, written: object) -> None:
    assert callable(written)
    with _server(tmp_path) as server:
        access = Access(hosts=(dead_address().replace("http", "https"), server.url))
        access = Access(hosts=access.hosts, ca_fingerprint=written(authority.fingerprint))
        assert require_usable(connect(access)).version == "9.2.4"


def test_a_certificate_for_another_name_holds_by_its_fingerprint_alone(tmp_path: Path) -> None:
    authority = write_certificates(tmp_path, address="127.0.0.9")
    with _server(tmp_path) as server:
        assert require_usable(connect(Access(hosts=(server.url,), ca_fingerprint=authority.fingerprint)))
        with pytest.raises(ConfigurationError, match="has a certificate for another name"):
            require_usable(connect(Access(hosts=(server.url,), ca_file=authority.certificate)))


def test_another_fingerprint_is_refused_before_credentials_are_sent(
    authority: Authority, other: Authority, tmp_path: Path
) -> None:
    with _server(tmp_path) as server:
        access = Access(hosts=(server.url,), api_key="c2VjcmV0", ca_fingerprint=other.fingerprint)
        with pytest.raises(ConfigurationError, match=rf"{server.url} shows no certificate with the SHA-256"):
            require_usable(connect(access))
        assert server.asked == []


def test_who_only_shows_the_authoritys_certificate_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    """A forged certificate that names the authority as its signer, sent with the authority's own, which is public."""
    genuine = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    key, forger = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    key_id = genuine.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    forged = (
        certificate_for(genuine.subject, genuine.subject, key.public_key())
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(forger, hashes.SHA256())
    )
    (tmp_path / "http.pem").write_bytes(forged.public_bytes(PEM) + genuine.public_bytes(PEM))
    (tmp_path / "http.key").write_bytes(
        key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with _server(tmp_path) as server:
        access = Access(hosts=(server.url,), api_key="c2VjcmV0", ca_fingerprint=authority.fingerprint)
        with pytest.raises(ConfigurationError, match="signed by nobody we trust"):
            require_usable(connect(access))
        assert server.asked == []


def test_a_file_and_a_fingerprint_must_agree(authority: Authority, other: Authority, tmp_path: Path) -> None:
    with _server(tmp_path) as server:
        both = tmp_path / "both.pem"
        both.write_bytes(other.certificate.read_bytes() + authority.certificate.read_bytes())
        hosts = (server.url,)
        assert require_usable(connect(Access(hosts=hosts, ca_file=both, ca_fingerprint=authority.fingerprint)))
        with pytest.raises(ConfigurationError, match="signed by nobody we trust"):
            require_usable(connect(Access(hosts=hosts, ca_file=both, ca_fingerprint=other.fingerprint)))
        with pytest.raises(ConfigurationError, match=r"none of the certificates in .*both\.pem has the SHA-256 0000"):
            connect(Access(hosts=hosts, ca_file=both, ca_fingerprint="0" * 64))


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_file_without_certificates_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(ConfigurationError, match=r"ca\.pem"):
        connect(Access(hosts=("https://127.0.0.1:1",), ca_file=tmp_path / "ca.pem"))


def test_plain_http_at_a_server_with_tls(authority: Authority, tmp_path: Path) -> None:
    with _server(tmp_path) as server, pytest.raises(PathlitError, match=r"closed the connection .*write https://"):
        require_usable(connect(Access(hosts=(server.url.replace("https", "http"),))))


def test_https_at_a_server_without_tls() -> None:
    with AnsweringServer(nodes_of("9.2.4")) as server:
        secured = server.url.replace("http", "https")
        with pytest.raises(ConfigurationError, match=rf"{secured} does not speak TLS; write http://"):
            require_usable(connect(Access(hosts=(secured,))))


def test_no_host_answers_with_a_certificate() -> None:
    nowhere = dead_address().replace("http", "https")
    with pytest.raises(
        UnavailableError, match=rf"no host .* answers with a certificate \({nowhere}: Connection refused\)"
    ):
        connect(Access(hosts=(nowhere,), ca_fingerprint="0" * 64))
