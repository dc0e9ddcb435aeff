"""A terminal in which an ``ailock`` command runs, and what a person types there."""

from __future__ import annotations

import os
import pty
import re
import select
import time
from collections.abc import Sequence

from tests.cli.processes import AILOCK, Ailock

Dialogue = Sequence[tuple[str, str]]
"""What is waited for, and what is typed then."""


def on_terminal(ailock: Ailock, *words: object, dialogue: Dialogue = ()) -> tuple[int, str]:
    """The exit status of a command on a terminal of its own, and all that the terminal showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(AILOCK[0], [*AILOCK, *map(str, words)], ailock.environment)
    seen, answered, waiting = "", 0, list(dialogue)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if waiting and (found := re.search(waiting[0][0], seen[answered:])):
            answered += found.end()
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 4096).decode(errors="replace")
            except OSError:  # Linux's way to say that nobody holds the other end
                break
    os.close(terminal)
    assert not waiting, f"{waiting[0][0]!r} was not asked: {seen!r}"
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen
