"""``ailock seal`` and ``open``: files for one lock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from ailock_sdk.cli.commands import (
    FILE,
    PROBES,
    Function,
    command,
    name_argument,
    photos_argument,
)
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.files import (
    STANDARD,
    STANDARD_OUTPUTS,
    check_output,
    one_reader,
    open_input,
    open_output,
    photo_sources,
)
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report, shown
from ailock_sdk.cli.settings import Settings
from ailock_sdk.constants import MAX_PROBE_PHOTOS

SEALED_SUFFIX = ".sealed"


def _output_options(default: str) -> Callable[[Function], Function]:
    def add(function: Function) -> Function:
        force = click.option("--force", is_flag=True, help="Replace a file that exists.")
        output = click.option(
            "-o",
            "--output",
            type=FILE,
            metavar="FILE",
            help=f"The result; `-` is standard output [default: {default}, or `-` for `-`].",
        )
        return output(force(function))

    return add


def _file_argument(text: str) -> Callable[[Function], Function]:
    return click.argument("file", type=FILE, help=f"{text} `-` is standard input.")


@command(
    "seal",
    "ailock seal door letter.txt",
    "tar c letters | ailock seal door - -o letters.tar.sealed",
)
@name_argument
@_file_argument("The file to encrypt.")
@_output_options("FILE.sealed")
def seal(settings: Settings, name: str, file: str, output: str | None, force: bool) -> int:
    """Encrypt a file to a lock; needs no photo."""
    from ailock_sdk.cli.progress import bytes_bar

    target = STANDARD if file == STANDARD else file + SEALED_SUFFIX
    if output is not None:
        target = STANDARD if output in STANDARD_OUTPUTS else output
    _check_target(settings, target, force, asked=output is not None)
    with (
        bytes_bar(file) as bar,
        open_input(file, bar.update) as reader,
        open_vault(settings, reads_photos=False) as vault,
        open_output(target, force=force) as writer,
    ):
        vault.seal_stream(name, reader, writer)
    _report(settings, "sealed", target)
    return ExitCode.OK


@command(
    "open",
    "ailock open door letter.txt.sealed new-photo.jpg",
    "ailock open door letters.tar.sealed photo.jpg -o - | tar x",
)
@name_argument
@_file_argument("The sealed file.")
@photos_argument(PROBES)
@_output_options("FILE without .sealed")
def open_sealed(
    settings: Settings,
    name: str,
    file: str,
    photos: tuple[str, ...],
    output: str | None,
    force: bool,
) -> int:
    """Decrypt a sealed file with photos."""
    from ailock_sdk.cli.progress import bytes_bar

    if output is not None:
        target = STANDARD if output in STANDARD_OUTPUTS else output
    elif file == STANDARD:
        target = STANDARD
    elif file.endswith(SEALED_SUFFIX) and Path(file).name != SEALED_SUFFIX:
        target = file.removesuffix(SEALED_SUFFIX)
    else:
        raise click.UsageError("name the result: --output FILE")
    _check_target(settings, target, force, asked=output is not None)
    one_reader(photos, [file])
    with bytes_bar(file) as bar, open_input(file, bar.update) as reader:
        sources = photo_sources(photos, MAX_PROBE_PHOTOS)
        with (
            open_vault(settings, reads_photos=True) as vault,
            open_output(target, force=force) as writer,
        ):
            vault.open_stream(name, reader, sources, writer)
    _report(settings, "opened", target)
    return ExitCode.OK


def _check_target(settings: Settings, target: str, force: bool, *, asked: bool) -> None:
    """Refuse what cannot be written before anything is read."""
    if target == STANDARD and settings.json:
        raise click.UsageError("--json writes to standard output too: name a file, --output FILE")
    if target == STANDARD and not (asked or force) and sys.stdout.isatty():
        raise click.UsageError("the result is not for a terminal: --output FILE, or --output -")
    check_output(target, force=force)


def _report(settings: Settings, done: str, target: str) -> None:
    if target != STANDARD:
        report(settings, {"output": target}, f"{done} to {shown(target)}")
