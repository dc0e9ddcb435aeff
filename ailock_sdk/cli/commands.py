"""What the commands of ``ailock`` are made of: click's, with options that may stand anywhere.

Loaded for every command line that is read: it and the modules of the commands load click and
names only; what a command needs is loaded when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

import click

from ailock_sdk.constants import MODELS_PATH_VARIABLE, PEPPER_VARIABLE, VAULT_PATH_VARIABLE

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass
class Settings:
    """The options that every command takes, before its name or after it, as they were given.

    Attributes
    ----------
    json : bool
    vault, pepper, profile, bundle : str or None
    """

    json: bool = False
    vault: str | None = None
    pepper: str | None = None
    profile: str | None = None
    bundle: str | None = None


class _File(click.Path):
    """A file's name, ``-`` included; whoever opens it says what is wrong with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        # Else click would look for it, and fail on a zero byte.
        return str(value)


FILE = _File()


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    if value not in (None, False):  # else what stands before the command would be undone
        setattr(context.ensure_object(Settings), str(option.name), value)


def _shared(name: str, **rest: Any) -> click.Option:
    return click.Option([name], expose_value=False, callback=_keep, **rest)


_SHARED_OPTIONS = [
    _shared("--json", is_flag=True, help="Print one JSON object; secrets are never in it."),
    _shared(
        "--vault",
        type=FILE,
        metavar="FILE",
        help=f"The vault [default: ${VAULT_PATH_VARIABLE}, or ~/.local/share/ailock/vault.db].",
    ),
    _shared(
        "--pepper",
        type=FILE,
        metavar="PLACE",
        help="The pepper: a file, keyring, tpm, tpm:TCTI, fido2, fido2:PIN-FILE or pkcs11:URI "
        f"[default: ${PEPPER_VARIABLE}, where the vault says, or ~/.config/ailock/pepper].",
    ),
    _shared(
        "--bundle",
        type=FILE,
        metavar="NAME-OR-PATH",
        help=f"Model bundle of new locks; names are looked for in ${MODELS_PATH_VARIABLE} too.",
    ),
    _shared("--profile", metavar="NAME", help="Profile of the bundle for new locks."),
]


class _Common(click.Command):
    """What commands and groups share; ``examples`` are command lines that the help shows."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **rest: Any) -> None:
        super().__init__(*arguments, **rest)
        self.examples = tuple(examples)
        self.params.extend(_SHARED_OPTIONS)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for option in self.get_params(ctx):
            if not isinstance(option, click.Argument) and (row := option.get_help_record(ctx)):
                (shared if option in _SHARED_OPTIONS else own).append(row)
        with formatter.section("Options"):
            formatter.write_dl(own)
        with formatter.section("Options of every command, before or after its name"):
            formatter.write_dl(shared)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)


class Several(click.Option):
    """An option that takes all words up to the next option, or to ``--``."""

    def __init__(self, *arguments: Any, **rest: Any) -> None:
        super().__init__(*arguments, **{**rest, "multiple": True})


class Command(_Common):
    """A command of ``ailock``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, for which ``--several A B`` becomes ``--several A --several B``."""
        several = {name for p in self.params if isinstance(p, Several) for name in p.opts}
        end = args.index("--") if "--" in args else len(args)
        words: list[str] = []
        option = None
        for word in args[:end]:
            if word.startswith("-") and word != "-":
                option = word if word in several else None
            elif option is not None and words[-1] != option:
                words.append(option)
            words.append(word)
        return super().parse_args(ctx, words + args[end:])


class Group(_Common, click.Group):
    """A group of commands; those in ``sections`` are loaded when they are asked for.

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
        sections: Mapping[str, Iterable[str]] = self._sections or {"Commands": self.commands}
        for heading, names in sections.items():
            commands = {name: self.get_command(ctx, name) for name in names}
            rows = [(name, c.get_short_help_str(64)) for name, c in commands.items() if c]
            with formatter.section(heading):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)


def command(
    name: str, *examples: str, group: click.Group | None = None
) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function, which takes :class:`Settings`; its docstring is its help.

    What the function returns is the exit status, 0 if it returns nothing.
    """

    def make(function: Callable[..., Any]) -> Command:
        made: Command = click.command(name, Command, examples=examples)(click.pass_obj(function))
        if group is not None:
            group.add_command(made)
        return made

    return make
