"""The ARM architectures that folders are built for, and the CPU that emulation takes for each."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.speed.errors import SpeedError


@dataclass(frozen=True)
class Architecture:
    """One architecture under the names that others give it.

    Attributes
    ----------
    name : as ``uname -m`` says it
    debian : as Debian names it
    library_folder : of Debian's shared libraries, below ``lib`` and ``usr/lib``
    loader : file name of glibc's dynamic loader
    wheel_platforms : platform tags of wheels that run with Debian's glibc
    emulator, cpu : the program of ``qemu-user-static``, and the CPU it is asked for
    cpuinfo : lines of ``/proc/cpuinfo`` for a core of that CPU
    """

    name: str
    debian: str
    library_folder: str
    loader: str
    wheel_platforms: tuple[str, ...]
    emulator: str
    cpu: str
    cpuinfo: tuple[tuple[str, str], ...]


_AARCH64 = Architecture(
    name="aarch64",
    debian="arm64",
    library_folder="aarch64-linux-gnu",
    loader="ld-linux-aarch64.so.1",
    wheel_platforms=(
        "manylinux_2_28_aarch64",
        "manylinux_2_27_aarch64",
        "manylinux2014_aarch64",
    ),
    emulator="qemu-aarch64-static",
    cpu="cortex-a76",
    cpuinfo=(
        ("BogoMIPS", "125.00"),
        # What QEMU's cortex-a76 has: code for a feature that is not there would crash.
        (
            "Features",
            "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm "
            "lrcpc dcpop asimddp ssbs",
        ),
        ("CPU implementer", "0x41"),
        ("CPU architecture", "8"),
        ("CPU variant", "0x4"),
        ("CPU part", "0xd0b"),
        ("CPU revision", "1"),
    ),
)

ARCHITECTURES = {_AARCH64.name: _AARCH64}


def architecture(name: str) -> Architecture:
    """The architecture of this name, or a :class:`SpeedError` that names the known ones."""
    try:
        return ARCHITECTURES[name]
    except KeyError:
        known = ", ".join(sorted(ARCHITECTURES))
        raise SpeedError(f"no ARM folder for {name!r}; there are: {known}") from None
