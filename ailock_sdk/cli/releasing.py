"""What an opened lock gives out: its secret, as ``--output`` says or to ``--exec``'s command."""

from __future__ import annotations

import shlex
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

import click

from ailock_sdk.cli.commands import Function, Settings
from ailock_sdk.cli.exit_codes import SIGNAL_BASE, ExitCode
from ailock_sdk.cli.output import standard_output, tell
from ailock_sdk.cli.signals import Ended, postponing

if TYPE_CHECKING:
    from ailock_sdk.secret import Hidden, Secret

IDENTITY, SSH_KEY = "age-identity", "ssh-key"
"""The forms that are not of the secret: the lock's age identity, by which `age -d` opens files, and
its SSH key, for `ssh-add`."""
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "raw": bytes,
    "hex": lambda secret: secret.hex().encode() + b"\n",
    "base64": lambda secret: b64encode(secret) + b"\n",
    IDENTITY: lambda identity: identity + b"\n",
    SSH_KEY: bytes,
}
"""How the 32 bytes are written. One in eight raw secrets holds a newline: programs that read a line
take a part of it."""


@dataclass(frozen=True)
class Release:
    """Where the secret goes, known to be sound before any photo is read.

    Attributes
    ----------
    form : str or None
        A key of :data:`FORMS`; to standard output.
    command : sequence of str
        The words of a command that gets the secret on its standard input; none if empty.
    """

    form: str | None
    command: Sequence[str]

    def __bool__(self) -> bool:
        return self.form is not None or bool(self.command)

    def give(self, opened: Secret | Hidden) -> int:
        """Hand out the 32 bytes, or a key's text; 0, or what became of the command."""
        if self.command:
            return _run(self.command, opened)
        stream = standard_output()
        stream.write(FORMS[str(self.form)](bytes(opened)))
        stream.flush()
        return ExitCode.OK


def release_options(function: Function) -> Function:
    """The options ``--output``, ``--exec``, ``--force``; a function takes a :class:`Release`."""

    @click.option(
        "--output",
        "form",
        type=click.Choice(list(FORMS)),
        help="Write the 32-byte secret, or a key for `age -d` or `ssh-add`, to standard output.",
    )
    @click.option(
        "--exec",
        "exec_",
        metavar="CMD",
        help="Run CMD with the 32 secret bytes on its standard input; no shell reads CMD.",
    )
    @click.option("--force", is_flag=True, help="Write even raw bytes to a terminal.")
    @wraps(function)
    def collected(
        settings: Settings, *, form: str | None, exec_: str | None, force: bool, **rest: Any
    ) -> Any:
        _check(settings, form, exec_, force)
        return function(settings, release=Release(form, _words(exec_)), **rest)

    return cast("Function", collected)


def _check(settings: Settings, form: str | None, exec_: str | None, force: bool) -> None:
    if form is None:
        return
    if exec_ is not None:
        raise click.UsageError("--output and --exec exclude each other")
    if settings.json:
        raise click.UsageError("--output and --json both write to standard output")
    standard_output()
    if form == "raw" and sys.stdout.isatty() and not force:
        raise click.UsageError("raw bytes are not for a terminal: --output hex, a pipe, or --force")


def _words(exec_: str | None) -> Sequence[str]:
    if exec_ is None:
        return ()
    try:
        words = shlex.split(exec_)
    except ValueError as error:
        raise click.UsageError(f"--exec: {str(error).lower()}") from None
    if not words:
        raise click.UsageError("--exec: there is no command in it")
    return words


def _run(words: Sequence[str], secret: Secret | Hidden) -> int:
    from subprocess import PIPE, Popen

    sys.stdout.flush()
    with postponing() as release_signals:
        try:
            process = Popen(words, stdin=PIPE)
        except OSError as error:
            tell(f"{words[0]}: {error.strerror}")
            missing = isinstance(error, FileNotFoundError)
            return ExitCode.COMMAND_NOT_FOUND if missing else ExitCode.COMMAND_UNUSABLE
        except ValueError:  # a zero byte
            tell(f"{words[0]}: no such command")
            return ExitCode.COMMAND_NOT_FOUND
        with process:
            try:
                release_signals()
                process.communicate(bytes(secret))
            except Ended as ended:
                process.send_signal(ended.signal)
                raise
    status = process.returncode
    if status < 0:
        return SIGNAL_BASE - status
    if status in {*ExitCode} - {ExitCode.OK}:
        tell(f"{words[0]} failed with status {status}")
        return ExitCode.COMMAND_FAILED
    return status
