"""Completion in real shells: what a person sees who presses the tabulator."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.processes import Ailock
from tests.conftest import read_photos

PHOTO = next(iter(read_photos().values()))[0]
SHELLS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["-i"]}
SET_UP = {
    "bash": 'PS1="> "; bind "set enable-bracketed-paste off"; eval "$(ailock completion bash)"',
    "zsh": 'PS1="> "; autoload -Uz compinit; compinit -u; eval "$(ailock completion zsh)"',
    "fish": "",
}
Complete = Callable[[str, str], str]


@pytest.fixture(scope="module")
def ailock(tmp_path_factory: pytest.TempPathFactory) -> Ailock:
    """A home with locks, photos to name, and a program ``ailock`` on the path."""
    home = tmp_path_factory.mktemp("home")
    program = home / "bin" / "ailock"
    program.parent.mkdir()
    source = Path(__file__).parents[2]
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ailock_sdk "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    ailock = Ailock(home, {"PATH": path, "PYTHONPATH": str(source), "TERM": "dumb"})
    for name in ("door", "front door"):
        assert ailock("enroll", name, PHOTO).returncode == 0
    (home / "photo-of-mug.jpg").write_bytes(b"")
    return ailock


@pytest.fixture(scope="module", params=SHELLS)
def complete(request: pytest.FixtureRequest, ailock: Ailock) -> Complete:
    """What a shell shows of a line when the tabulator is pressed at its end."""
    shell = request.param
    if shutil.which(shell) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{shell} is not installed")
        pytest.skip(f"{shell} is not installed")
    if shell == "fish":
        return lambda line, completed: _fish(ailock, line)
    return lambda line, completed: _typed(ailock, shell, line, completed)


def _fish(ailock: Ailock, line: str) -> str:
    script = "ailock completion fish | source; complete --do-complete $argv[1]"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script, line],
        env=ailock.environment,
        cwd=ailock.home,
        capture_output=True,
        text=True,
        check=True,
    )
    start = line[: line.rfind(" ") + 1]
    words = [found.partition("\t")[0] for found in done.stdout.splitlines()]
    return "\n".join(start + word.replace(" ", "\\ ") for word in words)  # as fish inserts them


def _typed(ailock: Ailock, shell: str, line: str, completed: str) -> str:
    """What the terminal shows after the tabulator, until ``completed`` stands there."""
    ours, its = os.openpty()
    with subprocess.Popen(
        [shell, *SHELLS[shell]],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**ailock.environment, "HISTFILE": ""},
        cwd=ailock.home,
        start_new_session=True,
    ) as process:
        os.close(its)

        def wait_for(pattern: str) -> str:
            end, seen = time.monotonic() + 60, ""
            while not re.search(pattern, seen) and time.monotonic() < end:
                if select.select([ours], [], [], 0.1)[0]:
                    seen += os.read(ours, 4096).decode(errors="replace")
            return seen

        os.write(ours, f"{SET_UP[shell]}; echo re''ady\n".encode())
        wait_for(r"ready\r?\n(?s:.*)> ")
        os.write(ours, f"{line}\t".encode())
        seen = wait_for(re.escape(completed))
        process.kill()
    os.close(ours)
    return seen


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("ailock unl", "ailock unlock"),
        ("ailock show do", "ailock show door"),
        ("ailock unlock door photo-", "ailock unlock door photo-of-mug.jpg"),
        ("ailock unlock door --outp", "ailock unlock door --output"),
        ("ailock unlock door --output he", "ailock unlock door --output hex"),
        ("ailock seal door pho", "ailock seal door photo-of-mug.jpg"),
        ("ailock show fr", "ailock show front\\ door"),
    ],
)
def test_row_20_real_shells_complete(complete: Complete, line: str, completed: str) -> None:
    assert completed in complete(line, completed)
