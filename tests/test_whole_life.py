"""A lock's whole life: whatever is lost or changed, what was sealed first opens; also by `age`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ailock_sdk import AiLock, FilePepper, PepperError, RecoveryCode, SlotError, UnlockError, Vault
from ailock_sdk.embedding import DEFAULT_BUNDLE
from ailock_sdk.sketch import CHEAPEST
from tests.age import age, needs_age
from tests.bundles import copy_bundle, turn_bits_over

Photos = dict[str, list[Path]]

LETTER = b"the first thing that was ever sealed"


@needs_age
def test_a_lock_for_life(tmp_path: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    pepper = FilePepper(tmp_path / "config" / "pepper")
    mug, clock, book, robot = (photos[name] for name in ("mug", "clock", "book", "robot"))
    sealed = tmp_path / "letter.age"

    def opens(vault: Vault, *openers: object) -> None:
        for opener in openers:
            assert vault.open_sealed("door", sealed.read_bytes(), opener) == LETTER
            (tmp_path / "identity").write_bytes(vault.identity("door", opener))
            assert age("-d", "-i", tmp_path / "identity", sealed) == LETTER

    def device(lock: AiLock) -> Vault:
        return Vault.open(tmp_path / "data" / "vault.db", pepper=pepper, lock=lock)

    with device(AiLock(pepper=pepper, cost=CHEAPEST)) as vault:
        enrolled = vault.enroll("door", mug[:2])
        code = enrolled.recovery_code
        assert isinstance(code, RecoveryCode)
        assert enrolled.new_pepper == str(pepper.file)
        (tmp_path / "letter").write_bytes(LETTER)
        vault.seal_file("door", tmp_path / "letter", sealed)
        opens(vault, mug[2], code)

        # The mug is lost: the code opens the lock, and a clock takes the mug's place.
        assert vault.recover("door", code.shown()) == enrolled.secret
        slot = vault.add_photos("door", clock[:2], opened_by=code, label="clock")
        opens(vault, clock[2], mug[2], code)
        vault.remove_slot("door", 1, opened_by=clock[2])
        with pytest.raises(UnlockError):
            vault.unlock("door", mug[2])
        assert [(s.number, s.kind, s.label) for s in vault.slots("door")] == [
            (2, "recovery", ""),
            (slot.number, "photos", "clock"),
        ]
        opens(vault, clock[2], code)

    # A new model: the old one's slot opens while the old bundle is installed, and one is added.
    monkeypatch.setenv("AILOCK_MODELS", str(tmp_path / "models"))
    turn_bits_over(copy_bundle(tmp_path / "models" / DEFAULT_BUNDLE))
    newer = AiLock(pepper=pepper, cost=CHEAPEST)
    with device(newer) as vault:
        opens(vault, clock[2], code)
        vault.add_photos("door", book[:2], opened_by=clock[2], label="book, new model")
        opens(vault, clock[2], book[2], code)
        assert vault.unlock("door", book[2]) == enrolled.secret

    # The pepper is lost: nothing but the code opens the lock, and nothing is changed by trying.
    pepper.file.unlink()
    with device(newer) as vault:
        for use in (vault.names, lambda: vault.unlock("door", book[2])):
            with pytest.raises(PepperError, match="no pepper at"):
                use()
        assert not pepper.file.exists()
        opens(vault, code)

        replaced = vault.replace_pepper()
        assert replaced.waiting == ("door",)
        assert replaced.closed == {"door": (1, 3)}
        with pytest.raises(PepperError, match="by its recovery code"):
            vault.seal("door", b"waits for its owner")
        opens(vault, code)
        with pytest.raises(PepperError, match="by its recovery code"):
            vault.unlock("door", book[2])
        vault.add_photos("door", robot[:2], opened_by=code, replaces=1)
        assert vault.slots("door")[0].number == 1
        vault.remove_slot("door", 3, opened_by=robot[2])
        opens(vault, robot[2], code)

        # To another device, which has a pepper and a model of its own.
        exported = vault.export_lock("door", opened_by=robot[2])
        assert exported.recovery_code is None
    monkeypatch.delenv("AILOCK_MODELS")
    other_pepper = FilePepper(tmp_path / "other" / "pepper")
    elsewhere = AiLock(pepper=other_pepper, cost=CHEAPEST)
    with Vault.open(tmp_path / "other" / "vault.db", pepper=other_pepper, lock=elsewhere) as vault:
        imported = vault.import_lock("door", exported.data, code.shown())
        assert (imported.secret, imported.recipient) == (enrolled.secret, enrolled.recipient)
        assert imported.new_pepper == str(other_pepper.file)
        with pytest.raises(SlotError, match="use its recovery code"):
            vault.unlock("door", robot[2])
        vault.add_photos("door", mug[:2], opened_by=code)
        opens(vault, mug[2], code)
        assert vault.open_sealed("door", vault.seal("door", b"new"), mug[2]) == b"new"


def test_an_export_without_a_recovery_code_gets_one(
    tmp_path: Path, photos: Photos, pepper: FilePepper
) -> None:
    lock = AiLock(pepper=pepper, cost=CHEAPEST)
    make: Callable[[str], Vault] = lambda name: Vault.open(  # noqa: E731
        tmp_path / name, pepper=pepper, lock=lock
    )
    with make("here.db") as here, make("there.db") as there:
        enrolled = here.enroll("door", photos["mug"][:2], recovery=False)
        assert enrolled.recovery_code is None
        exported = here.export_lock("door", opened_by=photos["mug"][2])
        assert exported.recovery_code is not None
        assert len(here.slots("door")) == 1, "it is the export's alone"
        imported = there.import_lock("gate", exported.data, exported.recovery_code)
        assert imported.secret == enrolled.secret
        assert [slot.kind for slot in there.slots("gate")] == ["recovery"]
