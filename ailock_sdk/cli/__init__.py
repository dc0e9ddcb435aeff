"""The ``ailock`` command. Secrets leave it only by ``--output`` and ``--exec``.

Results go to standard output, everything else to standard error with the prefix ``ailock:``.

What a command needs is loaded when it is run: help, completion and a wrong command line answer
without the model and without NumPy.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from ailock_sdk import UNSUPPORTED, __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name; by default that of this process.

    Returns
    -------
    int
        An :class:`~ailock_sdk.cli.exit_codes.ExitCode`, 128 and the number of a signal, or the
        status of the command of ``--exec``.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if words == ["--version"]:  # what scripts ask, for which click would take ten times as long
        print(f"ailock {__version__}")
        return 0
    if UNSUPPORTED:
        print(f"ailock: {UNSUPPORTED}", file=sys.stderr)
        return 6
    if argv is None:
        gc.set_threshold(200_000)  # for little garbage Python looks long while it loads modules
    from ailock_sdk.cli.running import run

    status = run(words)
    return _end(status) if argv is None else status


def _end(status: int) -> int:
    """End the process: Python would take it apart first, for as long as reading a photo takes.

    All that a command opened is closed by now.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # None, or closed at the other end
            stream.flush()
    os._exit(status)
