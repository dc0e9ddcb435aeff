"""Where a figure comes from: machine, software, command, date."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.photos.labelled_photos import LabelledPhotos, name_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ailock-sdk", "numpy", "scipy", "pillow", "reedsolo", "cryptography", "matplotlib")


def machine() -> dict[str, str | int]:
    """CPU model, number of logical cores, operating system and architecture."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Python's version and those of the packages that decide the result."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def record(command: str) -> dict[str, Any]:
    """All of it for a JSON file: date, command, commit, machine and versions."""
    return {
        "date": now(),
        "command": command,
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
    }


def facts(
    recorded: Mapping[str, Any], depends_on: Mapping[str, str] | None = None
) -> dict[str, str]:
    """A :func:`record` in words, for the head of a report.

    ``depends_on`` is what else decides the figures, by name, such as photos, model and seed.
    """
    return {
        "Command": recorded["command"],
        "Machine": machine_line(recorded["machine"]),
        **(depends_on or {}),
        "Versions": versions_line(recorded["versions"]),
        "Commit": recorded["commit"] or "unknown",
        "Date": recorded["date"],
    }


def machine_line(found: Mapping[str, Any]) -> str:
    """A :func:`machine` in words."""
    return f"{found['cpu']}, {found['cores']} cores, {found['system']}"


def versions_line(found: Mapping[str, str]) -> str:
    """The :func:`versions` in words."""
    return ", ".join(f"{name} {number}" for name, number in found.items())


def bundle_record(lock: AiLock) -> dict[str, str]:
    """Which bundle it was, for a JSON file, and the fingerprint of the profile."""
    return {
        "name": lock.bundle.name,
        "version": lock.bundle.version,
        "fingerprint": lock.fingerprint.hex(),
    }


def bundle_line(lock: AiLock) -> str:
    """Which bundle it was, in words."""
    return f"{lock.bundle.name} {lock.bundle.version}, fingerprint {lock.fingerprint.hex()}"


def photos_line(photos: LabelledPhotos) -> str:
    """The photo sets, each with the beginning of its hash."""
    return ", ".join(
        f"{name_of(one)} (SHA-256 {sha256[:16]})"
        for one, sha256 in zip(photos.sets, photos.sha256, strict=True)
    )


def command_line(module: str, arguments: Sequence[str]) -> str:
    """The command, each path cut to its name: a report is no place for somebody's folders.

    A word with a slash in it that leads nowhere, such as the name of a layer, stays whole.
    """
    shown = []
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if option.startswith("--") and equals:
            shown.append(f"{option}={_without_folders(value)}")
        else:
            shown.append(_without_folders(argument))
    return shlex.join(["python", "-m", module, *shown])


def _without_folders(argument: str) -> str:
    path = Path(argument)
    leads_somewhere = path.is_absolute() or Path(path.parts[0] if path.parts else "").exists()
    return path.name if os.sep in argument and leads_somewhere else argument


def commit() -> str | None:
    """The checkout's commit, with ``-dirty`` if files differ from it; ``None`` without git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() or None


def now() -> str:
    """Date and time, UTC, ISO 8601."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    named = {name.strip(): value.strip() for name, value in fields.items()}
    return named.get("model name") or named.get("Model") or platform.machine()
