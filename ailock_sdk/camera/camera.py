"""A running camera: frames come from a thread, so that nothing it does can hold up the caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.errors import CameraError

SILENCE_SECONDS = 5.0
"""A camera that gives no picture for so long is taken to be dead."""
_WAITING_FRAMES = 2
_CLOSING_SECONDS = 2.0

Pixels = NDArray[np.uint8]
Producer = Callable[[], Iterable[tuple[Pixels, "float | None"]]]
"""Gives pixels, and where a recording says so, the second they belong to."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a camera.

    Attributes
    ----------
    pixels : ndarray, uint8, shape (H, W, 3)
        RGB, 0 to 255, upright as far as the source tells.
    seconds : float
        When: of a live source by the monotonic clock, of a recording since its beginning.
    """

    pixels: Pixels
    seconds: float


class Camera:
    """An iterator of frames, of a live source the newest; closed by :meth:`close` or ``with``.

    Parameters
    ----------
    name : str
        For messages.
    produce : callable
        Called in a thread of its own; gives frames until it ends or fails.
    live : bool
        Whether frames that nobody takes are dropped, and an end is a failure.
    silence_seconds : float
        Longest wait for the next frame.
    """

    def __init__(
        self,
        name: str,
        produce: Producer,
        *,
        live: bool,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self.name = name
        self.live = live
        self._silence_seconds = silence_seconds
        self._queue: Queue[Frame | Exception | None] = Queue(_WAITING_FRAMES)
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(produce,), name=f"camera {name}", daemon=True
        )
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """The next frame.

        Raises
        ------
        CameraError
            The source failed or fell silent.
        StopIteration
            A recording is at its end, or the camera was closed.
        """
        if self._closed.is_set():
            raise StopIteration
        try:
            found = self._queue.get(timeout=self._silence_seconds)
        except Empty:
            self.close()
            raise CameraError(
                f"{self.name}: no picture for {self._silence_seconds:g} s: is it unplugged, "
                "frozen, or used by another program?"
            ) from None
        if isinstance(found, Frame):
            return found
        self.close()
        if found is not None:
            raise CameraError(f"{self.name}: {_reason(found)}") from None
        if self.live:
            raise CameraError(f"{self.name}: the stream ended") from None
        raise StopIteration

    def close(self) -> None:
        """Let the camera go; waits a moment for a source that is slow to do so."""
        self._closed.set()
        self._drop_one()  # a recording's thread may wait for room
        self._thread.join(_CLOSING_SECONDS)

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, produce: Producer) -> None:
        try:
            for pixels, seconds in produce():
                if self._closed.is_set():
                    return
                self._put(Frame(pixels, time.monotonic() if seconds is None else seconds))
            self._put(None)
        except Exception as error:  # whatever a driver or a decoder raises
            self._put(error)

    def _put(self, item: Frame | Exception | None) -> None:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=0 if self.live else 0.1)
                return
            except Full:
                if self.live:
                    self._drop_one()

    def _drop_one(self) -> None:
        with suppress(Empty):  # the caller took it meanwhile
            self._queue.get_nowait()


def _reason(error: Exception) -> str:
    if isinstance(error, CameraError):
        return str(error)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0]
