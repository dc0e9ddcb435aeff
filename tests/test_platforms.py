"""Other systems, imitated: what they lack is taken away in a new process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PHOTO = Path(__file__).parent / "photos" / "mug-1.jpg"

WINDOWS = """
import os, sys, time
sys.platform = "win32"
for name in ("resource", "fcntl", "termios", "pwd", "grp", "syslog"):
    sys.modules[name] = None
for name in ("fork", "geteuid", "getuid", "O_NONBLOCK", "O_DIRECTORY", "O_CLOEXEC", "posix_spawn",
             "sched_getaffinity", "register_at_fork", "chown", "wait4"):
    delattr(os, name)
"""
MACOS = """
import builtins, fcntl, io, os, sys, time
import numpy, PIL.Image, PIL.JpegImagePlugin  # that this system's packages were made for
sys.platform = "darwin"
for name in ("sched_getaffinity", "posix_fadvise", "O_TMPFILE", "O_PATH", "memfd_create"):
    if hasattr(os, name):
        delattr(os, name)
del time.CLOCK_BOOTTIME
fcntl.F_FULLFSYNC = 51
flushed, control = [], fcntl.fcntl
def fcntl_of_macos(file, command, *rest):
    if command != fcntl.F_FULLFSYNC:
        return control(file, command, *rest)
    flushed.append(file)
    return 0
fcntl.fcntl = fcntl_of_macos
"""
_NO_PROC = """
real_open = os.open
def refuse_proc(path, error):
    if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith({folders}):
        raise error(2, "not there", path)
def open_elsewhere(path, *rest, **more):
    refuse_proc(path, {error})
    return real_open(path, *rest, **more)
os.open = open_elsewhere
real_io_open = io.open
def io_open(path, *rest, **more):
    refuse_proc(path, {error})
    return real_io_open(path, *rest, **more)
io.open = builtins.open = io_open
"""
MACOS += _NO_PROC.format(folders='("/proc", "/sys")', error="FileNotFoundError")
ANDROID = """
import builtins, io, os, sys
import numpy, PIL.Image, PIL.JpegImagePlugin
real_access = os.access
def access(path, mode, *, effective_ids=False, **rest):
    if effective_ids:
        raise NotImplementedError("effective_ids unavailable on this platform")
    return real_access(path, mode, **rest)
os.access = access
def link(*_, **__):
    raise PermissionError(13, "Permission denied")
os.link = link
""" + _NO_PROC.format(
    folders='("/proc/sys/kernel/random", "/sys/devices")', error="PermissionError"
)

USE = """
import ailock_sdk
from ailock_sdk import AiLock, UnlockError, Vault
photo, vault = sys.argv[1:3]
lock = AiLock(pepper=vault + ".pepper", check_quality=False)
with Vault.open(vault, pepper=vault + ".pepper", lock=lock) as opened:
    opened.enroll("mug", [photo])
    first = opened.unlock("mug", photo)
with Vault.open(vault, pepper=vault + ".pepper", lock=lock) as opened:
    assert opened.unlock("mug", photo) == first
"""


def run(code: str, *arguments: object, status: int = 0) -> str:
    """What a new process prints on standard output, or on standard error if it fails."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


@pytest.mark.parametrize("name", ["AiLock", "Vault", "AilockError"])
def test_windows_is_named_when_a_name_is_imported(name: str) -> None:
    error = run(f"{WINDOWS}\nimport ailock_sdk\nfrom ailock_sdk import {name}", status=1)
    last = error.splitlines()[-1]
    assert last == (
        "ImportError: ailock-sdk runs on Linux, Android and macOS; on Windows use it inside WSL"
    )


def test_windows_is_named_by_the_command_in_one_line() -> None:
    code = f"{WINDOWS}\nfrom ailock_sdk.cli import main\nsys.exit(main(sys.argv[1:]))"
    error = run(code, "list", status=6)
    assert error == (
        "ailock: ailock-sdk runs on Linux, Android and macOS; on Windows use it inside WSL\n"
    )
    assert run(code, "--version").startswith("ailock ")


@pytest.mark.parametrize("system", [MACOS, ANDROID], ids=["macos", "android"])
def test_a_lock_lives_on_other_systems(system: str, tmp_path: Path) -> None:
    run(f"{system}\n{USE}", PHOTO, tmp_path / "own" / "vault.db")


def test_macos_is_told_to_write_through_its_drives_cache(tmp_path: Path) -> None:
    code = f"""{MACOS}
from pathlib import Path
from ailock_sdk.store.private_files import sync, sync_folder
with open(sys.argv[1], "w") as file:
    sync(file.fileno())
sync_folder(Path(sys.argv[1]).parent)
print(len(flushed))
def unknown(*_):
    raise OSError(45, "Operation not supported")
fcntl.fcntl = unknown
sync_folder(Path(sys.argv[1]).parent)
"""
    assert run(code, tmp_path / "file") == "2\n"


def test_doctor_and_benchmark_facts_need_no_proc(tmp_path: Path) -> None:
    code = f"""{MACOS}
from pathlib import Path
from ailock_sdk.benchmark import read_device, read_state
from ailock_sdk.benchmark.processes import peak_memory_mib
from ailock_sdk.doctor import examine
read_device(), read_state(), peak_memory_mib()
print([f for f in examine(Path(sys.argv[1]), Path(sys.argv[1])) if not f.ok])
"""
    assert run(code, tmp_path / "none").strip().endswith("[]")


def test_the_imitation_takes_away_what_it_says() -> None:
    assert run(f"{MACOS}\nprint(hasattr(time, 'CLOCK_BOOTTIME'), os.path.exists('/proc'))") == (
        "False True\n"
    )
    with pytest.raises(AssertionError, match="not there"):
        run(f"{MACOS}\nopen('/proc/self/status')")
    with pytest.raises(AssertionError, match="effective_ids"):
        run(f"{ANDROID}\nos.access('/', os.R_OK, effective_ids=True)")
    assert os.path.exists("/proc")
