"""What the commands of ``ailock`` are made of: click's, with options that may stand anywhere.

Loaded for every command line that is read: it and the modules of the commands load click and
names only; what a command needs is loaded when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click

from ailock_sdk.cli.settings import Settings
from ailock_sdk.constants import MODELS_PATH_VARIABLE, VAULT_PATH_VARIABLE

Function = TypeVar("Function", bound=Callable[..., Any])


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    if value not in (None, False):  # else what stands before the command would be undone
        setattr(context.ensure_object(Settings), str(option.name), value)


def _shared_options() -> list[click.Parameter]:
    def option(name: str, **rest: Any) -> click.Option:
        return click.Option([name], expose_value=False, callback=_keep, **rest)

    return [
        option("--json", is_flag=True, help="Print one JSON object; secrets are never in it."),
        option(
            "--vault",
            type=FILE,
            metavar="FILE",
            help=f"The vault [default: ${VAULT_PATH_VARIABLE}, or ~/.local/share/ailock/vault.db].",
        ),
        option(
            "--pepper",
            type=FILE,
            metavar="FILE",
            help="The pepper [default: ~/.config/ailock/pepper].",
        ),
        option(
            "--bundle",
            type=FILE,
            metavar="NAME-OR-PATH",
            help=f"Model bundle of new locks; names are looked for in ${MODELS_PATH_VARIABLE} too.",
        ),
        option("--profile", metavar="NAME", help="Profile of the bundle for new locks."),
    ]


class _Common(click.Command):
    """What commands and groups share."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **rest: Any) -> None:
        super().__init__(*arguments, **rest)
        self.examples = tuple(examples)
        self._shared = _shared_options()
        self.params.extend(self._shared)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, and apart from them those that all commands have."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for option in self.get_params(ctx):
            if not isinstance(option, click.Argument) and (row := option.get_help_record(ctx)):
                (shared if option in self._shared else own).append(row)
        with formatter.section("Options"):
            formatter.write_dl(own)
        with formatter.section("Options of every command, before or after its name"):
            formatter.write_dl(shared)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, one a line."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)


class Several(click.Option):
    """An option that takes all words up to the next option, or to ``--``."""

    def __init__(self, *arguments: Any, **rest: Any) -> None:
        rest["multiple"] = True
        super().__init__(*arguments, **rest)


class Command(_Common):
    """A command; ``examples`` are command lines that its help shows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, for which ``--several A B`` becomes ``--several A --several B``."""
        names = {name for p in self.params if isinstance(p, Several) for name in p.opts}
        words: list[str] = []
        option, taken = None, True
        for place, word in enumerate([*args, "--"]):
            if word.startswith("-") and word != "-":
                words += [] if taken else [str(option)]  # without a value: click says so
                if word == "--":
                    return super().parse_args(ctx, words + args[place:])
                option, taken = (word, False) if word in names else (None, True)
                words += [word] if option is None else []
            else:
                words += [word] if option is None else [option, word]
                taken = True
        raise AssertionError("the last word ends the loop")


class Group(_Common, click.Group):
    """A group of commands that are loaded when they are asked for.

    Parameters
    ----------
    sections : mapping of str to mapping
        Under each heading of the help the names of commands and where each is: a module of
        ``ailock_sdk.cli`` and the command's name in it.
    """

    def __init__(
        self, *arguments: Any, sections: Mapping[str, Mapping[str, str]] | None = None, **rest: Any
    ) -> None:
        rest.setdefault("no_args_is_help", False)  # a missing word is an error like others
        super().__init__(*arguments, **rest)
        self._sections = sections or {}
        self._places = {n: place for names in self._sections.values() for n, place in names.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order in which help shows them."""
        return list(self._places) or list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if place := self._places.get(cmd_name):
            module, _, name = place.partition(":")
            command: click.Command = getattr(import_module(f"ailock_sdk.cli.{module}"), name)
            return command
        return super().get_command(ctx, cmd_name)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        sections: dict[str, Iterable[str]] = {**self._sections}
        if not sections:
            sections["Commands"] = self.commands
        for heading, names in sections.items():
            commands = {name: self.get_command(ctx, name) for name in names}
            rows = [(name, c.get_short_help_str(64)) for name, c in commands.items() if c]
            with formatter.section(heading):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function, whose docstring is its help; it takes :class:`Settings`."""

    def make(function: Callable[..., Any]) -> Command:
        made: Command = click.command(name, Command, examples=examples)(click.pass_obj(function))
        return made

    return make


class LockName(click.ParamType[str]):
    """A lock's name; completed from those in the vault."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """The names that begin so."""
        from click.shell_completion import CompletionItem

        from ailock_sdk.cli.opening import open_vault

        settings = ctx.find_object(Settings) or Settings()
        with open_vault(settings, reads_photos=False) as vault:
            return [CompletionItem(name) for name in vault.names() if name.startswith(incomplete)]


class _File(click.Path):
    """A file's name, ``-`` included; whoever opens it says what is wrong with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Leave it as it is: click would look for it, and fail on a zero byte."""
        return str(value)


LOCK_NAME = LockName()
FILE = _File()


def name_argument(function: Function) -> Function:
    """The argument NAME."""
    return click.argument("name", type=LOCK_NAME, help="The lock's name.")(function)


def photos_argument(text: str, *, required: bool = True) -> Callable[[Function], Function]:
    """The argument PHOTO..., with ``text`` as its help."""
    return click.argument(
        "photos",
        type=FILE,
        nargs=-1,
        required=required,
        metavar="PHOTO..." if required else "[PHOTO...]",
        help=f"{text} `-` is standard input; `+` stands between the objects of a combination.",
    )


def faces_option(function: Function) -> Function:
    """The option --allow-faces."""
    text = "Let a bundle of faces make the key, though nobody can renew a face."
    return click.option("--allow-faces", is_flag=True, help=text)(function)


PROBES = "1 to 8 new photos of the lock's object, one attempt together."
