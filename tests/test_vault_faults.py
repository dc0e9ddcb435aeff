"""Faults that a vault had, each by its row; what must not happen is tried with real photos."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk import (
    AiLock,
    AilockError,
    CaptureError,
    FilePepper,
    LockChangedError,
    LockedOutError,
    NameTakenError,
    OutOfMemoryError,
    PepperError,
    PinError,
    RecoveryCode,
    RecoveryCodeError,
    SealedDataError,
    SlotError,
    UnlockError,
    Vault,
    VaultMissingError,
    VaultReadOnlyError,
    record_keys,
)
from ailock_sdk.sketch import CHEAPEST
from ailock_sdk.store import ClockReading
from ailock_sdk.vault_parts import opening

Photos = dict[str, list[Path]]


@pytest.fixture
def lock(pepper: FilePepper) -> AiLock:
    return AiLock(pepper=pepper, cost=CHEAPEST)


@pytest.fixture
def vault(tmp_path: Path, pepper: FilePepper, lock: AiLock) -> Iterator[Vault]:
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock) as opened:
        yield opened


@pytest.fixture
def mug(photos: Photos) -> list[Path]:
    return photos["mug"]


@pytest.fixture
def clock(photos: Photos) -> list[Path]:
    return photos["clock"]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def misses(vault: Vault, name: str = "door") -> int:
    return int(vault.show(name)["misses"])


# -- row 1: the pepper ----------------------------------------------------------------------------


def commands(vault: Vault, photo: Path) -> dict[str, Callable[[], object]]:
    """Everything that needs a vault and its pepper."""
    return {
        "names": vault.names,
        "show": lambda: vault.show("door"),
        "slots": lambda: vault.slots("door"),
        "recipient": lambda: vault.recipient("door"),
        "unlock": lambda: vault.unlock("door", photo),
        "identity": lambda: vault.identity("door", photo),
        "seal": lambda: vault.seal("door", b"letter"),
        "add_photos": lambda: vault.add_photos("door", [photo], opened_by=photo),
        "add_recovery_code": lambda: vault.add_recovery_code("door", opened_by=photo),
        "remove_slot": lambda: vault.remove_slot("door", 1, opened_by=photo),
        "export_lock": lambda: vault.export_lock("door", opened_by=photo),
        "rename": lambda: vault.rename("door", "gate"),
        "remove": lambda: vault.remove("door"),
    }


def test_row_1_nothing_but_enrolling_creates(tmp_path: Path, mug: list[Path]) -> None:
    with Vault.open(tmp_path / "new" / "vault.db", pepper=tmp_path / "pepper") as vault:
        for use in commands(vault, mug[0]).values():
            with pytest.raises(VaultMissingError, match="no vault at"):
                use()
        with pytest.raises(VaultMissingError):
            vault.recover("door", RecoveryCode(bytes(16)))
        with pytest.raises(VaultMissingError):
            vault.replace_pepper()
        with pytest.raises(CaptureError):
            vault.enroll("door", [tmp_path / "no-such-photo.jpg"])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("state", ["lost", "foreign"])
def test_row_1_a_lost_or_foreign_pepper_is_named_and_changes_nothing(
    tmp_path: Path, vault: Vault, pepper: FilePepper, mug: list[Path], state: str
) -> None:
    enrolled = vault.enroll("door", mug[:1])
    kept = tmp_path / "kept"
    pepper.file.rename(kept)
    if state == "foreign":
        pepper.create()
    before = contents(tmp_path)
    told = "no pepper at" if state == "lost" else "is not this vault's"
    for use in (
        *commands(vault, mug[0]).values(),
        lambda: vault.enroll("shed", ["no-such-photo.jpg"]),
        lambda: vault.import_lock("shed", b"", RecoveryCode(bytes(16))),
    ):
        with pytest.raises(PepperError, match=told):
            use()
    assert contents(tmp_path) == before
    status = vault.pepper_status()
    assert status.problem is not None
    assert told in status.problem
    assert enrolled.recovery_code is not None
    assert vault.recover("door", enrolled.recovery_code) == enrolled.secret
    vault.restore_pepper(kept)
    assert vault.unlock("door", mug[0]) == enrolled.secret
    assert vault.pepper_status().problem is None


def test_row_1_a_pepper_is_made_with_the_first_lock_only(tmp_path: Path, mug: list[Path]) -> None:
    pepper = FilePepper(tmp_path / "pepper")
    with Vault.open(
        tmp_path / "vault.db", pepper=pepper, lock=AiLock(pepper=pepper, cost=CHEAPEST)
    ) as vault:
        first, second = (vault.enroll(name, mug[:1]) for name in ("door", "shed"))
        assert (first.new_pepper, second.new_pepper) == (str(pepper.file), None)
        vault.remove("door")
        vault.remove("shed")
        pepper.file.unlink()
        assert vault.enroll("door", mug[:1]).new_pepper == str(pepper.file)


def test_row_1_a_pepper_that_goes_while_photos_are_read_is_not_made_anew(
    vault: Vault, pepper: FilePepper, mug: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.enroll("door", mug[:1])
    read = AiLock.imageprint

    def pulled_out(self: AiLock, *arguments: Any, **options: Any) -> Any:
        pepper.file.unlink(missing_ok=True)
        return read(self, *arguments, **options)

    monkeypatch.setattr(AiLock, "imageprint", pulled_out)
    with pytest.raises(PepperError, match="no pepper at"):
        vault.enroll("shed", mug[:1])
    assert not pepper.file.exists()


def test_a_pepper_is_backed_up_elsewhere_and_restored(
    tmp_path: Path, vault: Vault, pepper: FilePepper, mug: list[Path]
) -> None:
    secret = vault.enroll("door", mug[:1]).secret
    with pytest.raises(PepperError, match="beside the vault"):
        vault.backup_pepper(tmp_path / "backup")
    stick = tmp_path / "stick"
    stick.mkdir()
    vault.backup_pepper(stick / "backup")
    other = FilePepper(tmp_path / "other")
    other.create()
    with pytest.raises(PepperError, match="look for that one"):
        vault.restore_pepper(other.file)
    assert vault.restore_pepper(stick / "backup").kept is None
    pepper.file.unlink()
    pepper.create()
    restored = vault.restore_pepper(stick / "backup")
    assert restored.kept is not None, "another one that was there is kept"
    assert vault.unlock("door", mug[0]) == secret
    vault.restore_pepper(other.file, force=True)
    assert vault.unlock("door", mug[0]) == secret, "the vault's own is found beside it"


def test_replacing_the_pepper_loses_no_lock_unless_forced(
    vault: Vault, pepper: FilePepper, mug: list[Path], clock: list[Path]
) -> None:
    vault.enroll("door", mug[:1], recovery=False)
    enrolled = vault.enroll("shed", clock[:1])
    before = pepper.pepper()
    with pytest.raises(PepperError, match="nothing would open 'door' any more: add a recovery"):
        vault.replace_pepper()
    assert (pepper.pepper(), vault.names()) == (before, ["door", "shed"])
    code = vault.add_recovery_code("door", opened_by=mug[0])
    replaced = vault.replace_pepper()
    assert (replaced.waiting, replaced.closed) == ((), {"door": (1,), "shed": (1,)})
    assert pepper.pepper() != before
    assert replaced.kept is not None
    assert replaced.kept.read_bytes() == before
    vault.add_photos("door", mug[:1], opened_by=code, replaces=1)
    assert vault.unlock("door", mug[0]) == vault.recover("door", code)
    assert enrolled.recovery_code is not None
    sealed = vault.seal("shed", b"letter")
    assert vault.open_sealed("shed", sealed, enrolled.recovery_code) == b"letter"


def test_a_kill_while_the_pepper_is_replaced_leaves_one_of_both(
    tmp_path: Path,
    vault: Vault,
    pepper: FilePepper,
    mug: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enrolled = vault.enroll("door", mug[:1])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("prepare", "install"):
        with monkeypatch.context() as patch:
            patch.setattr(FilePepper, step, killed)
            with pytest.raises(KeyboardInterrupt):
                vault.replace_pepper()
        with Vault.open(tmp_path / "vault.db", pepper=pepper) as again:
            assert again.names() == ["door"]
            assert again.pepper_status().problem is None
            assert enrolled.recovery_code is not None
            assert again.recover("door", enrolled.recovery_code) == enrolled.secret


# -- rows 2 and 3: attempts -----------------------------------------------------------------------


def no_memory(*_: object, **__: object) -> None:
    raise MemoryError


@pytest.mark.parametrize("where", ["Argon2id", "decoding", "reading"])
def test_row_2_without_memory_nothing_is_charged(
    vault: Vault, mug: list[Path], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    secret = vault.enroll("door", mug[:1]).secret
    owner, name = {
        "Argon2id": (record_keys, "_secret_of"),
        "decoding": (record_keys, "_find"),
        "reading": (AiLock, "imageprint"),
    }[where]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, no_memory)
        for _ in range(6):
            with pytest.raises((OutOfMemoryError, MemoryError)):
                vault.unlock("door", mug[0])
    assert misses(vault) == 0
    assert vault.unlock("door", mug[0]) == secret


def test_row_2_memory_that_ends_after_a_comparison_does_not_buy_it_back(
    vault: Vault, mug: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two slots of one object: the first compares and refuses, the second starves."""
    vault.enroll("door", mug[:1])
    vault.add_photos("door", mug[:1], opened_by=mug[0])
    calls = []

    def first_refuses(*_: object) -> None:
        calls.append(1)
        raise UnlockError if len(calls) == 1 else MemoryError

    monkeypatch.setattr(record_keys, "_secret_of", first_refuses)
    with pytest.raises(OutOfMemoryError):
        vault.unlock("door", mug[0])
    assert (len(calls), misses(vault)) == (2, 1)


