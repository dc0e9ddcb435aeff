"""The door of examples/door, on gpiozero's mock pins; its units, as systemd reads them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.cli.processes import Ailock
from tests.conftest import PHOTOS
from tests.programs.real import ROOT, block, needs, run

UNITS = sorted((ROOT / "examples").rglob("*.service"))

_DAY = """
import json, logging, os, runpy, shutil, signal, sys, threading, time
from pathlib import Path
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

Device.pin_factory = MockFactory()
button, relay = Device.pin_factory.pin(27), Device.pin_factory.pin(17)
photos, camera, door = map(Path, sys.argv[1:])
said = []

class Hearing(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())

logging.getLogger("door").addHandler(Hearing())

def before_the_camera(photo):
    shutil.rmtree(camera, ignore_errors=True)
    camera.mkdir()
    shutil.copy(photos / photo, camera)

def press_until(happened):
    # Not held: a press counts once, and while the door rests not at all.
    while not happened():
        button.drive_low()
        time.sleep(0.1)
        button.drive_high()
        time.sleep(0.1)

def day():
    while not said:  # that it is ready
        time.sleep(0.01)
    before_the_camera("robot-1.jpg")
    press_until(lambda: said[-1].startswith("shut"))
    before_the_camera("book-3.jpg")
    press_until(lambda: relay.state)
    while relay.state:
        time.sleep(0.01)
    press_until(lambda: relay.state)
    os.kill(os.getpid(), signal.SIGTERM)  # while the door is open

threading.Thread(target=day, daemon=True).start()
sys.argv = [str(door), "front", "--camera", str(camera), "--seconds", "0.5", "--look", "2"]
try:
    runpy.run_path(str(door), run_name="__main__")
finally:
    print(json.dumps([bool(each.state) for each in relay.states]))
"""


@pytest.mark.long
def test_a_day_of_the_door(tmp_path: Path) -> None:
    """A miss keeps it shut, the object opens it for a time, and no end leaves it open."""
    pytest.importorskip("av", reason="needs the extra [camera]")
    pytest.importorskip("gpiozero", reason="needs the extra [test]")
    ailock = Ailock(tmp_path)
    photos = [PHOTOS / f"book-{view}.jpg" for view in (1, 2)]
    enrolled = ailock("enroll", "front", *photos, "--recovery-file", tmp_path / "code")
    assert enrolled.returncode == 0, enrolled.stderr
    words = [
        sys.executable,
        "-c",
        _DAY,
        PHOTOS,
        tmp_path / "camera",
        ROOT / "examples/door/door.py",
    ]
    done = run(words, env={**ailock.environment, "PYTHONPATH": str(ROOT)}, timeout=120)
    said = done.stderr.decode()
    assert json.loads(done.stdout) == [False, True, False, True, False], said
    assert "shut: no match; the next press counts in 2 s" in said
    assert said.count("open for 0.5 s") == 2
    assert done.returncode == 0


def test_a_door_without_its_lock_ends_at_once(tmp_path: Path) -> None:
    pytest.importorskip("gpiozero", reason="needs the extra [test]")
    environment = {**Ailock(tmp_path).environment, "GPIOZERO_PIN_FACTORY": "mock"}
    done = run(
        [sys.executable, ROOT / "examples/door/door.py", "front"],
        env={**environment, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert b"VaultMissingError" in done.stderr


@pytest.mark.long
@needs("sudo", package="sudo")
@needs("systemd-analyze", "systemctl", package="systemd")
def test_the_howto_sets_up_both_services(tmp_path: Path) -> None:
    """As root, where /etc and /var/lib are copies; no system runs there that could start them."""
    pytest.importorskip("av", reason="needs the extra [camera]")
    from tests.programs.world import in_world, may_mount

    if not may_mount():
        pytest.skip("needs root, with folders of its own (CAP_SYS_ADMIN)")
    told = in_world(
        tmp_path,
        f"""
groupadd --force --system gpio
cd /opt/source
{block("door.md", "useradd")}
{block("door.md", "enroll front")}
{block("door.md", "examples/door/door.py")}
{block("door.md", "examples/serve/ailock-serve.service")}
echo "--- verify"
cd /etc/systemd/system && systemd-analyze verify ailock-door.service ailock-serve.service 2>&1
echo "--- enabled"
systemctl is-enabled ailock-door ailock-serve
echo "--- pair"
{block("door.md", "devices pair")}
echo "--- user"
id -nG ailock
echo "--- door"
line=$(sed -n 's/^ExecStart=//p' ailock-door.service)
cd / && timeout 5 setpriv --reuid=ailock --regid=ailock --init-groups \\
  env HOME=/var/lib/ailock GPIOZERO_PIN_FACTORY=mock $line 2>&1 || true
""",
    )
    assert told["verify"] == []
    assert told["enabled"] == ["enabled", "enabled"]
    assert len(told["pair"]) == 1
    assert {"ailock", "video", "gpio"} == {*told["user"][0].split()}
    assert told["door"][-1] == "ready, with inception_v3_slim"


@needs("systemd-analyze", package="systemd")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    """And finds it well confined; of what it starts only the interpreter is put in its place."""
    text = unit.read_text()
    assert "/opt/ailock/bin/" in text
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"/opt/ailock/bin/\S+", sys.executable, text))
    verified = run(["systemd-analyze", "verify", copy])
    assert (verified.returncode, verified.stderr) == (0, b"")
    confined = run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", copy])
    assert confined.returncode == 0, confined.stdout.decode()
