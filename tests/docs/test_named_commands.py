"""Commands that a text names exist, with their options, also those that no test runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import click

from ailock_sdk.cli.app import app
from tests.docs.pages import ROOT, pages
from tests.test_house import FOLDERS, imported_modules, sources

TEXTS = [*pages(), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
TEXTS += sorted(ROOT.glob("models/*/CARD.md"))
_CODE = re.compile(r"```[^\n]*\n(.*?)```|`([^`]+)`", re.S)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_END = re.compile(r"[|;&)#`]|\s>|\.\.\.$")
"""What ends a command: the shell's signs, a comment."""


def commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """Where a program is named in code, and its words."""
    for path in TEXTS:
        for match in _CODE.finditer(path.read_text("utf-8")):
            code = re.sub(r"\\\n\s*", "", match[1] or " ".join(match[2].split()))
            for line in code.splitlines():
                for found in re.finditer(rf"(?:^|[\s(`]|bin/){program}(?=\s)([^\n]*)", line):
                    told = _QUOTED.sub("WORDS", found[1])
                    yield path.name, re.sub(r"[\[\]]", " ", _END.split(told)[0]).split()


def option_names(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"}


def test_ailock_has_the_commands_and_options_that_are_named() -> None:
    named = list(commands("ailock"))
    assert len(named) > 100
    for where, words in named:
        if words and words[0].startswith("/"):
            continue  # the user `ailock`, and what he is to run
        command: click.Command = app
        options = {name for each in app.params for name in each.opts} | {"--help"}
        takes_value = {n for o in app.params if not getattr(o, "is_flag", True) for n in o.opts}
        before = [None, *words]
        rest = [
            word
            for last, word in zip(before, words, strict=False)
            if not word.startswith("-") and last not in takes_value
        ]
        while isinstance(command, click.Group) and rest:
            found = command.get_command(click.Context(command), rest[0])
            if found is None:
                assert command is not app or not re.fullmatch(r"[a-z]+", rest[0]), (where, words)
                break
            command, rest = found, rest[1:]
            options |= {name for each in command.params for name in each.opts}
        assert option_names(words) <= options, (where, words)


def test_make_has_the_targets_that_are_named() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    named = {
        (where, word)
        for where, words in commands("make")
        for word in words
        if re.fullmatch(r"[a-z-]+", word)
    }
    assert len(named) > 10
    assert {name for name in named if name[1] not in targets} == set()


def test_tools_and_benchmarks_have_the_options_that_are_named() -> None:
    """By their sources: many of their parsers need an extra to be loaded."""
    checked = 0
    for where, words in commands("python -m"):
        if not words or words[0].split(".")[0] not in FOLDERS:
            continue
        module, *rest = words
        inner = f"{module}.{rest[0].replace('-', '_')}" if rest else module
        places = (f"{inner}.command", inner, f"{module}.__main__", module)
        module = next((place for place in places if place in sources()), module)
        assert module in sources(), (where, words)
        text = "".join(sources()[name].read_text("utf-8") for name in reached_from(module))
        missing = {option for option in option_names(rest) if f'"{option}"' not in text}
        assert missing <= {"--help"}, (where, words, missing)
        checked += 1
    assert checked > 40


@cache
def reached_from(module: str) -> frozenset[str]:
    """A module, and those that it imports, in turn."""
    found, waiting = {module}, [module]
    while waiting:
        new = imported_modules(waiting.pop()) - found
        found |= new
        waiting += new
    return frozenset(found)
