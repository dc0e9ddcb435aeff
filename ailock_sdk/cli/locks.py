"""``ailock enroll``, ``unlock``, ``recover``, ``list``, ``show``, ``rename`` and ``remove``."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from ailock_sdk.cli import options
from ailock_sdk.cli.asking import ASKED_CODE, Code, Opener, Pin, shown_once, tell_of_pepper
from ailock_sdk.cli.cameras import Enrolling, check_may_try, one_photo_source, opened
from ailock_sdk.cli.commands import Settings, command
from ailock_sdk.cli.files import OBJECTS_SEPARATOR, one_reader, photo_sources
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report, shown
from ailock_sdk.cli.releasing import IDENTITY, SSH_KEY, Release, release_options
from ailock_sdk.constants import MAX_REFERENCE_PHOTOS, VAULT_PATH_VARIABLE
from ailock_sdk.errors import VaultMissingError

if TYPE_CHECKING:
    from ailock_sdk.secret import Hidden, Secret


@command(
    "enroll",
    "ailock enroll door mug1.jpg mug2.jpg mug3.jpg",
    "ailock enroll safe mug1.jpg mug2.jpg + robot1.jpg robot2.jpg --pin",
    "ailock enroll door --camera",
)
@options.name
@options.photos(options.REFERENCES, required=False)
@options.camera
@options.pin("A PIN that must be typed beside the photos")
@click.option("--label", default="", metavar="TEXT", help="To know these photos by in `slots`.")
@click.option(
    "--no-recovery", is_flag=True, help="Make no recovery code: what is lost then stays lost."
)
@options.recovery_file
@options.faces
def enroll(
    settings: Settings,
    name: str,
    photos: tuple[str, ...],
    camera: str | None,
    pin: Pin,
    label: str,
    no_recovery: bool,
    recovery_file: str | None,
    allow_faces: bool,
) -> None:
    """Create a lock from photos of one object, or of several that open it together.

    Its recovery code is shown once, on standard error. It is the backup: it opens the lock when
    the object, the photos, the pepper or the model is lost.
    """
    if no_recovery and recovery_file is not None:
        raise click.UsageError("--no-recovery and --recovery-file exclude each other")
    one_photo_source(photos, camera)
    one_reader(*photos, pin.file)
    show = shown_once(name, recovery_file)
    sources = photo_sources(photos, MAX_REFERENCE_PHOTOS) if photos else []
    facts: dict[str, Any] = {"name": name}
    with (
        open_vault(settings, reads_photos=True, allow_faces=allow_faces) as vault,
        nullcontext() if camera is None else Enrolling(settings, camera, vault) as enrolling,
    ):
        typed = pin.read(new=True)
        if enrolling is not None:
            vault.check_new_name(name)
            sources = enrolling.references()
        enrolled = vault.enroll(name, sources, pin=typed, recovery=not no_recovery, label=label)
        try:
            tell_of_pepper(enrolled.new_pepper)
            if enrolled.recovery_code is not None:
                show(enrolled.recovery_code)
        except BaseException:
            vault.remove(name)  # its code was seen by nobody
            raise
        if enrolling is not None:
            facts["trial_opened"] = enrolling.trial(name, typed)
    count = sum(photo != OBJECTS_SEPARATOR for photo in photos) or len(sources)
    facts |= {"photos": count, "recipient": enrolled.recipient}
    report(settings, facts, f"enrolled {name!r} from {count} photo{'s' if count > 1 else ''}")


@command(
    "unlock",
    "ailock unlock door new-photo.jpg",
    "ailock unlock safe mug.jpg + robot.jpg --pin",
    "ailock unlock door --camera /dev/video0",
    "ailock unlock door photo.jpg --output hex",
    'ailock unlock door photo.jpg --exec "cryptsetup open --key-file - /dev/sdb1 safe"',
    "ailock unlock door photo.jpg --output age-identity | age -d -i - letter.txt.sealed",
    "ailock unlock door --camera --output ssh-key | ssh-add -t 1h -",
)
@options.name
@options.photos(options.PROBES, required=False)
@options.camera
@options.pin("The lock's PIN")
@release_options
def unlock(
    settings: Settings,
    name: str,
    photos: tuple[str, ...],
    camera: str | None,
    pin: Pin,
    release: Release,
) -> int | None:
    """Open a lock with new photos of its object.

    The secret leaves only by --output or --exec.
    """
    return _open(settings, name, Opener(photos, pin, camera=camera), release)


@command(
    "recover",
    "ailock recover door",
    "ailock recover door --code-file code.txt --output age-identity",
)
@options.name
@options.code
@release_options
def recover(settings: Settings, name: str, code: Code, release: Release) -> int | None:
    """Open a lock by its recovery code, which is asked for without echo.

    Misses are cleared. Then add photos by `ailock slots add NAME PHOTO... --code`.
    """
    return _open(settings, name, Opener((), code=code or ASKED_CODE), release)


def _open(settings: Settings, name: str, opener: Opener, release: Release) -> int | None:
    opener.check()
    opened_by, pin = opener.read()
    by_photos = not opener.code

    def attempt(opened_by: Any) -> Secret | Hidden:
        if release.form == IDENTITY:
            return vault.identity(name, opened_by, pin=pin)
        if release.form == SSH_KEY:
            return vault.ssh_key(name, opened_by, pin=pin)
        if by_photos:
            return vault.unlock(name, opened_by, pin=pin)
        return vault.recover(name, opened_by)

    with open_vault(settings, reads_photos=by_photos) as vault:
        if opener.camera is not None:
            check_may_try(vault, name)
        secret = opened(settings, opener, opened_by, attempt)
    if release:
        return release.give(secret)
    what, done = ("match", "unlocked") if by_photos else ("recovered", "recovered")
    report(settings, {"name": name, what: True}, f"{done} {name!r}")
    return None


@command("list", "ailock list", "ailock list --json")
def list_names(settings: Settings) -> None:
    """Print the names of all locks."""
    try:
        with open_vault(settings) as vault:
            names = vault.names()
    except VaultMissingError:
        if settings.vault is not None or os.environ.get(VAULT_PATH_VARIABLE):
            raise  # a path that was mistyped
        names = []
    report(settings, {"names": names}, "\n".join(names) or "no locks yet: ailock enroll")


@command("show", "ailock show door", "ailock show door --age-plugin > door.txt")
@options.name
@click.option(
    "--age-plugin", is_flag=True, help="Print the identity by which `age -d -i` asks for photos."
)
def show(settings: Settings, name: str, age_plugin: bool) -> None:
    """Print what is stored for a lock, and the age recipient to seal to it by; no secret."""
    from ailock_sdk.store.age_stanzas import plugin_identity

    with open_vault(settings) as vault:
        facts = vault.show(name)
    facts["age_plugin"] = plugin_identity(facts["recipient"])
    if age_plugin and not settings.json:
        print(f"# recipient: {facts['recipient']}\n{facts['age_plugin']}")
        return
    report(settings, facts, "\n".join(_lines(facts)))


def _lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    """Facts as text: one a line, the parts of a list below its name."""
    simple = [key for key, value in facts.items() if not isinstance(value, list | dict)]
    width = max(map(len, simple), default=0)
    lines = []
    for key, value in facts.items():
        if key in simple:
            lines.append(f"{indent}{key:{width}}  {shown(value)}")
            continue
        for part in value if isinstance(value, list) else [value]:
            if part:
                lines += [f"{indent}{key.removesuffix('s')}", *_lines(part, indent + "  ")]
    return lines


@command("rename", "ailock rename door shed")
@options.name
@click.argument("new", metavar="NEW-NAME", help="The name that it gets.")
def rename(settings: Settings, name: str, new: str) -> None:
    """Give a lock another name; what is sealed to it stays so."""
    with open_vault(settings) as vault:
        vault.rename(name, new)
    report(settings, {"name": new, "before": name}, f"renamed {name!r} to {new!r}")


@command("remove", "ailock remove door")
@options.name
def remove(settings: Settings, name: str) -> None:
    """Delete a lock and all hope of opening its files."""
    with open_vault(settings) as vault:
        vault.remove(name)
    report(settings, {"name": name, "removed": True}, f"removed {name!r}")
