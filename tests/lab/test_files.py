"""Files written whole, and files of arrays that are no such files."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import LabError
from lab.files import replacing, stored_arrays, write_whole


def test_a_file_is_written_with_its_folder_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_whole(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    write_whole(path, b"\0")
    assert path.read_bytes() == b"\0"
    assert list(path.parent.iterdir()) == [path]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", "")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("existed", [False, True])
def test_a_writer_that_stops_leaves_what_was_there(tmp_path: Path, existed: bool) -> None:
    path = tmp_path / "file"
    if existed:
        path.write_text("old", "utf-8")

    def stop() -> None:
        with replacing(path) as stream:
            stream.write(b"half of the new")
            stream.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert [one.read_text("utf-8") for one in tmp_path.iterdir()] == ["old"] * existed


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match=r"cannot write .*file/below: "):
        write_whole(tmp_path / "file" / "below", "text")
    with pytest.raises(LabError, match=r"cannot write .*: Is a directory"):
        write_whole(tmp_path, "text")


def packed() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, key=np.array("k"), rows=np.ones((3, 4)))
    return stream.getvalue()


def test_arrays_are_read(tmp_path: Path) -> None:
    (tmp_path / "arrays.npz").write_bytes(packed())
    found = stored_arrays(tmp_path / "arrays.npz")
    assert found is not None
    assert str(found["key"]) == "k"
    assert found["rows"].shape == (3, 4)
    assert stored_arrays(tmp_path / "none.npz") is None


def test_objects_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", one=np.array([{}], dtype=object))
    assert stored_arrays(tmp_path / "objects.npz") is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=4), st.integers(0, len(packed())), st.booleans())
def test_damage_is_never_an_error(
    tmp_path_factory: pytest.TempPathFactory, new: bytes, start: int, cut: bool
) -> None:
    whole = packed()
    file = tmp_path_factory.getbasetemp() / "damaged.npz"
    file.write_bytes(whole[:start] + new + (b"" if cut else whole[start + len(new) :]))
    found = stored_arrays(file)
    assert found is None or found.keys() <= {"key", "rows"} or not cut
