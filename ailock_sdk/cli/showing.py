"""What is told once: a recovery code, on standard error or into a file, and a new pepper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ailock_sdk.cli.commands import FILE, Function
from ailock_sdk.cli.files import STANDARD_OUTPUTS, check_output, open_output
from ailock_sdk.cli.output import is_closed, shown, tell

if TYPE_CHECKING:
    from ailock_sdk.store import RecoveryCode

Show = Callable[["RecoveryCode | None"], None]


def recovery_file_option(function: Function) -> Function:
    """The option ``--recovery-file``."""
    return click.option(
        "--recovery-file",
        type=FILE,
        metavar="FILE",
        help="Write the recovery code to a new file instead of standard error.",
    )(function)


def tell_of_pepper(file: str) -> None:
    """Say that a pepper was made, and what losing it means."""
    tell(
        f"made the pepper {shown(file)}: photos open this vault's locks only where it is, and the "
        "recovery code where it is not; `ailock pepper backup` copies it elsewhere"
    )


@contextmanager
def shown_once(name: str, file: str | None) -> Iterator[Show]:
    """A function that shows the recovery code of the lock ``name``.

    A file is begun now, before anything is changed, and is there when the block ends.

    Raises
    ------
    UsageError
        Standard error is closed, or the file is standard output.
    OSError
        The file is there already, or cannot be written.
    """
    if file is None:
        if is_closed("stderr"):
            raise click.UsageError("standard error is closed: give --recovery-file FILE")

        def show(code: RecoveryCode | None) -> None:
            if code is not None:
                tell(
                    f"recovery code of lock {name!r}, shown only now:\n\n    {code.shown()}\n\n"
                    "Write it down and keep it away from this device. It opens the lock when the "
                    "object, the photos, the pepper or the model is lost."
                )

        yield show
        return
    if file in STANDARD_OUTPUTS:
        raise click.UsageError("the recovery code is not for standard output: name a file")
    check_output(file, force=False)
    with open_output(file, force=False) as stream:

        def write(code: RecoveryCode | None) -> None:
            if code is not None:
                stream.write(code.shown().encode() + b"\n")
                stream.flush()

        yield write
