"""``ailock enroll``, ``unlock``, ``recover``, ``list``, ``show``, ``rename`` and ``remove``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from ailock_sdk.cli.asking import Code, Opener, Pin, code_options, pin_options
from ailock_sdk.cli.commands import (
    PROBES,
    command,
    faces_option,
    name_argument,
    photos_argument,
)
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.files import OBJECTS_SEPARATOR, one_reader, photo_sources
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report, shown
from ailock_sdk.cli.releasing import IDENTITY, Release, release_options
from ailock_sdk.cli.settings import Settings
from ailock_sdk.cli.showing import recovery_file_option, shown_once, tell_of_pepper
from ailock_sdk.constants import MAX_REFERENCE_PHOTOS, VAULT_PATH_VARIABLE
from ailock_sdk.errors import VaultMissingError

if TYPE_CHECKING:
    from ailock_sdk.secret import Hidden, Secret

REFERENCES = "1 to 16 photos of one object, best before different backgrounds."


@command(
    "enroll",
    "ailock enroll door mug1.jpg mug2.jpg mug3.jpg",
    "ailock enroll safe mug1.jpg mug2.jpg + robot1.jpg robot2.jpg --pin",
)
@name_argument
@photos_argument(REFERENCES)
@pin_options("A PIN that must be typed beside the photos")
@click.option("--label", default="", metavar="TEXT", help="To know these photos by in `slots`.")
@click.option(
    "--no-recovery", is_flag=True, help="Make no recovery code: what is lost then stays lost."
)
@recovery_file_option
@faces_option
def enroll(
    settings: Settings,
    name: str,
    photos: tuple[str, ...],
    pin: Pin,
    label: str,
    no_recovery: bool,
    recovery_file: str | None,
    allow_faces: bool,
) -> int:
    """Create a lock from photos of one object, or of several that open it together.

    Its recovery code is shown once, on standard error. It is the backup: it opens the lock when
    the object, the photos, the pepper or the model is lost.
    """
    if no_recovery and recovery_file is not None:
        raise click.UsageError("--no-recovery and --recovery-file exclude each other")
    pin.check()
    one_reader(photos, [pin.file] if pin.file else [])
    sources = photo_sources(photos, MAX_REFERENCE_PHOTOS)
    with open_vault(settings, reads_photos=True, allow_faces=allow_faces) as vault:
        enrolled = None
        try:
            with shown_once(name, recovery_file) as show_code:
                enrolled = vault.enroll(
                    name, sources, pin=pin.read(new=True), recovery=not no_recovery, label=label
                )
                show_code(enrolled.recovery_code)
        except BaseException:
            if enrolled is not None:
                vault.remove(name)  # its code was seen by nobody
            raise
    if enrolled.new_pepper is not None:
        tell_of_pepper(enrolled.new_pepper)
    count = len([photo for photo in photos if photo != OBJECTS_SEPARATOR])
    report(
        settings,
        {"name": name, "photos": count, "recipient": enrolled.recipient},
        f"enrolled {name!r} from {count} photo{'s' if count > 1 else ''}",
    )
    return ExitCode.OK


@command(
    "unlock",
    "ailock unlock door new-photo.jpg",
    "ailock unlock safe mug.jpg + robot.jpg --pin",
    "ailock unlock door photo.jpg --output hex",
    'ailock unlock door photo.jpg --exec "cryptsetup open --key-file - /dev/sdb1 safe"',
    "ailock unlock door photo.jpg --output age-identity | age -d -i - letter.txt.sealed",
)
@name_argument
@photos_argument(PROBES)
@pin_options("The lock's PIN")
@release_options
def unlock(
    settings: Settings, name: str, photos: tuple[str, ...], pin: Pin, release: Release
) -> int:
    """Open a lock with new photos of its object.

    The secret leaves only by --output or --exec.
    """
    opener = Opener(photos, pin, Code(False, None))
    opener.check()
    opened_by, typed = opener.read()
    with open_vault(settings, reads_photos=True) as vault:
        if release.form == IDENTITY:
            opened: Secret | Hidden = vault.identity(name, opened_by, pin=typed)
        else:
            opened = vault.unlock(name, opened_by, pin=typed)
    if release:
        return release.give(opened)
    report(settings, {"name": name, "match": True}, f"unlocked {name!r}")
    return ExitCode.OK


@command(
    "recover",
    "ailock recover door",
    "ailock recover door --code-file code.txt --output age-identity",
)
@name_argument
@code_options
@release_options
def recover(settings: Settings, name: str, code: Code, release: Release) -> int:
    """Open a lock by its recovery code, which is asked for without echo.

    Misses are cleared. Then add photos by `ailock slots add NAME PHOTO... --code`.
    """
    typed = (code or Code(True, None)).read()
    with open_vault(settings, reads_photos=False) as vault:
        if release.form == IDENTITY:
            opened: Secret | Hidden = vault.identity(name, typed)
        else:
            opened = vault.recover(name, typed)
    if release:
        return release.give(opened)
    report(settings, {"name": name, "recovered": True}, f"recovered {name!r}")
    return ExitCode.OK


@command("list", "ailock list", "ailock list --json")
def list_names(settings: Settings) -> int:
    """Print the names of all locks."""
    try:
        with open_vault(settings, reads_photos=False) as vault:
            names = vault.names()
    except VaultMissingError:
        if settings.vault is not None or os.environ.get(VAULT_PATH_VARIABLE):
            raise  # a path that was mistyped
        names = []
    report(settings, {"names": names}, "\n".join(names) or "no locks yet: ailock enroll")
    return ExitCode.OK


@command("show", "ailock show door")
@name_argument
def show(settings: Settings, name: str) -> int:
    """Print what is stored for a lock, and the age recipient to seal to it by; no secret."""
    with open_vault(settings, reads_photos=False) as vault:
        facts = vault.show(name)
    report(settings, facts, "\n".join(_lines(facts)))
    return ExitCode.OK


def _lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    """Facts as text: one a line, the parts of a list below its name."""
    simple = [key for key, value in facts.items() if not isinstance(value, list | dict)]
    width = max(map(len, simple), default=0)
    lines = []
    for key, value in facts.items():
        parts = [value] if isinstance(value, dict) else value
        if key in simple:
            lines.append(f"{indent}{key:{width}}  {shown(value)}")
        for part in parts if isinstance(parts, list) else []:
            if part:
                lines += [f"{indent}{key.removesuffix('s')}", *_lines(part, indent + "  ")]
    return lines


@command("rename", "ailock rename door shed")
@name_argument
@click.argument("new", metavar="NEW-NAME", help="The name that it gets.")
def rename(settings: Settings, name: str, new: str) -> int:
    """Give a lock another name; what is sealed to it stays so."""
    with open_vault(settings, reads_photos=False) as vault:
        vault.rename(name, new)
    report(settings, {"name": new, "before": name}, f"renamed {name!r} to {new!r}")
    return ExitCode.OK


@command("remove", "ailock remove door")
@name_argument
def remove(settings: Settings, name: str) -> int:
    """Delete a lock and all hope of opening its files."""
    with open_vault(settings, reads_photos=False) as vault:
        vault.remove(name)
    report(settings, {"name": name, "removed": True}, f"removed {name!r}")
    return ExitCode.OK
