"""``ailock serve``, the phone page; ``wait``, for programs; ``devices``, who may use the page."""

from __future__ import annotations

import errno
import importlib.util
import json
import shlex
from typing import TYPE_CHECKING, Any

import click

from ailock_sdk.cli import options
from ailock_sdk.cli.commands import Group, Settings, command
from ailock_sdk.cli.opening import open_vault, vault_path
from ailock_sdk.cli.output import report, shown, tell
from ailock_sdk.cli.releasing import IDENTITY, SSH_KEY, Release, release_options
from ailock_sdk.errors import AilockError

if TYPE_CHECKING:
    from ailock_sdk.server import Action, Devices, Served
    from ailock_sdk.vault import Vault

DEFAULT_PORT = 8765
_LOG_LINES_A_SECOND = 10
_PACKAGES = ("starlette", "uvicorn", "jinja2", "segno")


@command(
    "serve",
    "ailock serve",
    "ailock serve --lan --gpio 17",
    'ailock serve --lan safe --on-unlock "cryptsetup open --key-file - /dev/sdb1 safe"',
)
@click.argument(
    "names",
    type=options.LOCK_NAME,
    nargs=-1,
    metavar="[NAME]...",
    help="Locks that do something when they open [default: all but those that were made on the "
    "page; the first made there does].",
)
@click.option("--lan", is_flag=True, help="Let phones of this network come, by HTTPS.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="0 is a free one.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="A further name by which the page is opened.",
)
@click.option(
    "--on-unlock",
    metavar="CMD",
    help="Run CMD when a lock opens, with the 32 secret bytes on its standard input; no shell "
    "reads CMD.",
)
@click.option("--gpio", metavar="PIN", help="Switch this line of a Pi on for 3 s (gpiozero).")
def serve(
    settings: Settings,
    names: tuple[str, ...],
    lan: bool,
    port: int,
    hosts: tuple[str, ...],
    on_unlock: str | None,
    gpio: str | None,
) -> None:
    """Serve the phone page: make, open and manage locks with a phone's camera.

    On this machine only, unless --lan is given. A browser is paired once, by the code that is
    shown here.
    """
    _check_installed()
    if on_unlock is not None and gpio is not None:
        raise click.UsageError("--on-unlock and --gpio exclude each other")
    if names and on_unlock is None and gpio is None:
        raise click.UsageError("say what these locks do when they open: --on-unlock or --gpio")
    words = None if on_unlock is None else _words(on_unlock)
    from ailock_sdk import server

    _log_to_terminal()
    with open_vault(settings, reads_photos=True) as vault:
        folder = server.state_folder(vault.path)
        devices = server.Devices(folder)
        action: Action | None = None
        if words is not None:
            action = server.RunCommand(words)
        elif gpio is not None:
            action = server.SwitchLine(gpio)
        waiting = server.Waiting(folder)
        service = server.Service(vault, folder, action, _checked(vault, names), waiting)
        server.serve(
            service,
            devices,
            folder,
            port=port,
            lan=lan,
            names=hosts,
            waiting=waiting,
            ready=lambda served: _announce(settings, served, devices),
        )


@command(
    "wait",
    "ailock wait door --output hex",
    'ailock wait safe --exec "cryptsetup open --key-file - /dev/sdb1 safe"',
)
@options.name
@click.option(
    "--seconds",
    type=click.FloatRange(0, 600, min_open=True),
    default=60,
    show_default=True,
    help="How long.",
)
@release_options
def wait(settings: Settings, name: str, seconds: float, release: Release) -> int | None:
    """Wait until a lock is opened on the phone page that `ailock serve` serves here.

    Then its secret leaves by --output or --exec, as of `ailock unlock`.
    """
    if release.form in (IDENTITY, SSH_KEY):
        raise click.UsageError(f"--output {release.form} is for `ailock unlock`")
    _check_installed()
    from ailock_sdk import server

    with open_vault(settings) as vault:
        stored = vault.show(name)["name"]
        folder = server.state_folder(vault.path)
    try:
        secret = server.wait_for(folder, stored, seconds)
    except OSError:
        reason = "no phone page is served for this vault: start `ailock serve`"
        raise OSError(errno.ECONNREFUSED, reason, name) from None
    if secret is None:
        raise OSError(errno.ETIMEDOUT, "nobody opened it on the phone page in time", name)
    if release:
        return release.give(secret)
    report(settings, {"name": name, "opened": True}, f"{name!r} was opened")
    return None


