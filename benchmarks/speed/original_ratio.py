"""How much faster the SDK makes a photo into bits than the original recipe, side by side.

Two ways: warm, in a process that lives on (``AiLock.imageprint`` against a request to
``benchmarks.speed.original_recipe serve``), and as a command (a new process that loads everything,
takes one photo and prints its bits). The bar compares the two as their authors have them used: a
program started for a photo, the original with a run of its network for each segment and layer.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from benchmarks.speed.bar import Bar
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.interleave import interleaved, medians, timed
from benchmarks.speed.processes import Ran, medians_of, run_measured
from benchmarks.speed.programs import last_line

RATIO_LIMIT = 15.0
RECIPE = "benchmarks.speed.original_recipe"
ROOT = Path(__file__).resolve().parents[2]
OURS, BATCHED, PUBLISHED = "ailock-sdk", "original recipe, batched", "original recipe, as published"
WAYS = {BATCHED: "batched", PUBLISHED: "published"}
OUR_COMMAND = (
    "import sys; from ailock_sdk import AiLock; "
    "print(AiLock(pepper=None, threads=int(sys.argv[2])).imageprint(sys.argv[1]).bits.tobytes())"
)


def measure(
    photos: Mapping[str, Path], folder: Path, runs: int, process_runs: int, threads: int | None
) -> dict[str, Any]:
    """Time both recipes on each photo in turn; JSON-ready.

    Gives ``threads``, and for each photo ``warm_ms`` and ``process_ms`` (medians by recipe),
    ``warm_ratio`` and ``process_ratio`` (original over ours), and ``peak_mb`` of the commands.

    Parameters
    ----------
    photos : what to call each photo, and its file; JPEG
    folder : where the files of the original recipe are kept, 300 MB; made if missing
    runs, process_runs : timed rounds of the warm processes and of the commands, at least 1
    threads : CPU threads of both networks, by default the SDK's choice

    Raises
    ------
    SpeedError
        TensorFlow is not installed, or the original recipe failed.
    """
    if find_spec("tensorflow") is None:
        raise SpeedError("the original recipe needs TensorFlow: pip install '.[convert]'")
    lock = AiLock(pepper=None, threads=threads)
    _run_recipe("prepare", str(folder))
    results: dict[str, Any] = {name: {} for name in photos}
    with _served(folder, lock.threads) as ask:
        for name, photo in photos.items():
            works = {
                OURS: timed(partial(lock.imageprint, photo)),
                **{who: timed(partial(ask, f"{w} {photo.resolve()}")) for who, w in WAYS.items()},
            }
            times = medians(interleaved(works, runs, f"photo to bits, {name}"))
            results[name]["warm_ms"] = times
            results[name]["warm_ratio"] = _ratios(times)
    for name, photo in photos.items():
        ours = [sys.executable, "-c", OUR_COMMAND, str(photo), str(lock.threads)]
        once = _recipe_command("once", str(folder), str(lock.threads))
        commands: dict[str, Callable[[], Ran]] = {
            OURS: partial(run_measured, ours),
            **{who: partial(run_measured, [*once, way, str(photo)]) for who, way in WAYS.items()},
        }
        ran = interleaved(commands, process_runs, f"as a command, {name}")
        times, peaks = medians_of(ran)
        results[name]["process_ms"] = times
        results[name]["process_ratio"] = _ratios(times)
        results[name]["peak_mb"] = peaks
    return {"threads": lock.threads, "photos": results}


def bars(result: dict[str, Any]) -> list[Bar]:
    """The bar d of a result of :func:`measure`: its first photo, as a command."""
    name, first = next(iter(result["photos"].items()))
    ratio = first["process_ratio"][PUBLISHED]
    return [Bar("d", f"{PUBLISHED} / ours, {name}, a process", ratio, RATIO_LIMIT, least=True)]


def _ratios(times: Mapping[str, float]) -> dict[str, float]:
    return {who: round(ms / times[OURS], 3) for who, ms in times.items() if who != OURS}


def _recipe_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", RECIPE, *arguments]


def _run_recipe(*arguments: str) -> None:
    done = subprocess.run(
        _recipe_command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SpeedError(f"the original recipe failed: {last_line(done.stderr)}")


@contextmanager
def _served(folder: Path, threads: int) -> Iterator[Callable[[str], str]]:
    """A warm original recipe in a process of its own; calling it sends a line and reads one."""
    command = _recipe_command("serve", str(folder.resolve()), str(threads))
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None

        def answer() -> str:
            line = answers.readline().rstrip("\n")
            if not line:
                process.wait()
                errors.seek(0)
                raise SpeedError(f"the original recipe failed: {last_line(errors.read())}")
            return line

        def ask(request: str) -> str:
            requests.write(request + "\n")
            requests.flush()
            return answer()

        try:
            answer()  # it is ready
            yield ask
        finally:
            requests.close()
            process.kill()
            process.wait()
            answers.close()
