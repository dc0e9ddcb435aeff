"""A door: press the button, show the object, and a relay opens it for some seconds.

    python door.py front --camera picamera2 --relay 17 --button 27

`front` is a lock of the vault of whoever runs this; pins have the numbers of the Pi's processor.
The door has to be shut while the relay is off.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time

from gpiozero import Button, OutputDevice

from ailock_sdk import AilockError, PhotoQualityError, UnlockError, Vault
from ailock_sdk.camera import open_camera
from ailock_sdk.viewfinder import bursts

LONGEST_REST_SECONDS = 60.0
TRIES = 3
"""Moments of the camera that are compared after one press, each counted as one attempt."""

log = logging.getLogger("door")


def main() -> None:
    options = read_options()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as an end of the program: relay off
    with (
        Vault.open() as vault,
        OutputDevice(options.relay, initial_value=False) as relay,
        Button(options.button) as button,
    ):
        vault.show(options.lock)  # or an error now, not at the first press
        log.info("ready, with %s", vault.lock.bundle.name)
        misses = 0
        while True:
            button.wait_for_press()
            try:
                look(vault, options)
            except AilockError as error:
                misses += 1
                rest = min(2.0**misses, LONGEST_REST_SECONDS)
                log.warning("shut: %s; the next press counts in %.0f s", error, rest)
                time.sleep(rest)
            else:
                misses = 0
                log.info("open for %g s", options.seconds)
                try:
                    relay.on()
                    time.sleep(options.seconds)
                finally:
                    relay.off()
            button.wait_for_release()


def look(vault: Vault, options: argparse.Namespace) -> None:
    """Return once the lock is opened; else raise what kept it shut."""
    missed: AilockError = UnlockError()
    with open_camera(options.camera) as camera:
        for _, burst in zip(range(TRIES), bursts(camera, options.look), strict=False):
            try:
                vault.unlock(options.lock, [glance.frame.pixels for glance in burst])
                return
            except (UnlockError, PhotoQualityError) as error:
                missed = error
    raise missed


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("lock", help="its name")
    parser.add_argument("--camera", help="as for `ailock unlock --camera` [the first]")
    parser.add_argument("--relay", default=17, help="its pin [17]")
    parser.add_argument("--button", default=27, help="its pin, against ground [27]")
    parser.add_argument("--seconds", type=float, default=5, help="how long the door is open [5]")
    parser.add_argument("--look", type=float, default=10, help="seconds after a press [10]")
    return parser.parse_args()


if __name__ == "__main__":
    main()
