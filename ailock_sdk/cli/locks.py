"""``ailock enroll``, ``unlock``, ``list``, ``show`` and ``remove``."""

from __future__ import annotations

from ailock_sdk.cli.commands import PROBES, command, name_argument, photos_argument
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.files import one_reader, photo_sources
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report
from ailock_sdk.cli.releasing import release, release_options
from ailock_sdk.cli.settings import Settings
from ailock_sdk.constants import MAX_PROBE_PHOTOS, MAX_REFERENCE_PHOTOS


@command("enroll", "ailock enroll door mug1.jpg mug2.jpg mug3.jpg")
@name_argument
@photos_argument("1 to 16 photos of one object, best before different backgrounds.")
def enroll(settings: Settings, name: str, photos: tuple[str, ...]) -> int:
    """Create a lock from photos of one object."""
    from ailock_sdk.cli.progress import photos_bar

    one_reader(photos)
    sources = photo_sources(photos, MAX_REFERENCE_PHOTOS)
    with open_vault(settings, reads_photos=True) as vault:
        vault.enroll(name, photos_bar(sources))
    count = len(sources)
    report(
        settings,
        {"name": name, "photos": count},
        f"enrolled {name!r} from {count} photo{'s' if count > 1 else ''}",
    )
    return ExitCode.OK


@command(
    "unlock",
    "ailock unlock door new-photo.jpg",
    "ailock unlock door photo.jpg --output hex",
    'ailock unlock door photo.jpg --exec "cryptsetup open --key-file - /dev/sdb1 safe"',
)
@name_argument
@photos_argument(PROBES)
@release_options
def unlock(
    settings: Settings,
    name: str,
    photos: tuple[str, ...],
    form: str | None,
    exec_: str | None,
    force: bool,
) -> int:
    """Open a lock with new photos of its object.

    The secret leaves only by --output or --exec.
    """
    where = release(settings, form, exec_, force)
    one_reader(photos)
    sources = photo_sources(photos, MAX_PROBE_PHOTOS)
    with open_vault(settings, reads_photos=True) as vault:
        secret = vault.unlock(name, sources)
    if where:
        return where.give(bytes(secret))
    report(settings, {"name": name, "match": True}, f"unlocked {name!r}")
    return ExitCode.OK


@command("list", "ailock list", "ailock list --json")
def list_names(settings: Settings) -> int:
    """Print the names of all locks."""
    with open_vault(settings, reads_photos=False) as vault:
        names = vault.names()
    report(settings, {"names": names}, "\n".join(names) or "no locks yet: ailock enroll")
    return ExitCode.OK


@command("show", "ailock show door")
@name_argument
def show(settings: Settings, name: str) -> int:
    """Print what is stored for a lock; no secret."""
    with open_vault(settings, reads_photos=False) as vault:
        facts = vault.show(name)
    width = max(map(len, facts))
    report(settings, facts, "\n".join(f"{k:{width}}  {v}" for k, v in facts.items()))
    return ExitCode.OK


@command("remove", "ailock remove door")
@name_argument
def remove(settings: Settings, name: str) -> int:
    """Delete a lock and all hope of opening its files."""
    with open_vault(settings, reads_photos=False) as vault:
        vault.remove(name)
    report(settings, {"name": name, "removed": True}, f"removed {name!r}")
    return ExitCode.OK
