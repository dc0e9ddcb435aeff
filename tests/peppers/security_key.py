"""A FIDO2 security key in software, of our own: no other that we found has hmac-secret without a
kernel device. It speaks CTAP 2.1 (FIDO Alliance, 2021: sections 6.1, 6.2, 6.5 and 12.5) where the
library `fido2` has USB, and so is no proof that any key on sale does as the standard says.

Its credentials are not stored: an id proves itself by a MAC under the key's master secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fido2 import cbor
from fido2.cose import ES256
from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.hid import CAPABILITY, CTAPHID
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData

ERR, FLAG = CtapError.ERR, AuthenticatorData.FLAG
PLUGGED_VARIABLE = "AILOCK_TEST_SECURITY_KEYS"
"""Files of the keys that are plugged in, for other processes."""
RETRIES, RETRIES_A_TIME = 8, 3
PLUGGED: dict[str, SecurityKey] = {}
"""Those of this process: what is plugged in again forgets how many PINs in a row were wrong."""


class _PinUv:
    """The authenticator's side of PIN/UV auth protocols one and two (section 6.5.6 and 6.5.7)."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.token = os.urandom(32)

    def public(self) -> dict[int, Any]:
        return {**ES256.from_cryptography_key(self.private.public_key()), 3: -25}

    def shared(self, theirs: dict[int, Any]) -> bytes:
        x, y = (int.from_bytes(theirs[each], "big") for each in (-2, -3))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        z = self.private.exchange(ec.ECDH(), public)
        if self.version == 1:
            return hashlib.sha256(z).digest()
        infos = (b"CTAP2 HMAC key", b"CTAP2 AES key")
        return b"".join(HKDF(SHA256(), 32, bytes(32), info).derive(z) for info in infos)

    def _aes(self, shared: bytes, iv: bytes) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(shared[-32:]), modes.CBC(iv))

    def encrypt(self, shared: bytes, plain: bytes) -> bytes:
        iv = bytes(16) if self.version == 1 else os.urandom(16)
        cipher = self._aes(shared, iv).encryptor()
        return (b"" if self.version == 1 else iv) + cipher.update(plain) + cipher.finalize()

    def decrypt(self, shared: bytes, sent: bytes) -> bytes:
        iv, sent = (bytes(16), sent) if self.version == 1 else (sent[:16], sent[16:])
        cipher = self._aes(shared, iv).decryptor()
        return cipher.update(sent) + cipher.finalize()

    def verifies(self, key: bytes, message: bytes, mac: bytes) -> bool:
        full = hmac.digest(key[:32], message, "sha256")
        return hmac.compare_digest(full[:16] if self.version == 1 else full, mac)


