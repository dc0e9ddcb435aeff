"""Programs of this machine: run to the end, within a time, with one clear error."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tqdm import tqdm

from benchmarks.speed.errors import SpeedError

POLL_SECONDS = 0.5
"""How often the shown waiting time moves on."""
INSTALL = {
    "ssh": "install OpenSSH's client (Debian: openssh-client)",
    "adb": "install Android's platform tools (Debian: adb) and put adb on PATH",
}


@dataclass(frozen=True)
class Finished:
    """What a program printed, and its exit status; negative: ended by that signal."""

    stdout: str
    stderr: str
    status: int


def run_program(
    command: Sequence[str], doing: str, timeout_s: float, stdin: Path | None = None
) -> Finished:
    """Run a program to its end; ``doing`` is shown while it runs and begins every error.

    Parameters
    ----------
    command : the program and its arguments
    doing : what is under way, for people
    timeout_s : seconds after which the program, and what it started, is killed
    stdin : a file it reads; nothing by default

    Raises
    ------
    SpeedError
        The program is not installed, cannot be started, or takes too long.
    """
    try:
        with Path(os.devnull if stdin is None else stdin).open("rb") as source:
            process = subprocess.Popen(
                command,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that its children can be ended with it
            )
    except FileNotFoundError:
        hint = INSTALL.get(command[0], "install it")
        raise SpeedError(f"{doing}: {command[0]} was not found: {hint}") from None
    except OSError as error:
        raise SpeedError(f"{doing}: cannot run {command[0]}: {error.strerror}") from None
    try:
        stdout, stderr = _wait(process, doing, timeout_s)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return Finished(
        stdout.decode("utf-8", errors="replace"),
        stderr.decode("utf-8", errors="replace"),
        process.returncode,
    )


def output_of(finished: Finished, doing: str) -> str:
    """Standard output of a program that succeeded; :class:`SpeedError` when it did not."""
    if finished.status == 0:
        return finished.stdout
    how = (
        f"ended by signal {-finished.status}"
        if finished.status < 0
        else f"exit status {finished.status}"
    )
    raise SpeedError(f"{doing} failed ({how}): {reason(finished)}")


def reason(finished: Finished) -> str:
    """The line of a failed program's output that says most: a full disk, or else the last."""
    output = finished.stderr if finished.stderr.strip() else finished.stdout
    full = next((line for line in output.splitlines() if "No space left on device" in line), None)
    if full is not None:
        return f"the disk is full: make room and run again ({full.strip()})"
    return last_line(output)


def last_line(output: str) -> str:
    """The last line with something in it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


def _wait(process: subprocess.Popen[bytes], doing: str, timeout_s: float) -> tuple[bytes, bytes]:
    deadline = monotonic() + timeout_s
    with tqdm(desc=doing, bar_format="{desc} [{elapsed}]", disable=None, leave=False) as shown:
        while True:
            left = deadline - monotonic()
            if left <= 0:
                raise SpeedError(
                    f"{doing} took more than {timeout_s:.0f} s and was stopped: "
                    "look at the device, or raise --timeout"
                )
            try:
                return process.communicate(timeout=min(POLL_SECONDS, left))
            except subprocess.TimeoutExpired:
                shown.update()
