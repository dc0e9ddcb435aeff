"""The server's own certificate: kept, private, renewed in time."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra [server]")
from cryptography import x509

from ailock_sdk import VaultError
from ailock_sdk.server import certificate
from ailock_sdk.server.certificate import fingerprint, own_certificate


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_it_is_made_once_and_names_this_machine(tmp_path: Path) -> None:
    path = own_certificate(tmp_path / "state", "192.0.2.7")
    assert path.stat().st_mode & 0o777 == 0o600
    first = fingerprint(path)
    assert fingerprint(own_certificate(tmp_path / "state", "192.0.2.8")) == first
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    names = read(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {ipaddress.ip_address("192.0.2.7"), ipaddress.ip_address("127.0.0.1")}
    assert set(names.get_values_for_type(x509.IPAddress)) == addresses
    assert {"localhost", *certificate.host_names()} == set(names.get_values_for_type(x509.DNSName))
    valid = read(path).not_valid_after_utc - read(path).not_valid_before_utc
    assert valid <= datetime.timedelta(days=825)


def test_one_that_is_about_to_expire_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "VALID_DAYS", 13)
    old = fingerprint(own_certificate(tmp_path, "127.0.0.1"))
    monkeypatch.undo()
    assert fingerprint(own_certificate(tmp_path, "127.0.0.1")) != old


def test_a_damaged_or_open_file_is_told(tmp_path: Path) -> None:
    path = own_certificate(tmp_path, "127.0.0.1")
    path.chmod(0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        own_certificate(tmp_path, "127.0.0.1")
    path.chmod(0o600)
    path.write_bytes(b"x")
    with pytest.raises(VaultError, match="remove it"):
        own_certificate(tmp_path, "127.0.0.1")
