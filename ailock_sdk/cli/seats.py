"""Whether who asks PAM sits at this device, as systemd's login manager knows it."""

from __future__ import annotations

import ctypes
import pwd
from collections.abc import Mapping
from typing import Any

_REMOTE = ("PAM_RHOST", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")


def why_not_here(environment: Mapping[str, str], *, any_seat: bool) -> str | None:
    """Say why nobody may be at the camera for this request, else ``None``.

    Parameters
    ----------
    environment : mapping of str to str
        What ``pam_exec`` sets: the items of PAM, and PAM's own environment.
    any_seat : bool
        Believe who has no session, where no login manager keeps any.
    """
    if any(environment.get(name) for name in _REMOTE):
        return "asked over the network"
    login = _login_manager()
    if login is not None and _is_remote(login):
        return "asked in a session over the network"
    if any_seat:
        return None
    user = environment.get("PAM_RUSER") or environment.get("PAM_USER", "")
    try:
        number = pwd.getpwnam(user).pw_uid
    except KeyError:
        return "nobody of this name"
    if login is None:
        return "no login manager (libsystemd) says who sits here: see --any-seat"
    if login.sd_uid_get_seats(number, 1, None) <= 0:
        return f"{user} is not logged in at a seat of this device"
    return None


def _login_manager() -> Any:
    """The library that reads what logind, or elogind, knows."""
    for name in ("libsystemd.so.0", "libelogind.so.0"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _is_remote(login: Any) -> bool:
    """Whether this process is in a session over the network, or in one that nobody knows."""
    session = ctypes.c_char_p()
    if login.sd_pid_get_session(0, ctypes.byref(session)) < 0:
        return False  # in none: a service, such as the user's own, or a desktop's
    return bool(login.sd_session_is_remote(session) != 0)
