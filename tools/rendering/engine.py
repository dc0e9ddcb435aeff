"""Mitsuba 3 with its variant set once: plain C++ on the CPU, no just-in-time compiler."""

from __future__ import annotations

import mitsuba

mitsuba.set_variant("scalar_rgb")
mitsuba.set_log_level(mitsuba.LogLevel.Error)

mi = mitsuba

__all__ = ["mi"]
