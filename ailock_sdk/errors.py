"""Every error the SDK raises on purpose.

AilockError
 +- UnlockError              the photo did not open the lock
 |   +- LockedOutError       too many misses: wait, or enroll again
 +- CaptureError             the photo cannot be used
 |   +- PhotoFormatError     not an image we read, damaged, or over a ceiling
 |   +- PhotoQualityError    dark, blown out, blurred, textureless or too small
 +- EnrollmentError          the photos cannot become a record
 +- RecordError              a record is damaged, or belongs elsewhere
 |   +- RecordFormatError    bytes that are not a record of this version
 |   +- RecordMismatchError  made with another model, looks or pepper
 +- SealedDataError          sealed data is damaged, or sealed to another lock
 +- VaultError               the vault file cannot be used
 |   +- NameTakenError       a lock of this name exists
 |   +- UnknownNameError     no lock of this name
 +- PepperError              the pepper is missing, damaged or unprotected
 +- BundleError              a model bundle is missing, damaged or malformed
 +- RuntimeMissingError      no TFLite interpreter is installed
 +- ProfileError             parameters that cannot work, or that need an opt-in
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class AilockError(Exception):
    """Base of every error of this package."""


class UnlockError(AilockError):
    """The photo did not open the lock. Says nothing about how near it was."""

    def __init__(self, message: str = "no match") -> None:
        super().__init__(message)


class LockedOutError(UnlockError):
    """Too many consecutive misses.

    Attributes
    ----------
    retry_after_seconds : float or None
        The wait until the next attempt; ``None`` when the lock stays closed until its owner removes
        and enrolls it again.
    """

    def __init__(self, retry_after_seconds: float | None) -> None:
        self.retry_after_seconds = retry_after_seconds
        if retry_after_seconds is None:
            message = "locked for good after too many misses: remove this lock and enroll again"
        else:
            message = f"too many misses: try again in {retry_after_seconds:.0f} s"
        super().__init__(message)


class CaptureError(AilockError):
    """The photo cannot be used; the text says why and what to do."""

    def named(self, photo: str) -> CaptureError:
        """Say in the text which photo it is of, and return the error itself."""
        self.args = (f"{photo}: {self}",)
        return self


class PhotoFormatError(CaptureError):
    """Not an image this package reads, damaged, or above a size ceiling."""


class QualityFinding(Protocol):
    """What :class:`PhotoQualityError` needs of a finding: a code and advice for a person."""

    @property
    def value(self) -> str:
        """A stable code."""
        ...

    @property
    def advice(self) -> str:
        """What a person should do."""
        ...


class PhotoQualityError(CaptureError):
    """The photo was decoded but is too poor to use.

    Attributes
    ----------
    issues : tuple of QualityFinding
        Every reason.
    """

    def __init__(self, issues: Sequence[QualityFinding]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(issue.advice for issue in self.issues))


class EnrollmentError(AilockError):
    """The reference photos cannot become one record."""


class RecordError(AilockError):
    """A record cannot be used."""


class RecordFormatError(RecordError):
    """The bytes are not a well-formed record of a version this package reads."""


class RecordMismatchError(RecordError):
    """A sound record that was made with another model, other layers or looks, or another pepper."""


class SealedDataError(AilockError):
    """Sealed data is damaged, truncated, or was sealed to another lock."""


class VaultError(AilockError):
    """The vault file cannot be used."""


class NameTakenError(VaultError):
    """A lock of this name exists already."""


class UnknownNameError(VaultError):
    """The vault holds no lock of this name."""


class PepperError(AilockError):
    """The pepper is missing, damaged, or readable by others."""


class BundleError(AilockError):
    """A model bundle is missing, damaged or malformed."""


class RuntimeMissingError(AilockError):
    """No TFLite interpreter is installed."""


class ProfileError(AilockError):
    """Parameters that cannot work, or that need an explicit opt-in."""
