"""The best few frames of a moment: the sharpest that are not all the same."""

from __future__ import annotations

from ailock_sdk.camera.glance import Glance

_MIN_CHANGE = 0.002
"""Frames of a hand-held camera differ more than this after a tenth of a second; copies do not."""


class Burst:
    """Keeps the sharpest, mutually different frames of those it is shown.

    Parameters
    ----------
    count : int
        Most frames to keep, at least 1.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError("a burst has at least one frame")
        self._count = count
        self._kept: list[Glance] = []

    def add(self, glance: Glance) -> None:
        """Keep this frame if it is among the best so far.

        Of frames that hardly differ the sharpest stays, so that one moment is not kept thrice.
        """
        twins = [kept for kept in self._kept if glance.change(kept) < _MIN_CHANGE]
        if any(twin.sharpness >= glance.sharpness for twin in twins):
            return
        self._kept = [kept for kept in self._kept if kept not in twins]
        self._kept.append(glance)
        self._kept.sort(key=lambda kept: kept.sharpness, reverse=True)
        del self._kept[self._count :]

    @property
    def glances(self) -> list[Glance]:
        """Those kept, the sharpest first."""
        return list(self._kept)
