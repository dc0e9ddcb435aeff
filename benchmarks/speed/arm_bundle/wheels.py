"""The package's run-time dependencies, as wheels for another architecture."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from benchmarks.speed.arm_bundle.architectures import Architecture
from benchmarks.speed.arm_bundle.downloads import Download, load_list, save_list
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.programs import output_of, run_program

DISTRIBUTION = "ailock-sdk"
_LIST = "wheels.json"
_TIMEOUT_SECONDS = 900


def requirements() -> list[str]:
    """What pyproject.toml asks for at run time, without the extras.

    Raises
    ------
    SpeedError
        The checkout is not installed in this environment.
    """
    try:
        declared = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        raise SpeedError(f"{DISTRIBUTION} is not installed here: pip install -e .") from None
    return sorted(r for r in declared if "extra ==" not in r)


def fetch_wheels(architecture: Architecture, python: str, cache: Path) -> list[Download]:
    """Wheels of the requirements and all they need; reused when fetched before.

    Parameters
    ----------
    architecture : to run on
    python : version to run on, as ``"3.11"``
    cache : folder that keeps the downloads

    Raises
    ------
    SpeedError
        pip cannot fetch them.
    """
    wanted = requirements()
    key = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12]
    folder = cache / f"wheels-{architecture.name}-{python}-{key}"
    wheels = load_list(folder / _LIST)
    if wheels is None:
        wheels = save_list(folder / _LIST, _fetch(architecture, python, wanted, folder))
    return wheels


def unpack(wheels: list[Download], folder: Path) -> None:
    """Install the wheels' files into ``folder``, a folder of packages."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel.path) as archive:
            if any(".data/" in name for name in archive.namelist()):
                raise SpeedError(f"{wheel.path.name} has files outside its packages")
            archive.extractall(folder)


def _fetch(
    architecture: Architecture, python: str, wanted: list[str], folder: Path
) -> list[Download]:
    # A download that broke off is begun again: pip would take its leftovers for wheels.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    platforms = [f"--platform={tag}" for tag in architecture.wheel_platforms]
    purpose = f"fetching the wheels for {architecture.name}"
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--only-binary=:all:", *platforms, f"--python-version={python}"),
        *("--dest", str(folder), *wanted),
    ]
    output_of(run_program(command, purpose, _TIMEOUT_SECONDS), purpose)
    return [Download.of(path, *path.name.split("-")[:2]) for path in folder.glob("*.whl")]
