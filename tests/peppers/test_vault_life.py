"""A vault whose pepper is in a keyring, TPM, security key or token: its life, with real photos."""

from __future__ import annotations

import functools
import importlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk import AiLock, FilePepper, PepperError, UnlockError, Vault
from ailock_sdk.errors import VaultRolledBackError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.sketch import CHEAPEST
from ailock_sdk.store import DEFAULT_PEPPER, KeptPepper, LockStore, Pkcs11Pepper, pepper_provider
from tests.forks import unless_killed
from tests.peppers.places import Place, sockets_left_open

pytestmark = sockets_left_open

Photos = dict[str, list[Path]]
LETTER = b"the first thing that was ever sealed"


@pytest.fixture(scope="module")
def reader() -> AiLock:
    """One model for all vaults here; its pepper is the user's own, as where none is named."""
    return AiLock(cost=CHEAPEST, threads=1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own pepper, and what a TPM sealed, lie here."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "ailock"


@pytest.fixture
def vault_at(tmp_path: Path, reader: AiLock) -> Callable[..., Vault]:
    """Opens this test's vault, whatever it says of its pepper."""

    def opened(**rest: Any) -> Vault:
        own = reader.with_pepper(pepper_provider(rest["pepper"])) if rest else reader
        return Vault.open(tmp_path / "data" / "vault.db", lock=own, **rest)

    return opened


def named(place: Place) -> dict[str, Any]:
    """What a vault has to be told of a place: a token's module, and a PIN, every time."""
    return {"pepper": place.text} if place.kind in ("fido2", "pkcs11") else {}


@pytest.mark.long
def test_a_life_from_a_file_to_a_place_and_back(
    place: Place, vault_at: Callable[..., Vault], photos: Photos, home: Path, reader: AiLock
) -> None:
    mug, clock = photos["mug"], photos["clock"]
    with vault_at() as vault:
        enrolled = vault.enroll("door", mug[:2])
        assert enrolled.new_pepper == str(home / "pepper")
        code = enrolled.recovery_code
        assert code is not None
        sealed = vault.seal("door", LETTER)
        before = (home / "pepper").read_bytes()

        moved = vault.move_pepper(place.text)
        assert (moved.closed, moved.waiting, moved.kept) == ({}, (), None)
        status = vault.pepper_status()
        assert (status.place, status.problem, status.path) == (place.kind, None, home / "pepper")
        assert vault.unlock("door", mug[2]) == enrolled.secret
    (home / "pepper").unlink()

    # Another process, told nothing but where a token is.
    with vault_at(**named(place)) as vault:
        assert vault.pepper_status().place == place.kind
        assert vault.unlock("door", mug[2]) == enrolled.secret
        with pytest.raises(UnlockError):
            vault.unlock("door", clock[0])
        assert vault.show("door")["misses"] == 1
        vault.add_photos("door", clock[:2], opened_by=mug[2], label="clock")
        assert vault.open_sealed("door", sealed, clock[2]) == LETTER
        vault.rename("door", "gate")
        assert not (home / "pepper").exists()

    # Another pepper, drawn in the place: photos close, the code opens, photos are added anew.
    with vault_at(**named(place)) as vault:
        replaced = vault.replace_pepper()
        assert replaced.pepper_id != pepper_id(before).hex()
        assert replaced.closed == {"gate": (1, 3)}
        with pytest.raises(PepperError, match="enrolled with another pepper"):
            vault.unlock("gate", mug[2])
        assert vault.recover("gate", code) == enrolled.secret
        vault.add_photos("gate", mug[:2], opened_by=code, replaces=1)
    with vault_at(**named(place)) as vault:
        assert vault.unlock("gate", mug[2]) == enrolled.secret

        # And back to a file, deleted where it was.
        vault.move_pepper(DEFAULT_PEPPER, delete=True)
        assert vault.pepper_status().place == "file"
    with vault_at() as vault:
        assert vault.unlock("gate", mug[2]) == enrolled.secret
        assert vault.open_sealed("gate", sealed, code) == LETTER
    with pytest.raises(PepperError, match="no pepper"):
        place.provider.find(bytes.fromhex(replaced.pepper_id))


@pytest.mark.long
def test_a_new_vault_makes_its_pepper_in_the_place_that_is_named(
    place: Place, vault_at: Callable[..., Vault], photos: Photos, home: Path, reader: AiLock
) -> None:
    reader = reader.with_pepper(place.provider)
    path = home.parent / "new" / "vault.db"
    with Vault.open(path, pepper=place.provider, lock=reader) as vault:
        enrolled = vault.enroll("door", photos["mug"][:2])
        assert enrolled.new_pepper == place.provider.where
        assert vault.enroll("shed", photos["clock"][:1]).new_pepper is None
        vault.backup_pepper(home.parent / "backup")
    assert not (home / "pepper").exists()
    with Vault.open(path, pepper=place.provider, lock=reader) as vault:
        assert vault.unlock("door", photos["mug"][2]) == enrolled.secret

    # What is lost comes back from the backup.
    pepper = place.provider.pepper()
    place.provider.forget(pepper)
    with Vault.open(path, pepper=place.provider, lock=reader) as vault:
        assert "no pepper" in str(vault.pepper_status().problem)
        vault.restore_pepper(home.parent / "backup")
        assert vault.unlock("door", photos["mug"][2]) == enrolled.secret


def test_a_lost_place_changes_nothing_and_the_code_opens(
    place: Place, vault_at: Callable[..., Vault], photos: Photos, tmp_path: Path
) -> None:
    with vault_at() as vault:
        enrolled = vault.enroll("door", photos["mug"][:1])
        sealed = vault.seal("door", LETTER)
        vault.move_pepper(place.text, delete=True)
    code = enrolled.recovery_code
    assert code is not None
    if place.kind == "pkcs11":
        shutil.rmtree(place.folder / "tokens")
        (place.folder / "tokens").mkdir()
    if place.kind == "fido2":
        (place.folder / "key").unlink()  # reset: it makes another secret
    for name in place.processes:
        place.stop(name)
    before = rows_of(tmp_path / "data" / "vault.db")
    with vault_at(**named(place)) as vault:
        for call in (
            lambda: vault.unlock("door", photos["mug"][1]),
            lambda: vault.seal("door", LETTER),
            lambda: vault.enroll("shed", photos["clock"][:1]),
            lambda: vault.rename("door", "gate"),
            lambda: vault.remove("door"),
            lambda: vault.add_photos("door", photos["clock"][:1], opened_by=code),
            lambda: vault.move_pepper(DEFAULT_PEPPER),
        ):
            with pytest.raises(PepperError):
                call()
        assert rows_of(tmp_path / "data" / "vault.db") == before
        assert vault.recover("door", code) == enrolled.secret
        assert vault.open_sealed("door", sealed, code) == LETTER
        assert vault.pepper_status().place == place.kind

        # A new pepper in a file ends it.
        vault.replace_pepper(FilePepper(tmp_path / "new"))
        assert vault.recover("door", code) == enrolled.secret
        vault.add_photos("door", photos["mug"][:1], opened_by=code, replaces=1)
    with vault_at(pepper=tmp_path / "new") as vault:
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret


def rows_of(path: Path) -> list[tuple[object, ...]]:
    import sqlite3

    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT * FROM locks").fetchall()
        return found + connection.execute("SELECT * FROM vault").fetchall()
    finally:
        connection.close()


# -- kills ----------------------------------------------------------------------------------------


def steps_of(patch: pytest.MonkeyPatch, act: Callable[[str], None]) -> None:
    """Let every step that leaves something behind call ``act`` before and after it."""
    from ailock_sdk.store.tpm import Tpm

    targets: list[tuple[type, str]] = [
        *((FilePepper, name) for name in ("prepare", "install", "forget")),
        *((kind, "_put") for kind in KeptPepper.__subclasses__()),
        *((kind, "_drop") for kind in KeptPepper.__subclasses__()),
        *((Tpm, name) for name in ("new_counter", "step", "remove_counter")),
        (LockStore, "replace_pepper"),
        (LockStore, "_step"),
    ]

    def around(plain: Any) -> Any:
        def stepped(*arguments: Any, **rest: Any) -> Any:
            act(f"before {plain.__qualname__}")
            value = plain(*arguments, **rest)
            act(f"after {plain.__qualname__}")
            return value

        return stepped

    for kind, name in targets:
        patch.setattr(kind, name, around(getattr(kind, name)))


@pytest.mark.long
@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_a_kill_at_any_step_of_a_move_loses_nothing(
    place: Place, vault_at: Callable[..., Vault], photos: Photos, back: bool
) -> None:
    with vault_at() as vault:
        enrolled = vault.enroll("door", photos["mug"][:1])
        if back:
            vault.move_pepper(place.text, delete=True)
    code = enrolled.recovery_code
    assert code is not None
    source, target = (place.text, DEFAULT_PEPPER) if back else (DEFAULT_PEPPER, place.text)

    def its(kind: str) -> Vault:
        return vault_at(**named(place)) if kind == place.kind else vault_at()

    def move(killed_at: int) -> list[str]:
        told: list[str] = []

        def act(step: str) -> None:
            told.append(step)
            if len(told) == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

        if isinstance(place.provider, Pkcs11Pepper):  # its library is not carried over a fork
            importlib.import_module("pkcs11").lib(place.provider.module).reinitialize()
        with pytest.MonkeyPatch.context() as patch, its(place.kind if back else "file") as vault:
            steps_of(patch, act)
            vault.move_pepper(target, delete=True)
        return told

    steps: list[str] | None = None
    kinds, killed = set(), 0
    while killed < 40:
        steps = unless_killed(functools.partial(move, killed + 1))
        if steps is not None:
            break
        killed += 1
        with LockStore.open(vault_at().path) as store:
            kind = store.pepper_place()
        assert kind is not None
        kinds.add(kind)
        with its(kind) as vault:
            assert vault.pepper_status().problem is None, f"killed at step {killed}"
            assert vault.unlock("door", photos["mug"][1]) == enrolled.secret
            assert vault.recover("door", code) == enrolled.secret
            vault.move_pepper(source, delete=True)  # for the next kill
    assert steps is not None
    assert len(steps) == killed, "the last one was not killed"
    assert kinds == {"file", place.kind}, steps
    with its("file" if back else place.kind) as vault:
        assert vault.pepper_status().place == ("file" if back else place.kind)
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret


# -- roll-back ------------------------------------------------------------------------------------


@pytest.fixture
def counted(
    tpm: Place, vault_at: Callable[..., Vault], photos: Photos
) -> tuple[Callable[..., Vault], Any]:
    """A vault whose states a TPM numbers, with two locks."""
    with vault_at() as vault:
        enrolled = vault.enroll("door", photos["mug"][:1])
        vault.enroll("shed", photos["clock"][:1])
        vault.move_pepper("tpm", delete=True)
    return vault_at, enrolled


def test_a_vault_that_is_put_back_is_noticed(
    counted: tuple[Callable[..., Vault], Any], photos: Photos, tmp_path: Path
) -> None:
    vault_at, enrolled = counted
    path, copy = tmp_path / "data" / "vault.db", tmp_path / "copy"
    shutil.copy(path, copy)
    with vault_at() as vault:
        for _ in range(3):
            with pytest.raises(UnlockError):
                vault.unlock("door", photos["book"][0])
        assert vault.show("door")["misses"] == 3
    newest = path.read_bytes()
    shutil.copy(copy, path)
    with vault_at() as vault:
        for photo in (photos["book"][0], photos["mug"][1]):
            with pytest.raises(VaultRolledBackError, match="older copy, 3 changes or attempts"):
                vault.unlock("door", photo)
        with pytest.raises(VaultRolledBackError):
            vault.enroll("gate", photos["book"][:1])
        assert vault.names() == ["door", "shed"]
    path.write_bytes(newest)
    with vault_at() as vault:
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret
        assert vault.show("door")["misses"] == 0

    # The owner had to take a backup: his code says so.
    shutil.copy(copy, path)
    with vault_at() as vault:
        assert vault.recover("door", enrolled.recovery_code) == enrolled.secret
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret
    path.write_bytes(newest)
    with vault_at() as vault, pytest.raises(VaultRolledBackError):
        vault.unlock("door", photos["mug"][1])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE locks SET misses = 0",
        "UPDATE locks SET missed_uptime = 1.0",
        "DELETE FROM locks WHERE name = 'shed'",
        "UPDATE vault SET counter = x''",
        "UPDATE vault SET counter = x'', state = x''",
        "UPDATE vault SET state = zeroblob(32)",
        "UPDATE vault SET counter = x'018000000000000000000001'",
    ],
)
def test_what_is_changed_behind_the_back_of_the_tpm_is_noticed(
    counted: tuple[Callable[..., Vault], Any], photos: Photos, tmp_path: Path, statement: str
) -> None:
    import sqlite3

    vault_at, enrolled = counted
    with vault_at() as vault, pytest.raises(UnlockError):
        vault.unlock("door", photos["book"][0])
    connection = sqlite3.connect(tmp_path / "data" / "vault.db")
    connection.execute(statement)
    connection.commit()
    connection.close()
    with vault_at() as vault:
        with pytest.raises(VaultRolledBackError):
            vault.unlock("door", photos["mug"][1])
        assert vault.recover("door", enrolled.recovery_code) == enrolled.secret
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret


