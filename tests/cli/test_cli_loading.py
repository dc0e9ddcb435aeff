"""What the ailock command loads: no more than the command needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ailock_sdk.cli import main
from ailock_sdk.cli.app import app

SLOW = {
    *("numpy", "PIL", "sqlite3", "cryptography", "tqdm", "reedsolo", "platformdirs", "pyrage"),
    *("ai_edge_litert", "tflite_runtime", "tensorflow", "importlib.metadata"),
    *("msgspec", "hashlib", "subprocess", "tempfile"),
}
"""Modules that a command line alone has no need of."""
CAMERA = {"numpy", "PIL", "reedsolo", "ai_edge_litert", "tflite_runtime", "tensorflow"}


def loaded(tmp_path: Path, *arguments: str, **environment: str) -> set[str]:
    """Modules that a new process holds after the command, those of an empty one left out."""
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from ailock_sdk.cli import main\n"
        "main(sys.argv[1:])\n"
        "print(*(set(sys.modules) - before), file=sys.stderr)"
    )
    folders = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **folders, **environment},
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
    ours = {name for name in modules if name.startswith("ailock_sdk.")}
    base = {"ailock_sdk.cli", "ailock_sdk.constants", "ailock_sdk.errors"}
    assert {name for name in ours if not name.startswith("ailock_sdk.cli.")} <= base


def test_a_command_loads_no_other_command(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "seal", "--help")
    assert "ailock_sdk.cli.sealing" in modules
    assert not {"ailock_sdk.cli.locks", "ailock_sdk.cli.models"} & modules


def test_the_version_loads_not_even_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = loaded(tmp_path, "--version")
    assert not {"click", "re", *SLOW} & modules
    assert {n for n in modules if n.startswith("ailock_sdk")} == {"ailock_sdk", "ailock_sdk.cli"}
    main(["--version"])
    direct = capsys.readouterr().out
    assert main(["--json", "--version"]) == 0
    assert capsys.readouterr().out == direct


@pytest.mark.parametrize("arguments", [["list"], ["show", "none"], ["remove", "none"]])
def test_commands_without_a_photo_load_no_camera(tmp_path: Path, arguments: list[str]) -> None:
    assert not (CAMERA | {"tqdm"}) & loaded(tmp_path, *arguments)


def test_sealing_loads_no_camera(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text("blue pot")
    assert not CAMERA & loaded(tmp_path, "seal", "none", str(letter))


def test_completion_loads_no_camera(tmp_path: Path) -> None:
    assert not SLOW - {"subprocess"} & loaded(tmp_path, "completion", "bash")
    asked = {"_AILOCK_COMPLETE": "bash_complete", "COMP_WORDS": "ailock\nshow\n", "COMP_CWORD": "2"}
    assert not CAMERA & loaded(tmp_path, **asked)


def commands(group: click.Group, path: str = "ailock") -> Iterator[tuple[str, click.Command]]:
    """Every command that is no group, by its whole name."""
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{path} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(app))


@pytest.mark.parametrize("name", COMMANDS)
def test_row_20_every_command_explains_itself(name: str) -> None:
    """A text for the command and each argument and option, and an example that can be read."""
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert parameter.help, parameter.name
    arguments = [p.name for p in command.params if isinstance(p, click.Argument)]
    assert "name" not in arguments[1:], "NAME is first everywhere, as in the SDK"
    assert command.examples
    for line in command.examples:
        assert name in line
