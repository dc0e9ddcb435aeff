"""The embeddings' file when it is damaged or foreign: one error, or a new file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from benchmarks.accuracy.paper import store
from lab.errors import EmbeddingsError

COLUMN = ("pool_3", "whole")
TEXTS = {"objects": ["a", "b"], "paths": ["1", "2"], "photo_sha256": ["00", "11"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    store.create(tmp_path / "embeddings.h5", "key", {COLUMN: 8}, TEXTS)
    return tmp_path / "embeddings.h5"


def test_only_its_own_key_opens_it(file: Path) -> None:
    assert store.is_for(file, "key")
    assert not store.is_for(file, "another")
    assert store.read(file, COLUMN, 0, 2).shape == (2, 8)
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def foreign(change: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    def apply(file: Path) -> None:
        with h5py.File(file, "r+") as opened:
            change(opened)

    return apply


def group_for_a_dataset(opened: h5py.File) -> None:
    for place in ("embeddings/pool_3/whole", "state"):
        del opened[place]
        opened.create_group(place)


def number_for_rows(opened: h5py.File) -> None:
    for place in ("embeddings/pool_3/whole", "state"):
        del opened[place]
        opened[place] = 1.0


DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "zeros": lambda file: file.write_bytes(bytes(5000)),
    "text": lambda file: file.write_bytes(b"not HDF5\n" * 100),
    "half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "head": lambda file: file.write_bytes(file.read_bytes()[:600]),
    "group for a dataset": foreign(group_for_a_dataset),
    "number for rows": foreign(number_for_rows),
    "no dataset": foreign(lambda opened: opened.clear()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_error(file: Path, damage: str) -> None:
    DAMAGE[damage](file)
    for work in (
        lambda: store.read(file, COLUMN, 0, 2),
        lambda: store.states(file),
    ):
        with pytest.raises(EmbeddingsError, match="cannot be read"):
            work()


@pytest.mark.parametrize("key", [7, [1, 2], [b"key"], b"\xff"])
def test_a_key_of_another_type_is_not_this_one(file: Path, key: object) -> None:
    foreign(lambda opened: opened.attrs.__setitem__("key", key))(file)
    assert not store.is_for(file, "key")
