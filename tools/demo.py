"""The demo: enrol objects, unlock with other views, refuse other objects, seal and open a file.

Runs on the committed photos, in a temporary folder, with the default profile and real Argon2id.
"""

from __future__ import annotations

import csv
import logging
import platform
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from tqdm import tqdm

from ailock_sdk import AiLock, FilePepper, ImagePrint, Record, Secret, UnlockError, Vault
from ailock_sdk.embedding import quiet_stderr

PHOTOS = Path(__file__).resolve().parents[1] / "tests" / "photos"
LOOK_ALIKE = "other-"
"""An object named ``other-X`` looks like X: another piece of the same kind."""
REFERENCES = 2
"""Photos that each object is enrolled from; its other photos are probes."""


@dataclass(frozen=True)
class Enrolled:
    """One enrolled object. The reference is kept only to show distances."""

    record: Record
    secret: Secret
    reference: ImagePrint


@dataclass(frozen=True)
class Attempt:
    """One probe photo held against one lock."""

    mated: bool
    look_alike: bool
    opened: bool
    same_secret: bool
    distance_bits: int

    @property
    def as_expected(self) -> bool:
        """A photo of the object gives the same secret, one of another object gives nothing."""
        return self.same_secret if self.mated else not self.opened


def main() -> int:
    """Run the demo; the exit status is 0 only if every attempt went as it should."""
    # What operators are told of: here it is part of what is shown.
    logging.getLogger("ailock_sdk").addHandler(logging.NullHandler())
    photos = photos_by_object(PHOTOS)
    start = perf_counter()
    with quiet_stderr():
        lock = AiLock(pepper=None)  # the table below is the demo's own; the vault has a pepper
    print(f"Model {lock.bundle.name} loaded in {perf_counter() - start:.2f} s.")
    enrolled = {
        name: enroll(lock, views[:REFERENCES])
        for name, views in photos.items()
        if len(views) > REFERENCES
    }
    probes = {
        photo: owner
        for owner, views in photos.items()
        for photo in (views[REFERENCES:] if owner in enrolled else views)
    }
    table: dict[Path, list[Attempt]] = {}
    for photo, owner in tqdm(probes.items(), desc="unlocking", unit=" photo", disable=None):
        probe = lock.imageprint(photo)
        table[photo] = [
            attempt(lock, probe, target, owner == name, owner == LOOK_ALIKE + name)
            for name, target in enrolled.items()
        ]
    print_table(lock, table, list(enrolled))
    vault_ok = show_vault(lock, photos, next(iter(enrolled)))
    unexpected = sum(not a.as_expected for row in table.values() for a in row)
    if unexpected:
        print(f"{unexpected} attempts did not go as they should", file=sys.stderr)
    return 1 if unexpected or not vault_ok else 0


def photos_by_object(folder: Path) -> dict[str, list[Path]]:
    """Photos of each object, in the order of ``labels.csv``."""
    found: dict[str, list[Path]] = defaultdict(list)
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found[row["object"]].append(folder / row["path"])
    return dict(found)


def enroll(lock: AiLock, views: list[Path]) -> Enrolled:
    """Enrol one object from some of its photos."""
    record, secret = lock.enroll(views)
    prints = [lock.imageprint(view, reference=True) for view in views]
    return Enrolled(record, secret, lock.reference(prints))


def attempt(
    lock: AiLock, probe: ImagePrint, target: Enrolled, mated: bool, look_alike: bool
) -> Attempt:
    """Try to open one lock with one photo's imageprint."""
    distance = probe - target.reference
    try:
        secret = lock.reproduce([probe], target.record)
    except UnlockError:
        return Attempt(mated, look_alike, False, False, distance)
    return Attempt(mated, look_alike, True, secret == target.secret, distance)


def print_table(lock: AiLock, table: dict[Path, list[Attempt]], names: list[str]) -> None:
    """One row a photo, one column a lock: differing bits, and what happened."""
    print(
        f"\nEach lock was enrolled from {REFERENCES} photos. A cell shows how many of "
        f"{lock.lambda_bits} bits differ;\nup to {lock.radius} are corrected.\n"
    )
    width = max(len(photo.stem) for photo in table)
    column = max(11, *map(len, names))
    print(" " * width, *(f"{name:>{column}}" for name in names), sep="  ")
    for photo, attempts in table.items():
        cells = (f"{a.distance_bits} {'OPENS' if a.opened else '-':>5}" for a in attempts)
        print(f"{photo.stem:{width}}", *(f"{cell:>{column}}" for cell in cells), sep="  ")
    rows = [a for attempts in table.values() for a in attempts]
    mated = [a for a in rows if a.mated]
    others = [a for a in rows if not a.mated and not a.look_alike]
    look_alikes = [a for a in rows if a.look_alike]
    print(
        f"\n{sum(a.same_secret for a in mated)} of {len(mated)} photos of the enrolled object gave "
        f"the same secret.\n{sum(not a.opened for a in others)} of {len(others)} attempts with "
        f"another object were refused.\n{sum(not a.opened for a in look_alikes)} of "
        f"{len(look_alikes)} attempts with a look-alike (same shape, another print) were refused."
    )


def show_vault(lock: AiLock, photos: dict[str, list[Path]], name: str) -> bool:
    """Keep a lock on disk, seal a file to it, open it with a photo, miss once, and recover it."""
    right = photos[name][REFERENCES]
    wrong = next(views[0] for other, views in photos.items() if other != name)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        pepper = FilePepper(home / "pepper")
        pepper.create()
        letter, sealed, opened = (home / n for n in ("letter.txt", "letter.sealed", "opened.txt"))
        letter.write_text("The spare key is under the blue pot.\n", encoding="utf-8")
        with Vault.open(home / "vault.db", pepper=pepper, lock=AiLock(pepper=pepper)) as vault:
            enrolled = vault.enroll(name, photos[name][:REFERENCES])
            vault.seal_file(name, letter, sealed)
            vault.open_file(name, sealed, right, opened)
            start = perf_counter()
            same = vault.unlock(name, right) == enrolled.secret
            seconds = perf_counter() - start
            try:
                vault.unlock(name, wrong)
                refused = False
            except UnlockError:
                refused = True
            misses = vault.show(name)["misses"]
            assert enrolled.recovery_code is not None
            recovered = vault.recover(name, enrolled.recovery_code) == enrolled.secret
    print(f"\nA vault with one lock, {name!r}:")
    print(f"  unlock with {right.name}: {'same secret' if same else 'WRONG'}", end="")
    print(f" in {seconds * 1000:.0f} ms ({platform.machine()}, {lock.runtime})")
    print(
        f"  unlock with {wrong.name}: {'refused' if refused else 'OPENED'}, {misses} miss counted"
    )
    print("  a letter was sealed without a photo and opened with one")
    print(f"  without any photo, by the recovery code: {'same secret' if recovered else 'WRONG'}")
    return same and refused and misses == 1 and recovered


if __name__ == "__main__":
    sys.exit(main())
