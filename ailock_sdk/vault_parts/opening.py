"""Opening a stored lock: by photos, which costs an attempt, or by its recovery code."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ailock_sdk.errors import (
    AilockError,
    BundleError,
    CaptureError,
    LockedOutError,
    OutOfMemoryError,
    PepperError,
    PinError,
    RecordMismatchError,
    RecoveryCodeError,
    SlotError,
    UnlockError,
    VaultBusyError,
    VaultFullError,
    VaultReadOnlyError,
)
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    LockFile,
    LockStore,
    Record,
    RecoveryCode,
    Slot,
    SlotKind,
    StoredLock,
    open_slot,
    read_clock,
    recovery_secret,
)

if TYPE_CHECKING:
    from ailock_sdk.capture import PhotoSource
    from ailock_sdk.imageprint import ImagePrint
    from ailock_sdk.lock import AiLock
    from ailock_sdk.photo_lists import PhotoSources
    from ailock_sdk.vault_parts.models import Models
    from ailock_sdk.vault_parts.vault_pepper import VaultPepper

Opener: TypeAlias = "PhotoSources | RecoveryCode"
"""What opens a lock: photos as for ``unlock``, or its recovery code."""
TypedCode: TypeAlias = "RecoveryCode | Hidden | str"
"""A recovery code, or its text."""
References: TypeAlias = "Iterable[PhotoSource] | Iterable[Sequence[PhotoSource]]"
"""Reference photos, as for ``enroll``."""

_log = logging.getLogger("ailock_sdk.vault")

_UNWRITABLE = (VaultFullError, VaultBusyError, VaultReadOnlyError, PepperError)
"""What keeps a count from being cleared; the last where a TPM counts it that does not answer."""

_PhotoSlot = tuple[Slot, Record]


@dataclass(frozen=True)
class Opened:
    """A lock as it is stored now, and its key of 32 bytes."""

    stored: StoredLock
    key: Hidden


@dataclass(frozen=True)
class _Candidates:
    """Slots of one fingerprint, and the probes that are compared with them."""

    lock: AiLock
    slots: list[_PhotoSlot]
    probes: tuple[ImagePrint, ...]


def open_by_photos(
    store: LockStore, stored: StoredLock, models: Models, photos: PhotoSources, pin: Hidden | None
) -> Opened:
    """Try every photo slot that fits; the photos are read once for each model.

    Everything that can be known without a comparison is, before the attempt is charged. The charge
    is taken back if the device had too little memory to compare at all, or something ended the
    attempt before. Once the comparison has begun, ending the process buys nothing.

    Parameters
    ----------
    store : LockStore
    stored : StoredLock
        As it was read, its MAC checked.
    models : Models
    photos : PhotoSources
    pin : Hidden or None

    Raises
    ------
    UnlockError, AilockError
        As told at :meth:`~ailock_sdk.vault.Vault.unlock`.
    """
    candidates = _read(_fitting(stored, photos, pin), models, photos)
    try:
        charge = store.charge(stored, read_clock())
    except LockedOutError:
        _log.warning("lock %r: not tried, after too many misses", stored.name)
        raise
    compared = False
    try:
        for each in candidates:
            found, compared = _compare(each, stored, pin, compared)
            if found is not None:
                _refund(store, stored)
                return Opened(stored, found)
    except OutOfMemoryError as error:
        if not (compared or error.compared):
            _log.warning("lock %r: too little memory to compare, not charged", stored.name)
            store.take_back(stored, charge)
        raise
    _log.warning("lock %r: no match", stored.name)
    raise UnlockError


def open_by_code(
    store: LockStore, stored: StoredLock, code: RecoveryCode, pepper: VaultPepper
) -> Opened:
    """Open by the recovery code: needs no photo and no model, clears the misses.

    If the vault's pepper is at hand, the row's MAC is made anew with it.

    Parameters
    ----------
    store : LockStore
    stored : StoredLock
        As it was read, its MAC checked or not.
    code : RecoveryCode
    pepper : VaultPepper

    Raises
    ------
    RecoveryCodeError
        The code of another lock.
    """
    key = key_of_code(stored.lock, code)
    if key is None:
        _log.warning("lock %r: the code of another lock", stored.name)
        if not stored.lock.is_recoverable:
            raise RecoveryCodeError(f"lock {stored.name!r} has no recovery code")
        raise RecoveryCodeError(f"this is a recovery code, but not one of lock {stored.name!r}")
    value = None
    with suppress(PepperError):
        value = pepper.pepper()
    with suppress(*_UNWRITABLE):  # the code opens what cannot be written now all the same
        stored = store.recovered(stored, value)
    _log.info("lock %r: opened by its recovery code", stored.name)
    return Opened(stored, key)


def key_of_code(lock: LockFile, code: RecoveryCode) -> Hidden | None:
    """The lock's key, 32 bytes, if this is one of its recovery codes."""
    for slot in lock.slots:
        if slot.kind == SlotKind.RECOVERY:
            key = open_slot(slot, recovery_secret(code, slot.body), lock.recipient)
            if key is not None:
                return key
    return None


