"""A stand-in for ``adb`` whose phone is a folder of this machine: devices, push, shell and ``-s``.

Its environment: ``STANDIN_ADB_ROOT``, the folder that is ``/data/local/tmp``; ``_DEVICES``, what
``adb devices`` lists; ``_SHELL``, a JSON list, the words before ``sh -c SCRIPT``; ``_OLD``, not
empty for an adb that mixes the two outputs, ends lines with CR LF and loses the exit status;
``_LOST``, not empty for a cable that is pulled in the middle of a shell command.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PHONE_FOLDER = "/data/local/tmp"


def main(arguments: list[str]) -> int:
    setting = {name: os.environ.get(f"STANDIN_ADB_{name}", "") for name in ("OLD", "LOST")}
    devices = os.environ["STANDIN_ADB_DEVICES"]
    serials = [line.split("\t")[0] for line in devices.splitlines() if line.endswith("\tdevice")]
    if arguments == ["devices"]:
        print(f"List of devices attached\n{devices}\n")
        return 0
    if arguments[0] == "-s":
        if arguments[1] not in serials:
            print(f"adb: device '{arguments[1]}' not found", file=sys.stderr)
            return 1
        arguments = arguments[2:]
    elif len(serials) != 1:
        print("adb: more than one device/emulator", file=sys.stderr)
        return 1
    root = os.environ["STANDIN_ADB_ROOT"]
    match arguments:
        case ["push", source, target] if target.startswith(PHONE_FOLDER):
            try:
                shutil.copyfile(source, target.replace(PHONE_FOLDER, root))
            except OSError as error:
                print(f"adb: error: failed to copy '{source}' to '{target}': {error.strerror}")
                return 1
            print(f"{source}: 1 file pushed")
            return 0
        case ["shell", script]:
            words = [*json.loads(os.environ["STANDIN_ADB_SHELL"]), "sh", "-c"]
            done = subprocess.run(
                [*words, script.replace(PHONE_FOLDER, root)],
                cwd=Path(root),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if setting["OLD"] else subprocess.PIPE,
            )
            output = done.stdout.replace(root.encode(), PHONE_FOLDER.encode())
            if setting["LOST"]:
                sys.stdout.buffer.write(output[:20])
                return 255
            if setting["OLD"]:
                sys.stdout.buffer.write(output.replace(b"\n", b"\r\n"))
                return 0
            sys.stdout.buffer.write(output)
            sys.stderr.buffer.write(done.stderr)
            return done.returncode
    print(f"adb: unknown command {arguments}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
