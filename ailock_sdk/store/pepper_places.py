"""Which provider is meant by what a caller or a vault says of its pepper (SPEC section 9.5)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeAlias

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import checked_pepper, pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store import fido2_pepper, keyring_pepper, pkcs11_pepper, tpm_pepper
from ailock_sdk.store.kept_pepper import KeptPepper
from ailock_sdk.store.pepper import DEFAULT_PEPPER, FilePepper, FixedPepper, PepperProvider

PepperSource: TypeAlias = "PepperProvider | bytes | str | os.PathLike[str]"
"""What may be given wherever a pepper is taken: a provider, 32 bytes, the path of a file, or the
text ``keyring``, ``tpm``, ``tpm:TCTI``, ``fido2``, ``fido2:PIN-FILE`` or ``pkcs11:URI`` (a file of
such a name is ``./tpm``)."""

_NEED_NO_MORE = (
    keyring_pepper.KeyringPepper.kind,
    tpm_pepper.TpmPepper.kind,
    fido2_pepper.Fido2Pepper.kind,
)
OTHER = "other"
"""The place of peppers that come from the program which opens the vault."""


@dataclass(frozen=True)
class _NotNamed:
    """Where a vault's pepper is cannot be known without its user."""

    advice: str

    def pepper(self) -> bytes:
        """Raise a ``PepperError``."""
        raise PepperError(self.advice)


def pepper_provider(source: PepperSource) -> PepperProvider:
    """The provider that is meant by what a caller gave as pepper; other bytes are none."""
    if isinstance(source, bytes | bytearray | memoryview):
        return FixedPepper(checked_pepper(bytes(source)))
    if isinstance(source, str):
        return _named(source)
    if isinstance(source, os.PathLike):
        return FilePepper(source)
    if isinstance(source, PepperProvider) and not isinstance(source, type):
        return source
    raise TypeError(
        f"a pepper is 32 bytes, a path or an object with a method pepper(), not a "
        f"{type(source).__name__}"
    )


def _named(text: str) -> PepperProvider:
    if text == keyring_pepper.KeyringPepper.kind:
        return keyring_pepper.KeyringPepper()
    if text == tpm_pepper.TpmPepper.kind:
        return tpm_pepper.TpmPepper()
    if text.startswith(tpm_pepper.SCHEME):
        return tpm_pepper.TpmPepper(text.removeprefix(tpm_pepper.SCHEME))
    if text == fido2_pepper.Fido2Pepper.kind:
        return fido2_pepper.Fido2Pepper()
    if text.startswith(fido2_pepper.SCHEME):
        return fido2_pepper.Fido2Pepper(text.removeprefix(fido2_pepper.SCHEME))
    if text.startswith(pkcs11_pepper.SCHEME):
        return pkcs11_pepper.Pkcs11Pepper.of_uri(text)
    return FilePepper(text)


def remembered_provider(place: str | None) -> PepperProvider:
    """The provider of the place that a vault names, where its user names none."""
    if place in (None, FilePepper.kind):
        return DEFAULT_PEPPER
    if place in _NEED_NO_MORE:
        return _named(place)
    if place == pkcs11_pepper.Pkcs11Pepper.kind:
        return _NotNamed(f"this vault's pepper is in a token: name it, as {pkcs11_pepper.EXAMPLE}")
    return _NotNamed("this vault's pepper comes from a program of its owner's: give it yourself")


def place_of(provider: PepperProvider) -> str:
    """What a vault calls the place of a provider."""
    return provider.kind if isinstance(provider, FilePepper | KeptPepper) else OTHER


def described(provider: PepperProvider) -> str:
    """The place for people."""
    if isinstance(provider, FilePepper):
        return str(provider.file)
    return provider.where if isinstance(provider, KeptPepper) else "from its program"


def is_elsewhere(one: FilePepper | KeptPepper, other: FilePepper | KeptPepper) -> bool:
    """Whether two providers surely keep what they keep in two places, however they are told."""
    if isinstance(one, FilePepper) and isinstance(other, FilePepper):
        return one.file.resolve() != other.file.resolve()
    return one.kind != other.kind or described(one) != described(other)


def read_pepper(provider: PepperProvider, wanted: bytes | None = None) -> Hidden:
    """The 32 bytes of a provider, if they are those of the id that is wanted.

    Raises
    ------
    PepperError
        They cannot be had, are not 32, or are another pepper's.
    """
    if wanted is not None and isinstance(provider, FilePepper | KeptPepper):
        pepper = provider.find(wanted)
    else:
        pepper = checked_pepper(provider.pepper())
    if wanted is not None and pepper_id(pepper) != wanted:
        where = f" at {provider.file}" if isinstance(provider, FilePepper) else ""
        raise PepperError(
            f"the pepper{where} ({pepper_id(pepper).hex()}) is not this vault's ({wanted.hex()}): "
            "restore that one from its backup, or replace it"
        )
    return pepper
