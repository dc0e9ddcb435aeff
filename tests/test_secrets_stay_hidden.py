"""No secret in any repr, log, JSON, traceback with locals or file, whatever fails and wherever."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from ailock_sdk import AiLock, Enrolled, FilePepper, RecoveryCode, Vault
from ailock_sdk.sketch import CHEAPEST
from ailock_sdk.store import LockStore

Photos = dict[str, list[Path]]

PIN = "correct horse battery"
LETTER = b"under the blue flower pot"
TYPED = "ailock1-qqqq-typo-qqqq-qqqq-qqqq-qqqq-qqqq-qqqq"


@dataclass
class Home:
    """A vault with a lock of everything, and what nobody may see of it."""

    vault: Vault
    folder: Path
    pepper: FilePepper
    photos: Photos
    enrolled: Enrolled
    sealed: bytes

    @property
    def code(self) -> RecoveryCode:
        assert self.enrolled.recovery_code is not None
        return self.enrolled.recovery_code

    def needles(self) -> dict[str, list[str]]:
        """Each secret in the forms in which it could be printed."""
        identity = self.vault.identity("door", self.code).decode()
        ssh_key: Any = load_ssh_private_key(self.vault.ssh_key("door", self.code), None)
        text = self.code.shown()
        found = {
            "PIN": [PIN],
            "code": [text, text.replace("-", ""), *forms(bytes(self.code))],
            "mistyped code": [TYPED, TYPED.replace("-", "")],
            "secret": forms(bytes(self.enrolled.secret)),
            "identity": [identity, identity.lower()],
            "SSH key": ["PRIVATE KEY", *forms(ssh_key.private_bytes_raw())],
            "letter": [LETTER.decode()],
        }
        if self.pepper.file.exists():
            found["pepper"] = forms(self.pepper.file.read_bytes())
        return found


def forms(secret: bytes) -> list[str]:
    """``repr``, hexadecimal, and as a list of numbers; a part of each is enough to betray it."""
    return [
        repr(secret)[2:-1][:24],
        repr(secret)[-20:-1],
        secret.hex()[:16],
        ", ".join(map(str, secret[:6])),
    ]


@pytest.fixture
def home(
    tmp_path: Path, pepper: FilePepper, photos: Photos, caplog: pytest.LogCaptureFixture
) -> Iterator[Home]:
    caplog.set_level(logging.DEBUG)
    lock = AiLock(pepper=pepper, cost=CHEAPEST)
    with Vault.open(tmp_path / "data" / "vault.db", pepper=pepper, lock=lock) as vault:
        enrolled = vault.enroll("door", photos["mug"][:1], pin=PIN)
        vault.enroll("shed", photos["clock"][:1])
        yield Home(vault, tmp_path, pepper, photos, enrolled, vault.seal("door", LETTER))


def uses(home: Home) -> dict[str, Callable[[], object]]:
    """Calls that need secrets."""
    vault, mug, clock = home.vault, home.photos["mug"], home.photos["clock"]
    return {
        "unlock": lambda: vault.unlock("door", mug[0], pin=PIN),
        "recover": lambda: vault.recover("door", home.code.shown()),
        "identity": lambda: vault.identity("door", home.code),
        "SSH key": lambda: vault.ssh_key("door", home.code),
        "open_sealed": lambda: vault.open_sealed("door", home.sealed, mug[0], pin=PIN),
        "seal": lambda: vault.seal("door", LETTER),
        "enroll": lambda: vault.enroll("new", mug[:1], pin=PIN),
        "add_photos": lambda: vault.add_photos(
            "door", clock[:1], opened_by=mug[0], opened_with_pin=PIN, pin=PIN
        ),
        "add_recovery_code": lambda: vault.add_recovery_code("door", opened_by=home.code),
        "remove_slot": lambda: vault.remove_slot("door", 2, opened_by=mug[0], opened_with_pin=PIN),
        "export_lock": lambda: vault.export_lock("door", opened_by=home.code),
        "import_lock": lambda: vault.import_lock("copy", exported(home), home.code.shown()),
        "rename": lambda: vault.rename("door", "gate"),
        "replace_pepper": vault.replace_pepper,
        "backup_pepper": lambda: vault.backup_pepper(home.folder / "backup"),
        "restore_pepper": lambda: vault.restore_pepper(home.pepper.file),
    }


def exported(home: Home) -> bytes:
    return home.vault.export_lock("door", opened_by=home.code).data


def failing(home: Home) -> dict[str, Callable[[], object]]:
    """Calls that end in an error by themselves."""
    vault, mug, clock = home.vault, home.photos["mug"], home.photos["clock"]
    cut = home.sealed[:-3]
    return {
        "no match": lambda: vault.unlock("door", clock[0], pin=PIN),
        "wrong PIN": lambda: vault.unlock("door", mug[0], pin=PIN + "!"),
        "no PIN": lambda: vault.unlock("door", mug[0], pin="\n" + PIN),
        "mistyped": lambda: vault.recover("door", TYPED),
        "mistyped import": lambda: vault.import_lock("copy", exported(home), TYPED),
        "another lock's": lambda: vault.recover("shed", home.code.shown()),
        "damaged": lambda: vault.open_sealed("door", cut, mug[0], pin=PIN),
        "poor photo": lambda: vault.add_photos("door", ["none.jpg"], opened_by=home.code, pin=PIN),
        "name taken": lambda: vault.enroll("shed", mug[:1], pin=PIN),
    }


def shown(error: BaseException) -> str:
    """The traceback with the locals of every frame but the tests' own."""
    told: traceback.TracebackException | None
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines: list[str] = []
    pending = [told]
    while pending:
        one = pending.pop()
        lines += one.format_exception_only()
        for frame in one.stack:
            if "/tests/" not in frame.filename:
                lines += [
                    f"{frame.name} {name} = {value}" for name, value in (frame.locals or {}).items()
                ]
        pending += [each for each in (one.__cause__, one.__context__) if each is not None]
    return "\n".join(lines)


