"""Vaults that the store's tests share, and ways to change them behind the store's back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ailock_sdk.store import LockStore
from tests.store.examples import LOCK, PEPPER


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "vault.db"


@pytest.fixture(scope="session")
def vault_with_mug(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once and copied: synced writes are most of what these tests would wait for."""
    template = tmp_path_factory.mktemp("template") / "vault.db"
    with LockStore.create(template) as created:
        created.add("mug", LOCK, PEPPER)
    return template


@pytest.fixture
def store(path: Path, vault_with_mug: Path) -> Iterator[LockStore]:
    """A vault at ``path`` that holds the lock ``mug``."""
    path.parent.mkdir(mode=0o700)
    shutil.copy(vault_with_mug, path)
    with LockStore.open(path) as opened:
        yield opened


@pytest.fixture
def unprivileged_folder() -> Iterator[Path]:
    """A folder, as a user whom permissions bind even when the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def edit(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    """Change the file behind the store's back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()


def everything(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """What lies in a folder: contents, mode and time of change of each file."""
    return {
        file.name: (file.read_bytes(), file.stat().st_mode, file.stat().st_mtime_ns)
        for file in folder.iterdir()
    }
