"""What the exit statuses of the ``ailock`` command mean."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class ExitCode(IntEnum):
    """What the exit status means; ``ailock --help`` lists them."""

    OK = 0
    NO_MATCH = 1
    USAGE = 2
    LOCKED_OUT = 3
    PHOTO_REJECTED = 4
    DAMAGED = 5
    SETUP = 6


EXIT_TEXTS = {
    ExitCode.OK: "done",
    ExitCode.NO_MATCH: "the photo does not match",
    ExitCode.USAGE: "wrong usage, or an unknown or taken name",
    ExitCode.LOCKED_OUT: "locked out after too many misses",
    ExitCode.PHOTO_REJECTED: "a photo was rejected; the reason is printed",
    ExitCode.DAMAGED: "the vault, a record or sealed data is damaged or does not belong",
    ExitCode.SETUP: "model, runtime or pepper missing or damaged",
}
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells report it."""
