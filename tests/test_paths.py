"""Where a user's own files are: one rule for data and configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ailock_sdk import AilockError, FilePepper, PepperError, Vault
from ailock_sdk.embedding import bundle_folders, new_bundle_folder
from ailock_sdk.paths import config_folder, data_folder, user_path
from ailock_sdk.store import default_pepper_path

FOLDERS = [
    (data_folder, "XDG_DATA_HOME", ".local/share/ailock"),
    (config_folder, "XDG_CONFIG_HOME", ".config/ailock"),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "AILOCK_MODELS"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "home"


@pytest.mark.parametrize(("folder", "variable", "default"), FOLDERS)
@pytest.mark.parametrize("unusable", [None, "", "relative/path", "./here", "~/there"])
def test_only_absolute_variables_count(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: Callable[[], Path],
    variable: str,
    default: str,
    unusable: str | None,
) -> None:
    if unusable is not None:
        monkeypatch.setenv(variable, unusable)
    assert folder() == home / default
    monkeypatch.setenv(variable, "/elsewhere")
    assert folder() == Path("/elsewhere/ailock")


def test_no_folder_is_made(home: Path) -> None:
    data_folder(), config_folder(), bundle_folders(), default_pepper_path()
    assert not home.exists()


def test_bundles_are_searched_and_put_by_one_rule(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = home / ".local/share/ailock/models"
    assert bundle_folders()[-1] == new_bundle_folder() == own
    monkeypatch.setenv("AILOCK_MODELS", "a::b")
    assert bundle_folders()[:2] == [Path("a"), Path("b")]
    assert bundle_folders()[-1] == own
    assert new_bundle_folder() == Path("a")


def test_row_21_a_tilde_is_the_home_folder_in_the_sdk_too(home: Path) -> None:
    assert user_path("~/vault.db") == home / "vault.db"
    assert Vault.open("~/vault.db", pepper="~/pepper").path == home / "vault.db"
    assert FilePepper("~/pepper").file == home / "pepper"
    for refused in (
        lambda: Vault.open("~no-such-user/v"),
        FilePepper("~no-such-user/p").pepper,
        FilePepper("~null\0byte/p").pepper,
    ):
        with pytest.raises(AilockError, match="no such home folder"):
            refused()


@pytest.mark.parametrize("path", ["", ".", "/", Path()])
def test_a_pepper_is_a_file_with_a_name(path: str | Path) -> None:
    for use in (FilePepper(path).pepper, FilePepper(path).create):
        with pytest.raises(PepperError, match="kept in a file, not in"):
            use()
