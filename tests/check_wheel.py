"""The wheel in a clean environment of every supported Python that is here: ``make wheels``.

    python -m tests.check_wheel dist/ailock_sdk-VERSION-py3-none-any.whl

Each gets the wheel and what it requires, nothing else, and runs the demo and
``smoke_installed.py`` from a folder outside the checkout. Says which Pythons were not here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
MINOR_VERSIONS = range(10, 15)
AT_ONCE = 2
STEP_SECONDS = 600
"""More than an installation over a slow network takes."""


class StepError(Exception):
    """A step failed; the text is the end of what it printed."""


def main(wheel: Path) -> int:
    found = {minor: find_python(minor) for minor in MINOR_VERSIONS}
    absent = [f"3.{minor}" for minor, python in found.items() if python is None]
    if absent:
        print(f"not on this machine, and so not tried: Python {', '.join(absent)}")
    present = {f"3.{minor}": python for minor, python in found.items() if python is not None}
    if not present:
        print("none of the supported Pythons starts here")
        return 1
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = pool.map(lambda python: check(python, wheel), present.values())
        failed = 0
        for name, (problem, seconds) in zip(present, outcomes, strict=True):
            outcome = problem or "installed, demo and smoke test pass"
            print(f"Python {name}: {outcome}, {seconds:.0f} s")
            failed += problem is not None
    return int(failed > 0)


def find_python(minor: int) -> str | None:
    """An interpreter of Python 3.``minor`` that really starts.

    A pyenv shim starts only the versions that are selected, so the versions behind it are tried as
    well.
    """
    name = f"python3.{minor}"
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    pyenvs = [folder.parent for folder in folders if folder.name == "shims"]
    pyenvs += [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))]
    behind = [
        str(p) for root in pyenvs for p in sorted(root.glob(f"versions/3.{minor}*/bin/{name}"))
    ]
    for candidate in (shutil.which(name), *behind):
        if candidate is None:
            continue
        command = [candidate, "-c", "import ssl, venv"]
        if subprocess.run(command, capture_output=True, timeout=60).returncode == 0:
            return candidate
    return None


def check(python: str, wheel: Path) -> tuple[str | None, float]:
    """What went wrong with the wheel under one Python, if anything; and the seconds it took."""
    start = perf_counter()
    with tempfile.TemporaryDirectory(prefix="ailock-wheel-") as folder:
        place = Path(folder)
        own = str(place / "environment" / "bin" / "python")
        steps = (
            [python, "-m", "venv", "environment"],
            [own, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", str(wheel)],
            [own, "-I", str(ROOT / "tests" / "smoke_installed.py"), str(ROOT / "tests" / "photos")],
            [own, "-I", str(ROOT / "tools" / "demo.py")],
        )
        try:
            for step in steps:
                run(step, place)
        except StepError as error:
            return str(error), perf_counter() - start
    return None, perf_counter() - start


def run(command: list[str], place: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise StepError(f"{' '.join(command)} took more than {STEP_SECONDS} s") from None
    if done.returncode != 0:
        raise StepError(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout[-3000:]}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
