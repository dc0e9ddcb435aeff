"""Vault: named locks on disk with real photos; the store itself is tested in tests/store."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ailock_sdk import (
    AiLock,
    FilePepper,
    LockedOutError,
    NameTakenError,
    PhotoQualityError,
    RecordMismatchError,
    SealedDataError,
    UnknownNameError,
    UnlockError,
    Vault,
)
from ailock_sdk.benchmark.unlocking import IMAGEPRINT_STAGES
from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle_for, load_bundle
from ailock_sdk.embedding.network import Network
from ailock_sdk.sketch import CHEAPEST, Code
from ailock_sdk.store import LockStore
from tests.bundles import copy_bundle, edit_manifest, turn_bits_over
from tests.make_vectors import VECTOR_PATH

Photos = dict[str, list[Path]]


@pytest.fixture
def vault(tmp_path: Path, pepper: FilePepper) -> Iterator[Vault]:
    lock = AiLock(pepper=pepper, cost=CHEAPEST)
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock) as opened:
        yield opened


@pytest.fixture
def views(photos: Photos) -> list[Path]:
    return next(iter(photos.values()))


@pytest.fixture
def other(photos: Photos) -> Path:
    return list(photos.values())[1][0]


def test_round_trip_over_reopening(vault: Vault, tmp_path: Path, views: list[Path]) -> None:
    secret = vault.enroll("door", views[:2]).secret
    vault.close()
    pepper = FilePepper(tmp_path / "pepper")
    with Vault.open(tmp_path / "vault.db", pepper=pepper) as again:
        assert again.names() == ["door"]
        assert again.unlock("door", views[2]) == secret
        again.remove("door")
        assert again.names() == []
        with pytest.raises(UnknownNameError):
            again.unlock("door", views[2])


def test_taken_names_are_refused_before_photos_are_read(vault: Vault, views: list[Path]) -> None:
    secret = vault.enroll("door", views[:1]).secret
    with pytest.raises(NameTakenError):
        vault.enroll("door", ["no-such-photo.jpg"])
    assert vault.unlock("door", views[0]) == secret


def test_misses_are_counted_and_cleared(vault: Vault, views: list[Path], other: Path) -> None:
    vault.enroll("door", views[:1])
    for expected in (1, 2):
        with pytest.raises(UnlockError):
            vault.unlock("door", other)
        assert vault.show("door")["misses"] == expected
    vault.unlock("door", views[0])
    assert vault.show("door")["misses"] == 0


def test_several_photos_cost_one_attempt_and_a_poor_one_none(
    vault: Vault, views: list[Path], photos: Photos
) -> None:
    vault.enroll("door", views[:1])
    others = list(photos.values())[1]
    with pytest.raises(UnlockError):
        vault.unlock("door", others[:3])
    assert vault.show("door")["misses"] == 1
    with pytest.raises(PhotoQualityError, match=r"^photo 3: "):
        vault.unlock("door", [*others[:2], np.zeros((300, 300, 3), np.uint8)])
    assert vault.show("door")["misses"] == 1
    sealed = vault.seal("door", b"letter")
    assert vault.open_sealed("door", sealed, views[:2]) == b"letter"
    assert vault.show("door")["misses"] == 0


def test_more_photos_cost_reading_them_and_nothing_else(
    tmp_path: Path, pepper: FilePepper, views: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three photos: three times what stands before the margins, one of all that follows."""
    stages: list[str] = []

    def observe(stage: str, _: float) -> None:
        stages.append(stage)

    lock = AiLock(pepper=pepper, cost=CHEAPEST, threads=1, observe=observe)
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock) as vault:
        vault.enroll("mug", views)
        calls: list[str] = []
        for owner, method in (
            *((LockStore, name) for name in ("get", "charge", "refund")),
            *((Code, "decode"), (Network, "__init__"), (Network, "embed")),
        ):
            monkeypatch.setattr(owner, method, counted(getattr(owner, method), calls))
        found = {}
        for count in (1, 3):
            stages.clear()
            calls.clear()
            vault.unlock("mug", views[:count])
            found[count] = Counter(stages), Counter(calls)
    once = {"get": 1, "charge": 1, "refund": 1, "decode": 1}
    looks = len(lock.profile.looks)
    for count, (by_stage, by_call) in found.items():
        photo = dict.fromkeys(IMAGEPRINT_STAGES, count)
        assert by_stage == {**photo, "code and Argon2id": 1}
        assert by_call == {**once, "embed": count * looks}, "and no interpreter is built"


