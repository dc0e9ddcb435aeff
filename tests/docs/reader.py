"""A reader of a page: a shell on a terminal, who types what the page says."""

from __future__ import annotations

import doctest
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT, Block

SECONDS = 280
"""For a whole page; a test has 300."""
DONE = "\N{SYMBOL FOR RECORD SEPARATOR}"
CODE = re.compile(r"ailock1(?:-[a-z0-9]{4})+")
PIN = "4711"
ASKED = re.compile(r"(recovery code: |PIN: |the same PIN again: |\[Y/n\] )\Z")
_KEPT = re.compile(
    r"PATH|LANG|TMPDIR|CI|(OPENBLAS|OMP)_NUM_THREADS|PIP_.*|.*_proxy|SSL_CERT_.*", re.IGNORECASE
)
"""Variables of the tests' own surroundings that the reader has as well."""

_SAME = doctest.OutputChecker()


@dataclass(frozen=True)
class Outcome:
    """What came of a command: the block's line, what was typed and shown, and its status."""

    line: int
    typed: str
    expected: str | None
    shown: str
    status: int


class PageError(AssertionError):
    """The page does not do what it says."""


def environment(home: Path, *, installed: bool = False) -> dict[str, str]:
    """What the reader's shell knows; unless ``installed``, this checkout is what he installed."""
    told = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
    told |= {"HOME": str(home), "TERM": "dumb", "COLUMNS": "100"}
    if not installed:
        told["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{told['PATH']}"
        told["PYTHONPATH"] = str(ROOT)
    return told


def read_page(blocks: list[Block], home: Path, surroundings: dict[str, str]) -> list[Outcome]:
    """Type the blocks, in ``home``.

    Raises
    ------
    PageError
        At the first command that fails, or shows something else than the page says.
    """
    typed = [(block, *each) for block in blocks for each in block.typed()]
    script = home.parent / "typed.sh"
    script.write_text("\n".join(_steps(typed, home.parent)), "utf-8")
    shown = _on_terminal(script, home, surroundings)
    parts = re.split(rf"{DONE}(\d+) (\d+)\n", shown)
    outcomes = [
        Outcome(block.line, text, expected, output, int(status))
        for (block, text, expected), output, status in zip(
            typed, parts[0::3], parts[2::3], strict=False
        )
    ]
    for number, outcome in enumerate(outcomes):
        _check(outcome, typed[number + 1][1] if number + 1 < len(typed) else "")
    if len(outcomes) < len(typed):
        block, text, _ = typed[len(outcomes)]
        raise PageError(f"line {block.line}: failed:\n{text}\n{parts[-1]}")
    return outcomes


def _steps(typed: list[tuple[Block, str, str | None]], folder: Path) -> list[str]:
    steps = []
    for number, (block, text, _) in enumerate(typed):
        if block.language == "python":
            program = folder / f"line{block.line}.py"
            program.write_text(text, "utf-8")
            text = f"python {shlex.quote(str(program))}"
        body = text if block.language == "console" else f"set -e\n{text}\nset +e"
        # The next command is to find this one's status.
        steps.append(f"{body}\nstatus=$?; printf '{DONE}{number} %d\\n' $status; (exit $status)\n")
    return steps


def _on_terminal(script: Path, home: Path, surroundings: dict[str, str]) -> str:
    """All that a terminal shows while bash reads a script; codes and PINs are typed when asked."""
    terminal, other_end = pty.openpty()
    # The first terminal that a session's leader opens becomes the session's.
    begin = 'exec <"$0" >"$0" 2>&1; stty -echo; . "$1"'
    bash = subprocess.Popen(
        ["bash", "-c", begin, os.ttyname(other_end), script],
        cwd=home,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    shown, answered, end = b"", 0, time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.2)[0]:
                if bash.poll() is not None:
                    break
                continue
            shown += os.read(terminal, 65536)
            text = shown.decode(errors="replace")
            if asked := ASKED.search(text, answered):
                answered = len(text)
                os.write(terminal, _answer(asked[1], text).encode() + b"\n")
        else:
            raise PageError(f"not done in {SECONDS} s:\n{shown.decode(errors='replace')}")
    finally:
        os.close(other_end)
        os.close(terminal)  # which hangs up on what still runs
        if bash.poll() is None:
            bash.kill()
        bash.wait()
    return shown.decode(errors="replace").replace("\r\n", "\n")


def _answer(question: str, shown: str) -> str:
    """What a person types: the code is the last one that he was shown."""
    if "code" in question:
        return CODE.findall(shown)[-1]
    return PIN if "PIN" in question else "y"


def _check(outcome: Outcome, next_typed: str) -> None:
    where = f"line {outcome.line}: {outcome.typed}"
    if outcome.status and next_typed != "echo $?":
        raise PageError(f"{where}\nstatus {outcome.status}:\n{outcome.shown}")
    if outcome.expected is not None:
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        if not _SAME.check_output(outcome.expected, outcome.shown, flags):
            raise PageError(
                f"{where}\nthe page says:\n{outcome.expected}\nshown was:\n{outcome.shown}"
            )
