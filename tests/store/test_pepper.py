"""The pepper's file: created once, whole, for its owner only."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    DEFAULT_PEPPER,
    FilePepper,
    default_pepper_path,
    pepper_provider,
    read_backup,
    read_pepper,
    write_backup,
)


def test_created_once_with_private_permissions(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pepper"
    provider = FilePepper(path)
    pepper = provider.create()
    assert len(pepper) == 32
    assert len(set(pepper)) > 1
    assert provider.pepper() == provider.create() == pepper
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["pepper"]


def test_permissions_do_not_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    previous = os.umask(0)
    try:
        FilePepper(path).create()
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_row_1_reading_creates_nothing(tmp_path: Path) -> None:
    for provider in (FilePepper(tmp_path / "pepper"), FilePepper(tmp_path / "new" / "pepper")):
        with pytest.raises(PepperError, match="no pepper at"):
            provider.pepper()
        with pytest.raises(PepperError, match="no pepper at"):
            read_pepper(provider, bytes(8))
    assert os.listdir(tmp_path) == []


def test_row_1_a_new_pepper_is_announced_once_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pepper = FilePepper(tmp_path / "pepper").create()
    FilePepper(tmp_path / "pepper").create()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("ailock_sdk.store.pepper", "WARNING")
    assert str(tmp_path / "pepper") in record.getMessage()
    assert "back it up elsewhere" in record.getMessage()
    assert pepper.hex() not in record.getMessage()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601, 0o666])
def test_refused_when_others_may_use_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pepper"
    FilePepper(path).create()
    path.chmod(mode)
    with pytest.raises(PepperError, match=f"run chmod 600 {path}"):
        FilePepper(path).pepper()
    path.chmod(0o400)
    FilePepper(path).pepper()


def test_refused_when_another_user_owns_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pepper"
    FilePepper(path).create()
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
        FilePepper(link).create()  # a missing stick is not replaced by a new pepper
    pepper = FilePepper(target).create()
    assert FilePepper(link).pepper() == pepper
    target.chmod(0o644)
    with pytest.raises(PepperError, match="chmod 600"):
        FilePepper(link).pepper()


def test_failed_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(PepperError, match="No space left"):
        FilePepper(tmp_path / "pepper").create()
    assert os.listdir(tmp_path) == []


def test_processes_that_create_it_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pepper"
    program = (
        "import sys; from pathlib import Path; from ailock_sdk.store import FilePepper\n"
        "sys.stdin.read(1); print(FilePepper(Path(sys.argv[1])).create().hex())"
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
    pepper = provider.create()
    for shown in (repr(provider), repr(pepper_provider(bytes(pepper)))):
        assert pepper.hex() not in shown
        assert repr(bytes(pepper)) not in shown


def test_default_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_pepper_path() == tmp_path / "ailock" / "pepper"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unusable in ("", "relative/path"):
        monkeypatch.setenv("XDG_CONFIG_HOME", unusable)
        assert default_pepper_path() == tmp_path / "home" / ".config" / "ailock" / "pepper"
        assert DEFAULT_PEPPER.file == default_pepper_path()
    assert FilePepper("~/pepper").file == tmp_path / "home" / "pepper"


def test_row_6_a_pepper_is_given_as_bytes_a_path_or_an_object(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    pepper = FilePepper(path).create()

    class Keyring:
        def pepper(self) -> bytes:
            return bytes(pepper)

    plain = bytes(pepper)
    for source in (
        *(plain, bytearray(plain), memoryview(plain)),
        *(path, str(path), FilePepper(path), Keyring()),
    ):
        found = read_pepper(pepper_provider(source), pepper_id(pepper))
        assert (found, type(found)) == (pepper, Hidden)
    with pytest.raises(PepperError, match="exactly 32 bytes"):
        pepper_provider(b"short")
    for wrong in (None, 3, FilePepper):
        with pytest.raises(TypeError, match="a path or an object"):
            read_pepper(pepper_provider(wrong))  # type: ignore[arg-type]


def test_row_1_a_foreign_pepper_is_named_as_such(tmp_path: Path) -> None:
    mine, other = (FilePepper(tmp_path / name) for name in ("mine", "other"))
    wanted = pepper_id(mine.create())
    other.create()
    for provider in (other, pepper_provider(other.pepper())):
        with pytest.raises(PepperError, match=f"is not this vault's .{wanted.hex()}"):
            read_pepper(provider, wanted)
    with pytest.raises(PepperError, match=str(other.file)):
        read_pepper(other, wanted)


def test_a_replaced_pepper_is_kept_and_found_by_its_id(tmp_path: Path) -> None:
    provider = FilePepper(tmp_path / "pepper")
    old, new = provider.create(), Hidden(bytes(range(32)))
    provider.prepare(new)
    assert provider.pepper() == old
    assert provider.find(pepper_id(new)) == new, "a kill between the two steps loses nothing"
    kept = provider.install(new)
    assert kept is not None
    assert provider.pepper() == new
    assert sorted(os.listdir(tmp_path)) == sorted(["pepper", kept.name])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for pepper in (old, new):
        assert read_pepper(provider, pepper_id(pepper)) == pepper
    assert provider.install(new) is None
    provider.file.unlink()
    assert read_pepper(provider, pepper_id(old)) == old
    with pytest.raises(PepperError, match="no pepper at"):
        read_pepper(provider, pepper_id(new))


def test_a_pepper_behind_a_link_is_replaced_there(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "pepper").symlink_to(stick / "pepper")
    FilePepper(stick / "pepper").create()
    FilePepper(tmp_path / "home" / "pepper").install(Hidden(bytes(32)))
    assert (tmp_path / "home" / "pepper").is_symlink()
    assert (stick / "pepper").read_bytes() == bytes(32)


def test_a_backup_is_written_once_and_read_from_a_stick_without_modes(tmp_path: Path) -> None:
    pepper, other = FilePepper(tmp_path / "pepper").create(), Hidden(bytes(32))
    backup = tmp_path / "backup"
    for _ in range(2):
        write_backup(pepper, backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with pytest.raises(PepperError, match="exists already"):
        write_backup(other, backup)
    with pytest.raises(PepperError, match="No such file"):
        write_backup(pepper, tmp_path / "nowhere" / "backup")
    backup.chmod(0o777)
    assert read_backup(backup) == pepper
    with pytest.raises(PepperError, match="no pepper at"):
        read_backup(tmp_path / "none")


def test_row_30_a_pepper_on_a_fat_stick_is_refused_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fstat = os.fstat

    def open_to_all(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        return os.stat_result((status.st_mode | 0o755, *status[1:]))

    monkeypatch.setattr(os, "fstat", open_to_all)
    with pytest.raises(PepperError, match="FAT, exFAT and Android's shared storage"):
        FilePepper(tmp_path / "pepper").create()
    assert os.listdir(tmp_path) == []
