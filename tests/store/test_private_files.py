"""Files that appear whole or not at all, with nameless files, with links and without either."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ailock_sdk.store import private_files
from ailock_sdk.store.private_files import new_private_file, why_not_private


@pytest.fixture(params=["nameless", "links", "no links"], autouse=True)
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file system that has nameless files, only hard links (NFS), or neither (FAT, Android)."""

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(1, "links are denied")

    if request.param != "nameless":
        monkeypatch.delattr("os.O_TMPFILE")
    if request.param == "no links":
        monkeypatch.setattr("os.link", denied)
    return str(request.param)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("named", [False, True])
def test_a_free_name_is_taken(tmp_path: Path, named: bool) -> None:
    with new_private_file(tmp_path / "new", overwrite=False, named=named) as file:
        file.write(b"whole")
        assert isinstance(file.name, str) or not named
        assert not (tmp_path / "new").exists()
    assert names(tmp_path) == ["new"]
    assert (tmp_path / "new").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_links_denied_to_nameless_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Android: noticed before anything is written."""
    link = os.link

    def denied(source: str, target: str, **options: int) -> None:
        if options:
            raise PermissionError(1, "links are denied")
        link(source, target)

    monkeypatch.setattr("os.link", denied)
    test_a_free_name_is_taken(tmp_path, False)


def test_a_taken_name_is_kept(tmp_path: Path) -> None:
    file = new_private_file(tmp_path / "new", overwrite=False)
    file.__enter__()
    (tmp_path / "new").write_bytes(b"another was first")
    with pytest.raises(FileExistsError) as caught:
        file.__exit__(None, None, None)
    assert caught.value.filename == str(tmp_path / "new")
    assert names(tmp_path) == ["new"]
    assert (tmp_path / "new").read_bytes() == b"another was first"


def test_a_file_is_overwritten_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "old"
    target.write_bytes(b"old")
    with (
        pytest.raises(ZeroDivisionError),
        new_private_file(target, overwrite=True) as file,
    ):
        file.write(bytes(1 // 0))
    assert (names(tmp_path), target.read_bytes()) == (["old"], b"old")
    with new_private_file(target, overwrite=True) as file:
        file.write(b"new")
    assert (names(tmp_path), target.read_bytes()) == (["old"], b"new")


@pytest.mark.parametrize("overwrite", [False, True])
def test_row_16_what_cannot_be_written_is_told_first_and_by_its_name(
    tmp_path: Path, overwrite: bool
) -> None:
    """Before the block, so before anybody works for nothing."""
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    refused = ["folder", "pipe", "link", "nowhere/new", "file/new"]
    before = names(tmp_path)
    for name in refused if overwrite else [*refused, "file"]:
        with pytest.raises(OSError, match=name) as caught:
            new_private_file(tmp_path / name, overwrite=overwrite).__enter__()
        assert caught.value.filename == str(tmp_path / name)
        assert ".ailock" not in str(caught.value)
    assert names(tmp_path) == before


def write(target: Path, *, overwrite: bool = False, on: str | None = None) -> None:
    with new_private_file(target, overwrite=overwrite) as file:
        if on is not None:
            device = os.open(on, os.O_WRONLY)
            os.dup2(device, file.fileno())
            os.close(device)
        file.write(bytes(1 << 20))


@pytest.mark.parametrize("step", ["fsync", "replace", "write"])
def test_row_16_a_full_disk_is_told_by_the_name_of_the_target(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if step != "write":
        monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space") as caught:
        write(tmp_path / "new", overwrite=True, on="/dev/full" if step == "write" else None)
    assert caught.value.filename == str(tmp_path / "new")
    assert names(tmp_path) == []


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to("theirs")
    with new_private_file(tmp_path / "link", overwrite=True) as file:
        file.write(b"mine")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "theirs").read_bytes() == b"theirs"


KILLED = """
import os, signal, sys
from pathlib import Path
from ailock_sdk.store.private_files import new_private_file
if sys.argv[2] != "nameless":
    del os.O_TMPFILE
with new_private_file(Path(sys.argv[1]) / "plain", overwrite=False) as file:
    file.write(b"secret" * 100_000)
    file.flush()
    print(flush=True)
    sys.stdin.read()
"""


def test_row_12_what_a_kill_leaves_is_gone_or_goes_with_the_next_file(
    tmp_path: Path, system: str
) -> None:
    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), system],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        return process

    with start() as killed:
        killed.send_signal(signal.SIGKILL)
    left = names(tmp_path)
    assert len(left) == (system != "nameless")
    with start() as living:
        for name in names(tmp_path):
            os.utime(tmp_path / name, (0, 0))
        write(tmp_path / "new")
        assert set(names(tmp_path)).isdisjoint(left), "the killed one's file is gone"
        living.communicate("")
    assert living.returncode == 0, "but not the file of a process that is still at work"
    assert names(tmp_path) == ["new", "plain"]


def test_young_files_and_those_of_other_programs_are_left(tmp_path: Path) -> None:
    for name in (".ailock-young.tmp", ".ailock", "old.tmp"):
        (tmp_path / name).write_bytes(b"")
    os.utime(tmp_path / "old.tmp", (0, 0))
    (tmp_path / ".ailock-link.tmp").symlink_to("old.tmp")
    before = names(tmp_path)
    with new_private_file(tmp_path / "new", overwrite=False):
        pass
    assert names(tmp_path) == sorted([*before, "new"])


@pytest.fixture
def fat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file looks as on a FAT stick: for all to use, whatever mode was asked for."""
    fstat = os.fstat

    def open_to_all(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        return os.stat_result((status.st_mode | 0o755, *status[1:]))

    monkeypatch.setattr(os, "fstat", open_to_all)


@pytest.mark.usefixtures("fat")
def test_row_30_a_file_system_without_permissions_is_named_and_left_alone(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="FAT, exFAT and Android's shared storage") as caught,
        new_private_file(tmp_path / "new", overwrite=False, private=True),
    ):
        pass
    assert caught.value.filename == str(tmp_path / "new")
    assert names(tmp_path) == []
    (tmp_path / "old").write_bytes(b"")
    (tmp_path / "old").chmod(0o755)
    reason = why_not_private(tmp_path / "old", (tmp_path / "old").stat())
    assert reason == private_files.NO_PERMISSIONS
    assert names(tmp_path) == ["old"]
    with new_private_file(tmp_path / "sealed", overwrite=False):
        pass  # a sealed file may lie on a stick
    assert names(tmp_path) == ["old", "sealed"]


def test_where_permissions_are_kept_chmod_is_the_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "file").chmod(0o644)
    reason = why_not_private(tmp_path / "file", (tmp_path / "file").stat())
    assert reason == f"other users may use it: run chmod 600 {tmp_path / 'file'}"
    (tmp_path / "file").chmod(0o600)
    assert why_not_private(tmp_path / "file", (tmp_path / "file").stat()) is None
    assert names(tmp_path) == ["file"]
