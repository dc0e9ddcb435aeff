"""The one error of the speed harness."""

from __future__ import annotations


class SpeedError(Exception):
    """A measurement cannot be made or read; the text says why and what to do."""
