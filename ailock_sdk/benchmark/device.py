"""Facts about the machine and its present state, for whoever reads a measurement.

Everything comes from the kernel's files and two vendors' commands. What cannot be read, as much of
it on a phone, is ``None`` or left out; nothing here raises.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
CELSIUS_PLAUSIBLE = (-40.0, 150.0)
"""Sensors that are switched off report values outside."""
COMMAND_TIMEOUT_SECONDS = 5.0
PI_HELD_BACK = 0b1110
"""Bits of the Raspberry Pi's ``get_throttled``: clock capped, throttled, soft temperature limit."""

GETPROP = "system/bin/getprop"
"""Android's command for its properties."""
_ARM_CORES = Path(__file__).with_name("arm_cores.json")
"""Names of ARM cores by implementer and part, as in the core's main ID register."""


@dataclass(frozen=True)
class Device:
    """What the machine is.

    Attributes
    ----------
    machine : str
        Instruction set, such as ``aarch64``.
    processor : str
        Its name; of ARM processors the cores, such as ``4x Cortex-A55, 2x Cortex-A76``.
    model : str or None
        The device's name, such as ``Raspberry Pi 5 Model B Rev 1.0``; ``None`` on most PCs.
    cores : int
    cpu_features : list of str
        The kernel's names of the instruction set's extensions.
    max_mhz : list of float or None
        Greatest clock of each core in MHz, ``None`` where unknown.
    governor : str or None
        Who chooses the clocks, such as ``schedutil``; several with commas between.
    os : str
        Distribution or Android version, and kernel.
    memory_mib : float or None
    """

    machine: str
    processor: str
    model: str | None
    cores: int
    cpu_features: list[str]
    max_mhz: list[float | None]
    governor: str | None
    os: str
    memory_mib: float | None


@dataclass(frozen=True)
class DeviceState:
    """How the machine is at this moment.

    Attributes
    ----------
    temperature_c : dict of str to float
        Degrees Celsius by the name of the thermal zone.
    mhz : list of float or None
        Present clock of each core in MHz, ``None`` where unknown.
    throttled : bool or None
        Whether the clocks are held below the processor's own maximum, by heat, by power or by a
        setting; ``None`` where nothing tells.
    """

    temperature_c: dict[str, float]
    mhz: list[float | None]
    throttled: bool | None


def read_device(root: Path = ROOT) -> Device:
    """What this machine is; ``root`` is the folder that holds ``proc``, ``sys`` and ``etc``."""
    processors = _processors(root)
    cores = _cores(root)
    governors = sorted({text for core in cores if (text := _text(core / "scaling_governor"))})
    return Device(
        machine=platform.machine() or "unknown",
        processor=_processor_name(processors),
        model=_device_model(root),
        cores=len(cores),
        cpu_features=_first(processors, "flags", "features").split(),
        max_mhz=_mhz(cores, "cpuinfo_max_freq"),
        governor=", ".join(governors) or None,
        os=_operating_system(root),
        memory_mib=_memory_mib(root),
    )


def read_state(root: Path = ROOT) -> DeviceState:
    """How this machine is now; ``root`` as for :func:`read_device`."""
    cores = _cores(root)
    signs = [sign for sign in (_pi_held_back(root), _capped(cores)) if sign is not None]
    return DeviceState(
        temperature_c=_temperatures(root),
        mhz=_mhz(cores, "scaling_cur_freq"),
        throttled=any(signs) if signs else None,
    )


def _processors(root: Path) -> list[dict[str, str]]:
    """The fields of ``/proc/cpuinfo`` for each processor, names in lower case.

    Some kernels state what all processors share once, at the end: it then stands with the last.
    """
    found: list[dict[str, str]] = []
    for line in (_text(root / "proc/cpuinfo") or "").splitlines():
        name, separator, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        # Older ARM kernels begin with a line "Processor : ARMv7 ..." that is no number.
        if name == "processor" and value.isdigit():
            found.append({})
        if separator and found:
            found[-1].setdefault(name, value)
    return found


def _processor_name(processors: list[dict[str, str]]) -> str:
    parts = [_arm_core(p) for p in processors if "cpu part" in p]
    if len(parts) == 1:
        parts *= len(processors)
    if parts:
        return ", ".join(f"{count}x {name}" for name, count in Counter(parts).items())
    known = _first(processors, "model name")
    return known or platform.processor() or platform.machine() or "unknown"


def _first(processors: list[dict[str, str]], *names: str) -> str:
    """The first field of these names that says something."""
    values = (processor.get(name) for processor in processors for name in names)
    return next(filter(None, values), "")


