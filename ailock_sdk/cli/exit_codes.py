"""What the exit statuses of the ``ailock`` command mean: the one place that says it."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class ExitCode(IntEnum):
    """An exit status and its :attr:`meaning` for people; ``ailock --help`` lists them."""

    _value_: int
    meaning: str

    OK = 0, "done"
    NO_MATCH = 1, "the photos do not match; no other failure has this status"
    USAGE = 2, "wrong usage: also a name, slot, file, PIN or code that is wrong or missing"
    LOCKED_OUT = 3, "locked out after too many misses: wait, or recover by code"
    PHOTO_REJECTED = 4, "a photo cannot be used"
    DAMAGED = 5, "vault, record or sealed file is damaged or does not belong"
    SETUP = 6, "model, runtime, pepper or memory is missing"
    UNAVAILABLE = 7, "vault or file cannot be used now: busy, read-only, full, no permission"
    UNEXPECTED = 70, "a bug: please report it"
    COMMAND_FAILED = 125, "--exec: the command failed with a status that is one of these"
    COMMAND_UNUSABLE = 126, "--exec: the command cannot be run"
    COMMAND_NOT_FOUND = 127, "--exec: the command was not found"

    def __new__(cls, status: int, meaning: str) -> ExitCode:
        """Make a member of a pair."""
        code = int.__new__(cls, status)
        code._value_ = status
        code.meaning = meaning
        return code


SIGNAL_BASE = 128
"""128 and a signal's number: ended by that signal, as shells report it; also of the command of
``--exec``, whose other statuses are passed on."""
