"""Does an unlock take longer when the vault holds many records?

Two vaults, one of ten records and one of many, are unlocked in turn with the same photo, each time
another of their records. The store's part, reading, charging and refunding, is timed apart too:
there a growth would show that Argon2id hides.

Every row is stored through ``RecordStore.add`` under a name of its own. Enrolling each would cost
an Argon2id and say nothing about the store, so a vault's rows take turns with a few enrolled
records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ailock_sdk import AiLock, AilockError, FilePepper, Vault
from ailock_sdk.store import RecordStore, read_clock, sealing_key
from benchmarks.speed.bar import Bar
from benchmarks.speed.interleave import interleaved, medians, timed

SMALL = 10
GROWTH_LIMIT = 1.10
ENROLLED = 4
"""Records that differ; a vault's rows take turns with them."""


def measure(photo: Path, folder: Path, records: int, runs: int) -> dict[str, Any]:
    """Time unlocks of both vaults in turn; JSON-ready.

    Gives ``unlock_ms``, ``store_ms`` and ``open_ms``, each ``{"10": median, "RECORDS": median}``,
    and the vaults' ``bytes``.

    Parameters
    ----------
    photo : what every record is enrolled with and unlocked by
    folder : where the vaults and their pepper are kept; made if missing or not of this photo
    records : rows of the large vault, above 10
    runs : timed rounds, at least 1
    """
    pepper = FilePepper(folder / "pepper")
    pepper.create()
    lock = AiLock(pepper=pepper)
    digest = hashlib.sha256(photo.read_bytes() + lock.fingerprint).hexdigest()[:16]
    paths = {str(n): folder / f"vault-{n}-{digest}.db" for n in (SMALL, records)}
    for count, path in paths.items():
        _fill(path, lock, pepper, photo, int(count))
    key = pepper.pepper()
    vaults = {n: Vault.open(path, pepper=pepper, lock=lock) for n, path in paths.items()}
    stores = {n: RecordStore.open(path, key) for n, path in paths.items()}
    try:
        turns = {n: cycle(_spread(vault.names(), runs + 1)) for n, vault in vaults.items()}
        unlocks = {
            n: timed(partial(_unlock_next, vault, turns[n], photo)) for n, vault in vaults.items()
        }
        touches = {n: timed(partial(_touch_next, store, turns[n])) for n, store in stores.items()}
        opens = {n: timed(partial(_open, path, key)) for n, path in paths.items()}
        return {
            "unlock_ms": medians(interleaved(unlocks, runs, "unlocking two vaults")),
            "store_ms": medians(interleaved(touches, 10 * runs, "reading and charging")),
            "open_ms": medians(interleaved(opens, 10 * runs, "opening two vaults")),
            "bytes": {n: path.stat().st_size for n, path in paths.items()},
        }
    finally:
        for vault in vaults.values():
            vault.close()
        for store in stores.values():
            store.close()


def bars(result: dict[str, Any]) -> list[Bar]:
    """The bar h of a result of :func:`measure`."""
    few, many = result["unlock_ms"]
    growth = result["unlock_ms"][many] / result["unlock_ms"][few]
    return [Bar("h", f"unlock among {int(many):,} records / among {few}", growth, GROWTH_LIMIT)]


def _fill(path: Path, lock: AiLock, pepper: FilePepper, photo: Path, count: int) -> None:
    """Make the vault unless it is there with this pepper and as many names."""
    if path.exists() and _holds(path, lock, pepper, count):
        return
    for stale in path.parent.glob(f"{path.name}*"):  # with its log
        stale.unlink()
    enrolled = [lock.enroll([photo]) for _ in range(min(ENROLLED, count))]
    rows = [(record, sealing_key(secret)) for record, secret in enrolled]
    with RecordStore.open(path, pepper.pepper()) as store:
        for index in tqdm(range(count), desc=f"storing {count:,} records", disable=None):
            store.add(_name(index), *rows[index % len(rows)])


def _holds(path: Path, lock: AiLock, pepper: FilePepper, count: int) -> bool:
    try:
        with Vault.open(path, pepper=pepper, lock=lock) as vault:
            names = vault.names()
            for name in _spread(names, SMALL):
                vault.show(name)  # intact, and of this pepper
    except AilockError:
        return False
    return len(names) == count


def _name(index: int) -> str:
    """Names come in no order, as people's do."""
    return f"lock {hashlib.sha256(str(index).encode()).hexdigest()[:16]}"


def _spread(names: list[str], count: int) -> list[str]:
    """``count`` of the names or all of them, evenly spread over their order."""
    step = max(1, len(names) // count)
    return names[::step][:count]


def _unlock_next(vault: Vault, names: Iterator[str], photo: Path) -> None:
    vault.unlock(next(names), photo)


def _touch_next(store: RecordStore, names: Iterator[str]) -> None:
    _touch(store, next(names))


def _touch(store: RecordStore, name: str) -> None:
    """The store's part of an unlock that succeeds."""
    store.get(name)
    store.charge(name, read_clock())
    store.refund(name)


def _open(path: Path, pepper: bytes) -> None:
    RecordStore.open(path, pepper).close()