def _arm_core(processor: dict[str, str]) -> str:
    part, implementer = processor["cpu part"], processor.get("cpu implementer", "")
    known = json.loads(_ARM_CORES.read_text(encoding="utf-8"))
    maker = known.get(implementer.lower(), {"name": implementer, "cores": {}})
    return str(maker["cores"].get(part.lower(), f"{maker['name']} {part}".strip()))


def _device_model(root: Path) -> str | None:
    # First, as the device tree of a phone names the board inside it.
    getprop = root / GETPROP
    if model := _output(getprop, "ro.product.model"):
        maker = _output(getprop, "ro.product.manufacturer") or ""
        return model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    return _text(root / "proc/device-tree/model")


def _operating_system(root: Path) -> str:
    name = platform.system() or "unknown"
    if release := _output(root / GETPROP, "ro.build.version.release"):
        name = f"Android {release}"
    elif found := find_in_file(root / "etc/os-release", "^PRETTY_NAME=(.+)$"):
        name = found.strip("\"'")
    kernel = _text(root / "proc/sys/kernel/osrelease")
    return f"{name}, Linux {kernel}" if kernel else name


def _memory_mib(root: Path) -> float | None:
    found = find_in_file(root / "proc/meminfo", r"^MemTotal:\s*(\d+) kB")
    return round(int(found) / 1024, 1) if found else None


def _cores(root: Path) -> list[Path]:
    """The ``cpufreq`` folder of each core, in the order of their numbers; it need not be there."""
    folder = root / "sys/devices/system/cpu"
    numbers = _numbered(folder, "cpu") or range(os.cpu_count() or 1)
    return [folder / f"cpu{number}/cpufreq" for number in numbers]


def _mhz(cores: list[Path], name: str) -> list[float | None]:
    khz = [_number(core / name) for core in cores]
    return [None if each is None else each / 1000 for each in khz]


def _temperatures(root: Path) -> dict[str, float]:
    folder = root / "sys/class/thermal"
    found: dict[str, float] = {}
    for number in _numbered(folder, "thermal_zone"):
        zone = folder / f"thermal_zone{number}"
        value = _number(zone / "temp")
        if value is None:
            continue
        # The unit is a thousandth of a degree, but some phones' drivers give whole degrees.
        celsius = float(value) if abs(value) < CELSIUS_PLAUSIBLE[1] else value / 1000
        if CELSIUS_PLAUSIBLE[0] <= celsius <= CELSIUS_PLAUSIBLE[1]:
            name = _text(zone / "type") or zone.name
            found[name if name not in found else f"{name} ({zone.name})"] = celsius
    return found


def _capped(cores: list[Path]) -> bool | None:
    """Whether some core may not reach its own maximum; ``None`` if no core tells."""
    limits = zip(_mhz(cores, "scaling_max_freq"), _mhz(cores, "cpuinfo_max_freq"), strict=True)
    known = [now < own for now, own in limits if now is not None and own is not None]
    return any(known) if known else None


def _pi_held_back(root: Path) -> bool | None:
    """What a Raspberry Pi's firmware says, which lowers clocks without telling the kernel."""
    output = _output(root / "usr/bin/vcgencmd", "get_throttled")
    found = re.fullmatch("throttled=0x([0-9a-fA-F]+)", output or "")
    return bool(int(found[1], 16) & PI_HELD_BACK) if found else None


def _output(program: Path, argument: str) -> str | None:
    """What a program prints, without white space around it; ``None`` for nothing or a failure."""
    try:
        done = subprocess.run(
            [program, argument],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip() or None


def _text(path: Path) -> str | None:
    """A file's text without the white space and NUL around it; ``None`` if empty or unreadable."""
    try:
        return path.read_bytes().decode(errors="replace").strip("\0 \t\r\n") or None
    except OSError:
        return None


def find_in_file(path: Path, pattern: str) -> str | None:
    """What a pattern's group finds in some line of a file, if it can be read."""
    found = re.search(pattern, _text(path) or "", re.MULTILINE)
    return found and found[1]


def _number(path: Path) -> int | None:
    try:
        return int(_text(path) or "")
    except ValueError:
        return None


def _numbered(folder: Path, prefix: str) -> list[int]:
    """The numbers of the entries ``PREFIX<number>``, sorted; empty if the folder is unreadable."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(int(n[len(prefix) :]) for n in names if re.fullmatch(f"{prefix}[0-9]+", n))
