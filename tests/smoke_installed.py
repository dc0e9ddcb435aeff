"""A lock's life with an installed ailock-sdk: plain Python, for an environment that has only that.

    python -I smoke_installed.py PHOTOS

from any folder but a checkout; PHOTOS is tests/photos. Exits with 0 if all went as it should.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import ailock_sdk
from ailock_sdk import AiLock, UnlockError

OK, NO_MATCH = 0, 1
COMMAND = Path(sysconfig.get_path("scripts")) / "ailock"


def main(photos: Path) -> int:
    installed = Path(ailock_sdk.__file__).resolve()
    assert installed.is_relative_to(Path(sys.prefix).resolve()), f"{installed} is not the wheel's"
    mugs = [photos / f"mug-{number}.jpg" for number in (1, 2, 3)]
    wrong = photos / "clock-1.jpg"
    with tempfile.TemporaryDirectory() as home:
        use_command(Path(home), mugs, wrong)
    use_package(mugs, wrong)
    print(f"ailock-sdk {ailock_sdk.__version__}, Python {sys.version.split()[0]}: all well")
    return 0


def use_command(home: Path, mugs: list[Path], wrong: Path) -> None:
    def run(*arguments: object, status: int = OK) -> str:
        command = [str(COMMAND), *map(str, arguments)]
        places = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_DATA_HOME": str(home / "data")}
        environment = {**os.environ, "HOME": str(home), **places}
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
        assert done.returncode == status, f"{command} -> {done.returncode}\n{done.stderr}"
        return done.stdout

    assert ailock_sdk.__version__ in run("--version")
    run("doctor")
    run("enroll", "door", *mugs[:2])
    assert run("list") == "door\n"
    run("unlock", "door", mugs[2])
    run("unlock", "door", wrong, status=NO_MATCH)
    letter = home / "letter.txt"
    letter.write_text("under the blue pot")
    run("seal", "door", letter)
    letter.unlink()
    run("open", "door", home / "letter.txt.sealed", wrong, status=NO_MATCH)
    assert not letter.exists()
    run("open", "door", home / "letter.txt.sealed", mugs[2])
    assert letter.read_text() == "under the blue pot"
    subprocess.run(
        [COMMAND.with_name("age-plugin-ailock"), "--help"], check=True, stderr=subprocess.DEVNULL
    )
    assert run("show", "door", "--age-plugin").splitlines()[1].startswith("AGE-PLUGIN-AILOCK-1")


def use_package(mugs: list[Path], wrong: Path) -> None:
    lock = AiLock(pepper=None)
    record, secret = lock.enroll(mugs[:2])
    assert lock.unlock(mugs[2], bytes(record)) == secret
    try:
        lock.unlock(wrong, record)
    except UnlockError:
        return
    raise AssertionError("another object opened the lock")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
