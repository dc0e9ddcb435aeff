"""Unlock a record and enrol a photo in one process; one JSON object on standard output.

    python unlock_elsewhere.py RECORD PHOTO OTHER_VIEW

Run by another machine's Python, as a file: it imports nothing but the package.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock, ImagePrint
from ailock_sdk.sketch import CHEAPEST


class RecordingLock(AiLock):
    """A lock that keeps the imageprints it takes: each costs seconds under emulation."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.taken: dict[str, ImagePrint] = {}

    def imageprint(self, photo: Any, *, reference: bool = False) -> ImagePrint:
        taken = super().imageprint(photo, reference=reference)
        self.taken.setdefault("reference" if reference else "probe", taken)
        return taken

    def probes(self, photos: Any) -> tuple[ImagePrint, ...]:
        taken = super().probes(photos)
        self.taken["two probes"] = taken[0]
        return taken


def main(record: str, photo: str, other_view: str) -> None:
    """Print what this machine makes of the record and the photos."""
    lock = RecordingLock(pepper=None, cost=CHEAPEST)
    unlocked = lock.unlock([photo, other_view], Path(record).read_bytes())
    enrolled, secret = lock.enroll([photo])
    result = {
        "machine": platform.machine(),
        "fingerprint": lock.fingerprint.hex(),
        "unlocked_sha256": hashlib.sha256(bytes(unlocked)).hexdigest(),
        "record": bytes(enrolled).hex(),
        "secret_sha256": hashlib.sha256(bytes(secret)).hexdigest(),
        "bits": {looks: taken.bits.tolist() for looks, taken in lock.taken.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
