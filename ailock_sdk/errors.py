"""Every error the SDK raises on purpose.

AilockError
 +- UnlockError              the photos did not open the lock
 +- LockedOutError           too many misses: wait, or use the recovery code
 +- PinError                 a PIN is needed, or what was given is none
 +- RecoveryCodeError        mistyped, or the code of another lock
 +- SlotError                no such slot, the last one, or no room for another
 +- OutOfMemoryError         the device had too little memory
 +- CaptureError             the photo cannot be used
 |   +- PhotoFormatError     not an image we read, damaged, or over a ceiling
 |   +- PhotoQualityError    dark, blown out, blurred, textureless or too small
 |   +- CameraError          no such camera, or it gives no picture that can be used
 +- EnrollmentError          the photos cannot become a record
 +- RecordError              a record is damaged, or belongs elsewhere
 |   +- RecordFormatError    bytes that are not a record of this version
 |   +- LockFormatError      bytes that are not a lock of this version
 |   +- RecordMismatchError  made with another model, looks or pepper
 +- SealedDataError          not an age file, damaged, or sealed to another lock
 +- VaultError               the vault file cannot be used
 |   +- VaultMissingError    there is none at this path
 |   +- VaultBusyError       another process keeps it busy
 |   +- VaultReadOnlyError   it cannot be written
 |   +- VaultFullError       its disk is full
 |   +- VaultRolledBackError an older copy of it, or one that was changed behind its back
 |   +- BadNameError         what no lock may be named
 |   +- NameTakenError       a lock of this name exists
 |   +- UnknownNameError     no lock of this name
 |   +- LockChangedError     the lock was changed by another while it was in use
 +- PepperError              the pepper is missing, damaged, unprotected or another one
 +- BundleError              a model bundle is missing, damaged or malformed
 +- RuntimeMissingError      no interpreter of the model is installed
 +- ProfileError             parameters that cannot work, or that need an opt-in
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol


class AilockError(Exception):
    """Base of every error of this package."""


class UnlockError(AilockError):
    """The photo did not open the lock. Says nothing about how near it was."""

    def __init__(self, message: str = "no match") -> None:
        super().__init__(message)


class LockedOutError(AilockError):
    """Too many consecutive misses: nothing was compared. No data is lost by it.

    ``retry_after_seconds`` is the wait until the next attempt; ``None`` when photos open nothing
    until the owner has used the recovery code.
    """

    def __init__(self, retry_after_seconds: float | None) -> None:
        self.retry_after_seconds = retry_after_seconds
        if retry_after_seconds is None:
            message = "too many misses: photos rest until you open the lock by its recovery code"
        else:
            message = f"too many misses: try again in {retry_after_seconds:.0f} s"
        super().__init__(message)


class PinError(AilockError):
    """A PIN is needed and none was given, or it is none. A wrong one is an :class:`UnlockError`."""


class RecoveryCodeError(AilockError):
    """The recovery code was mistyped, or is that of another lock."""


class SlotError(AilockError):
    """A lock has no such slot, would lose its last one, or has no room for another."""


class OutOfMemoryError(AilockError):
    """The device had too little memory: an attempt that compared nothing is not charged.

    ``compared`` says whether a comparison with another slot was made before.
    """

    def __init__(
        self,
        message: str = "too little memory: close other programs and try again",
        *,
        compared: bool = False,
    ) -> None:
        self.compared = compared
        super().__init__(message)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Say what a ``MemoryError`` inside the block means.

    Raises
    ------
    OutOfMemoryError
    """
    try:
        yield
    except MemoryError:
        raise OutOfMemoryError from None


class CaptureError(AilockError):
    """The photo cannot be used; the text says why and what to do."""

    def named(self, photo: str) -> CaptureError:
        """Say in the text which photo it is of, and return the error itself."""
        self.args = (f"{photo}: {self}",)
        return self


class CameraError(CaptureError):
    """There is no such camera, it gives no pictures, or none that can be used."""


class PhotoFormatError(CaptureError):
    """Not an image this package reads, damaged, or above a size ceiling."""


class QualityFinding(Protocol):
    """What :class:`PhotoQualityError` needs of a finding."""

    @property
    def value(self) -> str:
        """A stable code."""

    @property
    def advice(self) -> str:
        """What a person should do."""


class PhotoQualityError(CaptureError):
    """The photo was decoded but is too poor to use; ``issues`` are all reasons."""

    def __init__(self, issues: Sequence[QualityFinding]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(issue.advice for issue in self.issues))


class EnrollmentError(AilockError):
    """The reference photos cannot become one record."""


class RecordError(AilockError):
    """A record cannot be used."""


class RecordFormatError(RecordError):
    """The bytes are not a well-formed record of a version this package reads."""


class LockFormatError(RecordError):
    """The bytes are not a well-formed lock, with its slots, of a version this package reads."""


class RecordMismatchError(RecordError):
    """A sound record that was made with another model, other layers or looks, or another pepper."""


class SealedDataError(AilockError):
    """Not an age file, damaged, cut short, or sealed to another lock."""


class VaultError(AilockError):
    """The vault file cannot be used."""


class VaultMissingError(VaultError):
    """There is no vault at this path."""


class VaultBusyError(VaultError):
    """Another process keeps the vault busy: try again."""


class VaultReadOnlyError(VaultError):
    """The vault, its folder or its medium cannot be written."""


class VaultFullError(VaultError):
    """The vault's disk is full, over quota or fails; nothing was changed."""


class VaultRolledBackError(VaultError):
    """An older copy of the vault, or one that was changed behind the back of its TPM."""


class BadNameError(VaultError):
    """What no lock may be named."""


class NameTakenError(VaultError):
    """A lock of this name exists already."""


class UnknownNameError(VaultError):
    """The vault holds no lock of this name."""


class LockChangedError(VaultError):
    """The lock was changed, removed or enrolled anew while it was in use: try again."""


class PepperError(AilockError):
    """The pepper is missing, damaged, readable by others, or not the one it should be."""


class BundleError(AilockError):
    """A model bundle is missing, damaged or malformed."""


class RuntimeMissingError(AilockError):
    """No interpreter of the bundle's model is installed."""


class ProfileError(AilockError):
    """Parameters that cannot work, or that need an explicit opt-in."""
