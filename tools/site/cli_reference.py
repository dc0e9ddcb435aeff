"""The command line as Markdown, read from its parser."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import click

from ailock_sdk.cli import app, commands, exit_codes


def command_reference() -> str:
    """A chapter for each command, under the headings of ``ailock --help``."""
    with click.Context(app.app, info_name="ailock") as context:
        return "\n".join(_group(context, "##"))


def exit_status_table() -> str:
    """What the exit statuses mean."""
    rows = [(f"`{int(code)}`", _cell(code.meaning)) for code in exit_codes.ExitCode]
    rows.append((f"`{exit_codes.SIGNAL_BASE}+n`", "ended by signal n"))
    return "\n".join(_table(("status", "meaning"), rows))


def _group(context: click.Context, level: str) -> Iterator[str]:
    group = context.command
    assert isinstance(group, click.Group)
    if context.parent is None:
        yield from _options(context, "Options of every command, before or after its name", group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        with click.Context(command, context, info_name=name) as inner:
            yield from _command(inner, level)


def _command(context: click.Context, level: str) -> Iterator[str]:
    command = context.command
    yield f"{level} {context.command_path}\n"
    yield cleandoc(command.help or "") + "\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    arguments = [
        (_words(row[0]), _cell(row[1]))
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Argument) and (row := parameter.get_help_record(context))
    ]
    if arguments:
        yield from _table(("argument", "meaning"), arguments)
    yield from _options(context, "option", command)
    if isinstance(command, commands.Group):
        yield from _group(context, level + "#")
    elif examples := getattr(command, "examples", ()):
        yield "Examples:\n\n```text\n" + "\n".join(examples) + "\n```\n"


def _options(context: click.Context, title: str, command: click.Command) -> Iterator[str]:
    """The options of a command that it does not share with all others."""
    shared = set() if context.parent is None else set(context.find_root().command.params)
    rows = [
        (_words(row[0]), _cell(row[1]))
        for parameter in command.get_params(context)
        if parameter not in shared
        and not isinstance(parameter, click.Argument)
        and "--help" not in parameter.opts
        and (row := parameter.get_help_record(context))
    ]
    if rows:
        yield from _table((title, "meaning"), rows)


def _table(heads: tuple[str, str], rows: list[tuple[str, str]]) -> Iterator[str]:
    yield f"| {heads[0]} | {heads[1]} |\n|---|---|"
    yield from (f"| {left} | {right} |" for left, right in rows)
    yield ""


def _words(words: Any) -> str:
    """What is typed: code, with the bar that would end a table's cell."""
    return "`" + str(words).replace("|", r"\|") + "`"


def _cell(text: str) -> str:
    """A text in a table's cell; `~`, `*` and the like stand for themselves."""
    return "".join(f"\\{sign}" if sign in "|*_<>[]" else sign for sign in text)
