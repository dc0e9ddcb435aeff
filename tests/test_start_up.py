"""What a new process that unlocks loads and leaves undone: no time is judged, what costs it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ailock_sdk import AiLock
from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle

PHOTO = Path(__file__).parent / "photos" / "mug-1.jpg"
COMPARE = ["compare", str(PHOTO), str(PHOTO)]
_AFTER_A_COMMAND = """
import gc, json, os, sys
from ailock_sdk.cli import main
def collections():
    return sum(each["collections"] for each in gc.get_stats())
before = collections()
end = {}
os._exit = lambda status: end.update(status=status)
sys.argv = ["ailock", *sys.argv[1:]]
main()
end["modules"] = sorted(sys.modules)
end["BLAS"] = os.environ.get("OPENBLAS_NUM_THREADS")
end["collections"] = collections() - before
print(json.dumps(end))
"""
NOT_NEEDED = {
    *("importlib.metadata", "tqdm", "platformdirs", "pillow_heif"),
    *("cryptography.hazmat.primitives.serialization", "bcrypt"),
    *("PIL.GifImagePlugin", "PIL.BmpImagePlugin", "PIL.PngImagePlugin", "PIL.PpmImagePlugin"),
}
"""Modules that cost a process that reads one JPEG with given files more than they help."""


@pytest.fixture(scope="module")
def end() -> dict[str, object]:
    """What a process is like after ``ailock compare`` was its command."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS", "OMP"))}
    command = [sys.executable, "-c", _AFTER_A_COMMAND, *COMPARE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_command_loads_what_it_needs(end: dict[str, object]) -> None:
    modules = end["modules"]
    assert isinstance(modules, list)
    assert {"numpy", "PIL.JpegImagePlugin"} <= set(modules)
    assert not NOT_NEEDED & set(modules)


def test_a_command_looks_for_no_garbage(end: dict[str, object]) -> None:
    assert end["collections"] == 0
    assert end["status"] == 0, "it ended itself, before Python would take everything apart"


def test_the_end_loses_nothing_that_was_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ailock_sdk", "--json", *COMPARE]
    with open(tmp_path / "out", "wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads((tmp_path / "out").read_text())["match"] is True
    command = [sys.executable, "-m", "ailock_sdk", "compare", "no such photo", "none"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith(b"ailock: ")


def test_programs_that_a_command_starts_choose_their_threads(end: dict[str, object]) -> None:
    assert end["BLAS"] is None


def test_the_model_is_read_and_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = find_bundle(DEFAULT_BUNDLE)
    opened: list[str] = []
    original = Path.open

    def open_counted(path: Path, *arguments: object, **named: object) -> object:
        opened.append(path.name)
        return original(path, *arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", open_counted)
    AiLock(bundle, pepper=None)
    assert opened.count(bundle.model) == 1
