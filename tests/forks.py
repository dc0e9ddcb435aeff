"""What a forked process gives, with an end to waiting for it."""

from __future__ import annotations

import os
import pickle
import select
import signal
import traceback
import warnings
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
LONGEST_SECONDS = 60.0


def in_a_fork(work: Callable[[], Result]) -> Result:
    """What ``work`` returns in a forked process; one that hangs or fails is an assertion."""
    data = _written_by(work)
    assert data is not None, "the forked process was killed"
    result: Result = pickle.loads(data)
    return result


def unless_killed(work: Callable[[], Result]) -> Result | None:
    """As :func:`in_a_fork`; ``None`` if ``work`` killed itself."""
    data = _written_by(work)
    return None if data is None else pickle.loads(data)


def _written_by(work: Callable[[], object]) -> bytes | None:
    reading, writing = os.pipe()
    with warnings.catch_warnings():  # Python 3.12 warns of forking beside threads, as users do
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with open(writing, "wb") as pipe:
                pickle.dump(work(), pipe)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(writing)
    with open(reading, "rb") as pipe:
        ended, _, _ = select.select([pipe], [], [], LONGEST_SECONDS)
        if not ended:
            os.kill(child, signal.SIGKILL)
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    assert ended, "the forked process hangs"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    assert status == 0, "the forked process failed"
    return data
