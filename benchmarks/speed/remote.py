"""Devices that are reached over a connection: the ARM folder is pushed once and reused."""

from __future__ import annotations

import shlex
import tarfile
import tempfile
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from benchmarks.speed.arm_bundle import read_facts
from benchmarks.speed.arm_bundle.architectures import ARCHITECTURES
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.targets import ArmFolder, Target

FOLDER_NAME = "ailock-arm"
FILES_NAME = "files"
"""Folder in it of the photos and programs that are placed there."""
OTHER_NAMES = {"arm64": "aarch64", "armv8l": "aarch64"}
"""Of architectures, as ``uname -m`` may say them; the last by a 32-bit shell on a 64-bit kernel."""


class RemoteTarget(Target):
    """A device with a POSIX shell, on which ``ailock`` runs from a pushed ARM folder."""

    def __init__(self, name: str, timeout_s: float, arm_folder: ArmFolder) -> None:
        super().__init__(name, timeout_s)
        self._arm_folder = arm_folder
        self._folder = ""

    @abstractmethod
    def parent_folder(self) -> str:
        """A shell word for the folder on the device that the ARM folder is put into."""

    @abstractmethod
    def shell(self, script: str, doing: str) -> str:
        """Standard output of a shell script there; :class:`SpeedError` when it fails."""

    @abstractmethod
    def upload(self, file: Path, path: str, doing: str) -> None:
        """Copy a file to a path on the device, in a folder that exists."""

    def prepare(self) -> None:
        machine, self._folder, there = self._look()
        arch = OTHER_NAMES.get(machine, machine)
        if arch not in ARCHITECTURES:
            raise SpeedError(
                self.doing(
                    f"its processor is {machine!r}, and there are folders for ARM only "
                    f"({', '.join(sorted(ARCHITECTURES))}): "
                    "install ailock-sdk there and run the harness with --target local"
                )
            )
        folder = self._arm_folder(arch)
        here = read_facts(folder)["content_sha256"]
        if there != here:
            self._push(folder, here)

    def place(self, file: Path) -> str:
        path = f"{self._folder}/{FILES_NAME}/{file.name}"
        what = f"copying {file.name}"
        self._upload_whole(file, path, what)
        self.shell(f"chmod 755 {shlex.quote(path)}", what)
        return path

    def ailock(self, arguments: Sequence[str], doing: str) -> str:
        return self.run(["sh", f"{self._folder}/ailock", *arguments], doing)

    def run(self, command: Sequence[str], doing: str) -> str:
        return self.shell(shlex.join(command), doing)

    def clean(self) -> None:
        folder = shlex.quote(self._folder)
        self.shell(f"rm -rf {folder} {folder}.part {folder}.tar", "removing the ARM folder")

    def _look(self) -> tuple[str, str, str]:
        """Machine, ARM folder's absolute path, and the SHA-256 of what is in it."""
        script = (
            f'set -e; parent={self.parent_folder()}; mkdir -p "$parent"; '
            f'folder="$parent/{FOLDER_NAME}"; uname -m; echo "$folder"; '
            'cat "$folder/stamp" 2>/dev/null || echo none'
        )
        doing = "looking at the device"
        output = self.shell(script, doing)
        lines = output.split("\n")
        if len(lines) < 3 or not lines[1].startswith("/"):
            raise SpeedError(
                self.doing(
                    f"{doing}: its shell answered {output.strip()[:100]!r}: "
                    "log in and see what it prints before the prompt"
                )
            )
        return lines[0].strip(), lines[1], lines[2].strip()

    def _push(self, folder: Path, content: str) -> None:
        there = shlex.quote(self._folder)
        with tempfile.TemporaryDirectory() as temporary:
            archive = Path(temporary) / f"{FOLDER_NAME}.tar"
            pack(folder, archive)
            size = archive.stat().st_size / 2**20
            doing = f"copying the ARM folder, {size:.0f} MiB"
            self._upload_whole(archive, f"{self._folder}.tar", doing)
        # The folder changes its name at the end: a broken connection leaves no half of it.
        steps = (
            f"rm -rf {there}.part",
            f"mkdir -p {there}.part/{FILES_NAME}",
            f"tar -xf {there}.tar -C {there}.part",
            f"echo {content} >{there}.part/stamp",
            f"rm -rf {there}",
            f"mv {there}.part {there}",
            f"rm -f {there}.tar",
        )
        self.shell(
            f"{' && '.join(steps)} || {{ s=$?; rm -rf {there}.part {there}.tar; exit $s; }}",
            "unpacking the ARM folder",
        )

    def _upload_whole(self, file: Path, path: str, doing: str) -> None:
        try:
            self.upload(file, path, doing)
        except SpeedError:
            with suppress(SpeedError):  # the first error is the one to tell
                self.shell(f"rm -f {shlex.quote(path)}", doing)
            raise


def pack(folder: Path, archive: Path) -> None:
    """Write a folder's content to a tar file, without its owner and Python's bytecode."""

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:  # toybox reads no other
        for path in tqdm(sorted(folder.rglob("*")), desc="packing", disable=None, leave=False):
            name = path.relative_to(folder)
            if "__pycache__" not in name.parts:
                tar.add(path, name.as_posix(), recursive=False, filter=anonymous)
