"""What a place of the pepper costs an unlock: ``python -m benchmarks.speed.pepper_places tpm``.

Each unlock opens the vault anew, as a process does, so that the place is asked; the model is warm.
Vaults of their own, in a folder of their own, take turns; with a TPM each unlock is a step of a
counter, which is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ailock_sdk import AiLock, Vault
from ailock_sdk.store import pepper_provider
from benchmarks.speed.interleave import interleaved, medians, timed

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "tests" / "photos" / "mug-1.jpg"


def measure(places: list[str], runs: int, folder: Path) -> dict[str, float]:
    """Median milliseconds of an unlock, by place; ``file`` is the first."""
    os.environ["XDG_CONFIG_HOME"] = str(folder)  # what a TPM seals lies there
    lock = AiLock()
    with ExitStack() as stack:
        turns = {}
        for number, place in enumerate(["file", *places]):
            path = folder / f"{number}.db"
            with Vault.open(path, lock=lock) as vault:
                vault.enroll("mug", [PHOTO], recovery=False)
                if place != "file":
                    vault.move_pepper(place)
                    stack.callback(_move_back, path, lock, place)
            turns[place] = timed(partial(_unlock, path, lock, place))
        return medians(interleaved(turns, runs, "unlocking"))


def _opened(path: Path, lock: AiLock, place: str) -> Vault:
    if place == "file":
        return Vault.open(path, lock=lock)
    provider = pepper_provider(place)
    return Vault.open(path, pepper=provider, lock=lock.with_pepper(provider))


def _unlock(path: Path, lock: AiLock, place: str) -> None:
    with _opened(path, lock, place) as vault:
        vault.unlock("mug", PHOTO)


def _move_back(path: Path, lock: AiLock, place: str) -> None:
    with _opened(path, lock, place) as vault:
        vault.move_pepper(path.with_suffix(".pepper"), delete=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("places", nargs="+", help="keyring, tpm, tpm:TCTI or pkcs11:URI")
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for place, median in measure(arguments.places, arguments.runs, Path(folder)).items():
            print(f"{place.split('?')[0]:40} {median:7.1f} ms")


if __name__ == "__main__":
    main()
