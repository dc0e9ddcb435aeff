"""A world of its own for a how-to: root's commands change copies of this machine's folders."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.camera.videos import hand_held, write_video
from tests.conftest import PHOTOS
from tests.programs.real import ROOT, run

_UNSHARE = ["unshare", "--mount", "--propagation", "private"]


def may_mount() -> bool:
    """Whether this process may have folders of its own."""
    mount = [*_UNSHARE, "mount", "-t", "tmpfs", "x", "/opt"]
    return os.geteuid() == 0 and run(mount).returncode == 0


needs_root = pytest.mark.skipif(
    not may_mount(), reason="needs root, with folders of its own (CAP_SYS_ADMIN)"
)

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
case "$BASE" in /root/*) # where its shared library is looked for, by users who may not look there
  mount -t tmpfs -o mode=755 root /root && mkdir -p "$BASE" && mount --bind /opt/base "$BASE"
esac
PYTHONPATH=/opt/source:/opt/packages "/opt/base/bin/$PYTHON" - <<END
from pathlib import Path
from tests.programs.real import install
install(Path("/opt/ailock"), source=Path("/opt/source"), packages=Path("/opt/packages"))
END
useradd --no-create-home --groups sudo alice
echo "alice:correct horse" | chpasswd
as_alice() { setpriv --reuid=alice --regid=alice --init-groups --reset-env "$@"; }
"""


def in_world(folder: Path, script: str) -> dict[str, list[str]]:
    """What a script writes below each of its lines `--- title`.

    /etc, /opt, /run and /var/lib are copies or empty, alice is a user, ailock is installed, and a
    book is before the camera, for enrolling and now.
    """
    videos = folder / "videos"
    videos.mkdir()
    views = {view: PHOTOS / f"book-{view}.jpg" for view in (1, 2, 3)}
    sides = [hand_held(views[view], 1.2, seed=view) for view in (1, 2, 3, 2)]
    write_video(videos / "enrol.avi", sides)
    write_video(videos / "now.avi", [hand_held(views[3], 1)])
    environment = {
        "FOLDER": str(folder),
        "BASE": sys.base_prefix,
        "PYTHON": Path(os.path.realpath(sys.executable)).name,
        "PACKAGES": sysconfig.get_path("purelib"),
        "SOURCE": str(ROOT),
        "CAMERA": "/opt/videos/enrol.avi",
    }
    words = [*_UNSHARE, "bash", "-c", _WORLD + script]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = ("\n" + done.stdout).split("\n--- ")[1:]
    return {part.splitlines()[0]: part.splitlines()[1:] for part in parts}
