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
    assert status == 0, "the forked process failed"
    result: Result = pickle.loads(data)
    return result
