"""``ailock slots``: what opens a lock; ``export`` and ``import``, which carry it elsewhere."""

from __future__ import annotations

from typing import Any

import click

from ailock_sdk.cli.asking import Code, Opener, Pin, code_options, opener_options, pin_options
from ailock_sdk.cli.commands import (
    FILE,
    LOCK_NAME,
    Group,
    command,
    faces_option,
    name_argument,
    photos_argument,
)
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.files import (
    STANDARD_OUTPUTS,
    check_output,
    one_reader,
    open_input,
    open_output,
    photo_sources,
)
from ailock_sdk.cli.locks import REFERENCES
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report, shown
from ailock_sdk.cli.settings import Settings
from ailock_sdk.cli.showing import recovery_file_option, shown_once, tell_of_pepper
from ailock_sdk.constants import MAX_REFERENCE_PHOTOS

MAX_LOCK_FILE_BYTES = 1 << 20
"""More than any lock file has."""


class _Slots(Group):
    """``slots NAME`` is short for ``slots list NAME``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The action that is named, or the list."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["list", *args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Actions, and names of locks."""
        names = LOCK_NAME.shell_complete(ctx, click.Argument(["name"]), incomplete)
        return [*super().shell_complete(ctx, incomplete), *names]


@click.group("slots", _Slots, examples=("ailock slots door", "ailock slots list door --json"))
def slots() -> None:
    """Show, add and remove what opens a lock: photos and recovery codes.

    `ailock slots NAME` shows them. Changes need the lock opened: by photos, or by its code.
    """