def test_row_2_an_interruption_buys_nothing_once_photos_are_compared(
    vault: Vault, mug: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.enroll("door", mug[:1])

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for owner, name, charged in ((AiLock, "imageprint", 0), (record_keys, "_secret_of", 1)):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                vault.unlock("door", mug[0])
        assert misses(vault) == charged


@pytest.fixture
def uptime(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The boot clock, to be moved on."""
    now = [1000.0]
    for module in (opening, __import__("ailock_sdk.vault", fromlist=["vault"])):
        monkeypatch.setattr(module, "read_clock", lambda: ClockReading(now[0], "boot"))
    return now


def miss_fifty_times(vault: Vault, photo: Path, uptime: list[float]) -> None:
    for _ in range(50):
        uptime[0] += 40_000
        with pytest.raises(UnlockError):
            vault.unlock("door", photo)


def test_row_3_after_fifty_misses_the_code_gives_the_lock_back(
    vault: Vault, mug: list[Path], clock: list[Path], uptime: list[float]
) -> None:
    enrolled = vault.enroll("door", mug[:1])
    sealed = vault.seal("door", b"letter")
    miss_fifty_times(vault, clock[0], uptime)
    uptime[0] += 10**9
    with pytest.raises(LockedOutError, match="recovery code") as caught:
        vault.unlock("door", mug[0])
    assert caught.value.retry_after_seconds is None
    assert not isinstance(caught.value, UnlockError)
    assert enrolled.recovery_code is not None
    assert vault.open_sealed("door", sealed, enrolled.recovery_code) == b"letter"
    assert misses(vault) == 0
    assert vault.open_sealed("door", sealed, mug[0]) == b"letter"


def test_row_3_without_a_code_a_day_passes(
    vault: Vault, mug: list[Path], clock: list[Path], uptime: list[float]
) -> None:
    secret = vault.enroll("door", mug[:1], recovery=False).secret
    miss_fifty_times(vault, clock[0], uptime)
    with pytest.raises(LockedOutError) as caught:
        vault.unlock("door", mug[0])
    assert caught.value.retry_after_seconds == 24 * 60 * 60
    uptime[0] += 24 * 60 * 60
    assert vault.unlock("door", mug[0]) == secret


# -- row 4: what needs no photo comes before it ----------------------------------------------------


def test_row_4_files_are_looked_at_before_the_photo(
    tmp_path: Path, vault: Vault, mug: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.enroll("door", mug[:1])
    sealed, plain, taken = (tmp_path / name for name in ("sealed", "plain", "taken"))
    for path in (plain, taken):
        path.write_bytes(b"letter")
    vault.seal_file("door", plain, sealed)
    (tmp_path / "cut").write_bytes(sealed.read_bytes()[:80])
    (tmp_path / "folder").mkdir()

    def looked(*_: object, **__: object) -> None:
        raise AssertionError("a photo was read")

    monkeypatch.setattr(AiLock, "imageprint", looked)
    for source, target, kind in (
        ("missing", "new", FileNotFoundError),
        ("folder", "new", IsADirectoryError),
        ("plain", "new", SealedDataError),
        ("cut", "new", SealedDataError),
        ("sealed", "taken", FileExistsError),
        ("sealed", "folder", OSError),
        ("sealed", "nowhere/new", FileNotFoundError),
    ):
        with pytest.raises(kind) as caught:
            vault.open_file("door", tmp_path / source, mug[0], tmp_path / target)
        named = source if kind is SealedDataError or target == "new" else target
        assert str(tmp_path / named) in str(caught.value)
    assert misses(vault) == 0
    assert taken.read_bytes() == b"letter"


def test_row_4_a_file_for_another_lock_costs_no_attempt(
    tmp_path: Path, vault: Vault, mug: list[Path]
) -> None:
    vault.enroll("door", mug[:1])
    vault.enroll("shed", mug[:1])
    sealed = vault.seal("shed", b"letter")
    for _ in range(6):
        with pytest.raises(SealedDataError, match="sealed to another lock"):
            vault.open_sealed("door", sealed, mug[0])
    assert misses(vault) == 0


# -- rows 6 and 11, threads, media ----------------------------------------------------------------


def test_row_6_a_lock_with_another_pepper_is_refused(
    tmp_path: Path, pepper: FilePepper, mug: list[Path]
) -> None:
    other = FilePepper(tmp_path / "other")
    other.create()
    path = tmp_path / "vault.db"
    for wrong in (None, other, bytes(32)):
        with pytest.raises(PepperError, match="pepper"):
            Vault.open(path, pepper=pepper, lock=AiLock(pepper=wrong, cost=CHEAPEST))
    plain = bytes(pepper.pepper())
    same = (pepper, str(pepper.file), plain)
    for given in same:
        lock = AiLock(pepper=given, cost=CHEAPEST)
        for also in same:
            Vault.open(path, pepper=also, lock=lock).close()
    with Vault.open(path, pepper=plain, lock=lock) as vault:
        secret = vault.enroll("door", mug[:1]).secret
    with Vault.open(path, pepper=pepper.file, lock=lock) as vault:
        assert vault.unlock("door", mug[0]) == secret


def test_row_11_a_lock_made_anew_meanwhile_gives_nothing_away(
    tmp_path: Path, pepper: FilePepper, mug: list[Path], clock: list[Path]
) -> None:
    path = tmp_path / "vault.db"
    plain = AiLock(pepper=pepper, cost=CHEAPEST)

    class Slow(AiLock):
        meanwhile: Callable[[], object] = staticmethod(lambda: None)

        def reproduce_any(self, *arguments: Any, **pin: Any) -> Any:
            self.meanwhile()
            return super().reproduce_any(*arguments, **pin)

        def probes(self, photos: Any) -> Any:
            found = super().probes(photos)
            self.before()
            return found

        before: Callable[[], object] = staticmethod(lambda: None)

    def renew() -> None:
        with Vault.open(path, pepper=pepper, lock=plain) as other:
            other.remove("door")
            other.enroll("door", clock[:1])
            with pytest.raises(UnlockError):
                other.unlock("door", mug[0])

    with Vault.open(path, pepper=pepper, lock=plain) as vault:
        vault.enroll("door", mug[:1])
    for moment in ("meanwhile", "before"):
        slow = Slow(pepper=pepper, cost=CHEAPEST)
        with Vault.open(path, pepper=pepper, lock=slow) as vault:
            setattr(Slow, moment, staticmethod(renew))
            with pytest.raises(LockChangedError):
                vault.unlock("door", mug[0] if moment == "meanwhile" else clock[0])
            setattr(Slow, moment, staticmethod(lambda: None))
            assert misses(vault) == 1, "the new lock's own miss"


def test_threads_that_want_a_model_build_one(
    tmp_path: Path, pepper: FilePepper, lock: AiLock, mug: list[Path], monkeypatch: Any
) -> None:
    with Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock) as vault:
        secret = vault.enroll("door", mug[:1]).secret
    built = []
    init = AiLock.__init__

    def counted(self: AiLock, *arguments: Any, **options: Any) -> None:
        built.append(1)
        init(self, *arguments, **options)

    monkeypatch.setattr(AiLock, "__init__", counted)
    with Vault.open(tmp_path / "vault.db", pepper=pepper) as vault:
        found: list[object] = []
        threads = [
            threading.Thread(target=lambda: found.append(vault.unlock("door", mug[0])))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (found, len(built)) == ([secret] * 3, 1)


def test_row_19_read_only_media_are_read(
    tmp_path: Path, vault: Vault, pepper: FilePepper, mug: list[Path], monkeypatch: Any
) -> None:
    enrolled = vault.enroll("door", mug[:1])
    vault.close()
    monkeypatch.setattr("ailock_sdk.store.vault_file.may_write", lambda _: False)
    with Vault.open(tmp_path / "vault.db", pepper=pepper) as kept:
        assert kept.names() == ["door"]
        assert len(kept.show("door")["slots"]) == 2
        sealed = kept.seal("door", b"letter")
        assert enrolled.recovery_code is not None
        assert kept.open_sealed("door", sealed, enrolled.recovery_code) == b"letter"
        with pytest.raises(VaultReadOnlyError):
            kept.unlock("door", mug[0])


# -- slots ----------------------------------------------------------------------------------------


def test_slots_with_a_pin_open_with_it_only(
    vault: Vault, mug: list[Path], clock: list[Path]
) -> None:
    secret = vault.enroll("door", mug[:1], pin="2468").secret
    with pytest.raises(PinError, match="needs its PIN"):
        vault.unlock("door", mug[0])
    with pytest.raises(PinError):
        vault.unlock("door", mug[0], pin="1")
    assert misses(vault) == 0
    with pytest.raises(UnlockError):
        vault.unlock("door", mug[0], pin="1357")
    assert misses(vault) == 1
    assert vault.unlock("door", mug[0], pin="2468") == secret
    vault.add_photos("door", clock[:1], opened_by=mug[0], opened_with_pin="2468")
    assert vault.unlock("door", clock[0]) == secret
    assert vault.unlock("door", clock[0], pin="2468") == secret
    assert [slot.needs_pin for slot in vault.slots("door")] == [True, False, False]


def test_a_combination_opens_by_both_objects(
    vault: Vault, mug: list[Path], clock: list[Path]
) -> None:
    secret = vault.enroll("door", [mug[:2], clock[:2]]).secret
    assert vault.unlock("door", [mug[2:], clock[2:]]) == secret
    with pytest.raises(CaptureError, match="photos of 2 at once"):
        vault.unlock("door", mug[2])
    with pytest.raises(UnlockError):
        vault.unlock("door", [clock[2:], mug[2:]])
    assert vault.slots("door")[0].objects == 2


def test_slots_are_told_before_anything_is_opened(
    vault: Vault, mug: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = vault.enroll("door", mug[:1]).recovery_code
    assert code is not None

    def looked(*_: object, **__: object) -> None:
        raise AssertionError("a photo was read")

    monkeypatch.setattr(AiLock, "imageprint", looked)
    with pytest.raises(SlotError, match="no slot 9"):
        vault.add_photos("door", mug[:1], opened_by=mug[0], replaces=9)
    with pytest.raises(SlotError, match="no slot 9"):
        vault.remove_slot("door", 9, opened_by=mug[0])
    vault.remove_slot("door", 2, opened_by=code)
    with pytest.raises(SlotError, match="last"):
        vault.remove_slot("door", 1, opened_by=mug[0])
    with pytest.raises(RecoveryCodeError, match="has no recovery code"):
        vault.recover("door", code)


def test_names_are_taken_freed_and_changed(vault: Vault, mug: list[Path]) -> None:
    secret = vault.enroll("door", mug[:1]).secret
    vault.enroll("shed", mug[:1])
    with pytest.raises(NameTakenError):
        vault.rename("door", "shed")
    vault.rename("door", "gate")
    assert vault.names() == ["gate", "shed"]
    assert vault.unlock("gate", mug[0]) == secret


def test_operators_are_told_of_refusals_and_of_nothing_secret(
    vault: Vault, mug: list[Path], clock: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ailock_sdk")
    enrolled = vault.enroll("door", mug[:1])
    for _ in range(5):
        with pytest.raises(UnlockError):
            vault.unlock("door", clock[0])
    with pytest.raises(LockedOutError):
        vault.unlock("door", mug[0])
    assert enrolled.recovery_code is not None
    with pytest.raises(AilockError):
        vault.recover("door", RecoveryCode(bytes(16)))
    vault.recover("door", enrolled.recovery_code)
    told = [record.getMessage() for record in caplog.records if record.name == "ailock_sdk.vault"]
    assert told == [
        "lock 'door': enrolled",
        *["lock 'door': no match"] * 5,
        "lock 'door': not tried, after too many misses",
        "lock 'door': the code of another lock",
        "lock 'door': opened by its recovery code",
    ]
