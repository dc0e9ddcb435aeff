"""Sealed data are age files (C2SP age v1), written and read by pyrage (SPEC section 9.4).

Sealing needs a lock's public key only, so a device may seal while the lock stays shut. The format
hides contents, not lengths, and does not say who sealed: anyone with the public key can.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Generator
from io import BytesIO
from types import SimpleNamespace
from typing import Any, Protocol

import pyrage
from bech32 import bech32_encode, convertbits
from pyrage import x25519

from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Hidden

MAX_AGE_HEADER_LENGTH_BYTES = 16 * 1024
"""About 160 recipients. pyrage takes time with the square of a header's length."""

_INTRO = b"age-encryption.org/"
_VERSION_LINE = _INTRO + b"v1\n"
_ARMOR_START = b"-----BEGIN AGE ENCRYPTED FILE-----"
_ARMOR_END = b"-----END AGE ENCRYPTED FILE-----"
_PIECE_LENGTH_BYTES = 8192
_NO_KEY_FITS = "No matching keys found"


class Reader(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, and none only at the end."""
        ...


class Writer(Protocol):
    """What is written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""
        ...


def age_identity(identity: Hidden) -> Hidden:
    """A lock's private key (32 bytes) as age programs read it: ``AGE-SECRET-KEY-1...``, ASCII."""
    return Hidden(_bech32("age-secret-key-", identity).upper().encode())


def age_recipient(recipient: bytes) -> str:
    """A lock's public key (32 bytes) as age programs read it: ``age1...``."""
    return _bech32("age", recipient)


def seal_stream(reader: Reader, writer: Writer, recipient: bytes, *, armor: bool = False) -> None:
    """Seal everything from ``reader`` into ``writer``, 64 KiB at a time.

    Parameters
    ----------
    reader : Reader
    writer : Writer
        What they raise is raised.
    recipient : bytes
        32 bytes, the lock's public key.
    armor : bool
        Write text instead of bytes, a third longer.
    """
    recipients = [x25519.Recipient.from_str(age_recipient(recipient))]
    with _Streams(reader, writer) as (source, target):
        pyrage.encrypt_io(source, target, recipients, armored=armor)


def open_stream(reader: Reader, writer: Writer, identity: Hidden) -> None:
    """Open everything from ``reader`` into ``writer``; the inverse of :func:`seal_stream`.

    Each 64 KiB are authentic before they are written, but only the end proves that nothing is
    missing: when this raises, throw away what was written. The reader is one that
    :func:`checked_age_file` gave; the identity is the lock's private key, 32 bytes.

    Raises
    ------
    SealedDataError
        Not an age file, sealed to another lock, or damaged.
    """
    identities = [x25519.Identity.from_str(age_identity(identity).decode())]
    with _Streams(reader, writer) as (source, target):
        pyrage.decrypt_io(source, target, identities)


def checked_age_file(reader: Reader) -> Reader:
    """A reader of the same bytes, after looking at as much as can be seen without a key.

    Raises
    ------
    SealedDataError
        Not an age file, of another version, its header cut short or malformed, or it is sealed
        with a passphrase or to other kinds of keys only.
    """
    head = b""
    while (found := _header(head)) is None:
        piece = reader.read(_PIECE_LENGTH_BYTES)
        if not piece:
            raise _damaged()
        head += piece
    if b"\n-> X25519 " not in found:
        raise SealedDataError("sealed with a passphrase or to other keys, not to a lock: use age")
    # A key that fits nothing: the header is read to its end, and no further.
    stranger = [x25519.Identity.generate()]
    try:
        pyrage.decrypt(found + bytes(32), stranger)
    except pyrage.DecryptError as error:
        if _NO_KEY_FITS not in str(error):
            raise _damaged() from None
    return _Chained(head, reader)


def _bech32(prefix: str, data: bytes) -> str:
    return bech32_encode(prefix, convertbits(data, 8, 5) or [])


class _Chained:
    """What was read already, and then the rest."""

    def __init__(self, head: bytes, rest: Reader) -> None:
        self._head = BytesIO(head)
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        return self._head.read(size) or self._rest.read(size)


def _header(head: bytes) -> bytes | None:
    """The header of an age file that begins with ``head``; ``None`` until it is complete."""
    armored = head.startswith(_ARMOR_START)
    data = _unarmored(head) if armored else head
    if not _VERSION_LINE.startswith(data[: len(_VERSION_LINE)]):
        if data.startswith(_INTRO):
            raise SealedDataError("an age file of another version: update ailock-sdk")
        if not armored and _ARMOR_START.startswith(data):
            return None
        raise SealedDataError("not an age file: nothing was sealed in it")
    last_line = data.find(b"\n--- ")
    end = data.find(b"\n", last_line + 1) + 1
    if last_line >= 0 and end > 0:
        return data[:end]
    if len(data) > MAX_AGE_HEADER_LENGTH_BYTES or len(head) > 2 * MAX_AGE_HEADER_LENGTH_BYTES:
        raise SealedDataError("the age file is damaged, or sealed to too many recipients")
    return None


def _unarmored(head: bytes) -> bytes:
    """The bytes in the complete lines of the beginning of an armoured file."""
    lines = head.replace(b"\r\n", b"\n").split(b"\n")[1:]
    if _ARMOR_END in lines:
        lines = lines[: lines.index(_ARMOR_END)]
    elif lines:
        lines.pop()
    try:
        return b"".join(map(binascii.a2b_base64, lines))
    except binascii.Error:
        raise _damaged() from None


class _Streams:
    """Hands two streams to pyrage, and in place of its errors raises theirs, or ours."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        def write(data: bytes) -> int:
            writer.write(data)
            return len(data)

        self._error: BaseException | None = None
        self._reading, self._writing = self._calling(reader.read), self._calling(write)

    def __enter__(self) -> tuple[SimpleNamespace, SimpleNamespace]:
        next(self._reading)
        next(self._writing)
        return (
            SimpleNamespace(read=self._reading.send),
            SimpleNamespace(write=self._writing.send, flush=lambda: None),
        )

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._reading.close()
        self._writing.close()
        if self._error is not None:
            # Without its frames: their locals hold what is sealed.
            kept = self._error.with_traceback(None)
            kept.__context__ = None
            raise kept from None
        if isinstance(error, pyrage.DecryptError | OSError):
            if _NO_KEY_FITS in str(error):
                raise SealedDataError("sealed to another lock: open that one") from None
            raise _damaged() from None

    def _calling(self, call: Callable[[Any], object]) -> Generator[object, Any, None]:
        # Of an error pyrage keeps the text only. A signal's handler raises where Python code is
        # entered next, or jumps back: in a generator that is inside this `try`.
        result: object = None
        try:
            while True:
                result = call((yield result))
        except GeneratorExit:
            raise
        except BaseException as error:
            self._error = error
            raise


def _damaged() -> SealedDataError:
    return SealedDataError("the age file is damaged or cut short: restore it from a backup")
