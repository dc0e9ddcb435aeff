"""Signatures of bundles, in minisign's format (SPEC section 10.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ailock_sdk.embedding.bundle import read_manifest
from ailock_sdk.embedding.manifest import MANIFEST_NAME
from ailock_sdk.errors import BundleError

SIGNATURE_NAME = f"{MANIFEST_NAME}.minisig"
RELEASE_KEYS: tuple[str, ...] = ()
"""Public keys by which the project's owners sign shipped bundles: none before the first release.
While there is one, ``ailock models verify`` refuses a shipped bundle without its signature."""

_FILE_LENGTH_BYTES_MAX = 16 * 1024
_PUBLIC, _PREHASHED = b"Ed", b"ED"
_UNTRUSTED, _TRUSTED = "untrusted comment: ", "trusted comment: "


@dataclass(frozen=True)
class PublicKey:
    """A key that its user trusts to sign bundles.

    Attributes
    ----------
    key_id : bytes
        8 bytes that find the key, and prove nothing.
    key : bytes
        32 bytes, Ed25519.
    """

    key_id: bytes
    key: bytes

    @property
    def name(self) -> str:
        """The key id, as minisign shows it: 16 hexadecimal digits."""
        return _in_words(self.key_id)


@dataclass(frozen=True)
class Signed:
    """What a bundle's signature says.

    Attributes
    ----------
    key_name : str
        The key id, 16 hexadecimal digits.
    comment : str or None
        What the signer said and signed; ``None`` if the key is not a trusted one, and nothing is
        proved.
    """

    key_name: str
    comment: str | None

    @property
    def trusted(self) -> bool:
        """Whether it was checked with a trusted key."""
        return self.comment is not None


def parse_public_key(text: str) -> PublicKey:
    """A public key as minisign writes it: its one line, or its file of two.

    Raises
    ------
    BundleError
        It is none.
    """
    lines = text.strip().splitlines()
    if len(lines) == 2 and lines[0].startswith(_UNTRUSTED.rstrip()):
        lines = lines[1:]
    raw = _decoded(lines[0], 42) if len(lines) == 1 else None
    if raw is None or raw[:2] != _PUBLIC:
        raise BundleError("no public key of minisign: one is 56 characters, from 'RW' on")
    return PublicKey(raw[2:10], raw[10:])


def check_signature(
    path: str | os.PathLike[str], keys: Iterable[PublicKey], *, required: bool = False
) -> Signed | None:
    """Check the signature of a bundle's manifest, which has the hashes of its files.

    Parameters
    ----------
    path : str or path-like
        The bundle's folder, whose files :func:`load_bundle` checks.
    keys : iterable of PublicKey
        Those that are trusted.
    required : bool
        Refuse a bundle without a signature by one of them.

    Returns
    -------
    Signed or None
        ``None`` for a bundle without signature.

    Raises
    ------
    BundleError
        The signature is malformed, is not of this manifest, or is missing and required.
    """
    folder = Path(path)
    trusted = list(keys)
    wanted = f"wanted is one by {' or '.join(key.name for key in trusted) or 'a trusted key'}"
    file = folder / SIGNATURE_NAME
    try:
        with file.open("rb") as stream:
            raw = stream.read(_FILE_LENGTH_BYTES_MAX + 1)
    except FileNotFoundError:
        if required:
            raise BundleError(
                f"{folder} has no signature, and {wanted}: it may have been exchanged"
            ) from None
        return None
    except OSError as error:
        raise BundleError(f"{file}: {error.strerror}") from None
    key_id, signature, comment, whole = _parse(file, raw)
    known = [key for key in trusted if key.key_id == key_id]
    if not known:
        if required:
            raise BundleError(f"{folder} is signed by {_in_words(key_id)}, and {wanted}")
        return Signed(_in_words(key_id), None)
    digest = hashlib.blake2b(read_manifest(folder)).digest()
    if not any(
        _verifies(key, signature, digest) and _verifies(key, whole, signature + comment.encode())
        for key in known
    ):
        raise BundleError(
            f"{file} is not a signature by {_in_words(key_id)} of the manifest beside it: the "
            "bundle was changed or exchanged; install it again from who signs it"
        )
    return Signed(_in_words(key_id), comment)


def _parse(file: Path, raw: bytes) -> tuple[bytes, bytes, str, bytes]:
    """Key id, signature, trusted comment and the signature of both."""
    malformed = BundleError(f"{file} is no signature of minisign: sign the bundle again")
    try:
        lines = raw.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise malformed from None
    if len(raw) > _FILE_LENGTH_BYTES_MAX or len(lines) != 4:
        raise malformed
    first, second = _decoded(lines[1], 74), _decoded(lines[3], 64)
    if first is None or second is None or not all(map(str.isprintable, lines)):
        raise malformed
    if not (lines[0].startswith(_UNTRUSTED) and lines[2].startswith(_TRUSTED)):
        raise malformed
    if first[:2] != _PREHASHED:
        raise BundleError(f"{file} is not prehashed: sign with minisign 0.10 or later, without -l")
    return first[2:10], first[10:], lines[2].removeprefix(_TRUSTED), second


def _decoded(line: str, length_bytes: int) -> bytes | None:
    """The bytes of one line, if it is base64 of so many."""
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == length_bytes else None


def _verifies(key: PublicKey, signature: bytes, message: bytes) -> bool:
    # Not loaded by who only uses a bundle.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _in_words(key_id: bytes) -> str:
    return f"{int.from_bytes(key_id, 'little'):016X}"
