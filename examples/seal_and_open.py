"""A diary that anybody may write into, and that opens by a photo.

    python seal_and_open.py write "what happened today"
    python seal_and_open.py read new-photo.jpg ...

The lock is called `diary`: `ailock enroll diary mug1.jpg mug2.jpg mug3.jpg`. Each page is an age
file of its own in the folder ``diary``, sealed to the lock, for which no photo is needed.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from pyrage import decrypt, x25519

from ailock_sdk import AilockError, UnlockError, Vault

LOCK = "diary"
FOLDER = Path("diary")


def write(vault: Vault, text: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    page = FOLDER / f"{datetime.now():%Y-%m-%d-%H%M%S-%f}.age"
    page.write_bytes(vault.seal(LOCK, text.encode()))


def read(vault: Vault, photos: list[str]) -> None:
    """Print every page; the photos are compared once, for all of them."""
    identity = x25519.Identity.from_str(bytes(vault.identity(LOCK, photos)).decode())
    for page in sorted(FOLDER.glob("*.age")):
        print(page.stem, decrypt(page.read_bytes(), [identity]).decode())


def main() -> int:
    what, *words = sys.argv[1:]
    try:
        with Vault.open() as vault:
            if what == "write":
                write(vault, " ".join(words))
            else:
                read(vault, words)
    except UnlockError:
        print("no match", file=sys.stderr)
        return 1
    except AilockError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
