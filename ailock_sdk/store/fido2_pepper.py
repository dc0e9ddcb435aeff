"""A pepper that one security key unseals: the home of the library fido2 (SPEC section 9.5)."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ailock_sdk.constants import LABEL_SECURITY_KEY
from ailock_sdk.errors import PepperError
from ailock_sdk.secret import Hidden
from ailock_sdk.store.fields import Fields, TooShortError
from ailock_sdk.store.kept_pepper import APPLICATION, read_private
from ailock_sdk.store.sealed_pepper import SealedPepper

SCHEME = "fido2:"

_EXTENSION = "hmac-secret"
_HEAD = Struct(">BH")
"""Whether the PIN is asked for, and the length of the credential id."""
_SALT_LENGTH_BYTES = _SECRET_LENGTH_BYTES = 32
_NONCE = bytes(12)
"""Constant: a key seals once, as its salt is fresh."""
_SIGNED = bytes(32)
"""What the key signs besides; nobody looks at the signature."""
_PIN_LIMIT_BYTES = 256
_REFUSED: set[bytes] = set()
"""Hashes of PINs that a key did not take: one that counts wrong ones gets each once."""
_UP_NEEDED = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fido2Pepper(SealedPepper):
    """A pepper sealed under what a FIDO2 security key gives for a salt (CTAP2's ``hmac-secret``).

    Whoever reads it has the key and touches it; with ``pin_file`` he knows the key's PIN, too.

    Attributes
    ----------
    pin_file : str or None
        A file of mode 0600 whose first line is the key's PIN; ``None`` to use it by touch alone.
    folder : str, path-like or None
        Where the sealed files ``pepper.fido2`` are; by default ``~/.config/ailock``.
    """

    kind = "fido2"
    device = "the security key"
    magic = b"AILF\x01"

    pin_file: str | None = None
    folder: str | os.PathLike[str] | None = None

    def _given_folder(self) -> str | os.PathLike[str] | None:
        return self.folder

    def _seal(self, pepper: Hidden) -> bytes:
        salt = os.urandom(_SALT_LENGTH_BYTES)
        with self._keys() as keys:
            if len(keys) != 1:
                raise PepperError("several security keys are plugged in: leave the one to be used")
            (key,) = keys
            credential = key.make_credential()
            head = _HEAD.pack(self.pin_file is not None, len(credential)) + credential + salt
            secret = key.secret(credential, salt)
        return head + _cipher(secret).encrypt(_NONCE, pepper, self.magic + head)

    def _unseal(self, blob: bytes) -> Hidden:
        fields = Fields(blob)
        try:
            with_pin, length = fields.unpack(_HEAD)
            credential, salt = fields.take(length), fields.take(_SALT_LENGTH_BYTES)
        except TooShortError:
            raise ValueError("damaged") from None
        if with_pin != (self.pin_file is not None):
            raise PepperError(
                "the pepper was sealed with the security key's PIN: name its file, as fido2:FILE"
                if with_pin
                else "the pepper was sealed without the security key's PIN: name it as fido2"
            )
        with self._keys() as keys:
            known = [key for key in keys if key.knows(credential)]
            secret = known[0].secret(credential, salt) if known else None
        if secret is None:
            raise ValueError("none that is plugged in made it")
        head = blob[: len(blob) - len(fields.rest)]
        try:
            return Hidden(_cipher(secret).decrypt(_NONCE, fields.rest, self.magic + head))
        except InvalidTag:
            raise ValueError("damaged") from None

    @contextmanager
    def _keys(self) -> Iterator[list[_SecurityKey]]:
        """Security keys that are plugged in and can do it; one at least."""
        try:
            from fido2.ctap import CtapError
            from fido2.ctap2 import Ctap2
            from fido2.hid import CAPABILITY, ConnectionFailure, CtapHidDevice
        except ImportError as error:
            raise PepperError(
                f"the pepper is in a security key: pip install 'ailock-sdk[fido2]' ({error})"
            ) from error
        pin = None
        if self.pin_file is not None:
            pin = read_private(Path(self.pin_file), _PIN_LIMIT_BYTES, "the security key's PIN")
        try:
            with ExitStack() as stack:
                found = list(CtapHidDevice.list_devices())
                for device in found:
                    stack.callback(device.close)
                able = [Ctap2(each) for each in found if each.capabilities & CAPABILITY.CBOR]
                keys = [_SecurityKey(c, pin) for c in able if _EXTENSION in c.info.extensions]
                if not keys:
                    raise PepperError(
                        f"no security key that is plugged in has FIDO2's {_EXTENSION}"
                        if found
                        else "no security key is plugged in, or its /dev/hidraw is not yours to use"
                    )
                yield keys
        except CtapError as error:
            if error.code == CtapError.ERR.PIN_INVALID and pin is not None:
                _REFUSED.add(_digest(pin))
            raise PepperError(f"the security key {_explained(error)}") from error
        except (OSError, ConnectionFailure, ValueError, TypeError, KeyError) as error:
            raise PepperError(
                f"the security key does not answer as CTAP2 has it ({type(error).__name__}): plug "
                "it in again"
            ) from error


class _SecurityKey:
    """One security key, as the library ``fido2`` speaks to it."""

    def __init__(self, ctap: Any, pin: Hidden | None) -> None:
        from fido2.ctap2 import ClientPin

        self._ctap, self._pin, self._client_pin = ctap, pin, ClientPin(ctap)
        self._may = ClientPin.PERMISSION

    def make_credential(self) -> bytes:
        """The id of a new credential, which the key need not store."""
        made = self._ctap.make_credential(
            _SIGNED,
            {"id": APPLICATION, "name": APPLICATION},
            {"id": b"pepper", "name": "pepper"},
            [{"type": "public-key", "alg": -7}],
            extensions={_EXTENSION: True},
            on_keepalive=_tell_to_touch,
            **self._verified(self._may.MAKE_CREDENTIAL),
        ).auth_data
        if not (made.extensions or {}).get(_EXTENSION):
            raise PepperError(f"the security key makes no credential with {_EXTENSION}")
        return bytes(made.credential_data.credential_id)

    def knows(self, credential: bytes) -> bool:
        """Whether this key made a credential; it asks for no touch."""
        from fido2.ctap import CtapError

        try:
            self._ctap.get_assertion(
                APPLICATION, _SIGNED, [_named(credential)], options={"up": False}
            )
        except CtapError as error:
            if error.code in (CtapError.ERR.NO_CREDENTIALS, CtapError.ERR.INVALID_CREDENTIAL):
                return False
            raise
        return True

    def secret(self, credential: bytes, salt: bytes) -> Hidden:
        """What the key gives for a salt of 32 bytes: 32 bytes, other ones with than without PIN."""
        from fido2.ctap2 import ClientPin

        protocol = self._client_pin.protocol
        answer = self._ctap.client_pin(protocol.VERSION, ClientPin.CMD.GET_KEY_AGREEMENT)
        ours, shared = protocol.encapsulate(answer[ClientPin.RESULT.KEY_AGREEMENT])
        sent = protocol.encrypt(shared, salt)
        asked = {1: ours, 2: sent, 3: protocol.authenticate(shared, sent), 4: protocol.VERSION}
        given = self._ctap.get_assertion(
            APPLICATION,
            _SIGNED,
            [_named(credential)],
            extensions={_EXTENSION: asked},
            on_keepalive=_tell_to_touch,
            **self._verified(self._may.GET_ASSERTION),
        ).auth_data.extensions
        if not given or _EXTENSION not in given:
            raise PepperError(f"the security key gives no {_EXTENSION}")
        secret = Hidden(protocol.decrypt(shared, given[_EXTENSION]))
        if len(secret) != _SECRET_LENGTH_BYTES:
            raise PepperError(f"the security key gives a {_EXTENSION} of {len(secret)} bytes")
        return secret

    def _verified(self, permission: Any) -> dict[str, Any]:
        """What proves that the PIN is known, once."""
        if self._pin is None:
            return {}
        if _digest(self._pin) in _REFUSED:
            raise PepperError("the security key refuses the PIN in that file: correct it")
        try:
            token = self._client_pin.get_pin_token(
                self._pin.partition(b"\n")[0].decode(errors="replace"), permission, APPLICATION
            )
        except Exception as error:  # whose frames hold the PIN
            raise error.with_traceback(None) from None
        protocol = self._client_pin.protocol
        return {
            "pin_uv_param": protocol.authenticate(token, _SIGNED),
            "pin_uv_protocol": protocol.VERSION,
        }


def _named(credential: bytes) -> dict[str, Any]:
    return {"type": "public-key", "id": credential}


def _cipher(secret: Hidden) -> ChaCha20Poly1305:
    kdf = HKDF(SHA256(), 32, None, LABEL_SECURITY_KEY)
    return ChaCha20Poly1305(Hidden(kdf.derive(secret)))


def _digest(pin: Hidden) -> bytes:
    return hashlib.sha256(pin).digest()


def _tell_to_touch(status: int) -> None:
    if status == _UP_NEEDED:
        _log.warning("touch the security key")


def _explained(error: Any) -> str:
    """What a status of CTAP 2.1 means here."""
    code = getattr(error.code, "name", "")
    if code == "PIN_INVALID":
        return "refuses the PIN in that file: correct it before too many wrong ones close the key"
    if code == "PIN_AUTH_BLOCKED":
        return "took three wrong PINs: take it out, put it in again, and correct the PIN"
    if code == "PIN_BLOCKED":
        return "is closed after too many wrong PINs: only a reset opens it, which forgets all"
    if code == "PIN_NOT_SET":
        return "has no PIN: set one, or name it as fido2, without a file"
    if code == "PUAT_REQUIRED":
        return "wants its PIN: name the file that has it, as fido2:FILE"
    if code in ("USER_ACTION_TIMEOUT", "ACTION_TIMEOUT", "OPERATION_DENIED", "KEEPALIVE_CANCEL"):
        return "was not touched in time: try again"
    return f"refuses: {error}"
