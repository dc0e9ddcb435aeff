"""Slots, codes, PINs and peppers by the command line: what a person does in a lock's life."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.store import RecoveryCode
from tests.cli.processes import Ailock
from tests.cli.terminals import on_terminal
from tests.conftest import read_photos

MUG, ROBOT, BOOK, *_ = [views for views in read_photos().values() if len(views) >= 3]
CODE = re.compile(rb"ailock1(-[a-z0-9]{4}){8}")
PIN = "tea 4 two"


@pytest.fixture
def ailock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ailock:
    monkeypatch.chdir(tmp_path)
    return Ailock(tmp_path)


def text(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def enroll(ailock: Ailock, *words: object, name: str = "door") -> Path:
    """A lock, and the file that holds its recovery code."""
    text(ailock("enroll", name, *(words or MUG[:2]), "--recovery-file", "code"))
    return Path("code")


def test_the_recovery_code_is_shown_once_on_standard_error(ailock: Ailock) -> None:
    done = ailock("enroll", "door", *MUG[:2], "--json")
    (shown,) = [found[0] for found in CODE.finditer(done.stderr)]
    assert b"Write it down" in done.stderr
    assert not CODE.search(done.stdout)
    assert bytes(RecoveryCode.parse(shown))
    assert json.loads(done.stdout)["recipient"].startswith("age1")
    for words in (["show", "door"], ["slots", "door"], ["list"]):
        for more in ([], ["--json"]):
            assert shown not in (found := ailock(*words, *more)).stdout + found.stderr
    recovered = ailock("recover", "door", "--code-file", "-", "--output", "hex", input=shown)
    assert text(recovered) == text(ailock("unlock", "door", MUG[2], "--output", "hex"))


def test_the_recovery_code_goes_to_a_file_of_its_owner(ailock: Ailock) -> None:
    code = enroll(ailock)
    assert CODE.fullmatch(code.read_bytes().strip())
    assert stat.S_IMODE(code.stat().st_mode) == 0o600
    again = ailock("enroll", "shed", MUG[0], "--recovery-file", code)
    assert again.returncode == ExitCode.USAGE
    assert text(ailock("list")) == "door\n"
    assert ailock("enroll", "shed", MUG[0], "--recovery-file", "-").returncode == ExitCode.USAGE


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_a_lock_whose_code_nobody_saw_is_not_kept(ailock: Ailock, stderr: str) -> None:
    status, _, _ = ailock.shell(f'ailock enroll door "$1" {stderr}', MUG[0])
    assert status not in (0, ExitCode.NO_MATCH)
    listed = ailock("list")
    assert listed.stdout in (b"", b"no locks yet: ailock enroll\n"), listed


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="no folder in which nobody can write")
def test_a_recovery_file_that_cannot_be_written_leaves_no_lock(ailock: Ailock) -> None:
    done = ailock("enroll", "door", MUG[0], "--recovery-file", "/proc/code")
    assert done.returncode not in (0, ExitCode.NO_MATCH)
    assert b"made the pepper" in done.stderr  # which is there now, for the next one
    assert text(ailock("list")) == "no locks yet: ailock enroll\n"


@pytest.mark.parametrize(
    ("stderr", "more"),
    [
        *(("2>&-", ""), ("2>/dev/full", "--replaces 2"), ("2> >(true)", "")),
        *(("2>&-", "--recovery-file no/such/folder"), ("2> >(true)", "--replaces 2")),
    ],
)
def test_a_code_that_nobody_saw_opens_nothing(ailock: Ailock, stderr: str, more: str) -> None:
    """The lock keeps the slots that it had, also the one that was to be replaced."""
    code = enroll(ailock)
    before = text(ailock("slots", "door", "--json"))
    script = f"ailock slots add door --recovery --code-file code {more} {stderr}"
    status, _, _ = ailock.shell(script)
    assert status not in (0, ExitCode.NO_MATCH)
    assert text(ailock("slots", "door", "--json")) == before
    assert ailock("recover", "door", "--code-file", code).returncode == 0


def test_a_code_is_asked_for_without_echo(ailock: Ailock) -> None:
    code = enroll(ailock).read_text().strip()
    status, seen = on_terminal(ailock, "recover", "door", dialogue=[("recovery code: ", code)])
    assert (status, seen.count("recovered 'door'")) == (0, 1)
    assert code not in seen
    status, seen = on_terminal(
        ailock, "recover", "door", dialogue=[("recovery code: ", code[:-1] + "b")]
    )
    assert status == ExitCode.USAGE
    assert "mistyped" in seen
    assert "b" + code[-1:] not in seen
    done = ailock("recover", "door", start_new_session=True)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, b"")
    assert b"no terminal to ask on: use --code-file FILE" in done.stderr


def test_a_pin_is_asked_for_without_echo_and_a_new_one_twice(ailock: Ailock) -> None:
    words = ["enroll", "door", *MUG[:2], "--pin", "--no-recovery"]
    status, seen = on_terminal(ailock, *words, dialogue=[("PIN: ", PIN), ("again: ", "another")])
    assert status == ExitCode.USAGE
    assert "the two PINs differ" in seen
    status, seen = on_terminal(ailock, *words, dialogue=[("PIN: ", PIN), ("again: ", PIN)])
    assert status == 0
    assert PIN not in seen
    unlock = ["unlock", "door", MUG[2]]
    assert on_terminal(ailock, *unlock, "--pin", dialogue=[("PIN: ", PIN)])[0] == 0
    assert on_terminal(ailock, *unlock, "--pin", dialogue=[("PIN: ", "wrong")])[0] == 1
    assert ailock(*unlock).returncode == ExitCode.USAGE
    assert ailock(*unlock, "--pin-file", "-", input=PIN.encode() + b"\r\n").returncode == 0
    both = ailock(*unlock, "--pin", "--pin-file", "x")
    assert both.returncode == ExitCode.USAGE


def test_objects_of_a_combination_stand_apart_by_a_plus(ailock: Ailock) -> None:
    enroll(ailock, *MUG[:2], "+", *ROBOT[:2])
    assert "photos of 2 objects" in text(ailock("slots", "door"))
    assert ailock("unlock", "door", MUG[2], "+", ROBOT[2]).returncode == 0
    assert ailock("unlock", "door", MUG[2], "+", BOOK[2]).returncode == ExitCode.NO_MATCH
    assert ailock("unlock", "door", MUG[2], ROBOT[2]).returncode not in (0, ExitCode.NO_MATCH)


def test_slots_are_added_replaced_and_removed(ailock: Ailock) -> None:
    code = enroll(ailock)
    secret = text(ailock("unlock", "door", MUG[2], "--output", "hex"))
    add = ["slots", "add", "door"]
    done = ailock(*add, *ROBOT[:2], "--label", "my robot", "--opened-by", MUG[2], MUG[1])
    assert text(done) == "added slot 3 to 'door'\n"
    assert text(ailock("unlock", "door", ROBOT[2], "--output", "hex")) == secret
    assert text(ailock("slots", "door")).splitlines()[2].endswith("my robot")
    assert text(ailock("slots", "list", "door", "--json")) == text(
        ailock("slots", "--json", "door")
    )
    done = ailock(*add, *BOOK[:2], "--replaces", "1", "--code-file", code, "--json")
    assert json.loads(text(done))["slot"]["number"] == 1
    assert ailock("unlock", "door", MUG[2]).returncode == ExitCode.NO_MATCH
    assert text(ailock("unlock", "door", BOOK[2], "--output", "hex")) == secret
    remove = ["slots", "remove", "door"]
    assert ailock(*remove, "3", "--opened-by", MUG[2]).returncode == ExitCode.NO_MATCH
    assert text(ailock(*remove, "3", "--opened-by", BOOK[2])) == "removed slot 3 of 'door'\n"
    done = ailock(*add, "--recovery", "--replaces", "2", "--opened-by", BOOK[2])
    assert CODE.search(done.stderr)
    assert ailock("recover", "door", "--code-file", code).returncode == ExitCode.USAGE


@pytest.mark.parametrize(
    "words",
    [
        *(["new.jpg"], ["new.jpg", "--opened-by", "old.jpg", "--code"], ["--opened-by", "a.jpg"]),
        ["new.jpg", "--recovery", "--code"],
        ["new.jpg", "--code", "--code-file", "code"],
        ["-", "--opened-by", "-"],
        ["--recovery", "--pin", "--code"],
        ["new.jpg", "--recovery-file", "x", "--code"],
    ],
    ids=" ".join,
)
def test_what_opens_a_lock_is_said_in_one_way(ailock: Ailock, words: list[str]) -> None:
    done = ailock("slots", "add", "door", *words, start_new_session=True)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.count(b"\n") == 1


def test_a_sealed_file_outlives_object_and_pepper(ailock: Ailock) -> None:
    code = enroll(ailock)
    Path("letter").write_text("blue pot")
    text(ailock("seal", "door", "letter"))
    text(ailock("pepper", "backup", "stick"))
    ailock.pepper.unlink()
    for words in (["unlock", "door", MUG[2]], ["list"], ["seal", "door", "code"], ["doctor"]):
        done = ailock(*words)
        assert done.returncode == ExitCode.SETUP, words
        assert str(ailock.pepper).encode() in done.stderr + done.stdout
    assert not ailock.pepper.exists()
    shown = ailock("pepper", "show", "--json")
    assert shown.returncode == ExitCode.SETUP
    assert json.loads(shown.stdout)["pepper_id"] is None
    opened = ailock("open", "door", "letter.sealed", "--code-file", code, "-o", "-")
    assert text(opened) == "blue pot"
    replaced = ailock("pepper", "replace")
    assert "'door' waits for its code" in text(replaced)
    text(ailock("recover", "door", "--code-file", code))
    text(ailock("slots", "add", "door", *ROBOT[:2], "--replaces", "1", "--code-file", code))
    assert text(ailock("open", "door", "letter.sealed", ROBOT[2], "-o", "-")) == "blue pot"
    assert ailock("pepper", "restore", "stick").returncode == ExitCode.SETUP
    assert ailock("unlock", "door", ROBOT[2]).returncode == 0


def test_a_lock_moves_to_another_device(ailock: Ailock, tmp_path: Path) -> None:
    code = enroll(ailock)
    text(ailock("rename", "door", "shed"))
    secret = text(ailock("unlock", "shed", MUG[2], "--output", "hex"))
    text(ailock("export", "shed", "lock", "--opened-by", MUG[2]))
    assert stat.S_IMODE(os.stat("lock").st_mode) == 0o600
    assert ailock("export", "shed", "lock", "--code-file", code).returncode == ExitCode.USAGE
    there = Ailock(tmp_path / "there")
    there.home.mkdir()
    done = there("import", "attic", "-", "--code-file", code, input=Path("lock").read_bytes())
    assert text(done) == "imported 'attic'\n"
    assert b"made the pepper" in done.stderr
    text(there("slots", "add", "attic", *ROBOT[:2], "--code-file", code))
    assert text(there("unlock", "attic", ROBOT[2], "--output", "hex")) == secret
    assert there("import", "x", "code", "--code-file", code).returncode == ExitCode.DAMAGED


def test_an_export_of_a_lock_without_a_code_shows_one(ailock: Ailock) -> None:
    text(ailock("enroll", "door", MUG[0], "--no-recovery"))
    done = ailock("export", "door", "-", "--opened-by", MUG[1])
    assert done.stdout.startswith(b"AILL")
    assert CODE.search(done.stderr)


@pytest.mark.skipif(
    shutil.which("age") is None and not os.environ.get("CI"), reason="age is not installed"
)
def test_age_opens_what_we_seal_and_seals_what_we_open(ailock: Ailock) -> None:
    enroll(ailock)
    Path("letter").write_text("blue pot")
    recipient = json.loads(text(ailock("show", "door", "--json")))["recipient"]
    for more in ([], ["--armor"]):
        text(ailock("seal", "door", "letter", "--force", *more))
        status, out, err = ailock.shell(
            'ailock unlock door "$1" --output age-identity | age -d -i - letter.sealed', MUG[2]
        )
        assert (status, out) == (0, "blue pot"), err
        subprocess.run(["age", "-r", recipient, *more, "-o", "from.age", "letter"], check=True)
        text(ailock("open", "door", "from.age", MUG[2], "--force"))
        assert Path("from").read_text() == "blue pot"
        Path("from.age").unlink()
    assert Path("letter.sealed").read_text().startswith("-----BEGIN AGE ENCRYPTED FILE-----")


def test_no_secret_is_in_json(ailock: Ailock) -> None:
    code = enroll(ailock)
    out = b"".join(
        ailock(*words, "--json").stdout
        for words in (
            ["unlock", "door", MUG[2]],
            ["recover", "door", "--code-file", code],
            ["show", "door"],
            ["slots", "door"],
            ["pepper", "show"],
            ["export", "door", "lock", "--code-file", code],
            ["slots", "add", "door", "--recovery", "--code-file", code],
        )
    )
    secrets = [code.read_bytes().strip(), ailock.pepper.read_bytes()]
    for form in ("raw", "hex", "base64", "age-identity", "ssh-key"):
        secrets.append(ailock("unlock", "door", MUG[2], "--output", form).stdout.strip(b"\n"))
    assert len(out) > 1000
    for secret in (*secrets, secrets[1].hex().encode()):
        assert secret
        assert secret not in out
    assert not CODE.search(out)
