"""Unlock from Python with a camera, by the best frames of a moment.

    python unlock_with_bursts.py NAME [SOURCE]

SOURCE is a device, a stream's address or a video file; without one, the first camera.
"""

from __future__ import annotations

import sys

from ailock_sdk import AilockError, Secret, UnlockError, Vault
from ailock_sdk.camera import open_camera
from ailock_sdk.viewfinder import bursts


def unlock(vault: Vault, name: str, source: str | None) -> Secret | None:
    """The lock's secret, or ``None`` if it did not open within 15 seconds."""
    with open_camera(source) as camera:
        for burst in bursts(camera, seconds=15, tell=lambda advice: print(advice.text)):
            try:
                return vault.unlock(name, [glance.frame.pixels for glance in burst])
            except UnlockError:  # this burst was one attempt; LockedOutError ends it all
                print("no match yet")
    return None


def main() -> int:
    name, source = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    try:
        with Vault.open() as vault:
            secret = unlock(vault, name, source)
    except AilockError as error:
        print(error, file=sys.stderr)
        return 2
    if secret is None:
        return 1
    print(f"opened: {len(bytes(secret))} bytes to do something with")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
