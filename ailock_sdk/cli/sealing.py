"""``ailock seal`` and ``open``: files for one lock."""

from __future__ import annotations

import os
import sys

import click

from ailock_sdk.cli import options
from ailock_sdk.cli.asking import Code, Opener, Pin
from ailock_sdk.cli.cameras import check_may_try, opened
from ailock_sdk.cli.commands import Settings, command
from ailock_sdk.cli.files import (
    STANDARD,
    STANDARD_OUTPUTS,
    Again,
    check_output,
    open_input,
    open_output,
)
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report, shown

SEALED_SUFFIX = ".sealed"
_SUFFIXES = (SEALED_SUFFIX, ".age")


def _output(default: str) -> options.Decorator:
    text = f"The result; `-` is standard output [default: {default}, or `-` for `-`]."
    return options.file_option("-o", "--output", help=text)


@command(
    "seal",
    "ailock seal door letter.txt",
    "tar c letters | ailock seal door - -o letters.tar.sealed",
    "ailock seal door letter.txt --armor -o - | mail -s letter me",
)
@options.name
@options.file("The file to encrypt. `-` is standard input.")
@_output("FILE.sealed")
@options.force
@click.option("-a", "--armor", is_flag=True, help="Write text that can be mailed, not bytes.")
def seal(
    settings: Settings, name: str, file: str, output: str | None, force: bool, armor: bool
) -> None:
    """Encrypt a file to a lock as an age file; needs no photo."""
    target = _target(output, STANDARD if file == STANDARD else file + SEALED_SUFFIX)
    _check_target(settings, target, force, shows=output is not None or armor)
    with (
        open_input(file, shows_progress=True) as reader,
        open_vault(settings) as vault,
        open_output(target, force=force) as writer,
    ):
        vault.seal_stream(name, reader, writer, armor=armor)
    _report(settings, "sealed", target)


@command(
    "open",
    "ailock open door letter.txt.sealed new-photo.jpg",
    "ailock open door letters.tar.sealed photo.jpg -o - | tar x",
    "ailock open door letter.txt.sealed --camera",
    "ailock open door letter.txt.sealed --code",
)
@options.name
@options.file("The sealed file, of ours or of any age program. `-` is standard input.")
@options.photos(options.PROBES, required=False)
@options.camera
@options.pin("The lock's PIN")
@options.code
@_output("FILE without .sealed or .age")
@options.force
def open_sealed(
    settings: Settings,
    name: str,
    file: str,
    photos: tuple[str, ...],
    camera: str | None,
    pin: Pin,
    code: Code,
    output: str | None,
    force: bool,
) -> None:
    """Decrypt a sealed file with photos, or by the recovery code."""
    opener = Opener(photos, pin, code, camera)
    opener.check(file)
    bare = next((file.removesuffix(s) for s in _SUFFIXES if file.endswith(s)), "")
    default = STANDARD if file == STANDARD else bare
    if output is None and os.path.basename(default) == "":
        raise click.UsageError("name the result: --output FILE")
    target = _target(output, default)
    _check_target(settings, target, force, shows=output is not None)
    with open_input(file, shows_progress=True) as reader:
        opened_by, pin_typed = opener.read()
        with (
            open_vault(settings, reads_photos=not code) as vault,
            open_output(target, force=force) as writer,
        ):
            if camera is not None:
                check_may_try(vault, name)
            again = Again(reader)
            opened(
                settings,
                opener,
                opened_by,
                lambda by: vault.open_stream(name, again.reader(), by, writer, pin=pin_typed),
            )
    _report(settings, "opened", target)


def _target(output: str | None, default: str) -> str:
    target = default if output is None else output
    return STANDARD if target in STANDARD_OUTPUTS else target


def _check_target(settings: Settings, target: str, force: bool, *, shows: bool) -> None:
    """Refuse what cannot be written before anything is read."""
    if target == STANDARD and settings.json:
        raise click.UsageError("--json writes to standard output too: name a file, --output FILE")
    if target == STANDARD and not (shows or force) and sys.stdout.isatty():
        raise click.UsageError("the result is not for a terminal: --output FILE, or --output -")
    check_output(target, force=force)


def _report(settings: Settings, done: str, target: str) -> None:
    if target != STANDARD:
        report(settings, {"output": target}, f"{done} to {shown(target)}")
