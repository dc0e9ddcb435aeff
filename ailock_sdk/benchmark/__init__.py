"""How long does an unlock take here? Every stage of the real path, timed (``ailock benchmark``)."""

from __future__ import annotations

from ailock_sdk.benchmark.device import Device, DeviceState, read_device, read_state
from ailock_sdk.benchmark.measuring import SCHEMA, result_of, run
from ailock_sdk.benchmark.printing import format_report, format_table
from ailock_sdk.benchmark.tuning import format_tuning, tuning
from ailock_sdk.benchmark.unlocking import IMAGEPRINT_STAGES, STAGES, Unlocking

__all__ = [
    # measuring
    "SCHEMA",
    "IMAGEPRINT_STAGES",
    "STAGES",
    "Unlocking",
    "run",
    "result_of",
    # printing
    "format_table",
    "format_report",
    # tuning
    "tuning",
    "format_tuning",
    # device
    "Device",
    "DeviceState",
    "read_device",
    "read_state",
]
