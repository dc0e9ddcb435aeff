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

    from ailock_sdk.capture import PhotoSource as PhotoSource
    from ailock_sdk.embedding import Bundle as Bundle
    from ailock_sdk.errors import (
        AilockError as AilockError,
    )
    from ailock_sdk.errors import (
        BadNameError as BadNameError,
    )
    from ailock_sdk.errors import (
        BundleError as BundleError,
    )
    from ailock_sdk.errors import (
        CaptureError as CaptureError,
    )
    from ailock_sdk.errors import (
        EnrollmentError as EnrollmentError,
    )
    from ailock_sdk.errors import (
        LockChangedError as LockChangedError,
    )
    from ailock_sdk.errors import (
        LockedOutError as LockedOutError,
    )
    from ailock_sdk.errors import (
        LockFormatError as LockFormatError,
    )
    from ailock_sdk.errors import (
        NameTakenError as NameTakenError,
    )
    from ailock_sdk.errors import (
        OutOfMemoryError as OutOfMemoryError,
    )
    from ailock_sdk.errors import (
        PepperError as PepperError,
    )
    from ailock_sdk.errors import (
        PhotoFormatError as PhotoFormatError,
    )
    from ailock_sdk.errors import (
        PhotoQualityError as PhotoQualityError,
    )
    from ailock_sdk.errors import (
        PinError as PinError,
    )
    from ailock_sdk.errors import (
        ProfileError as ProfileError,
    )
    from ailock_sdk.errors import (
        QualityFinding as QualityFinding,
    )
    from ailock_sdk.errors import (
        RecordError as RecordError,
    )
    from ailock_sdk.errors import (
        RecordFormatError as RecordFormatError,
    )
    from ailock_sdk.errors import (
        RecordMismatchError as RecordMismatchError,
    )
    from ailock_sdk.errors import (
        RecoveryCodeError as RecoveryCodeError,
    )
    from ailock_sdk.errors import (
        RuntimeMissingError as RuntimeMissingError,
    )
    from ailock_sdk.errors import (
        SealedDataError as SealedDataError,
    )
    from ailock_sdk.errors import (
        SlotError as SlotError,
    )
    from ailock_sdk.errors import (
        UnknownNameError as UnknownNameError,
    )
    from ailock_sdk.errors import (
        UnlockError as UnlockError,
    )
    from ailock_sdk.errors import (
        VaultBusyError as VaultBusyError,
    )
    from ailock_sdk.errors import (
        VaultError as VaultError,
    )
    from ailock_sdk.errors import (
        VaultFullError as VaultFullError,
    )
    from ailock_sdk.errors import (
        VaultMissingError as VaultMissingError,
    )
    from ailock_sdk.errors import (
        VaultReadOnlyError as VaultReadOnlyError,
    )
    from ailock_sdk.imageprint import ImagePrint as ImagePrint
    from ailock_sdk.limits import Limits as Limits
    from ailock_sdk.lock import AiLock as AiLock
    from ailock_sdk.photo_lists import PhotoSources as PhotoSources
    from ailock_sdk.photo_reader import StageObserver as StageObserver
    from ailock_sdk.secret import Hidden as Hidden
    from ailock_sdk.secret import Pin as Pin
    from ailock_sdk.secret import Secret as Secret
    from ailock_sdk.sketch import KdfCost as KdfCost
    from ailock_sdk.store import (
        FilePepper as FilePepper,
    )
    from ailock_sdk.store import (
        PepperProvider as PepperProvider,
    )
    from ailock_sdk.store import (
        PepperSource as PepperSource,
    )
    from ailock_sdk.store import (
        Reader as Reader,
    )
    from ailock_sdk.store import (
        Record as Record,
    )
    from ailock_sdk.store import (
        RecordHeader as RecordHeader,
    )
    from ailock_sdk.store import (
        RecordObject as RecordObject,
    )
    from ailock_sdk.store import (
        RecoveryCode as RecoveryCode,
    )
    from ailock_sdk.store import (
        Writer as Writer,
    )
    from ailock_sdk.vault import Vault as Vault
    from ailock_sdk.vault_parts.results import Enrolled as Enrolled
    from ailock_sdk.vault_parts.results import Exported as Exported
    from ailock_sdk.vault_parts.results import PepperReplaced as PepperReplaced
    from ailock_sdk.vault_parts.results import PepperStatus as PepperStatus
    from ailock_sdk.vault_parts.results import SlotInfo as SlotInfo

__version__ = "0.1.0"
UNSUPPORTED = (
    "ailock-sdk runs on Linux, Android and macOS; on Windows use it inside WSL"
    if sys.platform in ("win32", "cygwin")
    else ""
)
"""Why this system cannot run the package, if so."""

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
    "ailock_sdk.vault_parts.results": "Enrolled Exported PepperReplaced PepperStatus SlotInfo",
    "ailock_sdk.store": (
        "FilePepper PepperProvider PepperSource Reader Record RecordHeader RecordObject "
        "RecoveryCode Writer"
    ),
    "ailock_sdk.errors": (
        "AilockError UnlockError LockedOutError PinError RecoveryCodeError SlotError "
        "OutOfMemoryError CaptureError PhotoFormatError PhotoQualityError QualityFinding "
        "EnrollmentError RecordError RecordFormatError LockFormatError RecordMismatchError "
        "SealedDataError VaultError VaultMissingError VaultBusyError VaultReadOnlyError "
        "VaultFullError BadNameError NameTakenError UnknownNameError LockChangedError "
        "PepperError BundleError RuntimeMissingError ProfileError"
    ),
}
"""Public names by the module that has them: all that a public signature names is among them."""
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if UNSUPPORTED:
        raise ImportError(UNSUPPORTED)
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
