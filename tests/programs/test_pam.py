"""`ailock pam` asked by the real PAM: pamtester, with the service files of a test."""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from ailock_sdk.cli import pam as cli_pam
from ailock_sdk.cli import seats
from tests.cli.processes import Ailock
from tests.conftest import PHOTOS
from tests.programs.real import ROOT, block, install, needs, run

pytest.importorskip("av", reason="needs the extra [camera]")

_MATRIX = next(Path("/usr/lib").glob("*/pam_wrapper/pam_matrix.so"), Path("pam_matrix.so"))
pytestmark = needs("pamtester", str(_MATRIX), package="pamtester libpam-wrapper")
ME = pwd.getpwuid(os.getuid()).pw_name
PASSWORD = "correct horse"
_Told = tuple[bool, str]


@dataclass
class Pam:
    """Service files, each with our line and then the password's; and a vault."""

    folder: Path
    ailock: Ailock

    def service(self, name: str, **changed: str | None) -> str:
        """Write the file of a service: the how-to's line, and options for `ailock pam`."""
        line = block("pam.md", "pam_exec.so", "pam").strip()
        assert "/opt/ailock" in line
        options: dict[str, str | None] = {
            "user": ME,
            "vault": str(self.ailock.vault),
            "pepper": str(self.ailock.pepper),
            "camera": str(self.folder / "book"),
            "any-seat": "",
            "seconds": "60",  # a busy machine is no failure
        }
        for option, value in {**options, **changed}.items():
            if value is not None:
                line += f" --{option} {value}".rstrip()
        password = f"required {_MATRIX} passdb={self.folder / 'passwords'}"
        lines = [line.replace("/opt/ailock", str(self.folder / "venv")), f"auth {password}"]
        (self.folder / "pam.d" / name).write_text("\n".join([*lines, f"account {password}", ""]))
        return name

    def ask(
        self, service: str, password: str, user: str = "alice", *items: str
    ) -> tuple[bool, str]:
        """Whether PAM let the user in, and what it said."""
        (self.folder / "passwords").write_text(f"{user}:{PASSWORD}:{service}\n")
        environment = {
            **os.environ,
            "LD_PRELOAD": "libpam_wrapper.so",
            "PAM_WRAPPER": "1",
            "PAM_WRAPPER_SERVICE_DIR": str(self.folder / "pam.d"),
        }
        words = ["pamtester", *items, service, user, "authenticate"]
        done = run(words, data=f"{password}\n".encode(), env=environment)
        said = (done.stdout + done.stderr).decode()
        assert (done.returncode == 0) == ("successfully authenticated" in said), said
        return done.returncode == 0, said

    def password_counts(self, service: str, user: str = "alice", *items: str) -> str:
        """Assert that the password lets in, and nothing else; what was said before it."""
        let_in, said = self.ask(service, "wrong", user, *items)
        assert not let_in, said
        let_in, said = self.ask(service, PASSWORD, user, *items)
        assert let_in, said
        return said


@pytest.fixture(scope="module")
def pam(tmp_path_factory: pytest.TempPathFactory) -> Pam:
    folder = tmp_path_factory.mktemp("pam")
    (folder / "pam.d").mkdir()
    install(folder / "venv")
    for name, photo in (("book", "book-3.jpg"), ("robot", "robot-1.jpg")):
        (folder / name).mkdir()
        shutil.copy(PHOTOS / photo, folder / name)
    ailock = Ailock(folder / "home")
    photos = [PHOTOS / f"book-{view}.jpg" for view in (1, 2)]
    assert ailock("enroll", "alice", *photos, "--recovery-file", folder / "code").returncode == 0
    return Pam(folder, ailock)


def test_the_object_is_enough(pam: Pam) -> None:
    let_in, said = pam.ask(pam.service("door"), "wrong")
    assert let_in, said
    assert "Password" not in said
    assert "show the object to the camera" in said
    assert "opened" in said


def test_another_object_leads_to_the_password(pam: Pam) -> None:
    service = pam.service("door", camera=str(pam.folder / "robot"))
    assert "not opened, status 1" in pam.password_counts(service)


def broken_model(pam: Pam) -> dict[str, str]:
    """A copy of the bundle with a model that ends in its middle."""
    bundle = pam.folder / "broken" / "inception_v3_slim"
    if not bundle.exists():
        shutil.copytree(ROOT / "models" / "inception_v3_slim", bundle)
        (model,) = bundle.glob("*.tflite")
        model.write_bytes(model.read_bytes()[:100_000])
    return {"bundle": str(bundle)}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param(broken_model, "model", id="model"),
        pytest.param({"camera": "/dev/video77"}, "/dev/video77: No such file", id="camera"),
        pytest.param({"pepper": "/nowhere"}, "pepper", id="pepper"),
        *(
            pytest.param({option: value}, why, id=option, marks=pytest.mark.long)
            for option, value, why in (
                ("camera", "http://127.0.0.1:9/", "show PAM a recording"),
                ("vault", "/nowhere", "no vault at /nowhere"),
                ("lock", "--help", "no lock is named '--help'"),
                ("user", "nobody-of-this-name", "there is no user nobody-of-this-name"),
                ("seconds", "a", "not a valid float"),
            )
        ),
    ],
)
def test_what_is_broken_leads_to_the_password_soon(pam: Pam, changed, why: str) -> None:
    options = changed(pam) if callable(changed) else changed
    service = pam.service("broken", **options)
    said = pam.password_counts(service)
    assert why in said
    assert "within" not in said, "the time limit came first"


