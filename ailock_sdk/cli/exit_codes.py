"""What the exit statuses of the ``ailock`` command mean: the one place that says it."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class ExitCode(IntEnum):
    """What the exit status means; ``ailock --help`` lists them by :attr:`meaning`."""

    OK = 0
    NO_MATCH = 1
    USAGE = 2
    LOCKED_OUT = 3
    PHOTO_REJECTED = 4
    DAMAGED = 5
    SETUP = 6
    UNAVAILABLE = 7
    UNEXPECTED = 70
    COMMAND_FAILED = 125
    COMMAND_UNUSABLE = 126
    COMMAND_NOT_FOUND = 127

    @property
    def meaning(self) -> str:
        """One line for people."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.NO_MATCH: "the photos do not match; no other failure has this status",
    ExitCode.USAGE: "wrong usage: also a name, slot, file, PIN or code that is wrong or missing",
    ExitCode.LOCKED_OUT: "locked out after too many misses: wait, or recover by code",
    ExitCode.PHOTO_REJECTED: "a photo cannot be used",
    ExitCode.DAMAGED: "vault, record or sealed file is damaged or does not belong",
    ExitCode.SETUP: "model, runtime, pepper or memory is missing",
    ExitCode.UNAVAILABLE: "vault or file cannot be used now: busy, read-only, full, no permission",
    ExitCode.UNEXPECTED: "a bug: please report it",
    ExitCode.COMMAND_FAILED: "--exec: the command failed with a status that is one of these",
    ExitCode.COMMAND_UNUSABLE: "--exec: the command cannot be run",
    ExitCode.COMMAND_NOT_FOUND: "--exec: the command was not found",
}
SIGNAL_BASE = 128
"""128 and a signal's number: ended by that signal, as shells report it; also of the command of
``--exec``, whose other statuses are passed on."""
