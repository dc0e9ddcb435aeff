"""A pepper in a PKCS#11 token, such as a smart card: the home of the library python-pkcs11."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import checked_pepper
from ailock_sdk.secret import Hidden
from ailock_sdk.store.kept_pepper import APPLICATION, KeptPepper, read_private

SCHEME = "pkcs11:"
EXAMPLE = "pkcs11:token=LABEL?module-path=/usr/lib/MODULE.so&pin-source=/etc/ailock/token-pin"
_PIN_LIMIT_BYTES = 256
_URI_KEYS = {"token", "module-path", "pin-source"}
_REFUSED: set[tuple[Pkcs11Pepper, bytes]] = set()
"""Tokens with hashes of PINs that they did not take."""


@dataclass(frozen=True)
class Pkcs11Pepper(KeptPepper):
    """A pepper in a token: a private data object, which only who has the PIN can read.

    Attributes
    ----------
    module : str
        The path of the token's PKCS#11 library.
    token : str
        The token's label.
    pin_file : str
        A file of mode 0600 whose first line is the token's PIN.
    """

    kind = "pkcs11"

    module: str
    token: str
    pin_file: str

    @classmethod
    def of_uri(cls, uri: str) -> Pkcs11Pepper:
        """That of a PKCS#11 URI (RFC 7512), as :data:`EXAMPLE` is.

        Raises
        ------
        PepperError
        """
        from urllib.parse import unquote

        path, _, query = uri.removeprefix(SCHEME).partition("?")
        given: dict[str, str] = {}
        for part in [*path.split(";"), *query.split("&")]:
            key, _, value = part.partition("=")
            if key in given or key not in _URI_KEYS:
                given.clear()
                break
            given[key] = unquote(value)
        if set(given) != _URI_KEYS:  # what was given may hold a PIN
            raise PepperError(f"a token is named as {EXAMPLE}, with these three and no others")
        return cls(given["module-path"], given["token"], given["pin-source"].removeprefix("file:"))

    @property
    def where(self) -> str:
        """The token."""
        return f"the token {self.token!r}"

    def _get(self, name: str) -> Hidden | None:
        with self._session() as (session, pkcs11):
            found = self._object(session, pkcs11, name)
            value = None if found is None else Hidden(found[pkcs11.Attribute.VALUE])
        return None if value is None else checked_pepper(value)

    def _put(self, name: str, pepper: Hidden) -> None:
        with self._session() as (session, pkcs11):
            wanted = self._wanted(pkcs11, name)
            attribute = pkcs11.Attribute
            rest = {attribute.TOKEN: True, attribute.PRIVATE: True, attribute.VALUE: bytes(pepper)}
            session.create_object({**wanted, **rest})

    def _drop(self, name: str) -> None:
        with self._session() as (session, pkcs11):
            found = self._object(session, pkcs11, name)
            if found is not None:
                found.destroy()

    def _object(self, session: Any, pkcs11: Any, name: str) -> Any:
        found = list(session.get_objects(self._wanted(pkcs11, name)))
        return found[0] if found else None

    @staticmethod
    def _wanted(pkcs11: Any, name: str) -> dict[Any, Any]:
        attribute = pkcs11.Attribute
        return {
            attribute.CLASS: pkcs11.ObjectClass.DATA,
            attribute.APPLICATION: APPLICATION,
            attribute.LABEL: name,
        }

    @contextmanager
    def _session(self) -> Iterator[tuple[Any, Any]]:
        try:
            import pkcs11
            import pkcs11.exceptions as wrong
        except ImportError as error:
            raise PepperError(
                f"the pepper is in a token: pip install 'ailock-sdk[pkcs11]' ({error})"
            ) from error
        pin = read_private(Path(self.pin_file), _PIN_LIMIT_BYTES, "the token's PIN")
        tried = (self, hashlib.sha256(pin).digest())
        if tried in _REFUSED:  # a token that counts wrong PINs gets each once
            raise PepperError(f"{self.where} refuses the PIN in {self.pin_file}: correct it")
        try:
            token = pkcs11.lib(self.module).get_token(token_label=self.token)
            with token.open(rw=True, user_pin=_first_line(pin)) as session:
                yield session, pkcs11
        except (wrong.PinIncorrect, wrong.PinInvalid, wrong.PinLenRange) as error:
            _REFUSED.add(tried)
            raise PepperError(
                f"{self.where} refuses the PIN in {self.pin_file}: correct it before too many "
                "wrong ones close the token"
            ) from error
        except wrong.PinLocked as error:
            raise PepperError(f"{self.where} is closed after too many wrong PINs") from error
        except wrong.NoSuchToken as error:
            raise PepperError(f"{self.where} is not there: insert it and try again") from error
        except wrong.PKCS11Error as error:
            why = str(error) or type(error).__name__
            raise PepperError(f"{self.where} cannot be used by {self.module}: {why}") from error


def _first_line(pin: Hidden) -> str:
    return pin.partition(b"\n")[0].decode(errors="replace")
