"""The ailock command: output, JSON and exit codes, on the committed photos."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.cli import main
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.running import status_of
from ailock_sdk.errors import AilockError

Photos = dict[str, list[Path]]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("AILOCK_VAULT", raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return call


@pytest.fixture
def views(photos: Photos) -> list[Path]:
    return next(iter(photos.values()))


@pytest.fixture
def other(photos: Photos) -> Path:
    return list(photos.values())[1][0]


def test_life_of_a_lock(run: Run, tmp_path: Path, views: list[Path], other: Path) -> None:
    assert run("list") == (0, "no locks yet: ailock enroll\n", "")
    assert run("list", "--vault", tmp_path / "mistyped")[0] == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []
    assert run("enroll", "door", *views[:2])[:2] == (0, "enrolled 'door' from 2 photos\n")
    assert run("list") == (0, "door\n", "")
    assert run("unlock", "door", views[2]) == (0, "unlocked 'door'\n", "")
    assert run("unlock", "door", other) == (ExitCode.NO_MATCH, "", "ailock: no match\n")
    code, out, _ = run("show", "door", "--json")
    assert code == 0
    assert json.loads(out)["misses"] == 1

    letter = tmp_path / "letter.txt"
    letter.write_text("blue pot")
    assert run("seal", "door", letter)[0] == 0
    letter.unlink()
    assert run("open", "door", tmp_path / "letter.txt.sealed", views[2])[0] == 0
    assert letter.read_text() == "blue pot"
    assert stat.S_IMODE(letter.stat().st_mode) == 0o600

    assert run("remove", "door")[0] == 0
    code, _, err = run("unlock", "door", views[2])
    assert code == ExitCode.USAGE
    assert "door" in err


def test_several_photos_are_one_attempt(
    run: Run, tmp_path: Path, photos: Photos, views: list[Path]
) -> None:
    run("enroll", "door", views[0])
    others = list(photos.values())[1]
    assert run("unlock", "door", *views[1:3])[0] == ExitCode.OK
    assert run("unlock", "door", *others[:3]) == (ExitCode.NO_MATCH, "", "ailock: no match\n")
    assert json.loads(run("show", "door", "--json")[1])["misses"] == 1
    letter = tmp_path / "letter.txt"
    letter.write_text("blue pot")
    run("seal", "door", letter)
    letter.unlink()
    assert run("open", "door", tmp_path / "letter.txt.sealed", *views[1:3])[0] == ExitCode.OK
    code, _, err = run("unlock", "door", views[1], tmp_path / "no.jpg")
    assert code == ExitCode.PHOTO_REJECTED
    assert err.startswith(f"ailock: photo 2 ({str(tmp_path / 'no.jpg')!r}): ")
    assert run("unlock", "door", *[views[1]] * 9)[0] == ExitCode.USAGE
    assert json.loads(run("show", "door", "--json")[1])["misses"] == 0


def test_vault_and_pepper_are_private(run: Run, tmp_path: Path, views: list[Path]) -> None:
    run("enroll", "door", views[0])
    for path in (tmp_path / "data/ailock/vault.db", tmp_path / "config/ailock/pepper"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secret_leaves_by_output_and_exec_only(tmp_path: Path, views: list[Path]) -> None:
    def call(*arguments: object) -> bytes:
        command = [sys.executable, "-m", "ailock_sdk", *map(str, arguments)]
        options = ["--vault", str(tmp_path / "v.db"), "--pepper", str(tmp_path / "p")]
        done = subprocess.run([*command, *options], capture_output=True, check=True)
        return done.stdout + done.stderr

    call("enroll", "door", views[0])
    secret = call("unlock", "door", views[0], "--output", "raw")
    assert len(secret) == 32
    assert call("unlock", "door", views[0], "--exec", "cat") == secret
    shown = call("unlock", "door", views[0], "--json")
    assert secret not in shown
    assert secret.hex().encode() not in shown


def test_errors_are_one_line_with_their_exit_code(
    run: Run, tmp_path: Path, views: list[Path], other: Path
) -> None:
    dark = tmp_path / "dark.png"
    Image.fromarray(np.zeros((300, 400, 3), np.uint8)).save(dark)
    run("enroll", "door", views[0])
    expected = {
        ("enroll", "door", views[0]): ExitCode.USAGE,
        ("enroll", "shed", dark): ExitCode.PHOTO_REJECTED,
        ("enroll", "shed", views[0], other): ExitCode.PHOTO_REJECTED,
        ("enroll", "shed", tmp_path / "none.jpg"): ExitCode.PHOTO_REJECTED,
        ("unlock", "none", views[0]): ExitCode.USAGE,
        ("unlock", "door", dark): ExitCode.PHOTO_REJECTED,
        ("seal", "door", tmp_path / "none.txt"): ExitCode.USAGE,
        ("open", "door", views[0], views[0], "-o", tmp_path / "x"): ExitCode.DAMAGED,
        ("compare", views[0], other): ExitCode.NO_MATCH,
    }
    for arguments, code in expected.items():
        actual, out, err = run(*arguments)
        assert actual == code, arguments
        if arguments[0] != "compare":
            assert (out, err.count("\n")) == ("", 1), arguments
            assert err.startswith("ailock: ")


def test_lockout_has_its_own_exit_code(run: Run, views: list[Path], other: Path) -> None:
    run("enroll", "door", views[0])
    codes = [run("unlock", "door", other)[0] for _ in range(6)]
    assert codes == [ExitCode.NO_MATCH] * 5 + [ExitCode.LOCKED_OUT]
    code, out, _ = run("unlock", "door", views[0], "--json")
    failure = json.loads(out)
    assert (code, failure["error"], failure["exit"]) == (3, "LockedOutError", 3)


def test_damaged_vault(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data/ailock").mkdir(parents=True)
    (tmp_path / "data/ailock/vault.db").write_bytes(b"not a database, but of some length" * 100)
    assert run("list")[0] == ExitCode.DAMAGED


def test_compare(run: Run, views: list[Path]) -> None:
    code, out, _ = run("compare", views[0], views[0], "--json")
    facts = json.loads(out)
    assert (code, facts["match"]) == (0, True)
    assert facts["distance_bits"] <= facts["radius_bits"]


def test_doctor_finds_all_well(run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 0, out
    assert "every bit as on the reference machine" in out


def test_models(run: Run) -> None:
    assert "inception_v3_slim" in run("models", "list")[1]
    code, out, _ = run("models", "verify", "--json")
    assert code == 0
    found = json.loads(out)["inception_v3_slim"]
    assert len(found["fingerprints"]["default"]) == 64
    code, out, _ = run("models", "verify")
    assert f"ok  inception_v3_slim version {found['version']}  " in out
    assert found["fingerprints"]["default"][:16] in out


def test_benchmark_with_one_number_of_threads(run: Run, other: Path) -> None:
    options = ("--runs", "1", "--threads", "1", "--photo", other)
    code, out, err = run("benchmark", "--json", *options)
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert (facts["runs"], facts["threads"], list(facts["by_threads"])) == (1, 1, ["1"])
    assert facts["photo"]["bytes"] == other.stat().st_size
    code, out, err = run("benchmark", *options)
    assert (code, err) == (0, "")
    assert "Argon2id" in out
    assert run("benchmark", "--runs", "0")[0] == ExitCode.USAGE
    code, out, err = run("benchmark", "--tune", "--json")
    assert (code, err) == (0, "")
    assert set(json.loads(out)) == {"mib_per_second", "target_ms", "cost", "measured_ms"}
    assert "of 250 ms aimed at" in run("benchmark", "--tune")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["frobnicate"], ["unlock"], ["list", "more"], ["show", "a", "--no-such"]),
        ["unlock", "a", "b", "--output", "hex", "--exec", "c"],
        ["unlock", "a", "b", "--output", "hex", "--json"],
        *(["unlock", "a", "+", "b"], ["unlock", "a", "b", "+"], ["unlock", "a", "-", "-"]),
        ["unlock", "a", *"b+b+b+b+b"],
        ["seal", "a", "-", "--json"],
        ["models", "build", "resnet", "--representative", "photos"],
    ],
    ids=" ".join,
)
def test_usage_errors_exit_with_2_in_one_line(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert code == ExitCode.USAGE
    assert err.startswith("ailock: ")
    assert err.count("\n") == 1
    if "--json" in arguments:
        assert json.loads(out)["exit"] == code
    else:
        assert out == ""


def test_every_error_has_its_exit_code() -> None:
    """A new error needs a line here: scripts act on the status."""

    def kinds(kind: type[AilockError]) -> list[type[AilockError]]:
        return [kind, *(k for sub in kind.__subclasses__() for k in kinds(sub))]

    found = {kind.__name__: status_of(kind.__new__(kind)) for kind in kinds(AilockError)}
    assert found == {
        "UnlockError": 1,
        **dict.fromkeys(("BadNameError", "NameTakenError", "UnknownNameError"), 2),
        **dict.fromkeys(("ProfileError", "PinError", "RecoveryCodeError", "SlotError"), 2),
        "VaultMissingError": 2,
        "LockedOutError": 3,
        **dict.fromkeys(("CaptureError", "PhotoFormatError", "PhotoQualityError"), 4),
        "CameraError": 4,
        "EnrollmentError": 4,
        **dict.fromkeys(("RecordError", "RecordFormatError", "RecordMismatchError"), 5),
        **dict.fromkeys(("LockFormatError", "SealedDataError", "VaultError"), 5),
        **dict.fromkeys(("AilockError", "BundleError", "RuntimeMissingError", "PepperError"), 6),
        "OutOfMemoryError": 6,
        **dict.fromkeys(("VaultBusyError", "VaultReadOnlyError", "VaultFullError"), 7),
        "VaultRolledBackError": 5,
        "LockChangedError": 7,
    }


def test_the_exit_codes_are_those_of_help_and_readme(run: Run) -> None:
    told = run("--help")[1].partition("Exit status:")[2]
    assert [int(n) for n in re.findall(r"^  (\d+) ", told, re.MULTILINE)] == list(ExitCode)
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    for code in ExitCode:
        assert f"| {int(code)} | {code.meaning} |" in readme