def _checked(vault: Vault, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names as they are stored; an ``UnknownNameError`` if there is no such lock."""
    return tuple(vault.show(name)["name"] for name in names)


def _announce(settings: Settings, served: Served, devices: Devices) -> None:
    from ailock_sdk.server import terminal_qr

    code = devices.new_code()
    link = f"{served.url}pair#{code}"
    if settings.json:
        facts = {**vars(served), "pairing_code": code}
        print(json.dumps(facts, sort_keys=True), flush=True)
        return
    lines = [f"serving {served.url}; end it with Ctrl-C"]
    if served.fingerprint is not None:
        lines += [
            "The certificate is this machine's own, and browsers warn of it once. SHA-256:",
            *(f"    {served.fingerprint[i : i + 48]}" for i in (0, 48)),
            "",
            terminal_qr(link),
        ]
    lines.append(f"To pair a browser, within ten minutes and once: {link}")
    print("\n".join(lines), flush=True)


def _check_installed() -> None:
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise AilockError("the page needs more packages: pip install 'ailock-sdk[server]'")


def _words(on_unlock: str) -> list[str]:
    try:
        words = shlex.split(on_unlock)
    except ValueError as error:
        raise click.UsageError(f"--on-unlock: {str(error).lower()}") from None
    if not words:
        raise click.UsageError("--on-unlock: there is no command in it")
    return words


def _log_to_terminal() -> None:
    """Write what the server and the vault tell to standard error, however often it happens."""
    import logging

    from ailock_sdk.server.rates import AtMost

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    handler.addFilter(AtMost(_LOG_LINES_A_SECOND))
    for name in ("ailock_sdk", "uvicorn.error"):
        logging.getLogger(name).addHandler(handler)
    logging.getLogger("ailock_sdk.server").setLevel(logging.INFO)


@click.group("devices", Group, examples=("ailock devices list", "ailock devices pair"))
def devices() -> None:
    """Browsers that may use the phone page of `ailock serve`."""


def _devices(settings: Settings) -> Devices:
    _check_installed()
    from ailock_sdk import server

    return server.Devices(server.state_folder(vault_path(settings).absolute()))


@command("list", "ailock devices list", group=devices)
def list_devices(settings: Settings) -> None:
    """Print the paired devices."""
    import datetime

    found = _devices(settings).all()
    days = [datetime.date.fromtimestamp(each.paired).isoformat() for each in found]
    facts: list[dict[str, Any]] = [
        {"id": each.id, "name": each.name, "paired": day}
        for each, day in zip(found, days, strict=True)
    ]
    lines = [f"{fact['id']}  {fact['paired']}  {shown(fact['name'])}" for fact in facts]
    report(settings, {"devices": facts}, "\n".join(lines) or "none is paired")


@command("pair", "ailock devices pair", group=devices)
def pair(settings: Settings) -> None:
    """Make a pairing code for a server that runs; good once, for ten minutes."""
    code = _devices(settings).new_code()
    report(settings, {"pairing_code": code}, code)
    tell("type it on the page's form, within ten minutes")


@command("revoke", "ailock devices revoke 3f9c01ab", group=devices)
@click.argument("device_id", metavar="ID", help="As `ailock devices list` shows it.")
def revoke(settings: Settings, device_id: str) -> None:
    """Let a device use the page no longer, from now on."""
    revoked = _devices(settings).revoke(device_id)
    if revoked is None:
        raise click.UsageError(f"no device {device_id!r}: `ailock devices list` shows them")
    report(settings, {"id": device_id, "revoked": True}, f"revoked {shown(revoked.name)}")


@command("trust", "ailock devices trust door", group=devices)
@options.name
def trust(settings: Settings, name: str) -> None:
    """Let a lock that was made on the page do what `ailock serve` was told to do.

    The first lock does so anyway, and locks that were made by `ailock enroll`.
    """
    _check_installed()
    from ailock_sdk import server

    with open_vault(settings) as vault:
        server.Trust(server.state_folder(vault.path), vault).trust(name)
    report(settings, {"name": name, "trusted": True}, f"{name!r} acts when it opens")
