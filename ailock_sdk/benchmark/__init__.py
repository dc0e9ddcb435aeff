"""How long does an unlock take here? Every stage of the real path, timed (``ailock benchmark``)."""

from __future__ import annotations

from ailock_sdk.benchmark.device import Device, DeviceState, read_device, read_state
from ailock_sdk.benchmark.measuring import SCHEMA, result_of, run, tuning
from ailock_sdk.benchmark.printing import format_report, format_table, format_tuning
from ailock_sdk.benchmark.unlocking import IMAGEPRINT_STAGES, STAGES, Unlocking

__all__ = ["SCHEMA", "IMAGEPRINT_STAGES", "STAGES", "Unlocking", "run", "result_of", "tuning"]
__all__ += ["format_table", "format_report", "format_tuning"]
__all__ += ["Device", "DeviceState", "read_device", "read_state"]
