"""What the site tells its readers to type does what it says."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import (
    DOCS,
    INSTALLING,
    NOT_RUN,
    ROOT,
    RUN,
    RUN_BY,
    SHOWN,
    Block,
    blocks_of,
    name_of,
    pages,
)
from tests.docs.reader import PageError, environment, read_page
from tests.docs.surroundings import furnish

FIRST = "index.md"
COMMANDS_EXPECTED = ("tutorial/", "how-to/", FIRST)
LEFT_OUT = {
    FIRST: {INSTALLING: 2},
    "how-to/door.md": {NOT_RUN: 2},
    "how-to/luks.md": {NOT_RUN: 1},
    "how-to/other-networks.md": {NOT_RUN: 3},
    "how-to/own-model.md": {NOT_RUN: 1},
    "how-to/own-photos.md": {NOT_RUN: 2},
    "how-to/pam.md": {NOT_RUN: 1},
    "how-to/phone.md": {NOT_RUN: 3},
    "how-to/raspberry-pi.md": {NOT_RUN: 1},
    "how-to/timing.md": {NOT_RUN: 1},
    "numbers/evaluation.md": {NOT_RUN: 4},
    "numbers/faces.md": {NOT_RUN: 2},
    "numbers/hash-experiments.md": {NOT_RUN: 2},
    "numbers/training.md": {NOT_RUN: 1},
}
"""Blocks of commands that no test runs as they stand, a page each; the page says why."""


def blocks(page: str) -> list[Block]:
    return [b for b in blocks_of((DOCS / page).read_text("utf-8")) if b.is_command]


PAGES = [name_of(page) for page in pages()]
RUNNING = [name for name in PAGES if any(not block.kind for block in blocks(name))]


def follow(page: str, place: Path) -> None:
    home = furnish(place)
    typed = [block for block in blocks(page) if not block.kind]
    assert len(read_page(typed, home, environment(home))) >= len(typed) > 0


def test_the_first_page(tmp_path: Path) -> None:
    follow(FIRST, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("page", [name for name in RUNNING if name != FIRST])
def test_a_page(page: str, tmp_path: Path) -> None:
    follow(page, tmp_path)


@pytest.mark.long
def test_the_first_page_from_nothing(tmp_path: Path) -> None:
    """With the wheel alone, in an environment that the page's own commands make."""
    home = furnish(tmp_path)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", home, ROOT]
    subprocess.run(wheel, check=True, timeout=120)
    typed = [block for block in blocks(FIRST) if block.kind in ("", INSTALLING)]
    surroundings = environment(home, installed=True)
    if not os.environ.get("CI") or os.getuid() != 0:  # a person's machine stays as it is
        typed = [block for block in typed if "sudo apt" not in block.text]
    elif shutil.which("sudo") is None:
        surroundings["PATH"] = f"{as_root(tmp_path)}{os.pathsep}{surroundings['PATH']}"
    outcomes = read_page(typed, home, surroundings)
    assert any("pip install" in outcome.typed for outcome in outcomes)
    assert (home / "ailock" / "bin" / "ailock").exists()


def as_root(place: Path) -> Path:
    """A folder with a ``sudo`` for a machine whose only user is root."""
    program = place / "bin" / "sudo"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nexec "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program.parent


def test_what_is_left_out_is_counted() -> None:
    counted = {
        name: dict(Counter(b.kind for b in blocks(name) if b.kind in (NOT_RUN, INSTALLING)))
        for name in PAGES
    }
    assert {name: kinds for name, kinds in counted.items() if kinds} == LEFT_OUT


@pytest.mark.parametrize("page", [name for name in PAGES if name.startswith(COMMANDS_EXPECTED)])
def test_commands_of_a_page_are_run(page: str) -> None:
    assert any(block.kind in ("", RUN_BY) for block in blocks(page)), "nothing of it is run"


@pytest.mark.parametrize("page", PAGES)
def test_blocks_say_what_they_are(page: str) -> None:
    for block in blocks_of((DOCS / page).read_text("utf-8")):
        assert block.language in (*RUN, *SHOWN), f"line {block.line}: {block.language!r}"
        if block.kind == RUN_BY:
            included = re.match(r'--8<-- "examples/(.*)"', block.text)
            named = included[1] if included else Path(page).name
            test = (ROOT / block.why).read_text("utf-8")
            assert named in test, f"line {block.line}: {block.why} does not name {named}"
        elif block.kind == NOT_RUN:
            assert len(block.why) > 10, f"line {block.line}: why?"


def test_the_reader_finds_what_a_page_promises_wrongly(tmp_path: Path) -> None:
    def told(text: str) -> str:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        with pytest.raises(PageError) as error:
            read_page(blocks_of(text), home, environment(home))
        return str(error.value)

    assert "status 3" in told("```console\n$ (exit 3)\n```")
    assert "line 4: failed" in told("one\n\ntwo\n```sh\nfalse\ntrue\n```")
    assert "line 1: failed" in told("```python\nraise ValueError\n```")
    assert "shown was:\nb\n" in told("```console\n$ echo b\na\n```")
    assert "shown was:\n3\n" in told("```console\n$ (exit 3)\n$ echo $?\n1\n```")
    assert "shown was:\nunexpected\n" in told("```console\n$ echo unexpected\n```")


def test_the_reader_types_codes_and_keeps_the_shell(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    asking = "import getpass\nprint(getpass.getpass('recovery code: '))\n"
    text = (
        "```sh\nmkdir here && cd here && export WHAT=ailock1-aaaa-bbbb\n```\n"
        "```console\n$ echo $WHAT\nailock1-...\n$ cat > ask.py <<EOF\n"
        + "".join(f"> {line}\n" for line in (*asking.splitlines(), "EOF"))
        + "$ python ask.py\nrecovery code: \nailock1-aaaa-bbbb\n$ pwd\n.../here\n```\n"
        "```python\nfrom pathlib import Path\nassert Path('ask.py').exists()\n```\n"
    )
    outcomes = read_page(blocks_of(text), home, environment(home))
    assert [outcome.status for outcome in outcomes] == [0] * 6
