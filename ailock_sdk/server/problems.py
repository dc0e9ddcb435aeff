"""Errors as the page tells them: a status, a stable code, and a text of the catalogue."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from ailock_sdk import errors
from ailock_sdk.server.texts import text

_log = logging.getLogger("ailock_sdk.server")

_OF_ERROR: dict[type[BaseException], tuple[int, str, str | None]] = {
    errors.UnlockError: (403, "no_match", None),
    errors.LockedOutError: (429, "locked_out", None),
    errors.PinError: (422, "pin_needed", "pin"),
    errors.RecoveryCodeError: (422, "bad_code", "code"),
    errors.SlotError: (409, "no_such_slot", None),
    errors.PhotoQualityError: (422, "poor_photo", None),
    errors.CaptureError: (422, "bad_photo", None),
    errors.EnrollmentError: (422, "another_object", None),
    errors.BadNameError: (422, "bad_name", "name"),
    errors.NameTakenError: (409, "name_taken", "name"),
    errors.UnknownNameError: (404, "unknown_lock", None),
    errors.VaultMissingError: (404, "unknown_lock", None),
    errors.LockChangedError: (409, "lock_changed", None),
    errors.VaultBusyError: (503, "busy", None),
    errors.VaultReadOnlyError: (503, "cannot_write", None),
    errors.VaultFullError: (507, "cannot_write", None),
    errors.OutOfMemoryError: (503, "no_memory", None),
    errors.AilockError: (500, "setup", None),
}
"""Of an error's class, or of the nearest that it inherits from: status, code, the form's field."""


class Problem(Exception):  # noqa: N818 -- most are no errors of ours
    """Why a request is not answered as asked.

    Parameters
    ----------
    status : int
    code : str
        Of the texts, without ``problem.``.
    field : str or None
        The form's field that is wrong.
    retry_after_seconds : float or None
    advice : str or None
        Code of an advice that says more.
    """

    def __init__(
        self,
        status: int,
        code: str,
        field: str | None = None,
        retry_after_seconds: float | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.field = field
        self.retry_after_seconds = retry_after_seconds
        self.text = text(f"problem.{code}")
        if advice is not None:
            self.text = text(f"advice.{advice}")
        elif retry_after_seconds is not None:
            self.text = text("problem.wait", seconds=f"{retry_after_seconds:.0f}")

    def describe(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "error": self.code,
            "text": self.text,
            "field": self.field,
            "retry_after_seconds": self.retry_after_seconds,
        }


def told_problem(error: Exception) -> Problem:
    """The same as :func:`problem_of`; what the owner has to know of it is logged."""
    problem = problem_of(error)
    if problem.code == "setup":
        _log.error("%s", error)
    elif problem.code == "unexpected":
        # Not its text, nor its frames, in which anything may stand.
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind = type(error).__name__
        _log.error("unexpected %s at %s:%s: please report this", kind, place.filename, place.lineno)
    return problem


def problem_of(error: Exception) -> Problem:
    """What the page tells of an error; of one that nobody expected nothing but that."""
    for kind in type(error).__mro__:
        if kind in _OF_ERROR:
            status, code, field = _OF_ERROR[kind]
            break
    else:
        return Problem(500, "unexpected")
    if isinstance(error, errors.LockedOutError):
        if error.retry_after_seconds is None:
            return Problem(status, "resting")
        return Problem(status, code, retry_after_seconds=error.retry_after_seconds)
    if isinstance(error, errors.PhotoQualityError):
        return Problem(status, code, advice=error.issues[0].value)
    return Problem(status, code, field)
