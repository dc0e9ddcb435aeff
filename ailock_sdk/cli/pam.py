"""``ailock pam``: asked by ``pam_exec``, it says whether a user's lock was opened by the camera.

Whatever is not a match, in time, ends with another status than 0, upon which PAM asks for the
password. Run by root it reads no photo, model or vault: it looks at who asks and from where, and
starts ``ailock unlock`` as the system user whose vault it is.
"""

from __future__ import annotations

import os
import sys
from typing import IO, Any

import click

from ailock_sdk.cli.commands import Settings, command
from ailock_sdk.cli.exit_codes import SIGNAL_BASE, ExitCode
from ailock_sdk.cli.output import shown, tell

SYSTEM_USER = "ailock"
SECONDS = 8.0
"""For all of it; who is at the keyboard waits no longer for the password's prompt."""
_GRACE_SECONDS = 0.5


@command("pam", "ailock pam", "ailock pam --lock door --camera /dev/video0 --seconds 5")
@click.option("--lock", metavar="NAME", help="The lock [default: named as the user who asks].")
@click.option(
    "--camera", default="", metavar="SOURCE", help="A device, no stream [default: the first]."
)
@click.option(
    "--user",
    default=SYSTEM_USER,
    metavar="NAME",
    show_default=True,
    help="The system user who keeps the vault.",
)
@click.option(
    "--seconds", type=click.FloatRange(0.5, 60), default=SECONDS, show_default=True, help="Limit."
)
@click.option("--any-seat", is_flag=True, help="Where no logind says who sits at this device.")
def pam(
    settings: Settings, lock: str | None, camera: str, user: str, seconds: float, any_seat: bool
) -> int:
    """Answer PAM, which asks by pam_exec.so: status 0 if the lock of $PAM_USER opens by the camera.

    Any other status lets PAM ask for the password, as requests over the network do. The lines to
    write are in docs/how-to/pam.md.
    """
    from ailock_sdk.cli.seats import why_not_here

    if "://" in camera:
        raise click.UsageError("--camera: whoever is on its network could show PAM a recording")
    asking = os.environ.get("PAM_USER")
    if not asking or os.environ.get("PAM_TYPE") != "auth":
        raise click.UsageError("only pam_exec.so runs this, in a line that begins with `auth`")
    if reason := why_not_here(os.environ, any_seat=any_seat):
        return _end(asking, ExitCode.UNAVAILABLE, f"no photos: {reason}")
    words = [sys.executable, "-I", "-m", "ailock_sdk"]
    for option in ("vault", "pepper", "bundle"):
        if given := getattr(settings, option):
            words += [f"--{option}", given]
    words += ["unlock", "--camera", camera, "--", lock or asking]
    status, why = _run(words, seconds, **_becoming(user))
    return _end(asking, status, why)


def _becoming(user: str) -> dict[str, Any]:
    """What makes a process that of ``user``, with his home and nothing of who asks."""
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise click.UsageError(f"there is no user {user}: create him, or give --user") from None
    plain = {"env": {"HOME": entry.pw_dir, "PATH": os.defpath}, "cwd": "/"}
    if os.geteuid() == os.getuid() == entry.pw_uid:
        return plain
    if os.geteuid() != 0:
        raise click.UsageError(f"only root can become {user}: pam_exec.so needs `seteuid` for it")
    groups = os.getgrouplist(user, entry.pw_gid)
    return {**plain, "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def _run(words: list[str], seconds: float, **becoming: Any) -> tuple[int, str]:
    """The status of a command that has a time limit, and what is to be said of it."""
    import subprocess
    from threading import Thread

    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **becoming,
    )
    # Its own pipe: PAM waits until nobody holds the one it gave us, and a camera's driver may
    # keep a process for ever that was killed.
    Thread(target=_relay, args=(process.stderr,), daemon=True).start()
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        return ExitCode.UNAVAILABLE, f"nothing matched within {seconds:g} s"
    status = SIGNAL_BASE - status if status < 0 else status
    return status, "opened" if status == ExitCode.OK else f"not opened, status {status}"


def _relay(stream: IO[bytes]) -> None:
    for line in stream:
        print(shown(line.decode(errors="replace").rstrip("\n")), file=sys.stderr, flush=True)


def _end(asking: str, status: int, why: str) -> int:
    import syslog

    tell(why)
    service = os.environ.get("PAM_SERVICE", "?")
    syslog.openlog("ailock", syslog.LOG_PID, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, f"{service}: {asking!r}: {why}")
    return status
