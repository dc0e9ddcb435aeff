"""The server's own certificate: made on first use, kept, and known to people by its fingerprint."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ailock_sdk.errors import VaultError
from ailock_sdk.store.private_files import make_private_folder, new_private_file, why_not_private

VALID_DAYS = 820
"""Apple's systems refuse certificates of more than 825 days."""
_RENEWED_DAYS_BEFORE = 14


def own_certificate(folder: Path, address: str) -> Path:
    """The file with key and certificate, mode 0600; made if it is missing or about to expire.

    Parameters
    ----------
    folder : Path
        The server's state folder.
    address : str
        An IP address by which phones reach the server now.

    Raises
    ------
    VaultError
        The file is damaged, others may use it, or it cannot be written.
    """
    path = folder / "tls.pem"
    try:
        if os.path.lexists(path) and not _is_due(path):
            return path
        make_private_folder(folder)
        with new_private_file(path, overwrite=True, private=True) as file:
            file.write(_new_certificate(address))
    except OSError as error:
        raise VaultError(f"{path} cannot be used: {error.strerror}") from None
    return path


def fingerprint(path: Path) -> str:
    """SHA-256 of the certificate in a file, as browsers show it: ``AB:CD:...``."""
    digest = _read(path).fingerprint(hashes.SHA256()).hex().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def host_names() -> list[str]:
    """Names by which this machine is called in its network."""
    name = socket.gethostname().lower().partition(".")[0]
    return [name, f"{name}.local"] if name and name != "localhost" else []


def lan_address() -> str:
    """The machine's address in its network; the loopback address where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which way it would go
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        raise VaultError(f"{path} is damaged: remove it, and a new certificate is made") from None


def _is_due(path: Path) -> bool:
    if (reason := why_not_private(path, path.stat())) is not None:
        raise VaultError(f"the key in {path} is refused, {reason}")
    left = _read(path).not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    return left < datetime.timedelta(days=_RENEWED_DAYS_BEFORE)


def _new_certificate(address: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [*host_names(), "localhost"]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ailock on {names[0]}"[:64])])
    now = datetime.datetime.now(datetime.timezone.utc)
    addresses = {ipaddress.ip_address(address), ipaddress.ip_address("127.0.0.1")}
    alternatives = [*map(x509.DNSName, names), *map(x509.IPAddress, sorted(addresses, key=int))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks of phones and Pis differ
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
