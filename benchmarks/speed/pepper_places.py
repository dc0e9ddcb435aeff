"""What a place of the pepper adds to an unlock: ``python -m benchmarks.speed.pepper_places tpm``.

Two things are timed: asking the place for the pepper, once for each opened vault, and charging an
attempt and clearing it, which with a TPM is a step of its counter. Everything lies in a folder of
its own, and the counter is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ailock_sdk import AiLock, Vault
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    LockStore,
    StateGuard,
    pepper_provider,
    read_clock,
    read_pepper,
    remembered_provider,
)
from benchmarks.speed.interleave import interleaved, medians, timed

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "tests" / "photos" / "mug-1.jpg"


def measure(places: list[str], runs: int, folder: Path) -> dict[str, tuple[float, float]]:
    """Median milliseconds of asking and of an attempt, by place; ``file`` is the first."""
    os.environ["XDG_CONFIG_HOME"] = str(folder)  # what a TPM seals lies there
    lock = AiLock()
    asks, attempts = {}, {}
    with ExitStack() as stack:
        for number, place in enumerate(["file", *places]):
            path = folder / f"{number}.db"
            provider = remembered_provider(None) if place == "file" else pepper_provider(place)
            vault = stack.enter_context(Vault.open(path, lock=lock))
            vault.enroll("mug", [PHOTO], recovery=False)
            if place != "file":
                vault.move_pepper(provider)
                stack.callback(vault.move_pepper, path.with_suffix(".pepper"), delete=True)
            pepper = read_pepper(remembered_provider(None))
            store = stack.enter_context(LockStore.open(path))
            counter = getattr(provider, "counter", None)
            if counter is not None:
                guard = StateGuard(counter, pepper)
                store.guard_source = partial(_itself, guard)
            asks[place] = timed(partial(read_pepper, provider, pepper_id(pepper)))
            attempts[place] = timed(partial(_attempt, store, pepper))
        ask = medians(interleaved(asks, runs, "asking"))
        attempt = medians(interleaved(attempts, runs, "charging"))
    return {place: (ask[place], attempt[place]) for place in asks}


def _itself(guard: StateGuard) -> StateGuard:
    return guard


def _attempt(store: LockStore, pepper: Hidden) -> None:
    stored = store.get("mug", pepper)
    store.charge(stored, read_clock())
    store.refund(stored)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("places", nargs="+", help="keyring, tpm, tpm:TCTI or pkcs11:URI")
    parser.add_argument("--runs", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments.places, arguments.runs, Path(folder))
    for place, (ask, attempt) in found.items():
        name = place.partition(":")[0]
        print(f"{name:8} asking {ask:6.1f} ms   an attempt {attempt:6.1f} ms")


if __name__ == "__main__":
    main()
