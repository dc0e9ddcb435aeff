"""What only the owner knows: PINs and recovery codes, from the terminal or a file, never argv.

They are kept as :class:`~ailock_sdk.secret.Hidden`, which no traceback shows, and read as late as
can be.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

import click

from ailock_sdk.cli.commands import FILE, Function, Several
from ailock_sdk.cli.files import one_reader, open_input, photo_sources
from ailock_sdk.constants import MAX_PROBE_PHOTOS

if TYPE_CHECKING:
    from ailock_sdk.secret import Hidden
    from ailock_sdk.store import RecoveryCode

MAX_TYPED_BYTES = 4096
"""More than any PIN or code; what is longer is cut, and refused as what it then is."""


@dataclass(frozen=True)
class Pin:
    """Where a PIN comes from.

    Attributes
    ----------
    asked : bool
        From the terminal.
    file : str or None
        From a file, or from standard input.
    option : str
        Of the command line, for messages.
    """

    asked: bool
    file: str | None
    option: str = "--pin"

    def check(self) -> None:
        """Refuse two ways at once.

        Raises
        ------
        UsageError
        """
        if self.asked and self.file is not None:
            raise click.UsageError(f"{self.option} and {self.option}-file exclude each other")

    def read(self, *, new: bool = False) -> Hidden | None:
        """The PIN; ``None`` if none is given. A ``new`` one is asked for twice.

        Raises
        ------
        UsageError
            Nobody can be asked, or two answers differ.
        OSError
            The file cannot be read.
        """
        if self.file is not None:
            return _of_file(self.file)
        if not self.asked:
            return None
        typed = _ask("PIN: ", instead=f"{self.option}-file FILE")
        if new and typed != _ask("the same PIN again: ", instead=f"{self.option}-file FILE"):
            raise click.UsageError("the two PINs differ")
        return typed


@dataclass(frozen=True)
class Code:
    """Where a recovery code comes from; attributes as of :class:`Pin`."""

    asked: bool
    file: str | None

    def __bool__(self) -> bool:
        return self.asked or self.file is not None

    def read(self) -> RecoveryCode:
        """The code, its checksum right.

        Raises
        ------
        RecoveryCodeError
            Mistyped.
        UsageError
            Nobody can be asked, or two ways are given.
        OSError
            The file cannot be read.
        """
        from ailock_sdk.store import RecoveryCode

        if self.asked and self.file is not None:
            raise click.UsageError("--code and --code-file exclude each other")
        if self.file is not None:
            return RecoveryCode.parse(_of_file(self.file))
        return RecoveryCode.parse(_ask("recovery code: ", instead="--code-file FILE"))


@dataclass(frozen=True)
class Opener:
    """What opens a lock: photos, with a PIN or without, or its recovery code.

    Attributes
    ----------
    photos : tuple of str
        As they stand on the command line.
    pin : Pin
    code : Code
    """

    photos: tuple[str, ...]
    pin: Pin
    code: Code

    def check(self, *others: str) -> None:
        """Refuse what is no way to open a lock, or two, before anything is read.

        Raises
        ------
        UsageError
            Also if ``-`` is read more than once; ``others`` are further files that are read.
        """
        if bool(self.photos) == bool(self.code):
            raise click.UsageError(
                "photos and a recovery code exclude each other"
                if self.photos
                else "say what opens the lock: photos, or its recovery code by --code"
            )
        self.pin.check()
        files = [file for file in (self.pin.file, self.code.file) if file is not None]
        one_reader(self.photos, files, others)

    def read(self) -> tuple[Any, Hidden | None]:
        """What ``opened_by`` is in the SDK, and the PIN.

        Raises
        ------
        UsageError, RecoveryCodeError, OSError
        """
        if self.code:
            return self.code.read(), None
        return photo_sources(self.photos, MAX_PROBE_PHOTOS), self.pin.read()


def pin_options(help_text: str, name: str = "--pin") -> Callable[[Function], Function]:
    """The options ``--pin`` and ``--pin-file``, which a function takes as a :class:`Pin`."""
    key = name.strip("-").replace("-", "_")

    def add(function: Function) -> Function:
        @wraps(function)
        def collected(*arguments: Any, **rest: Any) -> Any:
            rest[key] = Pin(rest[key], rest.pop(f"{key}_file"), name)
            return function(*arguments, **rest)

        asked = click.option(name, is_flag=True, help=f"{help_text}; asked for without echo.")
        file = click.option(
            f"{name}-file",
            type=FILE,
            metavar="FILE",
            help="The same from a file's first line; `-` is standard input.",
        )
        options: Any = asked(file(collected))
        return cast("Function", options)

    return add


def code_options(function: Function) -> Function:
    """The options ``--code`` and ``--code-file``, which a function takes as a :class:`Code`."""

    @wraps(function)
    def collected(*arguments: Any, code: bool, code_file: str | None, **rest: Any) -> Any:
        return function(*arguments, code=Code(code, code_file), **rest)

    asked = click.option(
        "--code", is_flag=True, help="Open by the recovery code; asked for without echo."
    )
    file = click.option(
        "--code-file",
        type=FILE,
        metavar="FILE",
        help="The same from a file; `-` is standard input.",
    )
    options: Any = asked(file(collected))
    return cast("Function", options)


def opener_options(function: Function) -> Function:
    """The options that say what opens a lock, which a function takes as an :class:`Opener`."""

    @wraps(function)
    def collected(
        *arguments: Any, opened_by: tuple[str, ...], opened_with_pin: Pin, code: Code, **rest: Any
    ) -> Any:
        return function(*arguments, opener=Opener(opened_by, opened_with_pin, code), **rest)

    photos = click.option(
        "--opened-by",
        cls=Several,
        type=FILE,
        metavar="PHOTO...",
        help="Photos that open the lock now: all words up to the next option.",
    )
    pin = pin_options("The PIN of those photos", "--opened-with-pin")
    options: Any = photos(pin(code_options(collected)))
    return cast("Function", options)


def _of_file(file: str) -> Hidden:
    """The first line of a file with something on it."""
    from ailock_sdk.secret import Hidden

    with open_input(file) as stream:
        content = Hidden(stream.read(MAX_TYPED_BYTES))
    return Hidden(content.lstrip(b"\r\n").split(b"\n")[0].rstrip(b"\r"))


def _ask(prompt: str, *, instead: str) -> Hidden:
    from getpass import getpass

    from ailock_sdk.secret import Hidden

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise click.UsageError(f"there is no terminal to ask on: use {instead}") from None
    try:
        return Hidden(getpass(prompt).encode("utf-8", "surrogateescape"))
    except EOFError:
        raise click.UsageError(f"nothing was typed: try again, or use {instead}") from None
