"""Stanzas, in which age programs and their plugins talk, and the file key in one of them.

C2SP age (X25519 recipient stanza) and C2SP age-plugin (identities, IPC protocol).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from bech32 import bech32_decode, bech32_encode, convertbits
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Hidden

X25519 = "X25519"
"""First word of the stanza that a file sealed to a lock has."""
_IDENTITY_PREFIX = "age-plugin-ailock-"
_KEY_LENGTH_BYTES = 32
_FILE_KEY_LENGTH_BYTES = 16
_TAG_LENGTH_BYTES = 16
_INFO = b"age-encryption.org/v1/X25519"
_NONCE = bytes(12)
"""Constant in the format: each wrapping key wraps once."""
_FIRST_LINE = re.compile(rb"-> ([!-~]+(?: [!-~]+)*)\n")
_COLUMNS = 64
_MAX_LINE_BYTES = 4096
_MAX_BODY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Stanza:
    """A line of words and a body, which may be secret.

    Attributes
    ----------
    words : sequence of str
        Printable ASCII without spaces, one at least.
    body : bytes
    """

    words: Sequence[str]
    body: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        """As it is sent."""
        text = _base64(self.body)
        lines = [text[at : at + _COLUMNS] for at in range(0, len(text) + 1, _COLUMNS)]
        return b"".join(line.encode() + b"\n" for line in ["-> " + " ".join(self.words), *lines])

    @classmethod
    def read(cls, stream: IO[bytes]) -> Stanza:
        """The next one of a stream.

        Raises
        ------
        SealedDataError
            The stream ended, or holds something else.
        """
        first = _FIRST_LINE.fullmatch(stream.readline(_MAX_LINE_BYTES))
        if first is None:
            raise SealedDataError("not the protocol of age's plugins, or cut short")
        body = b""
        while len(body) <= _MAX_BODY_BYTES:
            line = stream.readline(_COLUMNS + 2)
            if not line.endswith(b"\n"):
                break
            body += _bytes(line[:-1].decode("ascii", "replace"))
            if len(line) <= _COLUMNS:
                return cls(first[1].decode().split(" "), Hidden(body))
        raise SealedDataError("a stanza is too long, or cut short")


def plugin_identity(recipient: str) -> str:
    """``AGE-PLUGIN-AILOCK-1...``: names the lock of a recipient, ``age1...``; it is no secret."""
    return bech32_encode(_IDENTITY_PREFIX, bech32_decode(recipient)[1] or []).upper()


def named_recipient(identity: str) -> str:
    """The recipient of the lock that a :func:`plugin_identity` names.

    Raises
    ------
    SealedDataError
        It is no such identity.
    """
    prefix, values = bech32_decode(identity)
    if prefix != _IDENTITY_PREFIX or len(_data(values)) != _KEY_LENGTH_BYTES:
        raise SealedDataError("no identity of ailock: see `ailock show NAME --age-plugin`")
    return bech32_encode("age", values or [])


def file_key(stanza: Stanza, identity: Hidden) -> Hidden | None:
    """The file key, 16 bytes, that an X25519 stanza wraps; ``None`` if it is for another key.

    Parameters
    ----------
    stanza : Stanza
        One that :func:`check_stanza` let pass.
    identity : Hidden
        The private key as age programs read it: ``AGE-SECRET-KEY-1...``.

    Raises
    ------
    SealedDataError
        No honest program made it.
    """
    private = X25519PrivateKey.from_private_bytes(_data(bech32_decode(identity.decode())[1]))
    share = _bytes(stanza.words[1])
    try:
        shared = Hidden(private.exchange(X25519PublicKey.from_public_bytes(share)))
    except ValueError:  # a point of low order
        raise _malformed() from None
    cipher = _cipher(shared, share, private.public_key().public_bytes_raw())
    try:
        return Hidden(cipher.decrypt(_NONCE, bytes(stanza.body), None))
    except InvalidTag:
        return None


def wrapped(key: Hidden, recipient: str) -> Stanza:
    """The X25519 stanza by which a file key, 16 bytes, is for a recipient, ``age1...``."""
    public = _data(bech32_decode(recipient)[1])
    private = X25519PrivateKey.generate()
    share = private.public_key().public_bytes_raw()
    shared = Hidden(private.exchange(X25519PublicKey.from_public_bytes(public)))
    body = _cipher(shared, share, public).encrypt(_NONCE, key, None)
    return Stanza([X25519, _base64(share)], body)


def check_stanza(stanza: Stanza) -> None:
    """Refuse an X25519 stanza that is none, before any photo is asked for.

    Raises
    ------
    SealedDataError
    """
    if (
        len(stanza.words) != 2
        or len(_bytes(stanza.words[1])) != _KEY_LENGTH_BYTES
        or len(stanza.body) != _FILE_KEY_LENGTH_BYTES + _TAG_LENGTH_BYTES
    ):
        raise _malformed()


def _cipher(shared: Hidden, share: bytes, recipient: bytes) -> ChaCha20Poly1305:
    kdf = HKDF(SHA256(), _KEY_LENGTH_BYTES, share + recipient, _INFO)
    return ChaCha20Poly1305(Hidden(kdf.derive(shared)))


def _data(values: list[int] | None) -> Hidden:
    """The bytes in what ``bech32_decode`` gives; none if that is nothing."""
    return Hidden(convertbits(values or [], 5, 8, False) or [])


def _base64(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """What canonical Base64 without padding says."""
    try:
        data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise _malformed() from None
    if _base64(data) != text:
        raise _malformed()
    return data


def _malformed() -> SealedDataError:
    return SealedDataError("the age file is damaged: a stanza of its header is malformed")
