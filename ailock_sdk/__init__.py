"""A photo of an everyday object is the key.

>>> from ailock_sdk import AiLock, UnlockError
>>> lock = AiLock()
>>> record, secret = lock.enroll(["mug1.jpg", "mug2.jpg"])
>>> lock.unlock("probe.jpg", record) == secret
True

:class:`AiLock` turns photos into records and secrets; :class:`Vault` keeps named records on disk,
counts attempts and seals files. Both raise :class:`UnlockError` when the photo does not match, and
other errors under :class:`AilockError` when no comparison could be made.

Every name is loaded when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing alone takes longer to load than what `ailock --version` needs of us
if TYPE_CHECKING:
    from typing import Any

    from ailock_sdk.errors import (
        AilockError,
        BadNameError,
        BundleError,
        CaptureError,
        EnrollmentError,
        LockChangedError,
        LockedOutError,
        LockFormatError,
        NameTakenError,
        OutOfMemoryError,
        PepperError,
        PhotoFormatError,
        PhotoQualityError,
        PinError,
        ProfileError,
        RecordError,
        RecordFormatError,
        RecordMismatchError,
        RecoveryCodeError,
        RuntimeMissingError,
        SealedDataError,
        SlotError,
        UnknownNameError,
        UnlockError,
        VaultBusyError,
        VaultError,
        VaultFullError,
        VaultMissingError,
        VaultReadOnlyError,
    )
    from ailock_sdk.imageprint import ImagePrint
    from ailock_sdk.lock import AiLock
    from ailock_sdk.secret import Secret
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
    "PinError",
    "RecoveryCodeError",
    "SlotError",
    "OutOfMemoryError",
    "CaptureError",
    "PhotoFormatError",
    "PhotoQualityError",
    "EnrollmentError",
    "RecordError",
    "RecordFormatError",
    "LockFormatError",
    "RecordMismatchError",
    "SealedDataError",
    "VaultError",
    "VaultMissingError",
    "VaultBusyError",
    "VaultReadOnlyError",
    "VaultFullError",
    "BadNameError",
    "NameTakenError",
    "UnknownNameError",
    "LockChangedError",
    "PepperError",
    "BundleError",
    "RuntimeMissingError",
    "ProfileError",
]
__version__ = "0.1.0"

_MODULES = {
    "AiLock": "ailock_sdk.lock",
    "Vault": "ailock_sdk.vault",
    "ImagePrint": "ailock_sdk.imageprint",
    "Secret": "ailock_sdk.secret",
    "Record": "ailock_sdk.store",
    "PepperProvider": "ailock_sdk.store",
    "FilePepper": "ailock_sdk.store",
}
"""Where names are that are no errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES.get(name, "ailock_sdk.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