def test_a_vault_that_a_tpm_counts_is_not_changed_without_it(
    counted: tuple[Callable[..., Vault], Any], photos: Photos, tmp_path: Path
) -> None:
    vault_at, enrolled = counted
    with vault_at() as vault:
        vault.backup_pepper(tmp_path / "backup")
    with vault_at(pepper=tmp_path / "backup") as vault:
        with pytest.raises(PepperError, match="a TPM counts"):
            vault.unlock("door", photos["mug"][1])
        assert vault.recover("door", enrolled.recovery_code) == enrolled.secret
        vault.move_pepper(tmp_path / "backup")
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret


def test_a_vault_that_leaves_a_tpm_leaves_no_counter_there(
    counted: tuple[Callable[..., Vault], Any], tmp_path: Path
) -> None:
    import hmac

    from ailock_sdk.secret import Hidden
    from ailock_sdk.store.tpm import Tpm

    vault_at, _ = counted
    with vault_at() as vault:
        vault.backup_pepper(tmp_path / "backup")
        pepper = (tmp_path / "backup").read_bytes()
        auth = Hidden(hmac.digest(pepper, b"ailock/v1/tpm-counter", "sha256"))
        index = int.from_bytes(vault._store.counter()[:4], "big")
        assert Tpm().count(index, auth) is not None
        vault.move_pepper(DEFAULT_PEPPER)
        assert Tpm().count(index, auth) is None
        vault.rename("shed", "hut")


