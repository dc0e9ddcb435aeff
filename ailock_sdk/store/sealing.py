"""Data that only one lock's secret opens: X25519 and AES-256-GCM in chunks (SPEC section 9).

Sealing needs the public sealing key only, so a device may seal while the lock stays shut. The
format hides contents, not lengths, and does not say who sealed: anyone with the sealing key can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from os import urandom
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from ailock_sdk.constants import LABEL_SEAL, LABEL_SEALING_KEY
from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Secret
from ailock_sdk.store.private_files import new_private_file

SEAL_MAGIC = b"AILS"
SEAL_VERSION = 1
SEAL_CHUNK_LENGTH_BYTES = 64 * 1024
SEALING_KEY_LENGTH_BYTES = 32
RECIPIENT_LENGTH_BYTES = 8
AES_KEY_LENGTH_BYTES = 32
AES_TAG_LENGTH_BYTES = 16
NONCE_COUNTER_LENGTH_BYTES = 11

_PREFIX = SEAL_MAGIC + bytes([SEAL_VERSION])
_HEADER_LENGTH_BYTES = len(_PREFIX) + RECIPIENT_LENGTH_BYTES + SEALING_KEY_LENGTH_BYTES


class Reader(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, and none only at the end."""
        ...


Progress = Callable[[int], object]
"""Called with the number of bytes that were read just now."""


def _no_progress(_: int) -> None:
    """The default: nobody watches."""


