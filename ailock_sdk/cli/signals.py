"""Signals that end the command: raised as exceptions, so that what was begun is removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_postponed: list[int] | None = None
"""Signals that wait, while some do."""


class Ended(BaseException):
    """The process was told to end, by the signal of this ``number``."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


@contextmanager
def ending_signals() -> Iterator[None]:
    """Raise :class:`Ended` inside the block for the first signal that asks to end; drop later ones.

    Signals that are ignored, as ``nohup`` has it, stay so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # where Python lets nobody handle signals
        return
    before = {number: signal.getsignal(number) for number in _ENDING}

    def end(number: int, _: FrameType | None) -> None:
        if _postponed is not None:
            _postponed.append(number)
            return
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)

    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def postponing() -> Iterator[Callable[[], None]]:
    """Let signals that ask to end wait until the function is called, or the block ends.

    For what must not be left half begun: a command that was started, but that nobody knows of yet.
    """
    global _postponed
    waiting: list[int] = []

    def release() -> None:
        global _postponed
        _postponed = None
        if waiting:
            signal.raise_signal(waiting.pop())

    _postponed = waiting
    try:
        yield release
    finally:
        release()
