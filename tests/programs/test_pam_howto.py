"""docs/how-to/pam.md real accounts, real sudo, in copies of the machine's folders."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import PHOTOS
from tests.programs.real import ROOT, block, needs, run

pytest.importorskip("av", reason="needs the extra [camera]")
from tests.camera.videos import hand_held, write_video

_UNSHARE = ["unshare", "--mount", "--propagation", "private"]
_MAY_MOUNT = (
    os.geteuid() == 0 and run([*_UNSHARE, "mount", "-t", "tmpfs", "x", "/opt"]).returncode == 0
)
pytestmark = [
    pytest.mark.long,
    needs("sudo", package="sudo"),
    pytest.mark.skipif(not _MAY_MOUNT, reason="needs root with folders of its own (CAP_SYS_ADMIN)"),
]

_WORLD = """
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cp -a /etc "$FOLDER/etc" && mount --bind "$FOLDER/etc" /etc
mount -t tmpfs -o mode=755 var /var/lib
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=755 opt /opt
for pair in "$BASE:base" "$PACKAGES:packages" "$SOURCE:source" "$FOLDER/videos:videos"; do
  mkdir "/opt/${pair##*:}" && mount --bind "${pair%%:*}" "/opt/${pair##*:}"
done
PYTHONPATH=/opt/source:/opt/packages "/opt/base/bin/$PYTHON" - <<END
from pathlib import Path
from tests.programs.real import install
install(Path("/opt/ailock"), source=Path("/opt/source"), packages=Path("/opt/packages"))
END
useradd --no-create-home --groups sudo alice
echo "alice:correct horse" | chpasswd
as_alice() { setpriv --reuid=alice --regid=alice --init-groups --reset-env "$@"; }
"""


def world(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script where /etc, /opt, /run and /var/lib are copies or empty, and alice is a user."""
    environment = {
        "FOLDER": str(folder),
        "BASE": sys.base_prefix,
        "PYTHON": Path(os.path.realpath(sys.executable)).name,
        "PACKAGES": sysconfig.get_path("purelib"),
        "SOURCE": str(ROOT),
        "CAMERA": "/opt/videos/enrol.avi",
    }
    words = [*_UNSHARE, "bash", "-c", _WORLD + script]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    videos = tmp_path / "videos"
    videos.mkdir()
    views = {view: PHOTOS / f"book-{view}.jpg" for view in (1, 2, 3)}
    sides = [hand_held(views[view], 1.2, seed=view) for view in (1, 2, 3, 2)]
    write_video(videos / "enrol.avi", sides)
    write_video(videos / "now.avi", [hand_held(views[3], 1)])
    return tmp_path


def test_sudo_by_photo_and_by_password(folder: Path) -> None:
    line = block("pam.md", "pam_exec.so", "pam").strip()
    done = world(
        folder,
        f"""
{block("pam.md", "useradd")}
{block("pam.md", "setpriv")}
sed -i '1i {line} --camera /opt/videos/now.avi' /etc/pam.d/sudo
try() {{ as_alice sudo -S -p 'password? ' -k id -u 2>&1 || echo refused; }}
echo "--- no seat, wrong password"
echo wrong | try
echo "--- no seat, password"
echo "correct horse" | try
mkdir -p /run/systemd/users
printf 'NAME=alice\\nSTATE=active\\nACTIVE_SEATS=seat0\\n' > "/run/systemd/users/$(id -u alice)"
echo "--- seat"
echo wrong | try
echo "--- files"
stat -c '%U %a' /var/lib/ailock /var/lib/ailock/.local/share/ailock/vault.db
as_alice cat /var/lib/ailock/.config/ailock/pepper 2>&1 | tail -1
""",
    )
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split("--- ")
    told = {part.splitlines()[0]: part.splitlines()[1:] for part in parts[1:]}
    assert told["no seat, wrong password"][-1] == "refused", done.stdout
    assert (
        "ailock: no photos: alice is not logged in at a seat of this device"
        in told["no seat, password"]
    )
    assert told["no seat, password"][-1] == "password? 0"
    assert {"0", "ailock: opened"} <= {*told["seat"]}, done.stdout
    assert not any("password?" in line for line in told["seat"])
    assert told["files"] == [
        "ailock 700",
        "ailock 600",
        "cat: /var/lib/ailock/.config/ailock/pepper: Permission denied",
    ]
