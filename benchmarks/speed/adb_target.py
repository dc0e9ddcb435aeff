"""An Android phone over USB debugging; the ``adb`` program does the talking. No root, no app."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.errors import SpeedError
from benchmarks.speed.programs import Finished, output_of, reason, run_program
from benchmarks.speed.remote import FOLDER_NAME, RemoteTarget
from benchmarks.speed.targets import ArmFolder

PARENT_FOLDER = "/data/local/tmp"
"""Where adb's user may write, and may run what it wrote."""
ERRORS = f"{PARENT_FOLDER}/{FOLDER_NAME}.stderr"
_STATUS = re.compile(r"\nailock-status=([0-9]+)\n?\Z")
_ADVICE = {
    "unauthorized": "unlock its screen and allow USB debugging for this computer",
    "offline": "pull the cable and plug it in again, or restart adb (adb kill-server)",
    "recovery": "start Android on it",
    "bootloader": "start Android on it",
    "sideload": "start Android on it",
}


class AdbTarget(RemoteTarget):
    """``adb[:SERIAL]``; without a serial number the one phone that is connected."""

    def __init__(self, serial: str | None, timeout_s: float, arm_folder: ArmFolder) -> None:
        super().__init__("adb" if serial is None else f"adb:{serial}", timeout_s, arm_folder)
        self._serial = serial

    def prepare(self) -> None:
        doing = self.doing("listing devices")
        listed = output_of(run_program(["adb", "devices"], doing, self.timeout_s), doing)
        self._serial = choose_device(listed, self._serial)
        super().prepare()

    def parent_folder(self) -> str:
        return PARENT_FOLDER

    def shell(self, script: str, doing: str) -> str:
        # Old phones' adb loses the exit status and ends lines with CR LF.
        wrapped = f'( {script} ) 2>&1 </dev/null; s=$?; echo; echo "ailock-status=$s"'
        doing = self.doing(doing)
        finished = self._adb(["shell", wrapped], doing)
        output = finished.stdout.replace("\r\n", "\n")
        status = _STATUS.search(output)
        if status is None:
            raise SpeedError(
                f"{doing}: the connection to the phone was lost ({reason(finished)}): "
                "check the cable, keep the phone awake, and run again"
            )
        output = output[: status.start()]
        return output_of(Finished(output, "", int(status[1])), doing)

    def run(self, command: Sequence[str], doing: str) -> str:
        # Old phones' adb also mixes the two outputs: errors wait in a file.
        return self.shell(
            f"{shlex.join(command)} 2>{ERRORS} || "
            f"{{ s=$?; cat {ERRORS}; rm -f {ERRORS}; exit $s; }}; rm -f {ERRORS}",
            doing,
        )

    def upload(self, file: Path, path: str, doing: str) -> None:
        doing = self.doing(doing)
        output_of(self._adb(["push", str(file), path], doing), doing)

    def _adb(self, arguments: Sequence[str], doing: str) -> Finished:
        chosen = [] if self._serial is None else ["-s", self._serial]
        return run_program(["adb", *chosen, *arguments], doing, self.timeout_s)


def choose_device(listed: str, serial: str | None) -> str:
    """The serial number to talk to, from what ``adb devices`` printed.

    Raises
    ------
    SpeedError
        No device, several without ``serial``, not the one asked for, or one that refuses.
    """
    found: dict[str, str] = {}
    for line in listed.splitlines():
        name, tab, state = line.strip().partition("\t")
        if tab:
            found[name] = state.strip()
    if not found:
        raise SpeedError(
            "adb: no phone is connected: plug one in and turn on USB debugging "
            "(Settings, Developer options)"
        )
    names = ", ".join(f"{name} ({state})" for name, state in found.items())
    if serial is None:
        if len(found) > 1:
            raise SpeedError(f"adb: several phones are connected: choose adb:SERIAL from {names}")
        serial = next(iter(found))
    if serial not in found:
        raise SpeedError(f"adb:{serial}: this phone is not connected; there are {names}")
    state = found[serial]
    if state != "device":
        advice = _ADVICE.get(state, "see what `adb devices` says about it")
        raise SpeedError(f"adb:{serial}: the phone is not ready ({state}): {advice}")
    return serial
