"""Paired devices: who may use the page. A one-time code pairs a browser, which keeps a token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from pathlib import Path

from ailock_sdk.server.state import StateFile
from ailock_sdk.strict_json import Strict

PAIRING_SECONDS = 600
"""How long a pairing code is good."""
PAIRING_GUESSES = 20
"""Wrong codes after which the right one is void: of 2**40 there are."""
MAX_DEVICES = 32
MAX_NAME_CHARACTERS = 40
_SYMBOLS = "023456789acdefghjklmnpqrstuvwxyz"
"""Those of recovery codes: none is taken for another."""
_CODE_SYMBOLS = 8


class Device(Strict, frozen=True):
    """A paired browser; the file keeps a hash of its token only."""

    id: str
    name: str
    paired: int
    token_hash: str


class _Pairing(Strict, frozen=True):
    code_hash: str
    until: int
    wrong: int = 0


class _Content(Strict, frozen=True):
    devices: tuple[Device, ...] = ()
    pairing: _Pairing | None = None


class Devices:
    """The devices that are paired with one vault's server.

    Parameters
    ----------
    folder : Path
        The server's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = StateFile(folder / "devices.json", _Content)

    def all(self) -> tuple[Device, ...]:
        """Every paired device, the oldest first."""
        return self._file.read().devices

    def find(self, token: str) -> Device | None:
        """The device of a cookie's token, if it is paired."""
        wanted = _hash(token)
        for device in self.all():
            if hmac.compare_digest(device.token_hash, wanted):
                return device
        return None

    def new_code(self) -> str:
        """A new pairing code, good once and for ten minutes; one made before is void."""
        code = "".join(secrets.choice(_SYMBOLS) for _ in range(_CODE_SYMBOLS))
        pairing = _Pairing(_hash(code), int(time.time()) + PAIRING_SECONDS)
        self._file.change(lambda content: (_Content(content.devices, pairing), None))
        return f"{code[:4]}-{code[4:]}"

    def pair(self, code: str, name: str) -> tuple[Device, str] | None:
        """Pair a browser: the device, and the token that its cookie keeps.

        ``None`` if the code is wrong, was used, or is too old, or there are too many devices.
        """
        wanted = _hash("".join(c for c in code.lower() if c.isalnum()))
        token = secrets.token_urlsafe(32)
        shown = "".join(c for c in name if c.isprintable())[:MAX_NAME_CHARACTERS].strip()
        new = Device(secrets.token_hex(4), shown or "?", int(time.time()), _hash(token))

        def change(content: _Content) -> tuple[_Content, bool]:
            devices, pairing = content.devices, content.pairing
            if pairing is None or pairing.until < time.time() or len(devices) >= MAX_DEVICES:
                return content, False
            if hmac.compare_digest(pairing.code_hash, wanted):
                return _Content((*devices, new)), True
            wrong = pairing.wrong + 1
            left = _Pairing(pairing.code_hash, pairing.until, wrong)
            return _Content(devices, left if wrong < PAIRING_GUESSES else None), False

        return (new, token) if self._file.change(change) else None

    def revoke(self, device_id: str) -> Device | None:
        """Forget a device: its cookie opens the page no longer. The device, if there was one."""

        def change(content: _Content) -> tuple[_Content, Device | None]:
            found = next((d for d in content.devices if d.id == device_id), None)
            kept = tuple(d for d in content.devices if d.id != device_id)
            return _Content(kept, content.pairing), found

        return self._file.change(change)


def csrf_token(token: str) -> str:
    """What forms and scripts of a device's pages send along; good as long as its cookie."""
    return hmac.new(token.encode(), b"ailock serve: request of our own page", "sha256").hexdigest()


def _hash(text: str) -> str:
    # Tokens are of 256 random bits, and who can read the file is the owner: no slow hash.
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
