"""A pepper in the keyring of the desktop session: the home of the library keyring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import checked_pepper
from ailock_sdk.secret import Hidden
from ailock_sdk.store.kept_pepper import APPLICATION, KeptPepper

_LEAST_PRIORITY = 1
"""What the library gives to backends that it recommends; plain files have less."""


@dataclass(frozen=True)
class KeyringPepper(KeptPepper):
    """A pepper in GNOME's or KDE's keyring, or the system's that the library ``keyring`` finds.

    It is encrypted under the login password, and any program of the logged-in user may read it.
    """

    kind = "keyring"

    @property
    def where(self) -> str:
        """The keyring."""
        return "the keyring"

    def _get(self, name: str) -> Hidden | None:
        with _keyring() as keyring:
            found = keyring.get_password(APPLICATION, name)
        if found is None:
            return None
        try:
            return checked_pepper(bytes.fromhex(found))
        except ValueError:
            raise PepperError(
                f"what the keyring has as {APPLICATION}/{name} is no pepper"
            ) from None

    def _put(self, name: str, pepper: Hidden) -> None:
        with _keyring() as keyring:
            keyring.set_password(APPLICATION, name, pepper.hex())

    def _drop(self, name: str) -> None:
        with _keyring() as keyring:
            keyring.delete_password(APPLICATION, name)


@contextmanager
def _keyring() -> Iterator[Any]:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise PepperError(
            f"the pepper is in the keyring: pip install 'ailock-sdk[keyring]' ({error})"
        ) from error
    try:
        backend = keyring.get_keyring()
        if backend.priority < _LEAST_PRIORITY:
            raise PepperError(
                "no keyring is running that encrypts: log in at the desktop, or start "
                "gnome-keyring-daemon"
            )
        yield backend
    except keyring.errors.KeyringLocked as error:
        raise PepperError("the keyring is locked: unlock it and try again") from error
    except keyring.errors.KeyringError as error:
        raise PepperError(f"the keyring cannot be used: {error}") from error
    except PepperError:
        raise
    except Exception as error:  # backends raise what D-Bus gives them
        raise PepperError(
            f"the keyring does not answer: is its daemon running? ({type(error).__name__})"
        ) from error
