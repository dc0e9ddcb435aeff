"""``ailock enroll``, ``unlock``, ``list``, ``show`` and ``remove``."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys

from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report


def enroll(arguments: argparse.Namespace) -> int:
    """Create a lock from photos of one object."""
    from ailock_sdk.cli.progress import photos_bar

    count = len(arguments.photos)
    with open_vault(arguments, reads_photos=True) as vault:
        vault.enroll(arguments.name, photos_bar(arguments.photos))
    report(
        arguments,
        {"name": arguments.name, "photos": count},
        f"enrolled {arguments.name!r} from {count} photo{'s' if count > 1 else ''}",
    )
    return ExitCode.OK


def unlock(arguments: argparse.Namespace) -> int:
    """Open a lock with new photos; the secret leaves only if it is asked for."""
    with open_vault(arguments, reads_photos=True) as vault:
        secret = vault.unlock(arguments.name, arguments.photos)
    if arguments.raw:
        sys.stdout.buffer.write(bytes(secret))
        return ExitCode.OK
    if arguments.exec:
        return subprocess.run(
            shlex.split(arguments.exec), input=bytes(secret), check=False
        ).returncode
    report(arguments, {"name": arguments.name, "match": True}, f"unlocked {arguments.name!r}")
    return ExitCode.OK


def list_names(arguments: argparse.Namespace) -> int:
    """Print the names of all locks."""
    with open_vault(arguments, reads_photos=False) as vault:
        names = vault.names()
    report(arguments, {"names": names}, "\n".join(names) or "no locks yet: ailock enroll")
    return ExitCode.OK


def show(arguments: argparse.Namespace) -> int:
    """Print what is stored for a lock."""
    with open_vault(arguments, reads_photos=False) as vault:
        facts = vault.show(arguments.name)
    width = max(map(len, facts))
    report(arguments, facts, "\n".join(f"{k:{width}}  {v}" for k, v in facts.items()))
    return ExitCode.OK


def remove(arguments: argparse.Namespace) -> int:
    """Delete a lock."""
    with open_vault(arguments, reads_photos=False) as vault:
        vault.remove(arguments.name)
    report(arguments, {"name": arguments.name, "removed": True}, f"removed {arguments.name!r}")
    return ExitCode.OK
