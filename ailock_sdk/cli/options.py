"""Arguments and options that several commands take; the decorators of their functions."""

from __future__ import annotations

from functools import wraps
from typing import Any, Protocol, cast

import click

from ailock_sdk.cli.asking import Code, Opener, Pin
from ailock_sdk.cli.commands import FILE, Function, Settings, Several

PROBES = "1 to 8 new photos of the lock's object, one attempt together."
CAMERA_SOURCES = (
    "A device, a stream's address, a video file or a folder [default: $AILOCK_CAMERA, or the first "
    "camera]."
)
REFERENCES = "1 to 16 photos of one object, best before different backgrounds."


class _LockName(click.ParamType[str]):
    """A lock's name; completed from those in the vault."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        from click.shell_completion import CompletionItem

        from ailock_sdk.cli.opening import open_vault

        with open_vault(ctx.find_object(Settings) or Settings()) as vault:
            return [CompletionItem(name) for name in vault.names() if name.startswith(incomplete)]


LOCK_NAME = _LockName()


class Decorator(Protocol):
    """What adds arguments or options to a command's function."""

    def __call__(self, function: Function, /) -> Function:
        """The same function, which takes them."""


def photos(text: str, *, required: bool = True) -> Decorator:
    """The argument PHOTO..., with ``text`` as its help."""
    return click.argument(
        "photos",
        type=FILE,
        nargs=-1,
        required=required,
        metavar="PHOTO..." if required else "[PHOTO...]",
        help=f"{text} `-` is standard input; `+` stands between the objects of a combination.",
    )


def file(text: str) -> Decorator:
    """The argument FILE."""
    return click.argument("file", type=FILE, help=text)


def file_option(*names: str, metavar: str = "FILE", **rest: Any) -> Decorator:
    """An option that names a file."""
    return click.option(*names, type=FILE, metavar=metavar, **rest)


camera = click.option(
    "--camera",
    is_flag=False,
    flag_value="",
    metavar="[SOURCE]",
    help=f"Take the photos with a camera. {CAMERA_SOURCES}",
)
name = click.argument("name", type=LOCK_NAME, help="The lock's name.")
force = click.option("--force", is_flag=True, help="Replace a file that exists.")
faces = click.option(
    "--allow-faces",
    is_flag=True,
    help="Let a bundle of faces make the key, though nobody can renew a face.",
)
recovery_file = file_option(
    "--recovery-file", help="Write the recovery code to a new file instead of standard error."
)


def _typed(kind: type[Pin] | type[Code], option: str, text: str, file_text: str) -> Decorator:
    """An option and the same with ``-file``, which a function takes together as a ``kind``."""
    key = option.strip("-").replace("-", "_")

    def add(function: Function) -> Function:
        @click.option(option, is_flag=True, help=f"{text}; asked for without echo.")
        @file_option(f"{option}-file", help=f"{file_text}; `-` is standard input.")
        @wraps(function)
        def collected(*arguments: Any, **rest: Any) -> Any:
            rest[key] = kind(rest[key], rest.pop(f"{key}_file"), option)
            return function(*arguments, **rest)

        return cast("Function", collected)

    return add


def pin(text: str, option: str = "--pin") -> Decorator:
    """The options ``--pin`` and ``--pin-file``, which a function takes as a :class:`Pin`."""
    return _typed(Pin, option, text, "The same from a file's first line")


code = _typed(Code, "--code", "Open by the recovery code", "The same from a file")
"""The options ``--code`` and ``--code-file``, which a function takes as a :class:`Code`."""


def opener(function: Function) -> Function:
    """The options that say what opens a lock, which a function takes as an :class:`Opener`."""

    @file_option(
        "--opened-by",
        cls=Several,
        metavar="PHOTO...",
        help="Photos that open the lock now: all words up to the next option.",
    )
    @pin("The PIN of those photos", "--opened-with-pin")
    @code
    @wraps(function)
    def collected(
        *arguments: Any, opened_by: tuple[str, ...], opened_with_pin: Pin, code: Code, **rest: Any
    ) -> Any:
        return function(*arguments, opener=Opener(opened_by, opened_with_pin, code), **rest)

    return cast("Function", collected)