def counted(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    """The function, which notes its name when called."""

    def noting(*arguments: Any) -> Any:
        calls.append(function.__name__)
        return function(*arguments)

    return noting


def test_five_misses_lock_out_even_the_right_photo(
    vault: Vault, views: list[Path], other: Path
) -> None:
    vault.enroll("door", views[:1])
    for _ in range(5):
        with pytest.raises(UnlockError):
            vault.unlock("door", other)
    with pytest.raises(LockedOutError) as caught:
        vault.unlock("door", views[0])
    assert caught.value.retry_after_seconds is not None
    assert 25 < caught.value.retry_after_seconds <= 30
    assert vault.show("door")["misses"] == 5


def test_poor_photo_costs_no_attempt(vault: Vault, views: list[Path]) -> None:
    vault.enroll("door", views[:1])
    with pytest.raises(PhotoQualityError):
        vault.unlock("door", np.zeros((300, 400, 3), np.uint8))
    assert vault.show("door")["misses"] == 0


def test_a_record_that_this_lock_cannot_serve_costs_no_attempt(
    vault: Vault, tmp_path: Path, pepper: FilePepper, views: list[Path]
) -> None:
    """Not the photo is at fault: five calls of a program with the wrong model lock nobody out."""
    profile = replace(vault.lock.profile, looks=vault.lock.profile.looks[:1])
    bundle = replace(vault.lock.bundle, profiles={profile.name: profile})
    lock = AiLock(bundle, pepper=pepper, cost=CHEAPEST)
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock) as stranger:
        stranger.enroll("door", views[:1])
    with pytest.raises(RecordMismatchError, match="another bundle"):
        vault.unlock("door", views[0])
    assert vault.show("door")["misses"] == 0


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose bundles come first; the default one is another than the shipped one."""
    folder = tmp_path / "models"
    monkeypatch.setenv("AILOCK_MODELS", str(folder))
    turn_bits_over(copy_bundle(folder / DEFAULT_BUNDLE))
    return folder


def test_records_of_an_old_bundle_open_while_it_is_installed(
    models: Path, vault: Vault, tmp_path: Path, pepper: FilePepper, views: list[Path], other: Path
) -> None:
    secret = vault.enroll("door", views[:2]).secret
    old = models / DEFAULT_BUNDLE
    kept = old.rename(models / f"{DEFAULT_BUNDLE}-old")
    lock = AiLock(pepper=pepper, cost=CHEAPEST)
    assert lock.fingerprint != vault.lock.fingerprint
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock) as now:
        assert now.unlock("door", views[2]) == secret
        assert now.lock is lock
        assert now.open_sealed("door", now.seal("door", b"letter"), views[2]) == b"letter"
        with pytest.raises(UnlockError):
            now.unlock("door", other)
        assert now.show("door")["misses"] == 1
        new = now.enroll("window", views[:2]).secret
        assert now.unlock("window", views[2]) == new
    shutil.rmtree(kept)
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock) as now:
        for _ in range(5):
            with pytest.raises(RecordMismatchError, match="put the old bundle's folder beside"):
                now.unlock("door", views[2])
        assert now.show("door")["misses"] == 1
        assert now.unlock("window", views[2]) == new


def test_a_bundle_hidden_by_a_first_of_its_name_opens_its_records(
    models: Path, tmp_path: Path, pepper: FilePepper, views: list[Path]
) -> None:
    fingerprint = bytes.fromhex(json.loads(VECTOR_PATH.read_text("utf-8"))["fingerprint"])
    shipped = AiLock(find_bundle_for(fingerprint), pepper=pepper, cost=CHEAPEST)
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=shipped) as vault:
        secret = vault.enroll("door", views[:2]).secret
    with Vault.open(tmp_path / "vault.db", pepper=pepper) as vault:
        assert vault.lock.bundle.path == models / DEFAULT_BUNDLE
        assert vault.unlock("door", views[2]) == secret


def test_records_of_another_profile_of_the_lock_s_own_bundle_open(
    tmp_path: Path, pepper: FilePepper, views: list[Path]
) -> None:
    """Also if the bundle is in none of the folders."""
    folder = copy_bundle(tmp_path / "elsewhere")
    near = {"looks": [[0.8, 0]], "reference_looks": [[0.8, 0], [0.8, 1]]}
    edit_manifest(
        folder,
        lambda m: m["profiles"].update(near={**m["profiles"]["default"], **near}),
    )
    bundle = load_bundle(folder)
    one, two = (AiLock(bundle, name, pepper=pepper, cost=CHEAPEST) for name in ("default", "near"))
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=two) as vault:
        secret = vault.enroll("door", views[:2]).secret
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=one) as vault:
        assert vault.unlock("door", views[1]) == secret


@pytest.mark.parametrize("profile", ["easy", "strict"])
def test_records_of_the_bundle_s_other_profiles_open_by_the_default_lock(
    vault: Vault, tmp_path: Path, pepper: FilePepper, photos: Photos, profile: str
) -> None:
    """With their own radius and code."""
    other = AiLock(profile=profile, pepper=pepper, cost=CHEAPEST)
    default = vault.lock
    assert (other.radius > default.radius) == (profile == "easy")
    assert other.code.message_bits >= default.code.message_bits
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=other) as made:
        secret = made.enroll("door", photos["clock"][:1]).secret
    assert vault.unlock("door", photos["clock"][1]) == secret
    assert vault.show("door")["slots"][0]["record"]["objects"][0]["radius_bits"] == other.radius


def test_the_attempt_is_on_disk_before_the_comparison(
    tmp_path: Path, pepper: FilePepper, views: list[Path]
) -> None:
    """Another reader of the file sees the charge while the photo is being compared."""
    path = tmp_path / "vault.db"
    seen: list[int] = []

    class Spy(AiLock):
        def reproduce_any(self, *arguments, **pin):  # type: ignore[no-untyped-def]
            with Vault.open(path, pepper=pepper) as reader:
                seen.append(reader.show("door")["misses"])
            return super().reproduce_any(*arguments, **pin)

    with Vault.open(path, pepper=pepper, lock=Spy(pepper=pepper, cost=CHEAPEST)) as vault:
        vault.enroll("door", views[:1])
        vault.unlock("door", views[0])
    assert seen == [1]


def test_sealed_data_opens_with_a_photo_only(
    vault: Vault, tmp_path: Path, views: list[Path], other: Path
) -> None:
    vault.enroll("door", views[:2])
    vault.enroll("window", [other])
    sealed = vault.seal("door", b"under the blue pot")
    assert b"blue" not in sealed
    assert vault.open_sealed("door", sealed, views[2]) == b"under the blue pot"
    with pytest.raises(UnlockError):
        vault.open_sealed("door", sealed, other)
    with pytest.raises(SealedDataError):
        vault.open_sealed("window", sealed, other)

    plain, box, back = (tmp_path / n for n in ("plain", "box", "back"))
    plain.write_bytes(bytes(range(256)) * 1000)
    vault.seal_file("door", plain, box)
    vault.open_file("door", box, views[2], back)
    assert back.read_bytes() == plain.read_bytes()
