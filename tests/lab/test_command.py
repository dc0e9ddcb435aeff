"""What commands share: options with their types and defaults, and how a run ends."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from lab.command import add_bootstrap, add_cache, add_command, add_out, cache_of, run_module
from lab.errors import LabError


def parser_of(run) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    command = add_command(commands, "measure", run, "measures")
    add_out(command, Path("out") / "here")
    add_cache(command)
    add_bootstrap(command)
    return parser


def test_the_command_gets_its_options_and_its_line_without_folders() -> None:
    def run(options: argparse.Namespace, command: str) -> int:
        assert options.bootstrap == 5
        assert cache_of(options) == Path("/tmp/x/imageprints")
        assert command == "python -m m measure --bootstrap 5 --out x"
        return 7

    assert run_module("m", parser_of(run), ["measure", "--bootstrap", "5", "--out", "/tmp/x"]) == 7


def test_the_cache_is_where_it_is_wanted() -> None:
    def run(options: argparse.Namespace, command: str) -> int:
        return int(cache_of(options) != Path("kept"))

    assert run_module("m", parser_of(run), ["measure", "--cache", "kept"]) == 0


@pytest.mark.parametrize(("name", "begins"), [("", "a.module: "), ("short", "short: ")])
def test_bad_input_is_a_line_and_a_status(
    name: str, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(options: argparse.Namespace, command: str) -> int:
        raise LabError("too few photos")

    assert run_module("a.module", parser_of(run), ["measure"], 2, name) == 2
    assert capsys.readouterr().err == f"{begins}too few photos\n"


def test_a_negative_count_is_a_wrong_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_module("m", parser_of(None), ["measure", "--bootstrap", "-1"])
    assert stopped.value.code == 2
    assert "at least 0" in capsys.readouterr().err
