"""Facts about the device, read from small copies of real machines' files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ailock_sdk.benchmark import read_device, read_state

CPU = "sys/devices/system/cpu/cpu{}/cpufreq/"


def tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files under ``root``; those in a folder ``bin`` can be run."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o755 if path.parent.name == "bin" else 0o644)
    return root


def clocks(core: int, now: int, limit: int, own: int, governor: str) -> dict[str, str]:
    """The cpufreq files of one core, in kHz."""
    folder = CPU.format(core)
    return {
        folder + "scaling_cur_freq": f"{now}\n",
        folder + "scaling_max_freq": f"{limit}\n",
        folder + "cpuinfo_max_freq": f"{own}\n",
        folder + "scaling_governor": f"{governor}\n",
    }


def arm_processor(number: int, part: str, implementer: str = "0x41") -> str:
    return (
        f"processor\t: {number}\nBogoMIPS\t: 108.00\n"
        "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp asimddp\n"
        f"CPU implementer\t: {implementer}\nCPU architecture: 8\nCPU variant\t: 0x4\n"
        f"CPU part\t: {part}\nCPU revision\t: 1\n\n"
    )


def zone(number: int, kind: str, temperature: str) -> dict[str, str]:
    folder = f"sys/class/thermal/thermal_zone{number}/"
    return {folder + "type": f"{kind}\n", folder + "temp": f"{temperature}\n"}


def raspberry_pi(root: Path, throttled: str = "throttled=0x0", limit: int = 2_400_000) -> Path:
    """A Raspberry Pi 5 with Raspberry Pi OS."""
    files: dict[str, str | bytes] = {
        "proc/cpuinfo": "".join(arm_processor(n, "0xd0b") for n in range(4))
        + "Revision\t: d04170\nSerial\t\t: 0\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n",
        "proc/meminfo": "MemTotal:        8256128 kB\nMemFree:         5391344 kB\n",
        "proc/device-tree/model": b"Raspberry Pi 5 Model B Rev 1.0\0",
        "proc/sys/kernel/osrelease": "6.6.31+rpt-rpi-2712\n",
        "etc/os-release": 'NAME="Debian GNU/Linux"\n'
        'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
        "usr/bin/vcgencmd": f'#!/bin/sh\n[ "$1" = get_throttled ] && echo {throttled}\n',
        "sys/devices/system/cpu/cpuidle/current_driver": "none\n",
        **zone(0, "cpu-thermal", "52350"),
    }
    for core in range(4):
        files |= clocks(core, 1_500_000, limit, 2_400_000, "ondemand")
    return tree(root, files)


def phone(root: Path) -> Path:
    """An Android phone with eight cores of three kinds, the greatest held back by heat."""
    parts = ["0xd05"] * 4 + ["0xd41"] * 2 + ["0xd44"] * 2
    own = [1_803_000] * 4 + [2_253_000] * 2 + [2_802_000] * 2
    limit = [1_803_000] * 4 + [2_253_000] * 2 + [1_826_000] * 2
    files: dict[str, str | bytes] = {
        "proc/cpuinfo": "".join(arm_processor(n, part) for n, part in enumerate(parts)),
        "proc/meminfo": "MemTotal:        7786020 kB\n",
        "proc/device-tree/model": b"Google Slider board based on GS101\0",
        "proc/sys/kernel/osrelease": "5.10.149-android13-4\n",
        "system/bin/getprop": "#!/bin/sh\ncase $1 in\nro.product.model) echo 'Pixel 6';;\n"
        "ro.product.manufacturer) echo Google;;\nro.build.version.release) echo 14;;\nesac\n",
        **zone(0, "BIG", "71000"),
        **zone(1, "LITTLE", "64000"),
        **zone(2, "battery", "31"),
        **zone(3, "modem", "-274000"),
        **zone(4, "LITTLE", "65500"),
        **zone(10, "quiet", "40 degrees"),
    }
    for core in range(8):
        files |= clocks(core, 738_000, limit[core], own[core], "sched_pixel")
    return tree(root, files)


def desktop(root: Path) -> Path:
    """A virtual x86-64 machine, whose host tells nothing of clocks and sensors."""
    processor = (
        "processor\t: {}\nvendor_id\t: GenuineIntel\nmodel\t\t: 106\n"
        "model name\t: Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz\ncpu MHz\t\t: 1995.312\n"
        "flags\t\t: fpu sse4_2 avx2 avx512f avx512_vnni\n\n"
    )
    return tree(
        root,
        {
            "proc/cpuinfo": "".join(processor.format(n) for n in range(12)),
            "proc/meminfo": "MemTotal:       24683100 kB\n",
            "proc/sys/kernel/osrelease": "6.1.0-28-amd64\n",
            "etc/os-release": "PRETTY_NAME='Debian GNU/Linux 12 (bookworm)'\n",
            **{f"sys/devices/system/cpu/cpu{n}/topology/core_id": f"{n}\n" for n in range(12)},
        },
    )


def test_raspberry_pi(tmp_path: Path) -> None:
    device = read_device(raspberry_pi(tmp_path))
    assert device.processor == "4x Cortex-A76"
    assert device.model == "Raspberry Pi 5 Model B Rev 1.0"
    assert (device.cores, device.max_mhz) == (4, [2400.0] * 4)
    assert {"asimd", "asimddp"} <= set(device.cpu_features)
    assert device.governor == "ondemand"
    assert device.os == "Debian GNU/Linux 12 (bookworm), Linux 6.6.31+rpt-rpi-2712"
    assert device.memory_mib == 8062.6
    state = read_state(tmp_path)
    assert state.temperature_c == {"cpu-thermal": 52.35}
    assert state.mhz == [1500.0] * 4
    assert state.throttled is False


@pytest.mark.parametrize(
    ("answer", "limit", "expected"),
    [
        ("throttled=0x0", 2_400_000, False),
        ("throttled=0x50000", 2_400_000, False),  # was, some time since it started; is not now
        ("throttled=0x1", 2_400_000, False),  # too little voltage, but no clock lowered for it
        ("throttled=0x50005", 2_400_000, True),
        ("throttled=0x2", 2_400_000, True),
        ("throttled=0x8", 2_400_000, True),
        ("throttled=0x0", 1_500_000, True),  # a cap that the firmware knows nothing of
        ("error=1", 1_500_000, True),
        ("error=1", 2_400_000, False),
    ],
)
def test_raspberry_pi_held_back(tmp_path: Path, answer: str, limit: int, expected: bool) -> None:
    assert read_state(raspberry_pi(tmp_path, answer, limit)).throttled is expected


def test_android_phone(tmp_path: Path) -> None:
    device = read_device(phone(tmp_path))
    assert device.processor == "4x Cortex-A55, 2x Cortex-A78, 2x Cortex-X1"
    assert device.model == "Google Pixel 6"
    assert device.cores == 8
    assert device.max_mhz == [1803.0] * 4 + [2253.0] * 2 + [2802.0] * 2
    assert device.os == "Android 14, Linux 5.10.149-android13-4"
    state = read_state(tmp_path)
    # A driver that gives whole degrees, two zones of one name, a sensor switched off, one broken.
    assert state.temperature_c == {
        "BIG": 71.0,
        "LITTLE": 64.0,
        "battery": 31.0,
        "LITTLE (thermal_zone4)": 65.5,
    }
    assert state.throttled is True


def test_x86_machine(tmp_path: Path) -> None:
    device = read_device(desktop(tmp_path))
    assert device.processor == "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"
    assert device.model is None
    assert (device.cores, device.max_mhz, device.governor) == (12, [None] * 12, None)
    assert device.cpu_features == ["fpu", "sse4_2", "avx2", "avx512f", "avx512_vnni"]
    assert device.os == "Debian GNU/Linux 12 (bookworm), Linux 6.1.0-28-amd64"
    state = read_state(tmp_path)
    assert (state.temperature_c, state.mhz, state.throttled) == ({}, [None] * 12, None)


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        # An older kernel, which states once what all four cores share.
        (
            "Processor\t: ARMv7 Processor rev 5 (v7l)\nprocessor\t: 0\nBogoMIPS\t: 38.40\n\n"
            "processor\t: 1\nBogoMIPS\t: 38.40\n\nFeatures\t: half thumb neon vfpv4\n"
            "CPU implementer\t: 0x41\nCPU part\t: 0xc07\n",
            "2x Cortex-A7",
        ),
        (arm_processor(0, "0x804", "0x51"), "1x Kryo 4xx Gold"),
        (arm_processor(0, "0xfff"), "1x ARM 0xfff"),
        (arm_processor(0, "0x123", "0x99"), "1x 0x99 0x123"),
        (arm_processor(0, "none", ""), "1x none"),
    ],
)
def test_arm_cores(tmp_path: Path, cpuinfo: str, expected: str) -> None:
    device = read_device(tree(tmp_path, {"proc/cpuinfo": cpuinfo}))
    assert device.processor == expected
    assert device.cpu_features


def test_nothing_readable(tmp_path: Path) -> None:
    """An empty tree, a folder in place of every file, and rubbish in every file."""
    places = [
        *("proc/cpuinfo", "proc/meminfo", "proc/device-tree/model", "proc/sys/kernel/osrelease"),
        *("etc/os-release", "usr/bin/vcgencmd", "system/bin/getprop"),
        *(CPU.format(0) + name for name in clocks(0, 0, 0, 0, "")),
        *("sys/class/thermal/thermal_zone0/temp", "sys/class/thermal/thermal_zone0/type"),
    ]
    folders = tmp_path / "folders"
    for name in places:
        (folders / name).mkdir(parents=True)
    rubbish = tree(tmp_path / "rubbish", dict.fromkeys(places, b"\xff\xfe: \0\n"))
    for root in (tmp_path / "nothing", folders, rubbish):
        device, state = read_device(root), read_state(root)
        assert device.machine
        assert device.processor
        assert device.os
        assert device.cores == len(device.max_mhz) == len(state.mhz) >= 1
        assert not any(device.max_mhz)
        assert (device.cpu_features, device.memory_mib) == ([], None)
        assert (state.temperature_c, state.throttled) == ({}, None)


def test_this_machine() -> None:
    device, state = read_device(), read_state()
    assert device.cores == len(device.max_mhz) == len(state.mhz) >= 1
    assert device.processor
    assert device.memory_mib is None or device.memory_mib > 64
