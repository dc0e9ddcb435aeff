"""A photo of an everyday object is the key.

>>> from ailock_sdk import AiLock, UnlockError
>>> lock = AiLock()
>>> record, secret = lock.enroll(["mug1.jpg", "mug2.jpg"])
>>> lock.unlock("probe.jpg", record) == secret
True

:class:`AiLock` turns photos into records and secrets; :class:`Vault` keeps named records on disk,
counts attempts and seals files. Both raise :class:`UnlockError` when the photo does not match, and
other errors under :class:`AilockError` when no comparison could be made.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ailock_sdk.errors import (
    AilockError,
    BundleError,
    CaptureError,
    EnrollmentError,
    LockedOutError,
    NameTakenError,
    PepperError,
    PhotoFormatError,
    PhotoQualityError,
    ProfileError,
    RecordError,
    RecordFormatError,
    RecordMismatchError,
    RuntimeMissingError,
    SealedDataError,
    UnknownNameError,
    UnlockError,
    VaultError,
)
from ailock_sdk.secret import Secret

if TYPE_CHECKING:
    from ailock_sdk.imageprint import ImagePrint
    from ailock_sdk.lock import AiLock
    from ailock_sdk.store import FilePepper, PepperProvider, Record
    from ailock_sdk.vault import Vault

__all__ = [
    "AiLock",
    "Vault",
    "ImagePrint",
    "Record",
    "Secret",
    "PepperProvider",
    "FilePepper",
    "AilockError",
    "UnlockError",
    "LockedOutError",
    "CaptureError",
    "PhotoFormatError",
    "PhotoQualityError",
    "EnrollmentError",
    "RecordError",
    "RecordFormatError",
    "RecordMismatchError",
    "SealedDataError",
    "VaultError",
    "NameTakenError",
    "UnknownNameError",
    "PepperError",
    "BundleError",
    "RuntimeMissingError",
    "ProfileError",
]
__version__ = "0.1.0"

_LOADED_ON_FIRST_USE = {
    "AiLock": "ailock_sdk.lock",
    "Vault": "ailock_sdk.vault",
    "ImagePrint": "ailock_sdk.imageprint",
    "Record": "ailock_sdk.store",
    "PepperProvider": "ailock_sdk.store",
    "FilePepper": "ailock_sdk.store",
}
"""Names and their modules; these load Pillow, cryptography and SQLite (PEP 562)."""


def __getattr__(name: str) -> Any:
    if name not in _LOADED_ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LOADED_ON_FIRST_USE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
