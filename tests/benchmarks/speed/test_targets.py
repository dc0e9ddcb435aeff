"""Targets of the speed harness: this machine, ssh to a real sshd, adb to a stand-in of a phone.

Most tests push a small folder whose ``ailock`` prints a result that was measured here; at the end
the real ARM folder runs emulated over both connections.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle
from benchmarks.speed import adb_target
from benchmarks.speed.__main__ import main
from benchmarks.speed.adb_target import AdbTarget, choose_device
from benchmarks.speed.arm_bundle import emulated_shell
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.measure import Settings, measure
from benchmarks.speed.programs import run_program
from benchmarks.speed.remote import RemoteTarget
from benchmarks.speed.results import check_result, load_result
from benchmarks.speed.ssh_target import SshTarget
from tests.conftest import PHOTOS

HERE = Path(__file__).resolve().parent
PHOTO = PHOTOS / "mug-1.jpg"
SSHD = "/usr/sbin/sshd"
TIMEOUT_SECONDS = 300.0
QUICK = Settings(runs=1, threads=1)


def need(problem: str | None) -> None:
    """Skip where something is missing; fail in CI, which has everything."""
    if problem is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(problem)
        pytest.skip(problem)


@pytest.fixture(scope="session")
def one_look(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles: the default one with one look at a photo, to be quick."""
    folder = tmp_path_factory.mktemp("models")
    bundle = folder / DEFAULT_BUNDLE
    shutil.copytree(find_bundle(DEFAULT_BUNDLE).path, bundle)
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    profile = manifest["profiles"]["default"]
    profile["looks"] = profile["reference_looks"] = profile["looks"][:1]
    (bundle / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


@pytest.fixture(scope="session")
def benchmark_json(one_look: Path) -> str:
    """What ``ailock benchmark --json`` prints here."""
    command = [sys.executable, "-m", "ailock_sdk", "benchmark", "--json", "--runs", "1"]
    environment = {**os.environ, "AILOCK_MODELS": str(one_look)}
    return subprocess.run(
        [*command, "--threads", "1"], env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def small_folder(benchmark_json: str, tmp_path: Path) -> Path:
    """An ARM folder's outside: its facts, and an ``ailock`` that prints a measured result.

    The rest of what ``ailock`` prints and does is in ``act``, a shell script.
    """
    folder = tmp_path / "small folder"
    folder.mkdir()
    (folder / "folder.json").write_text('{"content_sha256": "1111"}', "utf-8")
    (folder / "result.json").write_text(benchmark_json, "utf-8")
    (folder / "act").write_text("", "utf-8")
    (folder / "ailock").write_text(
        'here=${0%/*}; echo "$@" >>"$here/calls"; . "$here/act"; cat "$here/result.json"\n',
        "utf-8",
    )
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "bytecode.pyc").touch()
    return folder


@pytest.fixture
def aarch64_uname(tmp_path: Path) -> Path:
    """A folder whose ``uname`` says what an ARM machine's does."""
    folder = tmp_path / "arm programs"
    folder.mkdir()
    (folder / "uname").write_text("#!/bin/sh\necho aarch64\n", "utf-8")
    (folder / "uname").chmod(0o755)
    return folder


@dataclass
class Device:
    """One end of a connection: what a session there runs first, and where things are put."""

    make: Callable[..., RemoteTarget]
    parent: Path
    session: Path
    """A shell script that every session reads before its command."""

    @property
    def folder(self) -> Path:
        return self.parent / "ailock-arm"

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text("utf-8").splitlines()


SESSION = """\
export PATH={programs}:"$PATH" XDG_CACHE_HOME={cache} AILOCK_MODELS={models}
. {session}
"""


@pytest.fixture
def sshd(tmp_path: Path, aarch64_uname: Path, one_look: Path) -> Iterator[Callable[..., Device]]:
    """A maker of devices behind a real sshd on an unprivileged port, with keys of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(prefix: Sequence[str] = ()) -> Device:
        for program in (SSHD, "ssh", "ssh-keygen"):
            need(None if shutil.which(program) else f"no {program}: install OpenSSH")
        folder = tmp_path / "sshd"
        folder.mkdir()
        for key in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
            subprocess.run(command, check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        cache, session = tmp_path / "remote cache", tmp_path / "session"
        session.touch()
        before = SESSION.format(
            programs=shlex.quote(str(aarch64_uname)),
            cache=shlex.quote(str(cache)),
            models=shlex.quote(str(one_look)),
            session=shlex.quote(str(session)),
        )
        (folder / "command").write_text(
            f'{before}exec {shlex.join(prefix)} sh -c "$SSH_ORIGINAL_COMMAND"\n', "utf-8"
        )
        (folder / "config").write_text(
            f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\n"
            f"PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"ForceCommand /bin/sh {folder}/command\n",
            "utf-8",
        )
        (folder / "known").write_text(
            f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text('utf-8')}", "utf-8"
        )
        command = [SSHD, "-D", "-e", "-f", str(folder / "config")]
        if os.geteuid() == 0:  # root's sshd wants a folder that only the service makes
            own_run = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", own_run, "sh", *command]
        log = (folder / "log").open("wb")
        started.append(subprocess.Popen(command, stderr=log))
        log.close()
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            pytest.fail(f"sshd did not start: {(folder / 'log').read_text('utf-8')}")
        options = ["-F", "none", "-i", str(folder / "user"), "-o", "IdentitiesOnly=yes"]
        options += ["-o", f"UserKnownHostsFile={folder}/known"]

        def make(arm_folder: Path, timeout_s: float = TIMEOUT_SECONDS) -> RemoteTarget:
            return SshTarget(f"127.0.0.1:{port}", timeout_s, lambda _: arm_folder, options)

        return Device(make, cache, session)

    yield start
    for process in started:
        process.terminate()
        process.wait()


@pytest.fixture
def phone(
    tmp_path: Path, aarch64_uname: Path, one_look: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Device]:
    """A maker of phones behind a stand-in for adb, which is the ``adb`` of PATH."""

    def start(prefix: Sequence[str] = ()) -> Device:
        root, session, programs = tmp_path / "phone", tmp_path / "session", tmp_path / "programs"
        root.mkdir()
        programs.mkdir()
        session.touch()
        adb = programs / "adb"
        script = shlex.join([sys.executable, str(HERE / "standin_adb.py")])
        adb.write_text(f'#!/bin/sh\nexec {script} "$@"\n', "utf-8")
        adb.chmod(0o755)
        # The session's script comes first in every shell, as on the other kind of device.
        first = '. "$0"; exec "$@"'
        words = ["sh", "-c", first, str(session), *prefix]
        paths = f"{programs}{os.pathsep}{aarch64_uname}{os.pathsep}{os.environ['PATH']}"
        monkeypatch.setenv("PATH", paths)
        monkeypatch.setenv("AILOCK_MODELS", str(one_look))
        monkeypatch.setenv("STANDIN_ADB_ROOT", str(root))
        monkeypatch.setenv("STANDIN_ADB_SHELL", json.dumps(words))
        monkeypatch.setenv("STANDIN_ADB_DEVICES", "emulator-5554\tdevice")

        def make(arm_folder: Path, timeout_s: float = TIMEOUT_SECONDS) -> RemoteTarget:
            return AdbTarget("emulator-5554", timeout_s, lambda _: arm_folder)

        return Device(make, root, session)

    return start


@pytest.fixture(params=["sshd", "phone"])
def start_device(request: pytest.FixtureRequest) -> Callable[..., Device]:
    """Each kind of device in turn."""
    start: Callable[..., Device] = request.getfixturevalue(request.param)
    return start


@pytest.fixture
def device(start_device: Callable[..., Device]) -> Device:
    """A device of each kind in turn, not emulated."""
    return start_device()


def standin_benchmark_model(folder: Path, log: str = "android.txt") -> Path:
    """A program that prints a log of the real one's form, once it has found its model."""
    program = folder / "benchmark_model"
    text = (HERE / "benchmark_model_logs" / log).read_text("utf-8")
    program.write_text(
        '#!/bin/sh\necho "$@" >"$0.calls"\n[ -s "${1#--graph=}" ] || exit 1\n'
        f"cat >&2 <<'END'\n{text}END\n",
        "utf-8",
    )
    return program  # not executable: being placed on the device makes it so


# -- a device that works -------------------------------------------------------------------------


def test_the_folder_is_pushed_once_and_removed(device: Device, small_folder: Path) -> None:
    result = measure(device.make(small_folder), QUICK, "the command")
    assert check_result(result, "the result") is result
    assert result["target"].startswith(("ssh:127.0.0.1:", "adb:emulator-5554"))
    assert result["benchmark"]["runs"] == 1
    assert device.calls() == ["benchmark --json --runs 1 --threads 1"]
    assert not (device.folder / "__pycache__").exists()
    assert [path.name for path in device.parent.iterdir()] == ["ailock-arm"]

    (small_folder / "new").touch()
    measure(device.make(small_folder), QUICK, "again")
    assert len(device.calls()) == 2  # reused, what its facts say of the content being the same
    assert not (device.folder / "new").exists()

    (small_folder / "folder.json").write_text('{"content_sha256": "2222"}', "utf-8")
    target = device.make(small_folder)
    measure(target, QUICK, "another folder")
    assert len(device.calls()) == 1
    assert (device.folder / "new").exists()
    target.clean()
    assert list(device.parent.iterdir()) == []


def test_photo_and_benchmark_model_are_placed(
    device: Device, small_folder: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "my photo's name.jpg"
    shutil.copyfile(PHOTO, photo)
    program = standin_benchmark_model(tmp_path)
    settings = Settings(runs=1, threads=1, photo=photo, program=program)
    result = measure(device.make(small_folder), settings, "the command")
    placed = device.folder / "files" / photo.name
    assert placed.read_bytes() == photo.read_bytes()
    assert device.calls()[-1].endswith(f"/ailock-arm/files/{photo.name}")
    assert result["benchmark_model"]["inference_ms"] == pytest.approx(33.2094)
    assert result["benchmark_model"]["threads"] == result["benchmark"]["threads"]
    arguments = (device.folder / "files" / "benchmark_model.calls").read_text("utf-8")
    assert "--num_threads=1 --num_runs=1 " in arguments
    model = find_bundle(DEFAULT_BUNDLE).model_path
    assert (device.folder / "files" / model.name).read_bytes() == model.read_bytes()


# -- a device that does not ----------------------------------------------------------------------


def test_a_failing_ailock_is_one_error(device: Device, small_folder: Path) -> None:
    act = "echo noise; echo 'ailock: no model' >&2; exit 6"
    (small_folder / "act").write_text(act, "utf-8")
    with pytest.raises(SpeedError, match=r"timing unlocks .*exit status 6\): ailock: no model$"):
        measure(device.make(small_folder), QUICK, "the command")


def test_garbage_from_ailock_is_one_error(phone: Callable[..., Device], small_folder: Path) -> None:
    act = 'sed s/network_ms/netwrok_ms/ "$here/result.json"; exit 0'
    (small_folder / "act").write_text(act, "utf-8")
    with pytest.raises(SpeedError, match=r"timing unlocks: .*netwrok_ms: unknown field$"):
        measure(phone().make(small_folder), QUICK, "the command")


def test_a_benchmark_model_of_another_machine_is_one_error(
    device: Device, small_folder: Path, tmp_path: Path
) -> None:
    program = tmp_path / "benchmark_model"
    program.write_bytes(b"\x7fELF\2\1\1" + bytes(200))
    with pytest.raises(SpeedError, match="timing benchmark_model failed"):
        measure(device.make(small_folder), Settings(1, None, 1, program), "the command")


def test_another_processor_is_refused(
    device: Device, small_folder: Path, aarch64_uname: Path
) -> None:
    (aarch64_uname / "uname").write_text("#!/bin/sh\necho riscv64\n", "utf-8")
    with pytest.raises(SpeedError, match="its processor is 'riscv64'"):
        device.make(small_folder).prepare()


def test_a_shell_that_greets_is_told(device: Device, small_folder: Path) -> None:
    device.session.write_text("echo Welcome; echo", "utf-8")
    with pytest.raises(SpeedError, match=r"its shell answered 'Welcome"):
        device.make(small_folder).prepare()


def test_a_device_without_an_answer_is_stopped(device: Device, small_folder: Path) -> None:
    device.make(small_folder).prepare()
    device.session.write_text("sleep 60", "utf-8")
    start = time.monotonic()
    with pytest.raises(SpeedError, match="took more than 1 s and was stopped"):
        device.make(small_folder, timeout_s=1).prepare()
    assert time.monotonic() - start < 30


def test_half_a_push_leaves_nothing(device: Device, small_folder: Path) -> None:
    programs = device.session.parent / "arm programs"
    (programs / "tar").write_text(
        "#!/bin/sh\nPATH=/usr/bin:/bin; tar \"$@\"\necho 'tar: x: No space left on device' >&2\n"
        "echo 'tar: exiting with failure status' >&2; exit 2\n",
        "utf-8",
    )
    (programs / "tar").chmod(0o755)
    with pytest.raises(SpeedError, match=r"unpacking.*the disk is full"):
        device.make(small_folder).prepare()
    assert list(device.parent.iterdir()) == []


def test_a_full_disk_is_one_error(sshd: Callable[..., Device], small_folder: Path) -> None:
    problem = subprocess.run(["unshare", "--mount", "-r", "true"], capture_output=True, text=True)
    need(problem.stderr or None)
    device = sshd(["unshare", "--mount", "-r"])
    device.parent.mkdir()
    (small_folder / "large").write_bytes(bytes(2**21))
    # Every session has a file system of its own, of one MiB.
    session = device.session.parent / "sshd" / "command"
    mount = 'mount -t tmpfs -o size=1m none "$XDG_CACHE_HOME"'
    text = session.read_text("utf-8").replace('sh -c "$', f"sh -c {shlex.quote(mount)}';'\"$")
    session.write_text(text, "utf-8")
    with pytest.raises(SpeedError, match=r"copying the ARM folder.*the disk is full"):
        device.make(small_folder).prepare()


def test_a_dropped_ssh_connection_is_one_error(
    sshd: Callable[..., Device], small_folder: Path
) -> None:
    device = sshd()
    device.make(small_folder).prepare()
    device.session.write_text("kill -9 $PPID", "utf-8")
    with pytest.raises(SpeedError, match="the connection failed or was dropped"):
        device.make(small_folder).prepare()


def test_ssh_that_lets_nobody_in_is_one_error(
    sshd: Callable[..., Device], small_folder: Path
) -> None:
    device = sshd()
    (device.session.parent / "sshd" / "user.pub").write_text("", "utf-8")
    with pytest.raises(SpeedError, match="the device let nobody in"):
        device.make(small_folder).prepare()


def test_an_unknown_host_key_is_one_error(sshd: Callable[..., Device], small_folder: Path) -> None:
    device = sshd()
    (device.session.parent / "sshd" / "known").write_text("", "utf-8")
    with pytest.raises(SpeedError, match="Connect once by hand"):
        device.make(small_folder).prepare()


def test_a_closed_port_is_one_error(small_folder: Path) -> None:
    need(None if shutil.which("ssh") else "no ssh: install OpenSSH")
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SpeedError, match="Connection refused"):
            SshTarget(address, 30, lambda _: small_folder, ["-F", "none"]).prepare()


@pytest.mark.parametrize("variable", ["OLD", "LOST"])
def test_adb_of_old_phones_and_pulled_cables(
    phone: Callable[..., Device],
    small_folder: Path,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = phone()
    monkeypatch.setenv(f"STANDIN_ADB_{variable}", "1")
    if variable == "LOST":
        with pytest.raises(SpeedError, match="the connection to the phone was lost"):
            device.make(small_folder).prepare()
        return
    assert measure(device.make(small_folder), QUICK, "the command")["benchmark"]["runs"] == 1
    (device.folder / "act").write_text("echo 'ailock: no model' >&2; exit 6", "utf-8")
    with pytest.raises(SpeedError, match=r"exit status 6\): ailock: no model$"):
        measure(device.make(small_folder), QUICK, "the command")
    assert not (device.parent / Path(adb_target.ERRORS).name).exists()


@pytest.mark.parametrize(
    ("listed", "serial", "message"),
    [
        ("List of devices attached\n\n", None, "no phone is connected"),
        ("List of devices attached\nA\tunauthorized\n", None, "allow USB debugging"),
        ("List of devices attached\nA\toffline\n", "A", "not ready.*plug it in again"),
        ("List of devices attached\nA\tno permissions; see [url]\n", None, "not ready"),
        ("List of devices attached\nA\tdevice\nB\tdevice\n", None, r"several.*A \(device\), B"),
        ("List of devices attached\nA\tdevice\n", "B", "not connected; there are A"),
    ],
)
def test_phones_that_cannot_be_used_are_told_apart(
    listed: str, serial: str | None, message: str
) -> None:
    with pytest.raises(SpeedError, match=message):
        choose_device(listed, serial)


def test_the_one_phone_needs_no_serial_number() -> None:
    listed = "* daemon started successfully\nList of devices attached\n192.168.1.5:5555\tdevice\n\n"
    assert choose_device(listed, None) == "192.168.1.5:5555"


@pytest.mark.parametrize(
    ("target", "program"), [("adb", "adb"), ("ssh:somewhere", "ssh"), ("ssh:a@b:22", "ssh")]
)
def test_a_missing_program_is_one_error(
    target: str,
    program: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--target", target, "--out", str(tmp_path / "out")]) == 1
    assert f"{program} was not found: install" in capsys.readouterr().err


def test_options_of_ssh_come_before_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given"
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{given}\nexit 255\n', "utf-8")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    command = ["--target", "ssh:pi@bench:2222", "--ssh-option=-i 'my key'", "--ssh-option=-4"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 1
    words = given.read_text("utf-8").splitlines()
    assert words[:3] == ["-i", "my key", "-4"]
    assert words[words.index("-p") :][1:3] == ["2222", "pi@bench"]
    assert "dropped (it printed nothing)" in capsys.readouterr().err


def test_a_program_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    script = f"(sleep 3; touch {tmp_path}/alive) & wait"
    with pytest.raises(SpeedError, match="took more than 1 s"):
        run_program(["sh", "-c", script], "waiting", 0.6)
    time.sleep(3)
    assert not (tmp_path / "alive").exists()


# -- real runs -----------------------------------------------------------------------------------


def test_this_machine_from_the_command_line(
    one_look: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AILOCK_MODELS", str(one_look))
    program = standin_benchmark_model(tmp_path, "one_slow_run.txt")
    program.chmod(0o755)
    out = tmp_path / "out"
    command = ["--target", "local", "--runs", "2", "--threads", "1", "--photo", str(PHOTO)]
    command += ["--benchmark-model", str(program), "--out", str(out)]
    assert main([*command, "--target", "adb:nobody"]) == 1  # that one fails, and this one is kept
    written = [path for path in out.iterdir() if path.name.startswith("local-")]
    assert len(written) == 1
    result = load_result(written[0])
    assert result["benchmark"]["photo"]["bytes"] == PHOTO.stat().st_size
    assert result["benchmark"]["runs"] == 2
    assert list(result["benchmark"]["by_threads"]) == ["1"]
    assert result["benchmark_model"]["first_ms"] == pytest.approx(3512.391)
    assert f"--photo {PHOTO.name}" in result["command"]
    printed = capsys.readouterr()
    assert "unlock, 99th percentile" in printed.out
    assert len(printed.err.strip().splitlines()) == 1
    assert {"comparison.csv", "comparison.html", "stages.png"} <= {p.name for p in out.iterdir()}


@pytest.mark.long
def test_an_emulated_machine_is_timed_over_ssh(
    arm_folder: Path, sshd: Callable[..., Device]
) -> None:
    device = sshd(emulated_shell())
    target = device.make(arm_folder)
    result: dict[str, Any] = measure(target, QUICK, "the command")
    benchmark = check_result(result, "the result")["benchmark"]
    assert benchmark["device"]["machine"] == "aarch64"
    assert "Cortex-A76" in benchmark["device"]["processor"]
    assert "asimddp" in benchmark["device"]["cpu_features"]
    shipped = find_bundle(DEFAULT_BUNDLE)
    assert benchmark["model"]["model_sha256"] == shipped.model_sha256
    target.clean()
    assert not device.folder.exists()


@pytest.mark.long
def test_an_emulated_phone_has_every_bit(
    arm_folder: Path, phone: Callable[..., Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = phone(emulated_shell()).make(arm_folder)
    monkeypatch.delenv("AILOCK_MODELS")  # the shipped bundle, whose self-test is pinned
    target.prepare()
    found = json.loads(target.ailock(["doctor", "--json"], "examining"))
    assert "aarch64" in found["python"]["detail"]
    assert found[f"self-test {DEFAULT_BUNDLE}"] == {
        "detail": "every bit as on the reference machine",
        "ok": True,
    }
