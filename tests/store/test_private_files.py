"""Files that appear whole or not at all, also where hard links are denied (Android)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ailock_sdk.store.private_files import new_private_file


@pytest.fixture(params=["links", "no links"], autouse=True)
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(source: object, target: object) -> None:
        raise PermissionError("links are denied")

    if request.param == "no links":
        monkeypatch.setattr("os.link", denied)


def test_a_free_name_is_taken(tmp_path: Path) -> None:
    with new_private_file(tmp_path / "new", overwrite=False) as file:
        file.write(b"whole")
        assert not (tmp_path / "new").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["new"]
    assert (tmp_path / "new").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_taken_name_is_kept(tmp_path: Path) -> None:
    def write() -> None:
        with new_private_file(tmp_path / "new", overwrite=False):
            (tmp_path / "new").write_bytes(b"another was first")

    with pytest.raises(FileExistsError):
        write()
    assert [p.name for p in tmp_path.iterdir()] == ["new"]
    assert (tmp_path / "new").read_bytes() == b"another was first"


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with (
        pytest.raises(OSError, match="full"),
        new_private_file(tmp_path / "new", overwrite=False) as file,
    ):
        file.write(b"half")
    assert list(tmp_path.iterdir()) == []