class SecurityKey(CtapDevice):
    """A key in a file; ``change`` sets what it is like."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            first = {"master": os.urandom(32).hex(), "pin": None, "retries": RETRIES}
            file.write_text(json.dumps({**first, "touched": True, "always_uv": False}))
        self.wrong_in_a_row = 0
        self.touches = 0
        self._protocols = {version: _PinUv(version) for version in (1, 2)}

    @property
    def is_like(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def change(self, **values: object) -> None:
        self.file.write_text(json.dumps({**self.is_like, **values}))

    def set_pin(self, pin: str) -> None:
        self.change(pin=hashlib.sha256(pin.encode()).digest()[:16].hex(), retries=RETRIES)

    # -- what the library calls ---------------------------------------------------------------

    @property
    def capabilities(self) -> int:
        return CAPABILITY.CBOR

    @classmethod
    def list_devices(cls) -> Iterator[CtapDevice]:
        for file in filter(None, os.environ.get(PLUGGED_VARIABLE, "").split(os.pathsep)):
            yield PLUGGED.setdefault(file, cls(Path(file)))

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: object = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        assert cmd == CTAPHID.CBOR
        asked = cbor.decode(data[1:]) if len(data) > 1 else {}
        does = {1: self._make, 2: self._assert, 4: self._info, 6: self._pin}[data[0]]
        try:
            answer = does(asked, on_keepalive or (lambda _: None))
        except CtapError as error:
            return bytes([error.code])
        return b"\0" + cbor.encode(answer)

    # -- commands -----------------------------------------------------------------------------

    def _info(self, _: dict[int, Any], __: object) -> dict[int, Any]:
        like = self.is_like
        options = {"up": True, "clientPin": like["pin"] is not None, "pinUvAuthToken": True}
        return {
            1: ["FIDO_2_0", "FIDO_2_1"],
            2: like.get("extensions", ["hmac-secret"]),
            3: bytes(16),
            4: {**options, "alwaysUv": like["always_uv"]},
            6: like.get("protocols", [2, 1]),
        }

    def _make(self, asked: dict[int, Any], tell: Callable[[STATUS], None]) -> dict[int, Any]:
        uv = self._verified(asked, 8, 9, required=self.is_like["pin"] is not None)
        self._touch(tell)
        credential = os.urandom(32)
        credential += self._derived(b"id" + asked[2]["id"].encode() + credential)
        extensions = None
        if asked.get(6, {}).get("hmac-secret") and not self.is_like.get("refuses"):
            extensions = {"hmac-secret": True}
        public = ES256.from_cryptography_key(self._signing(credential).public_key())
        made = AttestedCredentialData.create(Aaguid.NONE, credential, public)
        flags = FLAG.UP | FLAG.AT | uv | (FLAG.ED if extensions else 0)
        data = AuthenticatorData.create(self._rp(asked[2]["id"]), flags, 0, made, extensions)
        return {1: "none", 2: bytes(data), 3: {}}

    def _assert(self, asked: dict[int, Any], tell: Callable[[STATUS], None]) -> dict[int, Any]:
        up, secret = asked.get(5, {}).get("up", True), asked.get(4, {}).get("hmac-secret")
        uv = self._verified(asked, 6, 7, required=up and self.is_like["always_uv"])
        known = [each["id"] for each in asked[3] if self._is_ours(asked[1], each["id"])]
        if not known:
            raise CtapError(ERR.NO_CREDENTIALS)
        if secret is not None and not up:
            raise CtapError(ERR.UNSUPPORTED_OPTION)
        if up:
            self._touch(tell)
        extensions = None
        if secret is not None and not self.is_like.get("forgets"):
            extensions = {"hmac-secret": self._hmac_secret(known[0], secret, bool(uv))}
        flags = (FLAG.UP if up else 0) | uv | (FLAG.ED if extensions else 0)
        data = AuthenticatorData.create(self._rp(asked[1]), flags, 0, b"", extensions)
        signature = self._signing(known[0]).sign(bytes(data) + asked[2], ec.ECDSA(SHA256()))
        return {1: {"id": known[0], "type": "public-key"}, 2: bytes(data), 3: signature}

    def _hmac_secret(self, credential: bytes, asked: dict[int, Any], with_uv: bool) -> bytes:
        protocol = self._protocols[asked.get(4, 1)]
        shared = protocol.shared(asked[1])
        if not protocol.verifies(shared, asked[2], asked[3]):
            raise CtapError(ERR.PIN_AUTH_INVALID)
        salts = protocol.decrypt(shared, asked[2])
        if len(salts) not in (32, 64):
            raise CtapError(ERR.INVALID_LENGTH)
        random = self._derived((b"with uv" if with_uv else b"without uv") + credential)
        both = (salts[:32], salts[32:])
        given = b"".join(hmac.digest(random, salt, "sha256") for salt in both if salt)
        return protocol.encrypt(shared, given[: self.is_like.get("secret_length", 64)])

    def _pin(self, asked: dict[int, Any], _: object) -> dict[int, Any]:
        protocol, like = self._protocols[asked[1]], self.is_like
        if asked[2] == 2:
            return {1: protocol.public()}
        assert asked[2] == 9, "getPinUvAuthTokenUsingPinWithPermissions"
        assert asked[10] == "ailock"
        if like["pin"] is None:
            raise CtapError(ERR.PIN_NOT_SET)
        if like["retries"] == 0:
            raise CtapError(ERR.PIN_BLOCKED)
        if self.wrong_in_a_row == RETRIES_A_TIME:
            raise CtapError(ERR.PIN_AUTH_BLOCKED)
        shared = protocol.shared(asked[3])
        if protocol.decrypt(shared, asked[6]).hex() != like["pin"]:
            self.wrong_in_a_row += 1
            self.change(retries=like["retries"] - 1)
            if like["retries"] == 1:
                raise CtapError(ERR.PIN_BLOCKED)
            blocked = self.wrong_in_a_row == RETRIES_A_TIME
            raise CtapError(ERR.PIN_AUTH_BLOCKED if blocked else ERR.PIN_INVALID)
        self.wrong_in_a_row = 0
        self.change(retries=RETRIES)
        protocol.token = os.urandom(32)
        return {2: protocol.encrypt(shared, protocol.token)}

    # -- parts of them ------------------------------------------------------------------------

    def _verified(self, asked: dict[int, Any], at: int, version: int, *, required: bool) -> int:
        if at not in asked:
            if required:
                raise CtapError(ERR.PUAT_REQUIRED)
            return 0
        protocol = self._protocols[asked[version]]
        if not protocol.verifies(protocol.token, asked[1 if at == 8 else 2], asked[at]):
            raise CtapError(ERR.PIN_AUTH_INVALID)
        return int(FLAG.UV)

    def _touch(self, tell: Callable[[STATUS], None]) -> None:
        tell(STATUS.UPNEEDED)
        if not self.is_like["touched"]:
            raise CtapError(ERR.USER_ACTION_TIMEOUT)
        self.touches += 1

    def _derived(self, what: bytes) -> bytes:
        return hmac.digest(bytes.fromhex(self.is_like["master"]), what, "sha256")

    def _is_ours(self, rp: str, credential: bytes) -> bool:
        return credential[32:] == self._derived(b"id" + rp.encode() + credential[:32])

    def _signing(self, credential: bytes) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(
            int.from_bytes(self._derived(b"key" + credential)[:31], "big") + 1, ec.SECP256R1()
        )

    def _rp(self, rp: str) -> bytes:
        return hashlib.sha256(rp.encode()).digest()
