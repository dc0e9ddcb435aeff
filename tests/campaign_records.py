"""Damage records and vault files at random: ``python -m tests.campaign_records --count 20000``.

Every input has to end in one of two ways: a record that is canonical (it re-encodes to the very
bytes that were parsed, and for a vault is the one that was stored), or an error of
:mod:`ailock_sdk.errors`. Anything else (a crash, another exception, a record that changed) is a
failure, and the exit status is 1. One in fifty inputs is a damaged vault file.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ailock_sdk.errors import AilockError
from ailock_sdk.store import ClockReading, LockFile, LockStore, Record, lock_recipient
from tests.reference.record import with_checksum
from tests.store.examples import (
    COMBINED_RECORD,
    LOCK_KEY,
    NOW,
    PEPPER,
    PEPPERED_RECORD,
    PLAIN_RECORD,
    photo_slot,
)

VAULT_EVERY = 50
EXAMPLES = [bytes(record) for record in (PLAIN_RECORD, PEPPERED_RECORD, COMBINED_RECORD)]
PLAIN, PEPPERED = (
    LockFile(lock_recipient(LOCK_KEY), (photo_slot(record),))
    for record in (PLAIN_RECORD, PEPPERED_RECORD)
)
STORED = {"mug": PLAIN, "cup": PEPPERED} | {f"lock {index}": PLAIN for index in range(20)}

Mutation = Callable[[random.Random, bytes], bytes]


def flip_bits(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def overwrite(draw: random.Random, data: bytes) -> bytes:
    start = draw.randrange(len(data))
    filler = draw.choice([draw.randbytes, bytes, lambda size: b"\xff" * size])
    stop = min(len(data), start + draw.randint(1, 64))
    return data[:start] + filler(stop - start) + data[stop:]


def truncate(draw: random.Random, data: bytes) -> bytes:
    return data[: draw.randrange(len(data))]


def insert(draw: random.Random, data: bytes) -> bytes:
    at = draw.randint(0, len(data))
    return data[:at] + draw.randbytes(draw.randint(1, 40)) + data[at:]


def splice(draw: random.Random, data: bytes) -> bytes:
    """Go over to another record, at the same place or anywhere."""
    other = draw.choice(EXAMPLES)[: len(data)]
    leave = draw.randint(0, len(data))
    return data[:leave] + other[draw.choice([leave, draw.randint(0, len(other))]) :]


def edit_field(draw: random.Random, data: bytes) -> bytes:
    """One byte before the first helper, at an edge of the rules, with a fitting checksum."""
    body = bytearray(data[:-8])
    edges = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 127, 128, 254, 255]
    body[draw.randrange(101)] = draw.choice([*edges, draw.randrange(256)])
    return with_checksum(bytes(body))


def and_fit_checksum(mutation: Mutation) -> Mutation:
    """Mutate the bytes before the checksum, and let it fit, so that the rules themselves decide."""
    return lambda draw, data: with_checksum(mutation(draw, data[:-8]))


MUTATIONS: dict[str, Mutation] = {
    "bit flips": flip_bits,
    "overwrites": overwrite,
    "truncations": truncate,
    "insertions": insert,
    "splices": splice,
    "bit flips, checksum fits": and_fit_checksum(flip_bits),
    "overwrites, checksum fits": and_fit_checksum(overwrite),
    "truncations, checksum fits": and_fit_checksum(truncate),
    "insertions, checksum fits": and_fit_checksum(insert),
    "splices, checksum fits": and_fit_checksum(splice),
    "field edits, checksum fits": edit_field,
}
VAULT_MUTATIONS: dict[str, Mutation] = {
    "vault file: bit flips": flip_bits,
    "vault file: overwrites": overwrite,
    "vault file: truncations": truncate,
    "vault file: insertions": insert,
}


def parse(data: bytes) -> str:
    """Return the outcome of parsing ``data``."""
    try:
        record = Record.from_bytes(data)
    except AilockError as error:
        return type(error).__name__
    return "record" if bytes(record) == data else "FAILED: not canonical"


def use_vault(path: Path) -> set[str]:
    """Return the outcomes of everything one may do with a vault."""
    try:
        store = LockStore.open(path)
    except AilockError as error:
        return {f"open: {type(error).__name__}"}
    outcomes = set()
    now = ClockReading(NOW.uptime + 10**6, NOW.boot_id)
    with store:
        calls: list[Callable[[str], object]] = [
            lambda name: store.names(),
            lambda name: store.get(name, PEPPER).lock == STORED[name],
            lambda name: store.status(store.get(name, PEPPER), now),
            lambda name: store.charge(store.get(name, PEPPER), now),
            lambda name: store.refund(store.get(name, PEPPER)),
            store.get_unverified,
            store.remove,
            lambda name: store.add(name, STORED[name], PEPPER),
            lambda name: store.get(name, PEPPER).lock == STORED[name],
        ]
        for name in ("mug", "cup"):
            for call in calls:
                try:
                    outcomes.add("FAILED: another record" if call(name) is False else "works")
                except AilockError as error:
                    outcomes.add(type(error).__name__)
    return outcomes


def make_vault(path: Path, names: Iterable[str] = STORED) -> bytes:
    with LockStore.create(path) as store:
        for name in names:
            store.add(name, STORED[name], PEPPER)
        store.charge(store.get("mug", PEPPER), NOW)
    return path.read_bytes()


def run(count: int, seed: int) -> Counter[tuple[str, str]]:
    """Return how often each kind of damage had each outcome."""
    draw = random.Random(seed)
    outcomes: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        vault = make_vault(Path(folder) / "template.db")
        path = Path(folder) / "vault.db"
        for index in range(count):
            if index % VAULT_EVERY:
                kind, mutation = draw.choice(list(MUTATIONS.items()))
                found = attempt(lambda data: {parse(data)}, mutation(draw, draw.choice(EXAMPLES)))
            else:
                kind, mutation = draw.choice(list(VAULT_MUTATIONS.items()))
                path.write_bytes(mutation(draw, vault))
                path.chmod(0o600)
                found = attempt(lambda _: use_vault(path), b"")
                for left in Path(folder).glob("vault.db*"):
                    left.unlink()
            for outcome in found:
                outcomes[kind, outcome] += 1
            outcomes[kind, "inputs"] += 1
    return outcomes


def attempt(use: Callable[[bytes], set[str]], data: bytes) -> set[str]:
    try:
        return use(data)
    except Exception as error:
        return {f"FAILED: {error!r}"}


def failures(outcomes: Counter[tuple[str, str]]) -> int:
    """Count the failures; no inputs, or a kind of damage that never came, is a failure too."""
    missing = sum(outcomes[kind, "inputs"] == 0 for kind in (*MUTATIONS, *VAULT_MUTATIONS))
    return missing + sum(
        number for (_, outcome), number in outcomes.items() if outcome.startswith("FAILED")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=20_000, help="inputs to try")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    outcomes = run(arguments.count, arguments.seed)
    for kind in (*MUTATIONS, *VAULT_MUTATIONS):
        results = {outcome: number for (k, outcome), number in outcomes.items() if k == kind}
        inputs = results.pop("inputs", 0)
        shown = ", ".join(f"{outcome} {number}" for outcome, number in sorted(results.items()))
        print(f"{kind:28} {inputs:6}  {shown}")
    total = sum(number for (_, outcome), number in outcomes.items() if outcome == "inputs")
    failed = failures(outcomes)
    print(f"{total} inputs, seed {arguments.seed}: {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