def hidden_code(code: TypedCode) -> RecoveryCode | Hidden:
    """A code that was typed, in a form that tracebacks do not show; raises nothing.

    For a function's first statement, as :func:`~ailock_sdk.secret.hidden_pin`.
    """
    return Hidden(code.encode("utf-8", "replace")) if isinstance(code, str) else code


def recovery_code(code: TypedCode) -> RecoveryCode:
    """The code that was typed, or a ``RecoveryCodeError``: mistyped."""
    return code if isinstance(code, RecoveryCode) else RecoveryCode.parse(code)


def _fitting(stored: StoredLock, photos: PhotoSources, pin: Hidden | None) -> list[_PhotoSlot]:
    """The photo slots that these photos, and a PIN if one is given, may open."""
    from ailock_sdk.parameters import check_pin
    from ailock_sdk.photo_lists import by_object

    if pin is not None:
        check_pin(pin)
    count = len(by_object(photos))
    slots = [(slot, slot.record) for slot in stored.lock.slots if slot.record is not None]
    if not slots:
        raise SlotError(f"no photos open lock {stored.name!r}: use its recovery code")
    of_count = [(slot, record) for slot, record in slots if len(record.objects) == count]
    if not of_count:
        counts = sorted({len(record.objects) for _, record in slots})
        raise CaptureError(
            f"photos of {count} objects were given: this lock opens by photos of "
            f"{' or '.join(map(str, counts))} at once"
        )
    here = [each for each in of_count if each[1].header.pepper_id in (None, stored.pepper_id)]
    if not here:
        raise PepperError(
            f"the photos of lock {stored.name!r} were enrolled with another pepper: open it by its "
            "recovery code, and add photos anew"
        )
    fitting = [each for each in here if pin is not None or not each[1].header.needs_pin]
    if not fitting:
        raise PinError("this lock needs its PIN beside the photos")
    return fitting


def _read(slots: list[_PhotoSlot], models: Models, photos: PhotoSources) -> list[_Candidates]:
    """Read the photos for each fingerprint whose model is here."""
    by_fingerprint: dict[bytes, list[_PhotoSlot]] = {}
    for slot, record in slots:
        by_fingerprint.setdefault(record.objects[0].fingerprint, []).append((slot, record))
    usable: list[tuple[AiLock, list[_PhotoSlot]]] = []
    problems: list[AilockError] = []
    for fingerprint, group in by_fingerprint.items():
        try:
            lock = models.reading(fingerprint)
        except (RecordMismatchError, BundleError) as error:
            problems.append(error)
            continue
        served = []
        for slot, record in group:
            try:
                served.append((slot, lock.check(record)))
            except AilockError as error:
                problems.append(error)
        if served:
            usable.append((lock, served))
    if not usable:
        raise problems[0]
    given: Any = photos if len(usable) == 1 else _kept(photos)
    return [_Candidates(lock, served, lock.probes(given)) for lock, served in usable]


def _kept(photos: PhotoSources) -> list[list[Any]]:
    """The photos in a form that can be read twice."""
    from ailock_sdk.capture import read_photo
    from ailock_sdk.photo_lists import by_object

    return [[read_photo(photo) for photo in one] for one in by_object(photos)]


def _compare(
    candidates: _Candidates, stored: StoredLock, pin: Hidden | None, compared: bool
) -> tuple[Hidden | None, bool]:
    """The lock's key if one of the slots opens, and whether anything was compared."""
    slots, records = zip(*candidates.slots, strict=True)
    try:
        index, secret = candidates.lock.reproduce_any(candidates.probes, records, pin=pin)
    except UnlockError:
        return None, True
    except OutOfMemoryError as error:
        error.compared |= compared
        raise
    except MemoryError:
        raise OutOfMemoryError(compared=compared) from None
    return open_slot(slots[index], secret, stored.lock.recipient), True


def _refund(store: LockStore, stored: StoredLock) -> None:
    try:
        store.refund(stored)
    except _UNWRITABLE as error:
        # The photos matched: that the count cannot be cleared now keeps nobody out.
        _log.warning("lock %r: matched, but its misses stay counted: %s", stored.name, error)
