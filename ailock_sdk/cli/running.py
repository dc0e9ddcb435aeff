"""Runs the command that was asked for; its errors become one line and an exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from ailock_sdk.cli.exit_codes import INTERRUPTED, ExitCode
from ailock_sdk.cli.output import print_json
from ailock_sdk.errors import (
    AilockError,
    BadNameError,
    CaptureError,
    EnrollmentError,
    LockChangedError,
    LockedOutError,
    NameTakenError,
    PinError,
    ProfileError,
    RecordError,
    RecoveryCodeError,
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

Command = Callable[[argparse.Namespace], int]

_EXIT_OF_ERROR: tuple[tuple[type[AilockError], ExitCode], ...] = (
    (LockedOutError, ExitCode.LOCKED_OUT),
    (UnlockError, ExitCode.NO_MATCH),
    (CaptureError, ExitCode.PHOTO_REJECTED),
    (EnrollmentError, ExitCode.PHOTO_REJECTED),
    (NameTakenError, ExitCode.USAGE),
    (UnknownNameError, ExitCode.USAGE),
    (ProfileError, ExitCode.USAGE),
    (BadNameError, ExitCode.USAGE),
    (PinError, ExitCode.USAGE),
    (RecoveryCodeError, ExitCode.USAGE),
    (SlotError, ExitCode.USAGE),
    (VaultMissingError, ExitCode.SETUP),
    (VaultBusyError, ExitCode.SETUP),
    (VaultReadOnlyError, ExitCode.SETUP),
    (VaultFullError, ExitCode.SETUP),
    (LockChangedError, ExitCode.SETUP),
    (RecordError, ExitCode.DAMAGED),
    (SealedDataError, ExitCode.DAMAGED),
    (VaultError, ExitCode.DAMAGED),
    (AilockError, ExitCode.SETUP),
)
"""First match wins."""


def exit_code(error: AilockError) -> ExitCode:
    """The documented exit status of an error."""
    return next(code for kind, code in _EXIT_OF_ERROR if isinstance(error, kind))


def find_command(name: str) -> Command:
    """The function that the parser names as ``module:function`` of ``ailock_sdk.cli``."""
    module, _, function = name.partition(":")
    command: Command = getattr(import_module(f"ailock_sdk.cli.{module}"), function)
    return command


def run(arguments: argparse.Namespace) -> int:
    """Run the command of a parsed command line.

    Returns
    -------
    int
        The exit status, an :class:`ExitCode` in all but ``unlock --exec``.
    """
    try:
        return find_command(arguments.command)(arguments)
    except AilockError as error:
        code = exit_code(error)
        if arguments.json:
            print_json({"error": type(error).__name__, "message": str(error), "exit": int(code)})
        print(f"ailock: {error}", file=sys.stderr)
        return code
    except OSError as error:
        print(f"ailock: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
