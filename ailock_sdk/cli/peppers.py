"""``ailock pepper``: the 32 bytes without which no photo opens a lock."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ailock_sdk.cli import options
from ailock_sdk.cli.commands import FILE, Group, Settings, command
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report, shown

if TYPE_CHECKING:
    from ailock_sdk.store import PepperSource
    from ailock_sdk.vault_parts.results import PepperReplaced, PepperStatus


@click.group(
    "pepper", Group, examples=("ailock pepper show", "ailock pepper backup /media/stick/pepper")
)
def pepper() -> None:
    """Show, back up, restore, move and replace the pepper.

    It is a file that no lock contains, or kept by a keyring, a TPM or a token: a stolen vault is
    useless without it, and photos open the vault's locks only where it is. Where it is lost,
    recovery codes open them.
    """


@command("show", "ailock pepper show --json", group=pepper)
def show(settings: Settings) -> int:
    """Say where the pepper is, and whether it is the vault's."""
    with open_vault(settings) as vault:
        found = vault.pepper_status()
    facts = {**asdict(found), "path": None if found.path is None else str(found.path)}
    unneeded = found.vault_pepper_id is None
    lines = [
        f"pepper  {shown(found.where)}  {found.pepper_id or 'none'}",
        f"vault   {shown(vault.path)}  {found.vault_pepper_id or 'holds no lock yet'}",
    ]
    if not unneeded:
        lines.append(shown(found.problem or "the pepper is the vault's"))
    lines += _copies(found)
    report(settings, facts, "\n".join(lines))
    return ExitCode.OK if unneeded or found.problem is None else ExitCode.SETUP


@command("backup", "ailock pepper backup /media/stick/pepper", group=pepper)
@options.file("The new file, elsewhere than the vault.")
def backup(settings: Settings, file: str) -> None:
    """Copy the pepper to a new file, elsewhere than the vault."""
    with open_vault(settings) as vault:
        vault.backup_pepper(file)
    report(settings, {"output": file}, f"copied the pepper to {shown(file)}")


@command("restore", "ailock pepper restore /media/stick/pepper", group=pepper)
@options.file("A backup.")
@click.option("--force", is_flag=True, help="Even if it is not the vault's.")
def restore(settings: Settings, file: str, force: bool) -> None:
    """Put the pepper back from a backup.

    One that is there is kept beside it.
    """
    with open_vault(settings) as vault:
        _report(settings, vault.restore_pepper(file, force=force), "restored")


@command(
    "replace",
    "ailock pepper replace",
    "ailock pepper replace --to tpm --delete",
    "ailock pepper replace --with /media/stick/new-pepper",
    group=pepper,
)
@click.option(
    "--to",
    metavar="PLACE",
    type=FILE,
    help="Keep the same pepper there, and photos open as before: keyring, tpm, tpm:TCTI, "
    "fido2, fido2:PIN-FILE, pkcs11:URI, file (the default one) or a file's path.",
)
@click.option("--delete", is_flag=True, help="With --to: delete it where it was.")
@options.file_option("--with", "new", help="The new pepper [default: drawn].")
@click.option("--force", is_flag=True, help="Even if nothing opens some lock afterwards.")
def replace(settings: Settings, to: str | None, delete: bool, new: str | None, force: bool) -> None:
    """Give the vault another pepper, or the same one another place.

    Another one is for when the old one is lost or was seen. Photos that were enrolled with the old
    one open nothing any more: add them anew, by the recovery code.
    """
    if (delete and to is None) or (to is not None and (new is not None or force)):
        raise click.UsageError("--to goes with --delete alone, and --delete with --to")
    with open_vault(settings) as vault:
        if to is None:
            _report(settings, vault.replace_pepper(new, force=force), "replaced")
            return
        moved = vault.move_pepper(_target(to), delete=delete)
        _report(settings, moved, "moved", vault.pepper_status())


def _target(place: str) -> PepperSource:
    from ailock_sdk.store import DEFAULT_PEPPER

    return DEFAULT_PEPPER if place == DEFAULT_PEPPER.kind else place


def _copies(status: PepperStatus) -> list[str]:
    if status.place == "file" or status.path is None:
        return []
    return [f"a copy lies in {shown(status.path)}: delete it, or keep it elsewhere"]


def _report(
    settings: Settings, done: PepperReplaced, verb: str, status: PepperStatus | None = None
) -> None:
    kept = None if done.kept is None else str(done.kept)
    now = done.pepper_id if status is None else f"in {shown(status.where)}"
    lines = [f"{verb} the pepper, now {now}"]
    if status is not None:
        lines += _copies(status)
    if kept is not None:
        lines.append(f"the one before is kept as {shown(kept)}")
    lines += [f"{name!r} waits for its code: ailock recover" for name in done.waiting]
    lines += [
        f"photos of {name!r} open no more, slots {', '.join(map(str, numbers))}: ailock slots add"
        for name, numbers in done.closed.items()
    ]
    report(settings, {**asdict(done), "kept": kept}, "\n".join(lines))
