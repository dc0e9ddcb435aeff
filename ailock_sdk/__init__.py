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

import sys
from importlib import import_module

TYPE_CHECKING = False  # typing alone takes longer to load than what `ailock --version` needs of us
if TYPE_CHECKING:
    from typing import Any

    from ailock_sdk.capture import PhotoSource
    from ailock_sdk.embedding import Bundle
    from ailock_sdk.errors import *  # noqa: F403
    from ailock_sdk.imageprint import ImagePrint
    from ailock_sdk.limits import Limits
    from ailock_sdk.lock import AiLock
    from ailock_sdk.photo_lists import PhotoSources
    from ailock_sdk.photo_reader import StageObserver
    from ailock_sdk.secret import Hidden, Pin, Secret
    from ailock_sdk.sketch import KdfCost
    from ailock_sdk.store import (
        Fido2Pepper,
        FilePepper,
        KeyringPepper,
        PepperProvider,
        PepperSource,
        Pkcs11Pepper,
        Reader,
        Record,
        RecordHeader,
        RecordObject,
        RecoveryCode,
        StateCounter,
        TpmPepper,
        Writer,
    )
    from ailock_sdk.vault import Vault
    from ailock_sdk.vault_parts.opening import Opener, References, TypedCode
    from ailock_sdk.vault_parts.results import (
        Enrolled,
        Exported,
        PepperReplaced,
        PepperStatus,
        SlotInfo,
    )
    from ailock_sdk.vault_parts.sealed import Progress

__version__ = "0.1.0"
UNSUPPORTED = (
    "ailock-sdk runs on Linux, Android and macOS; on Windows use it inside WSL"
    if sys.platform in ("win32", "cygwin")
    else ""
)
"""Why this system cannot run the package, if so."""

__all__ = ["AiLock", "Vault", "Bundle", "ImagePrint", "KdfCost", "Limits", "StageObserver"]
__all__ += ["Secret", "Hidden", "Pin", "RecoveryCode", "TypedCode", "Opener", "References"]
__all__ += ["PhotoSource", "PhotoSources", "Reader", "Writer", "Progress"]
__all__ += ["KeyringPepper", "TpmPepper", "Fido2Pepper", "Pkcs11Pepper", "StateCounter"]
__all__ += ["FilePepper", "PepperProvider", "PepperSource", "PepperStatus", "PepperReplaced"]
__all__ += ["Record", "RecordHeader", "RecordObject", "Enrolled", "Exported", "SlotInfo"]
_ERRORS = (
    "AilockError UnlockError LockedOutError PinError RecoveryCodeError SlotError "
    "OutOfMemoryError CaptureError PhotoFormatError PhotoQualityError CameraError QualityFinding "
    "EnrollmentError RecordError RecordFormatError LockFormatError RecordMismatchError "
    "SealedDataError VaultError VaultMissingError VaultBusyError VaultReadOnlyError "
    "VaultFullError VaultRolledBackError BadNameError NameTakenError UnknownNameError "
    "LockChangedError PepperError BundleError RuntimeMissingError ProfileError"
)
__all__ += _ERRORS.split()  # what public signatures name is all here

_NAMES = {
    "ailock_sdk.lock": "AiLock",
    "ailock_sdk.vault": "Vault",
    "ailock_sdk.imageprint": "ImagePrint",
    "ailock_sdk.limits": "Limits",
    "ailock_sdk.secret": "Secret Hidden Pin",
    "ailock_sdk.sketch": "KdfCost",
    "ailock_sdk.embedding": "Bundle",
    "ailock_sdk.capture": "PhotoSource",
    "ailock_sdk.photo_lists": "PhotoSources",
    "ailock_sdk.photo_reader": "StageObserver",
    "ailock_sdk.store": (
        "FilePepper KeyringPepper TpmPepper Fido2Pepper Pkcs11Pepper PepperProvider PepperSource "
        "Reader Record RecordHeader RecordObject RecoveryCode StateCounter Writer"
    ),
    "ailock_sdk.vault_parts.opening": "Opener References TypedCode",
    "ailock_sdk.vault_parts.sealed": "Progress",
    "ailock_sdk.vault_parts.results": "Enrolled Exported PepperReplaced PepperStatus SlotInfo",
}
"""Where names are that are no errors."""
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if UNSUPPORTED:
        raise ImportError(UNSUPPORTED)
    value = getattr(import_module(_MODULES.get(name, "ailock_sdk.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
