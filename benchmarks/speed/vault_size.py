"""Does an unlock take longer when the vault holds many records?

Two vaults, one of ten records and one of many, are unlocked in turn with the same photo, each time
another of their records. The store's part, reading, charging and refunding, is timed apart too:
there a growth would show that Argon2id hides.

Every row is stored through ``LockStore.add`` under a name of its own. Enrolling each would cost
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
from ailock_sdk.secret import Hidden
from ailock_sdk.store import LockStore, read_clock
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
    stores = {n: LockStore.open(path) for n, path in paths.items()}
    try:
        turns = {n: cycle(_spread(vault.names(), runs + 1)) for n, vault in vaults.items()}
        unlocks = {
            n: timed(partial(_unlock_next, vault, turns[n], photo)) for n, vault in vaults.items()
        }
        touches = {
            n: timed(partial(_touch_next, store, turns[n], key)) for n, store in stores.items()
        }
        opens = {n: timed(partial(_open, path)) for n, path in paths.items()}
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
    with Vault.open(path, pepper=pepper, lock=lock) as vault:
        for index in range(min(ENROLLED, count)):
            vault.enroll(_name(index), [photo], recovery=False)
        names = vault.names()
    key = pepper.pepper()
    with LockStore.open(path) as store:
        enrolled = [store.get(name, key).lock for name in names]
        rest = range(len(enrolled), count)
        for index in tqdm(rest, desc=f"storing {count:,} records", disable=None):
            store.add(_name(index), enrolled[index % len(enrolled)], key)


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


def _touch_next(store: LockStore, names: Iterator[str], pepper: Hidden) -> None:
    """The store's part of an unlock that succeeds."""
    stored = store.get(next(names), pepper)
    store.charge(stored, read_clock())
    store.refund(stored)


def _open(path: Path) -> None:
    LockStore.open(path).close()