class Writer(Protocol):
    """What is written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""
        ...


def sealing_key(secret: Secret) -> bytes:
    """Return the 32-byte public key that data is sealed to; only ``secret`` opens it."""
    return _private_key(secret).public_key().public_bytes_raw()


def seal_stream(reader: Reader, writer: Writer, sealing_key: bytes) -> None:
    """Seal everything from ``reader`` into ``writer``, 64 KiB at a time. Opens: ``open_stream``.

    Raises
    ------
    ValueError
        ``sealing_key`` is not a usable X25519 public key of 32 bytes.
    """
    seal_with_ephemeral(reader, writer, sealing_key, urandom(SEALING_KEY_LENGTH_BYTES))


def seal_with_ephemeral(
    reader: Reader, writer: Writer, sealing_key: bytes, ephemeral_private: bytes
) -> None:
    """:func:`seal_stream` without its randomness, for test vectors only.

    Parameters
    ----------
    reader : Reader
    writer : Writer
    sealing_key : bytes
        32 bytes.
    ephemeral_private : bytes
        32 bytes. Two different contents sealed with the same ones give both away.

    Raises
    ------
    ValueError
        See :func:`seal_stream`.
    """
    private_key = X25519PrivateKey.from_private_bytes(ephemeral_private)
    ephemeral = private_key.public_key().public_bytes_raw()
    shared = private_key.exchange(X25519PublicKey.from_public_bytes(sealing_key))
    header = _PREFIX + _recipient(sealing_key) + ephemeral
    cipher = _cipher(shared, ephemeral, sealing_key)
    writer.write(header)
    for nonce, chunk in _numbered_chunks(reader, SEAL_CHUNK_LENGTH_BYTES):
        writer.write(cipher.encrypt(nonce, chunk, header))


def open_stream(reader: Reader, writer: Writer, secret: Secret) -> None:
    """Open everything from ``reader`` into ``writer``; the inverse of :func:`seal_stream`.

    Each chunk is authentic before it is written, but only the end proves that none is missing:
    when this raises, throw away what was written.

    Raises
    ------
    SealedDataError
        Not sealed data, sealed to another lock, or damaged.
    """
    private_key = _private_key(secret)
    own_key = private_key.public_key().public_bytes_raw()
    header = _read_exactly(reader, _HEADER_LENGTH_BYTES)
    ephemeral = _parse_header(header, own_key)
    try:
        shared = private_key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except ValueError as error:
        # An all-zero result: the key would be known to everyone.
        raise _damaged() from error
    cipher = _cipher(shared, ephemeral, own_key)
    sealed_chunk_length = SEAL_CHUNK_LENGTH_BYTES + AES_TAG_LENGTH_BYTES
    for index, (nonce, chunk) in enumerate(_numbered_chunks(reader, sealed_chunk_length)):
        if len(chunk) < AES_TAG_LENGTH_BYTES or (index > 0 and len(chunk) == AES_TAG_LENGTH_BYTES):
            raise _damaged()
        try:
            # A cut, joined, moved or repeated chunk meets another nonce and fails.
            writer.write(cipher.decrypt(nonce, chunk, header))
        except InvalidTag as error:
            raise _damaged() from error


def seal_bytes(data: bytes, sealing_key: bytes) -> bytes:
    """Return ``data`` sealed; see :func:`seal_stream`."""
    sealed = BytesIO()
    seal_stream(BytesIO(data), sealed, sealing_key)
    return sealed.getvalue()


def open_bytes(sealed: bytes, secret: Secret) -> bytes:
    """Return the data that :func:`seal_bytes` sealed; see :func:`open_stream`."""
    data = BytesIO()
    open_stream(BytesIO(sealed), data, secret)
    return data.getvalue()


@dataclass(frozen=True)
class _Watched:
    """A reader that reports how many bytes were read."""

    reader: Reader
    progress: Progress

    def read(self, size: int, /) -> bytes:
        data = self.reader.read(size)
        self.progress(len(data))
        return data


def seal_file(
    source: Path,
    target: Path,
    sealing_key: bytes,
    *,
    overwrite: bool = False,
    progress: Progress = _no_progress,
) -> None:
    """Seal a file; the target appears whole or not at all.

    Parameters
    ----------
    source : Path
    target : Path
        Made with mode 0600.
    sealing_key : bytes
        32 bytes.
    overwrite : bool
        Replace a ``target`` that exists.
    progress : callable
        Called with the number of bytes of each piece that was read.

    Raises
    ------
    FileExistsError
        ``target`` exists and ``overwrite`` is false; it is untouched.
    OSError
        A file cannot be read or written; an existing ``target`` is untouched.
    ValueError
        See :func:`seal_stream`.
    """
    with open(source, "rb") as reader, new_private_file(target, overwrite=overwrite) as writer:
        seal_stream(_Watched(reader, progress), writer, sealing_key)


def open_file(
    source: Path,
    target: Path,
    secret: Secret,
    *,
    overwrite: bool = False,
    progress: Progress = _no_progress,
) -> None:
    """Open a sealed file; the target appears whole or not at all.

    Parameters
    ----------
    source : Path
    target : Path
        Made with mode 0600.
    secret : Secret
    overwrite : bool
        Replace a ``target`` that exists.
    progress : callable
        Called with the number of bytes of each piece that was read.

    Raises
    ------
    SealedDataError
        See :func:`open_stream`; nothing is left and an existing ``target`` untouched.
    FileExistsError, OSError
        See :func:`seal_file`.
    """
    with open(source, "rb") as reader, new_private_file(target, overwrite=overwrite) as writer:
        open_stream(_Watched(reader, progress), writer, secret)


def _private_key(secret: Secret) -> X25519PrivateKey:
    expand = HKDFExpand(SHA256(), SEALING_KEY_LENGTH_BYTES, LABEL_SEALING_KEY)
    return X25519PrivateKey.from_private_bytes(expand.derive(bytes(secret)))


def _recipient(sealing_key: bytes) -> bytes:
    return sha256(sealing_key).digest()[:RECIPIENT_LENGTH_BYTES]


def _cipher(shared: bytes, ephemeral: bytes, sealing_key: bytes) -> AESGCM:
    # The key is used for one stream only, because the ephemeral key is fresh: counted nonces
    # cannot repeat.
    kdf = HKDF(SHA256(), AES_KEY_LENGTH_BYTES, salt=ephemeral + sealing_key, info=LABEL_SEAL)
    return AESGCM(kdf.derive(shared))


def _parse_header(header: bytes, own_key: bytes) -> bytes:
    """Return the ephemeral public key. No secret is involved yet, so the errors may differ."""
    if header[: len(SEAL_MAGIC)] != SEAL_MAGIC:
        raise SealedDataError("not sealed data: it does not begin with AILS")
    if len(header) < _HEADER_LENGTH_BYTES:
        raise _damaged()
    if header[: len(_PREFIX)] != _PREFIX:
        raise SealedDataError(
            f"sealed data of version {header[len(SEAL_MAGIC)]}: update ailock-sdk"
        )
    recipient_end = len(_PREFIX) + RECIPIENT_LENGTH_BYTES
    if header[len(_PREFIX) : recipient_end] != _recipient(own_key):
        raise SealedDataError("sealed to another lock: unlock the one it was sealed to")
    return header[recipient_end:]


def _numbered_chunks(reader: Reader, length: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield (nonce, chunk): every chunk but the last is full, and there is always a last one."""
    chunk = _read_exactly(reader, length)
    for index in range(1 << 8 * NONCE_COUNTER_LENGTH_BYTES):
        following = _read_exactly(reader, length)
        last = not following
        yield index.to_bytes(NONCE_COUNTER_LENGTH_BYTES, "big") + bytes([last]), chunk
        if last:
            return
        chunk = following


def _read_exactly(reader: Reader, length: int) -> bytes:
    """Read ``length`` bytes, or fewer at the end only: a pipe returns what it happens to have."""
    parts = []
    missing = length
    while missing and (part := reader.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _damaged() -> SealedDataError:
    return SealedDataError("sealed data is damaged or cut short: restore it from a backup")