def assert_hidden(text: str, home: Home, where: str, needles: dict[str, list[str]]) -> None:
    for kind, parts in needles.items():
        for part in parts:
            assert part not in text, f"{kind} is shown: {where}: {part}"


FAILING = [
    *("no match", "wrong PIN", "no PIN", "mistyped", "mistyped import", "another lock's"),
    *("damaged", "poor photo", "name taken"),
]


@pytest.mark.parametrize("kind", FAILING)
def test_row_7_refusals(home: Home, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    needles = home.needles()
    with pytest.raises(Exception) as caught:  # noqa: PT011
        failing(home)[kind]()
    assert_hidden(shown(caught.value), home, kind, needles)
    assert_hidden(caplog.text, home, "the log", needles)


DEEP = [
    "ailock_sdk.store.slots.AESGCM.encrypt",
    "ailock_sdk.store.slots.AESGCM.decrypt",
    "ailock_sdk.store.slots.HKDFExpand",
    "ailock_sdk.store.slots.HKDF",
    "ailock_sdk.store.rows.row_mac",
    "ailock_sdk.store.rows.Rows.update",
    "ailock_sdk.store.rows.Rows.insert",
    "ailock_sdk.store.rows.Rows.state",
    "ailock_sdk.store.rows.Rows.put_state",
    "ailock_sdk.store.sealing.pyrage",
    "ailock_sdk.store.sealing.x25519",
    "ailock_sdk.store.sealing.bech32_encode",
    "ailock_sdk.store.pepper.new_private_file",
    "ailock_sdk.store.pepper.pepper_id",
    "ailock_sdk.sketch.kdf.Argon2id",
    "ailock_sdk.sketch.kdf.HKDFExpand",
    "ailock_sdk.record_keys.secret_behind",
    "ailock_sdk.record_keys.find_messages",
    "ailock_sdk.record_keys.new_secret",
    "os.fsync",
]


class Broken:
    """Stands in for anything, and fails however it is used."""

    def __init__(self, *_: object, **__: object) -> None:
        raise RuntimeError("broken")

    def __class_getitem__(cls, _: object) -> Any:
        raise RuntimeError("broken")


class BrokenModule:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("broken")


@pytest.mark.parametrize("place", DEEP)
def test_row_7_wherever_it_breaks(
    home: Home, place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every use, with one function deep inside broken: the frames above hold every secret."""
    needles = home.needles()
    calls = uses(home)
    broken = 0
    for name, use in calls.items():
        with monkeypatch.context() as patch:
            stand_in: object = Broken
            if place.endswith((".pyrage", ".x25519")):
                stand_in = BrokenModule()
            patch.setattr(place, stand_in)
            try:
                use()
            except Exception as error:
                broken += 1
                assert_hidden(shown(error), home, f"{place} in {name}", needles)
    assert broken, f"nothing uses {place}"
    assert_hidden(caplog.text, home, "the log", needles)


def test_reprs_and_json(home: Home) -> None:
    needles = home.needles()
    vault = home.vault
    slot = vault.add_photos(
        "door", home.photos["clock"][:1], opened_by=home.code, pin=PIN, label="clock"
    )
    found = [
        *(repr(thing) for thing in (vault, home.enrolled, home.code, home.enrolled.secret, slot)),
        repr(vault.export_lock("door", opened_by=home.code)),
        repr(vault.identity("door", home.code)),
        repr(vault.ssh_key("door", home.code)),
        repr(vault.pepper_status()),
        repr(vault.replace_pepper()),
        json.dumps(vault.recover("door", home.code) and vault.show("door")),
        str(vars(vault)),
    ]
    assert_hidden("\n".join(found), home, "a repr", needles)


def test_files_hold_no_secret_but_the_pepper(home: Home) -> None:
    needles = home.needles()
    del needles["mistyped code"]
    for use in uses(home).values():
        with suppress(Exception):  # some fail after others; what matters is what they leave
            use()
    with LockStore.open(home.vault.path) as store:
        assert store.names()
    peppers = {file for file in home.folder.rglob("*") if "pepper" in file.name}
    for file in {path for path in home.folder.rglob("*") if path.is_file()} - peppers:
        if file.name == "backup":
            continue
        data = file.read_bytes()
        for secret in (bytes(home.enrolled.secret), bytes(home.code), PIN.encode(), LETTER):
            assert secret not in data, file
        assert_hidden(data.decode("latin-1"), home, str(file), needles)
