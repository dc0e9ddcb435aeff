"""docs/how-to/luks.md with the real cryptsetup, on files: what would map a disk tests its key."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.processes import Ailock
from tests.conftest import PHOTOS
from tests.programs.real import SYSTEM_PATH, block, install, needs

pytest.importorskip("av", reason="needs the extra [camera]")
pytestmark = [pytest.mark.long, needs("cryptsetup", package="cryptsetup-bin")]

PASSPHRASE = "correct horse"
NO_KEY = 2
"""What cryptsetup's status says when no slot opens."""


@dataclass
class Disk:
    """A file with room for LUKS, and the lock `disk` of a book."""

    ailock: Ailock
    installed: Path

    def sh(self, script: str, *, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a block of the how-to: not as root, and without a mapping, which needs the kernel."""
        script = script.replace("sudo ", "").replace(
            "cryptsetup open", "cryptsetup open --test-passphrase"
        )
        home = self.ailock.home
        return subprocess.run(
            ["bash", "-c", f"DISK={home / 'disk.img'}\n{script}"],
            env={
                **self.ailock.environment,
                "PATH": f"{self.installed / 'bin'}:{SYSTEM_PATH}",
                "AILOCK_CAMERA": str(home / "camera"),
            },
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def before_the_camera(self, photo: str) -> None:
        camera = self.ailock.home / "camera"
        shutil.rmtree(camera, ignore_errors=True)
        camera.mkdir()
        shutil.copy(PHOTOS / photo, camera)

    def erase(self) -> None:
        (self.ailock.home / "disk.img").write_bytes(bytes(18 * 2**20))


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    ailock = Ailock(tmp_path_factory.mktemp("home"))
    photos = [PHOTOS / f"book-{view}.jpg" for view in (1, 2)]
    done = ailock("enroll", "disk", *photos, "--recovery-file", ailock.home / "code")
    assert done.returncode == 0, done.stderr
    disk = Disk(ailock, install(tmp_path_factory.mktemp("installed") / "venv"))
    disk.before_the_camera("book-3.jpg")
    return disk


def test_a_slot_beside_the_passphrase(disk: Disk) -> None:
    disk.erase()
    cheap = "--pbkdf pbkdf2 --pbkdf-force-iterations 1000"
    made = disk.sh(f"cryptsetup luksFormat --batch-mode {cheap} $DISK", typed=PASSPHRASE)
    assert made.returncode == 0, made.stderr
    added = disk.sh(block("luks.md", "luksAddKey"), typed=PASSPHRASE)
    assert added.returncode == 0, added.stderr
    opened = disk.sh(block("luks.md", "--camera --output raw |"))
    assert opened.returncode == 0, opened.stderr
    assert disk.sh("cryptsetup open $DISK safe", typed=PASSPHRASE).returncode == 0


def test_a_disk_of_ones_own(disk: Disk) -> None:
    disk.erase()
    made = disk.sh(block("luks.md", "luksFormat"))
    assert made.returncode == 0, made.stderr
    open_by_photo = block("luks.md", 'unlock disk --camera --exec "sudo cryptsetup open')
    opened = disk.sh(open_by_photo)
    assert opened.returncode == 0, opened.stderr
    recovering = block("luks.md", "ailock recover").replace(
        "recover disk", f"recover disk --code-file {disk.ailock.home / 'code'}"
    )
    assert disk.sh(recovering).returncode == 0
    assert disk.sh("cryptsetup open $DISK safe", typed=PASSPHRASE).returncode == NO_KEY


def test_another_object_leaves_it_shut(disk: Disk) -> None:
    disk.erase()
    assert disk.sh(block("luks.md", "luksFormat")).returncode == 0
    disk.before_the_camera("robot-1.jpg")
    try:
        piped = disk.sh(block("luks.md", "--camera --output raw |"))
        assert piped.returncode != 0
        assert "Nothing to read on input" in piped.stderr
        before = (disk.ailock.home / "disk.img").read_bytes()
        refused = disk.sh(block("luks.md", "luksFormat"))
        assert refused.returncode == 1
        assert "no match" in refused.stderr
        assert (disk.ailock.home / "disk.img").read_bytes() == before
    finally:
        disk.before_the_camera("book-3.jpg")
    assert disk.sh(block("luks.md", "--camera --output raw |")).returncode == 0
