"""Running ARM programs on this machine, in user mode, by QEMU.

The TFLite runtime reads the CPU's features from ``/proc/cpuinfo`` and crashes if they are those of
another architecture. So emulated programs run in a mount namespace of their own, where that file
shows the emulated CPU; nobody else sees it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.arm_bundle.architectures import Architecture, architecture
from benchmarks.speed.errors import SpeedError

EMULATOR_VARIABLE = "AILOCK_EMULATOR"
"""Environment variable of the launchers: a command to put in front of the folder's programs."""

_IN_NAMESPACE = f"""\
file=$(mktemp) && printf '%s\\n' "$1" > "$file" && mount --bind "$file" /proc/cpuinfo || exit 125
rm "$file"
export {EMULATOR_VARIABLE}="$2"
shift 2
exec "$@"
"""
"""Arguments: the text of /proc/cpuinfo, the emulator's command line, the command."""


def emulator_problem(arch: str = "aarch64") -> str | None:
    """Why programs of this architecture cannot be emulated here; ``None`` if they can.

    Raises :class:`SpeedError` for an unknown architecture.
    """
    wanted = architecture(arch)
    for program, package in ((wanted.emulator, "qemu-user-static"), ("unshare", "util-linux")):
        if shutil.which(program) is None:
            return f"no {program}: install the package {package}"
    offered = subprocess.run([wanted.emulator, "-cpu", "help"], capture_output=True, text=True)
    if wanted.cpu not in offered.stdout.split():
        return f"{wanted.emulator} has no CPU {wanted.cpu}: install QEMU 7.1 or later"
    tried = subprocess.run([*emulated_shell(arch), "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        return f"no mount namespace of its own: {tried.stderr.strip()}"
    return None


def emulator_command(arch: str = "aarch64") -> list[str]:
    """The emulator with its options; joined with blanks, the value of ``AILOCK_EMULATOR``.

    Raises :class:`SpeedError` if it is not installed.
    """
    wanted = architecture(arch)
    program = shutil.which(wanted.emulator)
    if program is None:
        raise SpeedError(f"no {wanted.emulator}: install the package qemu-user-static")
    return [program, "-cpu", wanted.cpu]


def emulated_shell(arch: str = "aarch64") -> list[str]:
    """Words to put in front of a command: it sees the emulated CPU, and launchers emulate.

    The command itself runs natively, in a mount namespace of its own.
    """
    emulator = shlex.join(emulator_command(arch))
    # Without root, a user namespace allows the mount.
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "-r"]
    return [*unshare, "sh", "-c", _IN_NAMESPACE, "sh", _cpuinfo(architecture(arch)), emulator]


def emulated_command(folder: Path, arguments: Sequence[str], arch: str = "aarch64") -> list[str]:
    """The command line that runs a launcher of an ARM folder under the emulator.

    Parameters
    ----------
    folder : an ARM folder
    arguments : the launcher, ``"python"`` or ``"ailock"``, and its arguments
    arch : the folder's architecture
    """
    launcher, *rest = arguments
    return [*emulated_shell(arch), "sh", str(folder / launcher), *rest]


def _cpuinfo(wanted: Architecture) -> str:
    """Text of ``/proc/cpuinfo`` with as many cores as this machine has."""
    lines = []
    for core in range(os.cpu_count() or 1):
        lines += [f"{name}\t: {value}" for name, value in (("processor", core), *wanted.cpuinfo)]
        lines.append("")
    return "\n".join(lines)
