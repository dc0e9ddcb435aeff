"""A device over SSH, such as a Raspberry Pi; the ``ssh`` program does the talking."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.errors import SpeedError
from benchmarks.speed.programs import Finished, output_of, reason, run_program
from benchmarks.speed.remote import RemoteTarget
from benchmarks.speed.targets import ArmFolder

CONNECT_SECONDS = 20
ALIVE_SECONDS = 15
"""Between questions to a silent device; three without an answer end the connection."""
SSH_FAILED = 255
"""Exit status of ``ssh`` when the connection, not the program, failed."""
DEFAULTS = (
    *("-o", "BatchMode=yes"),  # nobody answers a question for a password here
    *("-o", f"ConnectTimeout={CONNECT_SECONDS}"),
    *("-o", f"ServerAliveInterval={ALIVE_SECONDS}"),
    *("-o", "ServerAliveCountMax=3"),
)
_ADDRESS = re.compile(r"([^\s:@-][^\s:@]*@)?[^\s:@-][^\s:@]*(?::(?P<port>[0-9]{1,5}))?")


class SshTarget(RemoteTarget):
    """``ssh:[USER@]HOST[:PORT]``; HOST may be an alias of the user's ssh configuration.

    ``options`` are options of ``ssh``, such as ``["-i", "key"]``; they win over the harness's.
    """

    def __init__(
        self, address: str, timeout_s: float, arm_folder: ArmFolder, options: Sequence[str] = ()
    ) -> None:
        super().__init__(f"ssh:{address}", timeout_s, arm_folder)
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise SpeedError(
                f"target ssh:{address}: not [USER@]HOST[:PORT]; "
                "other addresses (IPv6) go by a Host alias in ~/.ssh/config"
            )
        port = match["port"]
        host = address if port is None else address[: match.start("port") - 1]
        self._ssh = ["ssh", *options, *DEFAULTS, *(["-p", port] if port else []), host]

    def parent_folder(self) -> str:
        return '"${XDG_CACHE_HOME:-$HOME/.cache}"'

    def shell(self, script: str, doing: str) -> str:
        return self._talk(script, doing)

    def upload(self, file: Path, path: str, doing: str) -> None:
        self._talk(f"cat >{shlex.quote(path)}", doing, stdin=file)

    def _talk(self, script: str, what: str, stdin: Path | None = None) -> str:
        doing = self.doing(what)
        # The login shell may be any: it only starts sh.
        command = [*self._ssh, shlex.join(["sh", "-c", script])]
        finished = run_program(command, doing, self.timeout_s, stdin)
        if finished.status == SSH_FAILED:
            raise SpeedError(f"{doing}: {_advice(finished)}")
        return output_of(finished, doing)


def _advice(finished: Finished) -> str:
    said = reason(finished)
    if "Permission denied" in said:
        return f"the device let nobody in ({said}): log in by key (ssh-copy-id), without a password"
    if "Host key verification failed" in said:
        return f"{said} Connect once by hand with ssh and check the device's key"
    return f"the connection failed or was dropped ({said}): check that ssh reaches the device"
