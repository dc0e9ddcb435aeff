"""The ``ailock`` command. Secrets leave it only by ``unlock --raw`` and ``unlock --exec``.

Results go to standard output, everything else to standard error with the prefix ``ailock:``.

The command line is read by ``parser``, which knows each command's function by name only: what a
command needs is loaded when it is run, so that ``--help`` and a wrong command line answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ailock_sdk import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name; by default that of this process.

    Returns
    -------
    int
        An :class:`~ailock_sdk.cli.exit_codes.ExitCode`, or the status of ``unlock --exec``'s
        command.

    Raises
    ------
    SystemExit
        After ``--help``, and for a wrong command line.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if words == ["--version"]:  # what scripts ask, for which the parser would take twice as long
        print(f"ailock {__version__}")
        return 0
    from ailock_sdk.cli.parser import build_parser

    arguments = build_parser().parse_args(words)
    from ailock_sdk.cli.running import run  # not before the command line is known to be sound

    return run(arguments)
