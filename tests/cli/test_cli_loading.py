"""What the ailock command loads: no more than the command needs."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ailock_sdk.cli import main
from ailock_sdk.cli.parser import build_parser
from ailock_sdk.cli.running import find_command

SLOW = {
    *("numpy", "PIL", "sqlite3", "cryptography", "tqdm", "reedsolo", "platformdirs"),
    *("ai_edge_litert", "tflite_runtime", "tensorflow", "shtab", "importlib.metadata"),
    *("msgspec", "hashlib", "json", "subprocess"),
}
"""Modules that take longer to load than the whole command line."""
CAMERA = {"numpy", "PIL", "reedsolo", "ai_edge_litert", "tflite_runtime", "tensorflow"}


def loaded(tmp_path: Path, *arguments: str) -> set[str]:
    """Modules that a new process holds after the command, those of an empty one left out."""
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from ailock_sdk.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(*(set(sys.modules) - before), file=sys.stderr)"
    )
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["unlock", "--help"], ["models", "build", "--help"], ["seal"], ["frobnicate"]],
    ids=" ".join,
)
def test_the_command_line_itself_loads_next_to_nothing(
    tmp_path: Path, arguments: list[str]
) -> None:
    modules = loaded(tmp_path, *arguments)
    assert not SLOW & modules
    ours = {name for name in modules if name.startswith("ailock_sdk")}
    assert ours == {
        *("ailock_sdk", "ailock_sdk.constants", "ailock_sdk.cli"),
        *("ailock_sdk.cli.parser", "ailock_sdk.cli.exit_codes"),
    }


def test_the_version_loads_not_even_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = loaded(tmp_path, "--version")
    assert not {"argparse", "re", *SLOW} & modules
    assert {n for n in modules if n.startswith("ailock_sdk")} == {"ailock_sdk", "ailock_sdk.cli"}
    main(["--version"])
    direct = capsys.readouterr().out
    with pytest.raises(SystemExit):
        build_parser().parse_args(["--version"])
    assert capsys.readouterr().out == direct


@pytest.mark.parametrize("arguments", [["list"], ["show", "none"], ["remove", "none"]])
def test_commands_without_a_photo_load_no_camera(tmp_path: Path, arguments: list[str]) -> None:
    assert not (CAMERA | {"tqdm"}) & loaded(tmp_path, *arguments)


def test_sealing_loads_no_camera(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text("blue pot")
    assert not CAMERA & loaded(tmp_path, "seal", "none", str(letter))


def test_completion_loads_no_camera(tmp_path: Path) -> None:
    pytest.importorskip("shtab", reason="completion is an extra")
    assert not (CAMERA | {"sqlite3", "cryptography"}) & loaded(tmp_path, "completion", "bash")


def commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The function that each command of a parser names."""
    if "command" in parser._defaults:
        yield parser._defaults["command"]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from commands(sub)


def test_every_command_has_its_function() -> None:
    named = list(commands(build_parser()))
    assert len(named) == 15
    for name in named:
        assert callable(find_command(name)), name
