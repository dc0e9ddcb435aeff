"""Shared fixtures: the default bundle, kept warm, and the committed photos."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ailock_sdk import AiLock, FilePepper
from ailock_sdk.sketch import CHEAPEST

pytest_plugins = ["tests.standins"]

settings.register_profile("ailock", deadline=None)  # shared machines stall; timing is no test
settings.load_profile("ailock")

PHOTOS = Path(__file__).resolve().parent / "photos"


def read_photos() -> dict[str, list[Path]]:
    """Committed photos by object, in the order of labels.csv."""
    found: dict[str, list[Path]] = defaultdict(list)
    with (PHOTOS / "labels.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found[row["object"]].append(PHOTOS / row["path"])
    assert found
    return dict(found)


@pytest.fixture(scope="session", autouse=True)
def _nothing_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or makes the pepper or the vault of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        yield


@pytest.fixture(scope="session")
def photos() -> dict[str, list[Path]]:
    """Photos of each object that has three views or more."""
    return {name: views for name, views in read_photos().items() if len(views) >= 3}


@pytest.fixture(scope="session")
def lock() -> AiLock:
    """A warm lock without a pepper and with the cheapest Argon2id."""
    return AiLock(pepper=None, cost=CHEAPEST)


@pytest.fixture
def pepper(tmp_path: Path) -> FilePepper:
    """A pepper of this test's own."""
    return FilePepper(tmp_path / "pepper")
