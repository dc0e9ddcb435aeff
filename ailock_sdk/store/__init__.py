"""Secret to disk: records, the vault file, its throttle, the pepper, and sealed data."""

from __future__ import annotations

from ailock_sdk.store.fido2_pepper import Fido2Pepper
from ailock_sdk.store.kept_pepper import KeptPepper
from ailock_sdk.store.keyring_pepper import KeyringPepper
from ailock_sdk.store.lock_file import LockFile, Slot, SlotKind
from ailock_sdk.store.lock_store import LockStore
from ailock_sdk.store.names import normalised_label, normalised_name
from ailock_sdk.store.pepper import (
    DEFAULT_PEPPER,
    FilePepper,
    PepperProvider,
    default_pepper_path,
    read_backup,
    write_backup,
)
from ailock_sdk.store.pepper_places import (
    PepperSource,
    described,
    is_elsewhere,
    pepper_provider,
    place_of,
    read_pepper,
    remembered_provider,
)
from ailock_sdk.store.pkcs11_pepper import Pkcs11Pepper
from ailock_sdk.store.record import Record, RecordHeader, RecordObject, bound_bytes
from ailock_sdk.store.recovery_code import RecoveryCode
from ailock_sdk.store.rows import StoredLock
from ailock_sdk.store.sealing import (
    Reader,
    Writer,
    age_identity,
    age_recipient,
    checked_age_file,
    open_stream,
    seal_stream,
)
from ailock_sdk.store.slots import (
    lock_identity,
    lock_recipient,
    lock_secret,
    lock_ssh_seed,
    new_slot,
    open_slot,
    openssh_key,
    recovery_secret,
)
from ailock_sdk.store.state_guard import StateCounter, StateGuard
from ailock_sdk.store.throttle import (
    Charge,
    ClockReading,
    ThrottleState,
    ThrottleStatus,
    read_clock,
    remaining_wait,
    wait_seconds,
)
from ailock_sdk.store.tpm_pepper import TpmPepper

__all__ = ["Record", "RecordHeader", "RecordObject", "bound_bytes"]
__all__ += ["LockFile", "Slot", "SlotKind", "RecoveryCode", "new_slot", "open_slot"]
__all__ += ["lock_identity", "lock_recipient", "lock_secret", "recovery_secret"]
__all__ += ["lock_ssh_seed", "openssh_key"]
__all__ += ["normalised_label", "normalised_name", "LockStore", "StoredLock"]
__all__ += ["ThrottleStatus", "Charge", "ClockReading", "ThrottleState", "read_clock"]
__all__ += ["remaining_wait", "wait_seconds"]
__all__ += ["PepperProvider", "PepperSource", "FilePepper", "DEFAULT_PEPPER"]
__all__ += ["KeptPepper", "KeyringPepper", "TpmPepper", "Fido2Pepper", "Pkcs11Pepper"]
__all__ += ["StateCounter", "StateGuard"]
__all__ += ["described", "is_elsewhere", "place_of", "remembered_provider"]
__all__ += ["default_pepper_path", "pepper_provider", "read_pepper", "read_backup", "write_backup"]
__all__ += ["Reader", "Writer", "age_identity", "age_recipient", "checked_age_file"]
__all__ += ["open_stream", "seal_stream"]
