"""docs/how-to/pam.md as it stands: real accounts, the real sudo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs.real import block, needs

pytest.importorskip("av", reason="needs the extra [camera]")
from tests.programs.world import in_world, needs_root

pytestmark = [pytest.mark.long, needs("sudo", package="sudo"), needs_root]


def test_sudo_by_photo_and_by_password(tmp_path: Path) -> None:
    line = block("pam.md", "pam_exec.so", "pam").strip()
    told = in_world(
        tmp_path,
        f"""
{block("pam.md", "useradd")}
{block("pam.md", "setpriv")}
sed -i '1i {line} --camera /opt/videos/now.avi --seconds 60' /etc/pam.d/sudo
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
    assert told["no seat, wrong password"][-1] == "refused"
    assert (
        "ailock: no photos: alice is not logged in at a seat of this device"
        in told["no seat, password"]
    )
    assert told["no seat, password"][-1] == "password? 0"
    assert {"0", "ailock: opened"} <= {*told["seat"]}
    assert not any("password?" in line for line in told["seat"])
    assert told["files"] == [
        "ailock 700",
        "ailock 600",
        "cat: /var/lib/ailock/.config/ailock/pepper: Permission denied",
    ]
