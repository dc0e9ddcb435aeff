"""The command line where shells, terminals and files are odd; tests are named after faults."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk import Secret, Vault
from ailock_sdk.cli import main
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.releasing import Release
from ailock_sdk.cli.signals import Ended, ending_signals
from ailock_sdk.embedding import load_bundle
from tests.bundles import copy_bundle, turn_bits_over
from tests.cli.processes import AILOCK, Ailock
from tests.cli.terminals import on_terminal
from tests.conftest import read_photos

VIEWS, OTHERS, *_ = [views for views in read_photos().values() if len(views) >= 3]
RIGHT, WRONG = VIEWS[2], OTHERS[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Ailock:
    """A home with the lock ``door``."""
    ailock = Ailock(tmp_path_factory.mktemp("home"))
    assert ailock("enroll", "door", *VIEWS[:2], "--no-recovery").returncode == 0
    return ailock


@pytest.fixture
def ailock(home: Ailock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ailock]:
    monkeypatch.chdir(tmp_path)
    yield home
    assert misses(home) == 0, "a comparison that was not asked for was charged"


def misses(ailock: Ailock) -> int:
    with Vault.open(ailock.vault, pepper=ailock.pepper) as vault:
        return int(vault.show("door")["misses"])


# -- 14: a status of its own for whatever nobody expected ------------------------------------------


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_row_14_closed_streams_change_no_status(ailock: Ailock, closed: str) -> None:
    script = 'ailock unlock door "$1" ' + closed
    assert ailock.shell(script, RIGHT)[0] == ExitCode.OK
    assert ailock.shell(script, WRONG)[0] == ExitCode.NO_MATCH
    assert ailock.shell(script, RIGHT)[0] == ExitCode.OK


def test_row_14_files_do_not_get_the_number_of_a_closed_stream(ailock: Ailock) -> None:
    """Else what is meant for standard error would be written into the vault."""
    code = (
        "import os, sys; from ailock_sdk.cli.output import prepare_streams; prepare_streams()\n"
        "os.write(3, str(os.open('/dev/null', os.O_RDONLY)).encode())"
    )
    script = f'{sys.executable} -c "$1" 3> seen 0<&- 1>&- 2>&-'
    subprocess.run(["bash", "-c", script, "bash", code], check=True)
    assert int(Path("seen").read_text()) > 3


def test_row_14_a_secret_for_a_closed_stream_is_an_error(ailock: Ailock) -> None:
    status, _, err = ailock.shell('ailock unlock door "$1" --output raw >&-', RIGHT)
    assert status == ExitCode.UNAVAILABLE
    assert err == "ailock: standard output: Bad file descriptor\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_row_14_a_full_disk_under_standard_output_is_told(ailock: Ailock) -> None:
    status, _, err = ailock.shell("ailock list > /dev/full")
    assert (status, err) == (ExitCode.UNAVAILABLE, "ailock: No space left on device\n")
    status, _, err = ailock.shell('ailock unlock door "$1" --json 2> /dev/full', WRONG)
    assert status == ExitCode.NO_MATCH
    assert ailock.shell('ailock unlock door "$1" > /dev/full', RIGHT)[0] == ExitCode.UNAVAILABLE


@pytest.mark.parametrize("command", [["list"], ["doctor"], ["enroll", "door", "photo.jpg"]])
def test_row_14_no_home_folder_at_all(ailock: Ailock, tmp_path: Path, command: list[str]) -> None:
    """HOME is unset, and the user has no entry in the system's list of users."""
    code = textwrap.dedent("""
        import pwd, sys
        def unknown(number): raise KeyError(number)
        pwd.getpwuid = unknown
        from ailock_sdk.cli import main
        sys.exit(main(sys.argv[1:]))
    """)
    homeless = {k: v for k, v in ailock.environment.items() if k != "HOME"}
    call = [sys.executable, "-c", code, *command]
    done = subprocess.run(call, env=homeless, capture_output=True, check=False)
    assert done.returncode == ExitCode.SETUP
    assert b"set HOME" in done.stderr + done.stdout
    assert done.stderr.count(b"\n") <= 1
    named = ["--vault", str(ailock.vault), "--pepper", str(ailock.pepper)]
    done = subprocess.run([*call[:3], "list", *named], env=homeless, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"door\n")


