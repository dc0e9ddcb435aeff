"""A bundle of faces makes keys only for who asks for it: library, vault and command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ailock_sdk import AiLock, ProfileError, UnlockError, Vault
from ailock_sdk.cli import main
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.embedding import Bundle, load_bundle
from ailock_sdk.sketch import CHEAPEST
from tests.bundles import copy_bundle, edit_manifest

Photos = dict[str, list[Path]]
PEPPER = bytes(range(32))
WHY = "a face is shown to everybody and cannot be renewed"


@pytest.fixture
def faces(tmp_path: Path) -> Bundle:
    folder = copy_bundle(tmp_path / "models" / "faces")
    edit_manifest(folder, lambda manifest: manifest.update(name="faces", subject="faces"))
    return load_bundle(folder)


def test_enrolling_faces_needs_an_opt_in(faces: Bundle, photos: Photos) -> None:
    views, others = photos["mug"], photos["clock"]
    with pytest.raises(ProfileError, match=WHY) as caught:
        AiLock(faces, pepper=None, cost=CHEAPEST).enroll(views[:1])
    assert "allow_faces=True" in str(caught.value)
    record, secret = AiLock(faces, pepper=None, cost=CHEAPEST, allow_faces=True).enroll(views[:2])
    lock = AiLock(faces, pepper=None, cost=CHEAPEST)  # opening what was enrolled needs none
    assert lock.unlock(views[2], record) == secret
    with pytest.raises(UnlockError):
        lock.unlock(others[0], record)


def test_a_vault_needs_it_too(faces: Bundle, photos: Photos, tmp_path: Path) -> None:
    lock, views = AiLock(faces, pepper=PEPPER, cost=CHEAPEST), photos["mug"]
    path = tmp_path / "vault" / "vault.db"
    with (
        Vault.open(path, pepper=PEPPER, lock=lock) as vault,
        pytest.raises(ProfileError, match=WHY),
    ):
        vault.enroll("door", views[:2])
    with Vault.open(path, pepper=PEPPER, lock=lock, allow_faces=True) as vault:
        secret = vault.enroll("door", views[:2]).secret
        vault.add_photos("door", photos["clock"][:2], opened_by=views[2])
    assert not lock.allow_faces
    with Vault.open(path, pepper=PEPPER, lock=lock) as vault:
        assert vault.unlock("door", views[2]) == secret
        with pytest.raises(ProfileError, match=WHY):
            vault.add_photos("door", photos["book"], opened_by=views[2])


def test_the_command_line_says_how(
    faces: Bundle,
    photos: Photos,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AILOCK_MODELS", str(faces.path.parent))
    shared = ["--vault", str(tmp_path / "vault.db"), "--pepper", str(tmp_path / "pepper")]

    def run(*words: object) -> tuple[int, str, str]:
        code = main([*map(str, words), "--bundle", "faces", *shared])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    first, second, third = photos["mug"]
    code, out, err = run("enroll", "door", first, second)
    assert (code, out, err.count("\n")) == (ExitCode.USAGE, "", 1)
    assert WHY in err
    assert "--allow-faces" in err
    assert run("enroll", "door", first, second, "--allow-faces")[0] == ExitCode.OK
    assert run("unlock", "door", third)[0] == ExitCode.OK
    new = photos["clock"][:2]
    assert run("slots", "add", "door", *new, "--opened-by", third)[0] == ExitCode.USAGE
    added = run("slots", "add", "door", *new, "--allow-faces", "--opened-by", third)
    assert added[0] == ExitCode.OK
    assert len(json.loads(run("slots", "door", "--json")[1])["slots"]) == 3
