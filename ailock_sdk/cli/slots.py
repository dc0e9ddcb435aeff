"""``ailock slots``: what opens a lock; ``export`` and ``import``, which carry it elsewhere."""

from __future__ import annotations

from typing import Any

import click

from ailock_sdk.cli import options
from ailock_sdk.cli.asking import ASKED_CODE, Code, Opener, Pin, shown_once, tell_of_pepper
from ailock_sdk.cli.cameras import Enrolling
from ailock_sdk.cli.commands import Group, Settings, command
from ailock_sdk.cli.files import (
    STANDARD_OUTPUTS,
    check_output,
    one_reader,
    open_input,
    open_output,
    photo_sources,
)
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report, shown
from ailock_sdk.constants import MAX_REFERENCE_PHOTOS

MAX_LOCK_FILE_BYTES = 1 << 20
"""More than any lock file has."""


class _Slots(Group):
    """``slots NAME`` is short for ``slots list NAME``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["list", *args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        names = options.LOCK_NAME.shell_complete(ctx, click.Argument(["name"]), incomplete)
        return [*super().shell_complete(ctx, incomplete), *names]


@click.group("slots", _Slots, examples=("ailock slots door", "ailock slots list door --json"))
def slots() -> None:
    """Show, add and remove what opens a lock: photos and recovery codes.

    `ailock slots NAME` shows them. Changes need the lock opened: by photos, or by its code.
    """


@command("list", "ailock slots list door", group=slots)
@options.name
def list_slots(settings: Settings, name: str) -> None:
    """Show what opens a lock."""
    with open_vault(settings) as vault:
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


@command(
    "add",
    "ailock slots add door new1.jpg new2.jpg new3.jpg --opened-by old.jpg",
    "ailock slots add door new1.jpg new2.jpg --code --replaces 1",
    "ailock slots add door --camera --code",
    "ailock slots add door --recovery --opened-by mug.jpg",
    group=slots,
)
@options.name
@options.photos(options.REFERENCES, required=False)
@options.camera
@options.pin("A PIN that must be typed beside the new photos")
@click.option("--recovery", is_flag=True, help="Add a recovery code instead of photos.")
@options.recovery_file
@click.option("--label", default="", metavar="TEXT", help="To know the slot by.")
@click.option("--replaces", type=int, metavar="NUMBER", help="The slot whose place it takes.")
@options.faces
@options.opener
def add(
    settings: Settings,
    name: str,
    photos: tuple[str, ...],
    camera: str | None,
    pin: Pin,
    recovery: bool,
    recovery_file: str | None,
    allow_faces: bool,
    opener: Opener,
    **place: Any,
) -> None:
    """Let other photos, or a recovery code, open a lock too.

    What was sealed stays readable.
    """
    if recovery and (photos or camera is not None):
        raise click.UsageError("--recovery adds a code, and takes no photos")
    if not recovery and not photos and camera is None:
        raise click.UsageError("give the new photos before --opened-by, or --camera, or --recovery")
    if photos and camera is not None:
        raise click.UsageError("photos and --camera exclude each other")
    if recovery and pin:
        raise click.UsageError("a recovery code has no PIN")
    if not recovery and recovery_file is not None:
        raise click.UsageError("--recovery-file is for --recovery")
    opener.check(*photos, pin.file)
    show = shown_once(name, recovery_file) if recovery else None
    opened_by, place["opened_with_pin"] = opener.read()
    sources = photo_sources(photos, MAX_REFERENCE_PHOTOS) if photos else []
    facts: dict[str, Any] = {"name": name}
    reads_photos = bool(photos or opener.photos) or camera is not None
    with open_vault(settings, reads_photos=reads_photos, allow_faces=allow_faces) as vault:
        if show is not None:
            vault.add_recovery_code(name, opened_by=opened_by, show=show, **place)
            facts["recovery"], added = True, "a recovery code"
        else:
            typed = pin.read(new=True)
            if camera is not None:
                with Enrolling(settings, camera, vault) as enrolling:
                    sources = enrolling.references()
            slot = vault.add_photos(name, sources, opened_by=opened_by, pin=typed, **place)
            facts["slot"], added = slot.describe(), f"slot {slot.number}"
    report(settings, facts, f"added {added} to {name!r}")


@command(
    "remove",
    "ailock slots remove door 1 --opened-by mug.jpg",
    "ailock slots remove door 1 --code",
    group=slots,
)
@options.name
@click.argument("number", type=int, help="The slot's number, as `ailock slots NAME` shows it.")
@options.opener
def remove(settings: Settings, name: str, number: int, opener: Opener) -> None:
    """Let a slot open a lock no longer; the last one stays."""
    opener.check()
    opened_by, pin = opener.read()
    with open_vault(settings, reads_photos=bool(opener.photos)) as vault:
        vault.remove_slot(name, number, opened_by=opened_by, opened_with_pin=pin)
    facts = {"name": name, "removed": number}
    report(settings, facts, f"removed slot {number} of {name!r}")


@command(
    "export",
    "ailock export door door.lock --opened-by mug.jpg",
    "ailock export door - --code > door.lock",
)
@options.name
@options.file("The file to write; `-` is standard output.")
@options.opener
@options.recovery_file
@options.force
def export(
    settings: Settings,
    name: str,
    file: str,
    opener: Opener,
    recovery_file: str | None,
    force: bool,
) -> None:
    """Write a lock for another device, where its recovery code opens it.

    A lock without a recovery code gets one for the export, which is shown once.
    """
    opener.check()
    if file in STANDARD_OUTPUTS and settings.json:
        raise click.UsageError("--json writes to standard output too: name a file")
    check_output(file, force=force)
    show = shown_once(name, recovery_file)
    opened_by, pin = opener.read()
    with (
        open_vault(settings, reads_photos=bool(opener.photos)) as vault,
        open_output(file, force=force) as writer,
    ):
        exported = vault.export_lock(name, opened_by=opened_by, opened_with_pin=pin)
        writer.write(exported.data)
        if exported.recovery_code is not None:
            show(exported.recovery_code)
    if file not in STANDARD_OUTPUTS:
        report(settings, {"name": name, "output": file}, f"exported {name!r} to {shown(file)}")


@command("import", "ailock import door door.lock", "ailock import door door.lock --code-file code")
@options.name
@options.file("What `export` wrote; `-` is standard input.")
@options.code
def import_(settings: Settings, name: str, file: str, code: Code) -> None:
    """Store a lock that another device exported; its recovery code is asked for.

    Then add photos by `ailock slots add NAME PHOTO... --code`.
    """
    one_reader(file, code.file)
    with open_input(file) as reader:
        data = reader.read(MAX_LOCK_FILE_BYTES)
    typed = (code or ASKED_CODE).read()
    with open_vault(settings) as vault:
        imported = vault.import_lock(name, data, typed)
    tell_of_pepper(imported.new_pepper)
    report(settings, {"name": name, "recipient": imported.recipient}, f"imported {name!r}")