@pytest.mark.parametrize("file", [".", "..", "/", "/dev", "no/such", "letter\0"])
def test_row_14_what_is_no_file_is_wrong_usage(
    ailock: Ailock, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--vault", str(ailock.vault), "--pepper", str(ailock.pepper)]
    for words in (["seal", "door", file], ["open", "door", file, str(RIGHT), "-o", "out"]):
        assert main([*words, *files]) in (ExitCode.USAGE, ExitCode.UNAVAILABLE), words
        err = capsys.readouterr().err
        assert err.startswith("ailock: ")
        assert err.count("\n") == 1


def test_row_14_names_of_odd_bytes_are_shown_escaped(ailock: Ailock, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(b"odd\xff\n\x1b[31m\xe2\x80\xae.txt"))
    odd.write_text("blue pot")
    sealed = ailock("seal", "door", odd)
    assert sealed.returncode == 0
    assert sealed.stdout == b"sealed to odd\\udcff\\n\\x1b[31m\\u202e.txt.sealed\n"
    again = ailock("seal", "door", odd, "--json")
    assert again.returncode == ExitCode.USAGE
    assert again.stderr.count(b"\n") == 1
    assert b"\x1b" not in again.stderr
    assert json.loads(again.stdout)["error"] == "FileExistsError"
    photo = Path(os.fsdecode(b"photo\xfe.jpg"))
    photo.write_bytes(RIGHT.read_bytes())
    assert ailock("unlock", "door", photo).returncode == 0
    missing = ailock("unlock", "door", Path(os.fsdecode(b"no\xfe\n.jpg")))
    assert (missing.returncode, missing.stderr.count(b"\n")) == (ExitCode.PHOTO_REJECTED, 1)


def test_row_14_a_name_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    ailock = Ailock(tmp_path)
    assert ailock("enroll", "Tür", VIEWS[0], "--no-recovery").returncode == 0
    poor = {**ailock.environment, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    listed = ailock("list", env=poor)
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, b"T\\xfcr\n", b"")
    assert ailock("show", "Tür".encode(), env=ailock.environment).returncode == 0


def test_row_14_the_unexpected_has_a_status_of_its_own_and_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from ailock_sdk.cli import locks

    def fail(*_: object, **__: object) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr(locks, "open_vault", fail)
    assert main(["list", "--json"]) == ExitCode.UNEXPECTED == 70
    out, err = capsys.readouterr()
    assert json.loads(out)["error"] == "KeyError"
    assert err.startswith("ailock: unexpected KeyError at ")
    assert err.count("\n") == 1
    assert "hunter2" not in out + err


# -- 15: --exec ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "'", "sh -c 'x"])
def test_row_15_exec_is_read_before_the_photo(ailock: Ailock, text: str) -> None:
    done = ailock("unlock", "door", "no-such-photo.jpg", "--exec", text)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith(b"ailock: --exec: ")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("true", 0),
        ("sh -c 'exit 9'", 9),
        ("sh -c 'exit 1'", ExitCode.COMMAND_FAILED),
        ("sh -c 'exit 3'", ExitCode.COMMAND_FAILED),
        ("sh -c 'exit 70'", ExitCode.COMMAND_FAILED),
        ("/etc/passwd", 126),
        ("no-such-command", 127),
        ("sh -c 'kill -9 $$'", 128 + 9),
        ("sh -c 'kill -15 $$'", 128 + 15),
    ],
)
def test_row_15_the_commands_status_is_not_taken_for_ours(
    ailock: Ailock, text: str, status: int
) -> None:
    done = ailock("unlock", "door", RIGHT, "--exec", text)
    assert done.returncode == status
    told = {ExitCode.COMMAND_FAILED, ExitCode.COMMAND_UNUSABLE, ExitCode.COMMAND_NOT_FOUND}
    assert (done.stderr != b"") == (status in told)


