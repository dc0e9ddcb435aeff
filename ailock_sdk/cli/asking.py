"""What only the owner knows: PINs and recovery codes, from the terminal or a file, never argv.

They are kept as :class:`~ailock_sdk.secret.Hidden`, which no traceback shows, and read as late as
can be. A new code is shown once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ailock_sdk.cli.files import (
    STANDARD_OUTPUTS,
    check_output,
    one_reader,
    open_input,
    open_output,
    photo_sources,
)
from ailock_sdk.cli.output import is_closed, shown, tell
from ailock_sdk.constants import MAX_PROBE_PHOTOS

if TYPE_CHECKING:
    from ailock_sdk.secret import Hidden
    from ailock_sdk.store import RecoveryCode

MAX_TYPED_BYTES = 4096
"""More than any PIN or code; what is longer is cut, and refused as what it then is."""


@dataclass(frozen=True)
class _Typed:
    """Where something secret comes from: the terminal, or a file; ``option`` is for messages."""

    asked: bool
    file: str | None
    option: str

    def __post_init__(self) -> None:
        if self.asked and self.file is not None:
            raise click.UsageError(f"{self.option} and {self.option}-file exclude each other")

    def __bool__(self) -> bool:
        return self.asked or self.file is not None

    def _read(self, prompt: str, again: str | None = None) -> Hidden:
        from ailock_sdk.secret import Hidden

        if self.file is None:
            typed = self._ask(prompt)
            if again is not None and typed != self._ask(again):
                raise click.UsageError("the two PINs differ")
            return typed
        with open_input(self.file) as stream:
            content = Hidden(stream.read(MAX_TYPED_BYTES))
        # The first line with something on it.
        return Hidden(content.lstrip(b"\r\n").split(b"\n")[0].rstrip(b"\r"))

    def _ask(self, prompt: str) -> Hidden:
        from getpass import getpass

        from ailock_sdk.secret import Hidden

        instead = f"use {self.option}-file FILE"
        try:
            os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError:
            raise click.UsageError(f"there is no terminal to ask on: {instead}") from None
        try:
            return Hidden(getpass(prompt).encode("utf-8", "surrogateescape"))
        except EOFError:
            raise click.UsageError(f"nothing was typed: try again, or {instead}") from None


class Pin(_Typed):
    """Where a PIN comes from, if there is one."""

    def read(self, *, new: bool = False) -> Hidden | None:
        """The PIN; ``None`` if none is given. A ``new`` one is asked for twice."""
        return self._read("PIN: ", "the same PIN again: " if new else None) if self else None


class Code(_Typed):
    """Where a recovery code comes from."""

    def read(self) -> RecoveryCode:
        """The code, its checksum right; a ``RecoveryCodeError`` if it was mistyped."""
        from ailock_sdk.store import RecoveryCode

        return RecoveryCode.parse(self._read("recovery code: "))


ASKED_CODE = Code(True, None, "--code")
NO_PIN, NO_CODE = Pin(False, None, "--pin"), Code(False, None, "--code")


@dataclass(frozen=True)
class Opener:
    """What opens a lock: photos, with a PIN or without, or its recovery code.

    Attributes
    ----------
    photos : tuple of str
        As they stand on the command line.
    pin : Pin
    code : Code
    camera : str or None
        The source of ``--camera``, empty for the first one.
    """

    photos: tuple[str, ...]
    pin: Pin = NO_PIN
    code: Code = NO_CODE
    camera: str | None = None

    def check(self, *others: str | None) -> None:
        """Refuse what is no way to open a lock, or two, before anything is read.

        Also if ``-`` is read more than once; ``others`` are further files that are read.
        """
        ways = [bool(self.photos), bool(self.code), self.camera is not None]
        if sum(ways) != 1:
            raise click.UsageError(
                "photos, --camera and a recovery code exclude each other"
                if any(ways)
                else "say what opens the lock: photos, --camera, or its recovery code by --code"
            )
        one_reader(*self.photos, self.pin.file, self.code.file, *others)

    def read(self) -> tuple[Any, Hidden | None]:
        """What ``opened_by`` is in the SDK, nothing yet if a camera is to tell; and the PIN."""
        if self.code:
            return self.code.read(), None
        photos = photo_sources(self.photos, MAX_PROBE_PHOTOS) if self.photos else None
        return photos, self.pin.read()


def tell_of_pepper(file: str | None) -> None:
    """Say that a pepper was made, if one was, and what losing it means."""
    if file is not None:
        tell(
            f"made the pepper {shown(file)}: photos open this vault's locks only where it is, and "
            "the recovery code where it is not; `ailock pepper backup` copies it elsewhere"
        )


def shown_once(name: str, file: str | None) -> Callable[[RecoveryCode], None]:
    """A function that shows the recovery code of the lock ``name``, or fails.

    What it cannot be shown on is refused now, before anything is changed.
    """
    if file is None:
        if is_closed("stderr"):
            raise click.UsageError("standard error is closed: give --recovery-file FILE")
    elif file in STANDARD_OUTPUTS:
        raise click.UsageError("the recovery code is not for standard output: name a file")
    else:
        check_output(file, force=False)

    def show(code: RecoveryCode) -> None:
        if file is None:
            tell(
                f"recovery code of lock {name!r}, shown only now:\n\n    {code.shown()}\n\n"
                "Write it down and keep it away from this device. It opens the lock when the "
                "object, the photos, the pepper or the model is lost."
            )
            return
        with open_output(file, force=False) as stream:
            stream.write(code.shown().encode() + b"\n")

    return show
