"""The pepper's file: created once, whole, for its owner only."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ailock_sdk.errors import PepperError
from ailock_sdk.store import FilePepper, PepperProvider, default_pepper_path


def test_created_once_with_private_permissions(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pepper"
    provider: PepperProvider = FilePepper(path)
    pepper = provider.pepper()
    assert len(pepper) == 32
    assert len(set(pepper)) > 1
    assert provider.pepper() == FilePepper(path, create=False).pepper() == pepper
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["pepper"]


def test_permissions_do_not_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    previous = os.umask(0)
    try:
        FilePepper(path).pepper()
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_missing_is_an_error_without_create(tmp_path: Path) -> None:
    with pytest.raises(PepperError, match="no pepper at"):
        FilePepper(tmp_path / "pepper", create=False).pepper()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601, 0o666])
def test_refused_when_others_may_use_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pepper"
    FilePepper(path).pepper()
    path.chmod(mode)
    with pytest.raises(PepperError, match=f"run chmod 600 {path}"):
        FilePepper(path).pepper()
    path.chmod(0o400)
    FilePepper(path).pepper()


def test_refused_when_another_user_owns_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pepper"
    FilePepper(path).pepper()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(PepperError, match="run chown"):
        FilePepper(path).pepper()


@pytest.mark.parametrize("size", [0, 31, 33, 5000])
def test_refused_when_the_size_is_wrong(tmp_path: Path, size: int) -> None:
    path = tmp_path / "pepper"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(PepperError, match="exactly 32 bytes"):
        FilePepper(path).pepper()
    assert path.stat().st_size == size


def test_refused_when_it_is_no_plain_file(tmp_path: Path) -> None:
    with pytest.raises(PepperError, match="cannot be used"):
        FilePepper(tmp_path).pepper()
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(PepperError, match="not a plain file"):
        FilePepper(tmp_path / "pipe").pepper()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PepperError, match="cannot be used"):
        FilePepper(tmp_path / "file" / "pepper").pepper()


def test_symbolic_links_are_followed_and_their_target_checked(tmp_path: Path) -> None:
    target, link = tmp_path / "stick", tmp_path / "pepper"
    link.symlink_to(target)
    with pytest.raises(PepperError, match="no pepper at"):
        FilePepper(link).pepper()  # a missing stick is not replaced by a new pepper
    pepper = FilePepper(target).pepper()
    assert FilePepper(link).pepper() == pepper
    target.chmod(0o644)
    with pytest.raises(PepperError, match="chmod 600"):
        FilePepper(link).pepper()


def test_failed_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(PepperError, match="No space left"):
        FilePepper(tmp_path / "pepper").pepper()
    assert os.listdir(tmp_path) == []


def test_processes_that_create_it_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pepper"
    program = (
        "import sys; from pathlib import Path; from ailock_sdk.store import FilePepper\n"
        "sys.stdin.read(1); print(FilePepper(Path(sys.argv[1])).pepper().hex())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    peppers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert peppers == {path.read_bytes().hex()}
    assert os.listdir(path.parent) == ["pepper"]


def test_repr_shows_no_pepper(tmp_path: Path) -> None:
    provider = FilePepper(tmp_path / "pepper")
    pepper = provider.pepper()
    assert pepper.hex() not in repr(provider)
    assert repr(pepper) not in repr(provider)


def test_default_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_pepper_path() == tmp_path / "ailock" / "pepper"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unusable in ("", "relative/path"):
        monkeypatch.setenv("XDG_CONFIG_HOME", unusable)
        assert default_pepper_path() == tmp_path / "home" / ".config" / "ailock" / "pepper"