def test_row_15_the_command_is_ended_with_us(ailock: Ailock) -> None:
    command = "sh -c 'trap \"echo told; exit 0\" TERM; echo up; while :; do sleep 0.1; done'"
    words = ["unlock", "door", str(RIGHT), "--exec", command]
    with subprocess.Popen(
        [*AILOCK, *words], stdout=subprocess.PIPE, env=ailock.environment
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        assert process.stdout.read() == b"told\n"
    assert process.returncode == 128 + signal.SIGTERM


def test_row_15_a_command_is_ended_that_was_only_just_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The signal comes before anybody knows of the process that it has begun."""

    class Signalled(subprocess.Popen[bytes]):
        def __init__(self, words: Sequence[str], **rest: Any) -> None:
            super().__init__(words, **rest)
            while not (tmp_path / "up").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)  # here the handler runs

    monkeypatch.setattr(subprocess, "Popen", Signalled)
    script = f"cd {tmp_path}; trap 'touch told; exit' TERM; touch up; while :; do sleep 0.1; done"
    with ending_signals(), pytest.raises(Ended) as caught:
        Release(None, ("sh", "-c", script)).give(Secret(bytes(32)))
    assert caught.value.signal == signal.SIGTERM
    assert (tmp_path / "told").exists()


def test_row_15_a_command_that_does_not_read_its_input(ailock: Ailock) -> None:
    done = ailock("unlock", "door", RIGHT, "--exec", "sh -c 'exec <&-; echo done'")
    assert (done.returncode, done.stdout) == (0, b"done\n")


# -- 16: errors name what the user named -----------------------------------------------------------


@pytest.mark.parametrize("words", [["seal", "door", "letter"], ["open", "door", "sealed"]])
def test_row_16_a_file_that_is_there_is_named_and_replaced_only_by_force(
    ailock: Ailock, words: list[str]
) -> None:
    Path("letter").write_text("blue pot")
    assert ailock("seal", "door", "letter", "-o", "sealed").returncode == 0
    Path("out").write_text("precious")
    words += [str(RIGHT)] if words[0] == "open" else []
    done = ailock(*words, "--output", "out", "--json")
    assert done.returncode == ExitCode.USAGE
    message = "out: exists already: choose another name, or --force"
    failure = {"error": "FileExistsError", "exit": 2, "message": message}
    assert json.loads(done.stdout) == failure
    assert done.stderr.decode() == f"ailock: {message}\n"
    assert Path("out").read_text() == "precious"
    assert ailock(*words, "--output", "out", "--force").returncode == 0
    assert Path("out").read_text(errors="replace") != "precious"
    assert stat.S_IMODE(Path("out").stat().st_mode) == 0o600


def test_row_16_a_full_disk_is_told_of_the_file_that_was_named(ailock: Ailock) -> None:
    """The limit on the size of files stands for the disk."""
    Path("letter").write_bytes(bytes(200_000))
    script = 'trap "" XFSZ; ulimit -f 100; ailock seal door letter --json'
    status, out, err = ailock.shell(script)
    assert (status, err) == (ExitCode.UNAVAILABLE, "ailock: letter.sealed: File too large\n")
    assert json.loads(out)["exit"] == status
    assert os.listdir() == ["letter"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize(
    ("output", "named"), [("-o - > /dev/full", "standard output"), ("-o /dev/full", "/dev/full")]
)
def test_row_16_what_is_full_is_named(ailock: Ailock, output: str, named: str) -> None:
    Path("letter").write_bytes(bytes(200_000))
    status, out, err = ailock.shell(f"ailock seal door letter {output}")
    told = f"ailock: {named}: No space left on device\n"
    assert (status, out, err) == (ExitCode.UNAVAILABLE, "", told)


@pytest.mark.parametrize("output", ["out/", "no/such/out", ".", "letter/x"])
def test_row_16_a_target_that_cannot_be_is_told_before_the_photo(
    ailock: Ailock, output: str
) -> None:
    Path("letter").write_text("blue pot")
    done = ailock("open", "door", "letter", "no-photo.jpg", "-o", output)
    assert done.returncode == ExitCode.USAGE
    assert b"no-photo" not in done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "ailock list | true",
        "ailock --help | true",
        'ailock unlock door "$1" --output raw | true',
        "ailock seal door large -o - | head -c 1",
    ],
)
def test_row_16_a_closed_pipe_is_silent(ailock: Ailock, script: str) -> None:
    Path("large").write_bytes(bytes(3_000_000))
    status, _, err = ailock.shell(f"set -o pipefail; {script}", RIGHT)
    assert status in (0, 128 + signal.SIGPIPE)
    assert err == ""
    if "seal" in script:
        assert status == 128 + signal.SIGPIPE


# -- 17: forms of the secret -----------------------------------------------------------------------


def test_row_17_forms_of_the_secret(ailock: Ailock) -> None:
    out = {
        form: ailock("unlock", "door", RIGHT, "--output", form).stdout
        for form in ("raw", "hex", "base64")
    }
    assert len(out["raw"]) == 32
    assert out["hex"] == out["raw"].hex().encode() + b"\n"
    assert (
        subprocess.run(["base64", "-d"], input=out["base64"], capture_output=True).stdout
        == (out["raw"])
    )


def test_row_17_raw_bytes_are_not_for_a_terminal(ailock: Ailock) -> None:
    command = ["unlock", "door", str(RIGHT), "--output"]
    status, seen = on_terminal(ailock, *command, "raw")
    assert status == ExitCode.USAGE
    assert "raw bytes are not for a terminal" in seen
    assert on_terminal(ailock, *command, "raw", "--force")[0] == 0
    status, seen = on_terminal(ailock, *command, "hex")
    assert status == 0
    assert len(seen.strip()) == 64


# -- 18: -, pipes and <(...) -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        'ailock unlock door - < "$1"',
        'cat "$1" | ailock unlock door -',
        'ailock unlock door <(cat "$1") <(cat "$2")',
        'ailock unlock door /dev/stdin < "$1"',
        'mkfifo pipe; cat "$1" > pipe & ailock unlock door pipe',
        'ailock compare - "$1" < "$1"',
    ],
)
def test_row_18_photos_from_pipes(ailock: Ailock, script: str) -> None:
    assert ailock.shell(script, RIGHT, VIEWS[1])[0] == 0


def test_row_18_files_from_and_into_pipes(ailock: Ailock) -> None:
    Path("letter").write_bytes(os.urandom(300_000))
    scripts = [
        'ailock seal door - < letter > a && ailock open door - "$1" < a > b',
        'ailock seal door <(cat letter) -o a && ailock open door <(cat a) "$1" -o b',
        'cat letter | ailock seal door - | ailock open door - "$1" -o - > b',
        'ailock seal door letter -o >(cat > a); wait $!; ailock open door a "$1" -o /dev/fd/1 > b',
    ]
    for script in scripts:
        status, _, err = ailock.shell(f"set -e; rm -f a b; {script}; cmp letter b", RIGHT)
        assert (status, err) == (0, ""), script
    assert sorted(set(os.listdir()) - {"a", "b"}) == ["letter"]


def test_row_18_reading_is_bounded(ailock: Ailock) -> None:
    """A photo that never ends is refused like one that is too large."""
    done = ailock("unlock", "door", "/dev/zero")
    assert done.returncode == ExitCode.PHOTO_REJECTED
    assert b"above 64 MiB" in done.stderr
    for words in (["unlock", "door", "-", "-"], ["open", "door", "-", "-", "-o", "x"]):
        done = ailock(*words, stdin=subprocess.DEVNULL)
        assert done.returncode == ExitCode.USAGE
        assert b"only once" in done.stderr


def test_row_18_a_device_is_written_to_and_never_replaced(ailock: Ailock) -> None:
    Path("letter").write_text("blue pot")
    os.mkfifo("pipe")
    script = "cat pipe > seen & ailock seal door letter -o pipe --force; wait"
    assert ailock.shell(script)[0] == 0
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert Path("seen").stat().st_size > 8


# -- 19: statuses that tell the truth --------------------------------------------------------------


def test_row_19_too_many_photos_are_wrong_usage(ailock: Ailock) -> None:
    assert ailock("enroll", "shed", *[RIGHT] * 17).returncode == ExitCode.USAGE
    assert ailock("unlock", "door", *[RIGHT] * 9).returncode == ExitCode.USAGE


def test_row_19_a_bad_name_is_wrong_usage(ailock: Ailock) -> None:
    for name in ("", " ", "a" * 65, "a\nb", "\u202e"):
        assert ailock("enroll", name, RIGHT).returncode == ExitCode.USAGE, name


# -- 20, 21, 24 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["list", "show"])
def test_row_20_options_stand_before_or_after_the_command(ailock: Ailock, name: str) -> None:
    words = [name] if name == "list" else [name, "door"]
    options = ["--json", "--vault", ailock.vault, f"--pepper={ailock.pepper}", "--profile", "easy"]
    found = {
        ailock(*before, *words, *after, env={**ailock.environment, "HOME": "/nowhere"}).stdout
        for before, after in ((options, []), ([], options), (options[:1], options[1:]))
    }
    assert len(found) == 1
    assert json.loads(found.pop())


def test_row_20_the_later_option_counts(ailock: Ailock) -> None:
    done = ailock("--vault", "/nowhere/v", "list", "--vault", ailock.vault)
    assert done.stdout == b"door\n"


@pytest.mark.parametrize("module", ["ailock_sdk"])
def test_row_20_the_package_is_a_program(ailock: Ailock, module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True)
    assert done.stdout.startswith(b"ailock ")


def test_row_21_a_tilde_is_the_home_folder(ailock: Ailock) -> None:
    files = ["--vault=~/.local/share/ailock/vault.db", "--pepper=~/.config/ailock/pepper"]
    assert ailock("list", *files).stdout == b"door\n"
    environment = {**ailock.environment, "AILOCK_VAULT": "~/.local/share/ailock/vault.db"}
    assert ailock("list", env=environment).stdout == b"door\n"
    assert os.listdir() == []
    done = ailock("list", "--vault", "~no-such-user/vault.db")
    assert done.returncode == ExitCode.SETUP
    assert done.stderr.count(b"\n") == 1


def test_row_24_bundles_are_named_by_name_or_path(ailock: Ailock, tmp_path: Path) -> None:
    own = turn_bits_over(copy_bundle(tmp_path / "models" / "own"))
    found = {**ailock.environment, "AILOCK_MODELS": str(own.parent)}
    assert ailock("enroll", "own", RIGHT, "--no-recovery", "--bundle", own).returncode == 0
    for given in (own, "./models/own", f"{own}/"):
        assert ailock("unlock", "own", VIEWS[1], "--bundle", given).returncode == 0, given
    assert ailock("unlock", "own", VIEWS[1], "--bundle", "own", env=found).returncode == 0
    assert ailock("unlock", "own", VIEWS[1]).returncode == ExitCode.DAMAGED
    assert ailock("--bundle", own, "compare", RIGHT, VIEWS[1]).returncode == 0
    timed = ailock("benchmark", "--runs", "1", "--threads", "1", "--json", "--bundle", own)
    expected = load_bundle(own).fingerprints["default"].hex()
    assert json.loads(timed.stdout)["model"]["fingerprint"] == expected
    for unknown in ("none", "./none", str(tmp_path)):
        done = ailock("compare", RIGHT, RIGHT, "--bundle", unknown)
        assert (done.returncode, done.stderr.count(b"\n")) == (ExitCode.SETUP, 1), unknown
    assert ailock("remove", "own").returncode == 0


# -- 12: what was begun is removed -----------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["seal", "open"])
def test_row_12_a_signal_leaves_nothing_behind(
    ailock: Ailock, command: str, number: signal.Signals
) -> None:
    """The input is a pipe that does not end, so that the signal comes while the file is written."""
    Path("letter").write_bytes(bytes(1_000_000))
    assert ailock("seal", "door", "letter", "-o", "sealed").returncode == 0
    begun = Path("letter" if command == "seal" else "sealed").read_bytes()[:600_000]
    words = [command, "door", "-", *([RIGHT] if command == "open" else []), "-o", "out"]
    with subprocess.Popen(
        [*AILOCK, *map(str, words)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ailock.environment,
        # Whoever runs the tests in the background has SIGINT ignored, and so have its children.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(begun)  # ends when all but a pipe's 64 KiB was taken
        process.stdin.flush()
        process.send_signal(number)
        try:
            status = process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            # One that comes in the instant before Python blocks is seen when the next one comes.
            process.send_signal(number)
            status = process.wait(timeout=60)
        assert status == 128 + number
        assert process.stderr.read() == b""
    assert sorted(os.listdir()) == ["letter", "sealed"]


def test_row_12_a_signal_that_is_ignored_stays_so(ailock: Ailock) -> None:
    script = 'trap "" HUP; (sleep 0.2; kill -HUP $$) & exec "$2" -m ailock_sdk unlock door "$1"'
    status, out, _ = ailock.shell(script, RIGHT, sys.executable)
    assert (status, out) == (0, "unlocked 'door'\n")
