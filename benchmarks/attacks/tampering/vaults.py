"""Changed vault files, as one who can write them may: each on a copy, with real photos."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ailock_sdk import AiLock, RecoveryCode, Secret, Vault
from benchmarks.attacks.records import peppered
from benchmarks.attacks.tampering.outcomes import Outcomes

CUT = "cut"
CUTS = 12
"""Lengths at which a vault file is cut."""
_COLUMNS = "lock, pepper_id, mac, misses, missed_uptime, boot_id"


@dataclass(frozen=True)
class Owned:
    """A lock of a vault, and who may open it."""

    name: str
    photo: bytes
    secret: Secret
    code: RecoveryCode


@dataclass(frozen=True)
class Scene:
    """A vault of two locks, a copy from before the second slot of the first was taken away, and
    the vault of another device.
    """

    folder: Path
    vault: Path
    older: Path
    elsewhere: Path
    pepper: bytes
    lock: AiLock
    locks: tuple[Owned, Owned]
    removed: bytes

    def open(self, path: Path) -> Vault:
        """A vault file of this scene."""
        return Vault.open(path, pepper=self.pepper, lock=self.lock)


def make_scene(
    folder: Path,
    lock: AiLock,
    pepper: bytes,
    other_pepper: bytes,
    photos: Sequence[tuple[bytes, bytes]],
) -> Scene:
    """Enrol two objects, of each a reference photo and a probe; the third has a slot for a time."""
    (a, a_again), (b, b_again), (c, c_again) = photos
    vault, older, elsewhere = (folder / f"{n}.db" for n in ("vault", "older", "elsewhere"))
    mine = peppered(lock, pepper)
    with Vault.open(vault, pepper=pepper, lock=mine) as opened:
        door, safe = opened.enroll("door", [a]), opened.enroll("safe", [b])
        slot = opened.add_photos("door", [c], opened_by=a_again)
    shutil.copyfile(vault, older)
    with Vault.open(vault, pepper=pepper, lock=mine) as opened:
        opened.remove_slot("door", slot.number, opened_by=a_again)
    theirs = peppered(lock, other_pepper)
    with Vault.open(elsewhere, pepper=other_pepper, lock=theirs) as opened:
        opened.enroll("door", [c])
        opened.enroll("safe", [c])
    assert door.recovery_code
    assert safe.recovery_code
    locks = (
        Owned("door", a_again, door.secret, door.recovery_code),
        Owned("safe", b_again, safe.secret, safe.recovery_code),
    )
    return Scene(folder, vault, older, elsewhere, pepper, mine, locks, c_again)


def changes(scene: Scene) -> Iterator[tuple[str, list[Callable[[Path], None]]]]:
    """Ways to change a copy of the vault file."""
    size = scene.vault.stat().st_size
    lengths = [size * part // CUTS for part in range(CUTS)]
    yield CUT, [partial(_cut, length=length) for length in lengths]
    yield "rows of two locks swapped", [_swap_rows]
    yield "one lock's row copied over the other's", [_copy_row]
    yield (
        "rows of another device's vault",
        [partial(_take_rows, source=scene.elsewhere), partial(_replace, source=scene.elsewhere)],
    )
    yield "a row's bytes changed", [partial(_change_row, at=at) for at in (0, 40, 90, 150, -1)]
    yield "the vault's pepper renamed", [_rename_pepper]
    yield "rows deleted", [_delete_rows]


def limits(scene: Scene) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """What a writer of the file can do (docs/explanation/threat-model.md): a state of before."""
    yield "an older vault file, with a slot since removed", partial(_replace, source=scene.older)
    yield "the older row of one lock", partial(_take_rows, source=scene.older)


def try_vaults(scene: Scene) -> tuple[list[Outcomes], list[Outcomes], int]:
    """Outcomes of the changes, and of the limits; and locks that then could not be recovered.

    A removed slot's photo is the stranger. After every change of single rows the original file,
    put back, opens: what is lost is lost in the changed copy alone.
    """
    found, known, lost = [], [], 0
    for way, several in changes(scene):
        outcomes = Outcomes(way)
        for change in several:
            _attempt_all(scene, change, outcomes)
            lost += _cannot_recover(scene)
        found.append(outcomes)
    for way, change in limits(scene):
        outcomes = Outcomes(way)
        _attempt_all(scene, change, outcomes)
        known.append(outcomes)
    return found, known, lost


def _attempt_all(scene: Scene, change: Callable[[Path], None], outcomes: Outcomes) -> None:
    door, safe = scene.locks
    for of, photo in (
        *((door, door.photo), (safe, safe.photo)),
        *((door, safe.photo), (safe, door.photo), (door, scene.removed), (safe, scene.removed)),
    ):
        path = scene.folder / "changed.db"
        for old in scene.folder.glob("changed.db*"):
            old.unlink()
        shutil.copyfile(scene.vault, path)
        path.chmod(0o600)
        change(path)

        def unlock(path: Path = path, name: str = of.name, photo: bytes = photo) -> Secret:
            with scene.open(path) as vault:
                return vault.unlock(name, photo)

        outcomes.attempt(unlock, of.secret, is_owner=photo == of.photo)


def _cannot_recover(scene: Scene) -> int:
    """Locks of the untouched vault that their codes do not open."""
    path = scene.folder / "restored.db"
    shutil.copyfile(scene.vault, path)
    path.chmod(0o600)
    with scene.open(path) as vault:
        return sum(vault.recover(one.name, one.code) != one.secret for one in scene.locks)


def _cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def _replace(path: Path, source: Path) -> None:
    shutil.copyfile(source, path)


def _sql(path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement, values in statements:
            connection.execute(statement, values)
        connection.commit()


def _swap_rows(path: Path) -> None:
    rename = "UPDATE locks SET name = ? WHERE name = ?"
    pairs = (("between", "door"), ("door", "safe"), ("safe", "between"))
    _sql(path, *((rename, pair) for pair in pairs))


def _copy_row(path: Path) -> None:
    copied = ", ".join(
        f"{column} = (SELECT {column} FROM locks WHERE name = 'door')"
        for column in _COLUMNS.split(", ")
    )
    _sql(path, (f"UPDATE locks SET {copied} WHERE name = 'safe'", ()))


def _take_rows(path: Path, source: Path) -> None:
    taken = ", ".join(
        f"{column} = (SELECT {column} FROM other.locks AS o WHERE o.name = locks.name)"
        for column in _COLUMNS.split(", ")
    )
    _sql(path, ("ATTACH ? AS other", (str(source),)), (f"UPDATE locks SET {taken}", ()))


def _change_row(path: Path, at: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, lock FROM locks").fetchall()
        for name, lock in rows:
            changed = bytearray(lock)
            changed[at] ^= 0x5A
            connection.execute("UPDATE locks SET lock = ? WHERE name = ?", (bytes(changed), name))
        connection.commit()


def _rename_pepper(path: Path) -> None:
    _sql(path, ("UPDATE vault SET pepper_id = ?", (b"another!",)))


def _delete_rows(path: Path) -> None:
    _sql(path, ("DELETE FROM locks", ()))