@pytest.mark.long
def test_an_installation_that_is_gone_leads_to_the_password(pam: Pam) -> None:
    service = pam.service("gone")
    file = pam.folder / "pam.d" / service
    file.write_text(file.read_text().replace("venv/bin/python", "venv/bin/gone"))
    pam.password_counts(service)


@pytest.mark.long
def test_a_camera_that_shows_nothing_leads_to_the_password_in_time(pam: Pam) -> None:
    pipe = pam.folder / "silent"
    os.mkfifo(pipe)
    said = pam.password_counts(pam.service("door", camera=str(pipe), seconds="1"))
    assert "nothing matched within 1 s" in said


def test_who_has_no_lock_is_not_asked_for_an_object(pam: Pam) -> None:
    service = pam.service("door", camera="/dev/video77")
    assert "no lock is named 'bob'" in pam.password_counts(service, "bob")


def test_who_asks_over_the_network_needs_the_password(pam: Pam) -> None:
    service = pam.service("door")
    for item in ("-Irhost=192.0.2.7", "-ESSH_CONNECTION=192.0.2.7 1 192.0.2.1 22"):
        assert "asked over the network" in pam.password_counts(service, "alice", item)


def test_who_sits_nowhere_needs_the_password(pam: Pam) -> None:
    said = pam.password_counts(pam.service("seat", **{"any-seat": None}), ME)
    assert f"{ME} is not logged in at a seat" in said or "no login manager" in said
    assert "nobody of this name" in pam.ask("seat", "wrong", "nobody-of-this-name")[1]


@pytest.mark.parametrize(
    ("session", "remote", "seated", "said"),
    [
        (True, 1, 1, "session over the network"),
        (True, -2, 1, "session over the network"),  # of which nothing is known
        (True, 0, 1, None),
        (False, 1, 1, None),
        (True, 0, 0, "not logged in at a seat"),
        (False, 0, -2, "not logged in at a seat"),
    ],
)
def test_logind_says_who_sits_here(
    monkeypatch: pytest.MonkeyPatch, session: bool, remote: int, seated: int, said: str | None
) -> None:
    """What the library answers is put in its place: sessions are made by a whole system only."""
    asked = []

    def seats_of(user: int, active: int, _: object) -> int:
        asked.append((user, active))
        return seated

    login = SimpleNamespace(
        sd_pid_get_session=lambda *_: 0 if session else -61,
        sd_session_is_remote=lambda _: remote,
        sd_uid_get_seats=seats_of,
    )
    monkeypatch.setattr(seats, "_login_manager", lambda: login)
    environment = {"PAM_USER": "root", "PAM_RUSER": ME}
    why = seats.why_not_here(environment, any_seat=False)
    assert (why is None) if said is None else said in str(why)
    assert asked in ([], [(os.getuid(), 1)])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_root_becomes_the_user_who_keeps_the_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somebody/else's")
    becoming = cli_pam._becoming("nobody")
    assert run(["env"], **becoming).stdout.decode().splitlines() == [
        f"HOME={pwd.getpwnam('nobody').pw_dir}",
        f"PATH={os.defpath}",
    ]
    status = run(["cat", "/proc/self/status"], **becoming).stdout.decode()
    entry = pwd.getpwnam("nobody")
    assert f"Uid:\t{entry.pw_uid}\t{entry.pw_uid}\t{entry.pw_uid}\t{entry.pw_uid}" in status
    assert f"Gid:\t{entry.pw_gid}\t{entry.pw_gid}\t{entry.pw_gid}\t{entry.pw_gid}" in status
    (groups,) = [line.split()[1:] for line in status.splitlines() if line.startswith("Groups:")]
    assert groups == [str(entry.pw_gid)]
    assert "CapEff:\t0000000000000000" in status


def test_only_root_becomes_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(click.UsageError, match="seteuid"):
        cli_pam._becoming("nobody")


def test_without_pam_it_says_who_runs_it(pam: Pam) -> None:
    assert pam.ailock("pam").returncode == 2
    for module_type in ("account", "password", "open_session"):
        environment = {**pam.ailock.environment, "PAM_USER": "alice", "PAM_TYPE": module_type}
        done = pam.ailock("pam", "--any-seat", env=environment)
        assert done.returncode == 2
        assert b"only pam_exec.so runs this, in a line that begins with `auth`" in done.stderr
