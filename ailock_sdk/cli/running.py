"""Runs a command line: whatever goes wrong becomes one line and an exit status."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from ailock_sdk import errors
from ailock_sdk.cli.app import COMPLETE_VARIABLE, app
from ailock_sdk.cli.commands import Settings
from ailock_sdk.cli.exit_codes import SIGNAL_BASE, ExitCode
from ailock_sdk.cli.output import as_json, prepare_streams, shown, tell
from ailock_sdk.cli.signals import Ended, ending_signals

_STATUS_OF_ERROR: dict[type[BaseException], ExitCode] = {
    errors.UnlockError: ExitCode.NO_MATCH,
    errors.LockedOutError: ExitCode.LOCKED_OUT,
    errors.CaptureError: ExitCode.PHOTO_REJECTED,
    errors.EnrollmentError: ExitCode.PHOTO_REJECTED,
    errors.PinError: ExitCode.USAGE,
    errors.RecoveryCodeError: ExitCode.USAGE,
    errors.SlotError: ExitCode.USAGE,
    errors.ProfileError: ExitCode.USAGE,
    errors.BadNameError: ExitCode.USAGE,
    errors.NameTakenError: ExitCode.USAGE,
    errors.UnknownNameError: ExitCode.USAGE,
    errors.VaultMissingError: ExitCode.USAGE,
    errors.VaultBusyError: ExitCode.UNAVAILABLE,
    errors.VaultReadOnlyError: ExitCode.UNAVAILABLE,
    errors.VaultFullError: ExitCode.UNAVAILABLE,
    errors.LockChangedError: ExitCode.UNAVAILABLE,
    errors.RecordError: ExitCode.DAMAGED,
    errors.SealedDataError: ExitCode.DAMAGED,
    errors.VaultError: ExitCode.DAMAGED,
    errors.AilockError: ExitCode.SETUP,
    MemoryError: ExitCode.SETUP,
    click.ClickException: ExitCode.USAGE,
    OSError: ExitCode.UNAVAILABLE,
}
"""Of an error's class, or of the nearest that it inherits from."""
_WRONG_PATH = {
    *(errno.ENOENT, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY),
    *(errno.ENAMETOOLONG, errno.ELOOP),
}
"""What an OSError says of a path that cannot be meant: wrong usage."""


def status_of(error: BaseException) -> ExitCode:
    """The documented exit status of an error."""
    if isinstance(error, OSError) and error.errno in _WRONG_PATH:
        return ExitCode.USAGE
    found = (_STATUS_OF_ERROR[kind] for kind in type(error).__mro__ if kind in _STATUS_OF_ERROR)
    return next(found, ExitCode.UNEXPECTED)


def run(words: Sequence[str]) -> int:
    """Run the command that the words after ``ailock`` name, and give the exit status."""
    prepare_streams()
    settings = Settings()
    try:
        with ending_signals():
            status = _invoke(words, settings)
            sys.stdout.flush()
            return status
    except Ended as ended:
        return SIGNAL_BASE + ended.signal
    except BrokenPipeError:
        _drop_output()
        return SIGNAL_BASE + signal.SIGPIPE
    except Exception as error:
        # A line that could not be read whole may still say that.
        in_json = settings.json or (isinstance(error, click.UsageError) and "--json" in words)
        return _fail(error, in_json)


def _invoke(words: Sequence[str], settings: Settings) -> int:
    if question := os.environ.get(COMPLETE_VARIABLE):
        from ailock_sdk.cli.completion import complete

        complete(question)
        return ExitCode.OK
    try:
        with app.make_context("ailock", list(words), obj=settings) as context:
            return int(app.invoke(context) or ExitCode.OK)
    except click.exceptions.Exit as end:  # after --help and --version
        return end.exit_code


def _fail(error: Exception, in_json: bool) -> int:
    """Say what went wrong; nothing that fails here hides it or changes the status."""
    status, message = status_of(error), shown(_message(error))
    with suppress(OSError):
        if in_json:
            failure = {"error": type(error).__name__, "message": message, "exit": int(status)}
            print(as_json(failure), flush=True)
    with suppress(OSError):
        tell(message)
    _drop_output()
    return status


def _message(error: Exception) -> str:
    """What happened and what to do, for people, without anything secret."""
    if isinstance(error, click.UsageError):
        text = error.format_message().removesuffix(".")
        return f"{text} (see {error.ctx.command_path} --help)" if error.ctx else text
    if isinstance(error, OSError):
        text = error.strerror or type(error).__name__
        return text if error.filename is None else f"{os.fsdecode(error.filename)}: {text}"
    if isinstance(error, MemoryError):
        return "out of memory: nothing was changed"
    if status_of(error) != ExitCode.UNEXPECTED:
        return str(error)
    # Not its text, in which anything may stand.
    place = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__
    return f"unexpected {kind} at {place.filename}:{place.lineno}: please report this"


def _drop_output() -> None:
    """Send what standard output still holds nowhere, or Python would fail on it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