@command("list", "ailock slots list door")
@name_argument
def list_slots(settings: Settings, name: str) -> int:
    """Show what opens a lock."""
    with open_vault(settings, reads_photos=False) as vault:
        found = vault.slots(name)
    rows = [
        [
            str(slot.number),
            slot.kind + (f" of {slot.objects} objects" if slot.objects > 1 else ""),
            "with PIN" if slot.needs_pin else "",
            slot.created.date().isoformat(),
            slot.label,
        ]
        for slot in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{c:{w}}" for c, w in zip(row, widths, strict=True)) for row in rows)
    facts = {"name": name, "slots": [slot.describe() for slot in found]}
    report(settings, facts, "\n".join(line.rstrip() for line in lines))
    return ExitCode.OK


@command(
    "add",
    "ailock slots add door new1.jpg new2.jpg new3.jpg --opened-by old.jpg",
    "ailock slots add door new1.jpg new2.jpg --code --replaces 1",
    "ailock slots add door --recovery --opened-by mug.jpg",
)
@name_argument
@photos_argument(REFERENCES, required=False)
@pin_options("A PIN that must be typed beside the new photos")
@click.option("--recovery", is_flag=True, help="Add a recovery code instead of photos.")
@recovery_file_option
@click.option("--label", default="", metavar="TEXT", help="To know the slot by.")
@click.option("--replaces", type=int, metavar="NUMBER", help="The slot whose place it takes.")
@faces_option
@opener_options
def add(
    settings: Settings,
    name: str,
    photos: tuple[str, ...],
    pin: Pin,
    recovery: bool,
    recovery_file: str | None,
    label: str,
    replaces: int | None,
    allow_faces: bool,
    opener: Opener,
) -> int:
    """Let other photos, or a recovery code, open a lock too.

    What was sealed stays readable.
    """
    if bool(photos) == recovery:
        raise click.UsageError(
            "--recovery adds a code, and takes no photos"
            if photos
            else "give the new photos before --opened-by, or --recovery"
        )
    if recovery and (pin.asked or pin.file):
        raise click.UsageError("a recovery code has no PIN")
    if not recovery and recovery_file is not None:
        raise click.UsageError("--recovery-file is for --recovery")
    pin.check()
    opener.check(*photos, *([pin.file] if pin.file else []))
    opened_by, opened_with_pin = opener.read()
    if recovery:
        with (
            shown_once(name, recovery_file) as show_code,
            open_vault(settings, reads_photos=bool(opener.photos)) as vault,
        ):
            show_code(
                vault.add_recovery_code(
                    name,
                    opened_by=opened_by,
                    opened_with_pin=opened_with_pin,
                    label=label,
                    replaces=replaces,
                )
            )
        report(settings, {"name": name, "recovery": True}, f"added a recovery code to {name!r}")
        return ExitCode.OK
    sources = photo_sources(photos, MAX_REFERENCE_PHOTOS)
    with open_vault(settings, reads_photos=True, allow_faces=allow_faces) as vault:
        slot = vault.add_photos(
            name,
            sources,
            opened_by=opened_by,
            opened_with_pin=opened_with_pin,
            pin=pin.read(new=True),
            label=label,
            replaces=replaces,
        )
    facts = {"name": name, "slot": slot.describe()}
    report(settings, facts, f"added slot {slot.number} to {name!r}")
    return ExitCode.OK


@command(
    "remove",
    "ailock slots remove door 1 --opened-by mug.jpg",
    "ailock slots remove door 1 --code",
)
@name_argument
@click.argument("number", type=int, help="The slot's number, as `ailock slots NAME` shows it.")
@opener_options
def remove(settings: Settings, name: str, number: int, opener: Opener) -> int:
    """Let a slot open a lock no longer; the last one stays."""
    opener.check()
    opened_by, pin = opener.read()
    with open_vault(settings, reads_photos=bool(opener.photos)) as vault:
        vault.remove_slot(name, number, opened_by=opened_by, opened_with_pin=pin)
    facts = {"name": name, "removed": number}
    report(settings, facts, f"removed slot {number} of {name!r}")
    return ExitCode.OK


for _action in (list_slots, add, remove):
    slots.add_command(_action)


@command(
    "export",
    "ailock export door door.lock --opened-by mug.jpg",
    "ailock export door - --code > door.lock",
)
@name_argument
@click.argument("file", type=FILE, help="The file to write; `-` is standard output.")
@opener_options
@recovery_file_option
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def export(
    settings: Settings,
    name: str,
    file: str,
    opener: Opener,
    recovery_file: str | None,
    force: bool,
) -> int:
    """Write a lock for another device, where its recovery code opens it.

    A lock without a recovery code gets one for the export, which is shown once.
    """
    opener.check()
    if file in STANDARD_OUTPUTS and settings.json:
        raise click.UsageError("--json writes to standard output too: name a file")
    check_output(file, force=force)
    opened_by, pin = opener.read()
    with (
        shown_once(name, recovery_file) as show_code,
        open_vault(settings, reads_photos=bool(opener.photos)) as vault,
        open_output(file, force=force) as writer,
    ):
        exported = vault.export_lock(name, opened_by=opened_by, opened_with_pin=pin)
        writer.write(exported.data)
        show_code(exported.recovery_code)
    if file not in STANDARD_OUTPUTS:
        facts = {"name": name, "output": file}
        report(settings, facts, f"exported {name!r} to {shown(file)}")
    return ExitCode.OK


@command("import", "ailock import door door.lock", "ailock import door door.lock --code-file code")
@name_argument
@click.argument("file", type=FILE, help="What `export` wrote; `-` is standard input.")
@code_options
def import_(settings: Settings, name: str, file: str, code: Code) -> int:
    """Store a lock that another device exported; its recovery code is asked for.

    Then add photos by `ailock slots add NAME PHOTO... --code`.
    """
    one_reader([file], [code.file] if code.file else [])
    with open_input(file) as reader:
        data = reader.read(MAX_LOCK_FILE_BYTES)
    typed = (code or Code(True, None)).read()
    with open_vault(settings, reads_photos=False) as vault:
        imported = vault.import_lock(name, data, typed)
    if imported.new_pepper is not None:
        tell_of_pepper(imported.new_pepper)
    facts = {"name": name, "recipient": imported.recipient}
    report(settings, facts, f"imported {name!r}")
    return ExitCode.OK
