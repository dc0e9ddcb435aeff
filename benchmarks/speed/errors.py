"""The one error of the speed harness."""

from __future__ import annotations

from lab.errors import LabError


class SpeedError(LabError):
    """A measurement cannot be made or read; the text says why and what to do."""