def test_locked_out_attempts_and_looks_do_not_wear_the_counter_out(
    counted: tuple[Callable[..., Vault], Any], photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ailock_sdk import LockedOutError
    from ailock_sdk.store.tpm import Tpm

    steps: list[int] = []
    plain = Tpm.step
    monkeypatch.setattr(Tpm, "step", lambda self, *a: (steps.append(1), plain(self, *a))[1])
    vault_at, _ = counted
    with vault_at() as vault:
        assert vault.unlock("door", photos["mug"][1])
        assert len(steps) == 1, "charged; taken back without a step"
        for _ in range(5):
            with pytest.raises(UnlockError):
                vault.unlock("door", photos["book"][0])
        assert len(steps) == 6
        for _ in range(5):
            with pytest.raises(LockedOutError):
                vault.unlock("door", photos["mug"][1])
        vault.show("door")
        vault.seal("door", b"")
        assert len(steps) == 6


def test_a_step_that_was_cut_off_is_made_up_for_and_compares_nothing(
    counted: tuple[Callable[..., Vault], Any], photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ailock_sdk.store.tpm import Tpm

    vault_at, enrolled = counted

    def away(*_: object) -> None:
        raise PepperError("the TPM does not answer")

    def compared(*_: object, **__: object) -> None:
        raise AssertionError("compared without having counted")

    with monkeypatch.context() as patch, vault_at() as vault:
        patch.setattr(Tpm, "step", away)
        patch.setattr(AiLock, "reproduce_any", compared)
        with pytest.raises(PepperError, match="does not answer"):
            vault.unlock("door", photos["mug"][1])
    with vault_at() as vault:
        assert vault.show("door")["misses"] == 1
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret
        with monkeypatch.context() as patch:
            patch.setattr(Tpm, "step", away)
            vault.rename("shed", "hut")  # done, and counted with the next change
    with vault_at() as vault:
        assert vault.names() == ["door", "hut"]
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret


def test_a_counter_that_was_removed_or_a_tpm_that_was_cleared(
    counted: tuple[Callable[..., Vault], Any], photos: Photos, tmp_path: Path
) -> None:
    from tpm2_pytss import ESAPI, ESYS_TR

    from ailock_sdk.store.tpm import Tpm

    vault_at, enrolled = counted
    with vault_at() as vault:
        vault.backup_pepper(tmp_path / "backup")
        index = int.from_bytes(vault._store.counter()[:4], "big")
    Tpm().remove_counter(index)
    with vault_at() as vault:
        with pytest.raises(VaultRolledBackError, match="counter of this vault is gone"):
            vault.unlock("door", photos["mug"][1])
        assert vault.recover("door", enrolled.recovery_code) == enrolled.secret
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret
    with ESAPI(os.environ["TPM2TOOLS_TCTI"]) as esys:
        esys.clear(ESYS_TR.LOCKOUT)
    with vault_at() as vault:
        with pytest.raises(PepperError, match="cannot unseal"):
            vault.unlock("door", photos["mug"][1])
        vault.restore_pepper(tmp_path / "backup")
        with pytest.raises(VaultRolledBackError, match="is gone"):
            vault.unlock("door", photos["mug"][1])
        vault.move_pepper("tpm")
        assert vault.unlock("door", photos["mug"][1]) == enrolled.secret
