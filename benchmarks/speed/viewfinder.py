"""``python -m benchmarks.speed.viewfinder``: from a frame to advice, and to an opened lock.

A photo under a trembling hand stands for a camera of 20 frames a second. The exit status is 0, or
1: a limit does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ailock_sdk import AiLock, FilePepper, Vault
from ailock_sdk.camera import Camera, Frame
from ailock_sdk.viewfinder import Advice, Viewfinder, bursts
from benchmarks.speed.interleave import interleaved, timed

MODULE = "benchmarks.speed.viewfinder"
SIZES = ((640, 480), (1280, 720), (1920, 1080))
LIMITED_SIZE = (1280, 720)
ADVICE_LIMIT_MS = 15.0
OPEN_LIMIT_SECONDS = 1.5
FRAMES_A_SECOND = 20
PHOTO = Path(__file__).resolve().parents[2] / "tests" / "photos" / "mug-1.jpg"
_FRAMES = 20

Pixels = NDArray[np.uint8]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit status is 1 if a limit does not hold."""
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--photo", type=Path, default=PHOTO, help="what the camera sees")
    parser.add_argument("--runs", type=int, default=10, help="timed rounds (default: 10)")
    options = parser.parse_args(arguments)
    advice = advice_ms(options.photo, options.runs)
    for (width, height), ms in advice.items():
        print(f"frame of {width} x {height} to advice: {ms:.2f} ms")
    opened = seconds_to_open(options.photo, options.runs)
    print(f"first good frame to opened lock: {median(opened):.2f} s, at most {max(opened):.2f}")
    holds = advice[LIMITED_SIZE] <= ADVICE_LIMIT_MS and max(opened) <= OPEN_LIMIT_SECONDS
    print(
        f"limits: {ADVICE_LIMIT_MS:g} ms, {OPEN_LIMIT_SECONDS:g} s: {'hold' if holds else 'FAIL'}"
    )
    return 0 if holds else 1


def advice_ms(photo: Path, runs: int) -> dict[tuple[int, int], float]:
    """Median milliseconds from a frame of each size to its advice."""
    works = {f"{w} x {h}": timed(_judging(photo, (w, h))) for w, h in SIZES}
    times = interleaved(works, runs, "advice")
    return dict(zip(SIZES, (median(each) / _FRAMES for each in times.values()), strict=True))


def _judging(photo: Path, size: tuple[int, int]) -> Callable[[], None]:
    frames = [Frame(p, n / FRAMES_A_SECOND) for n, p in enumerate(_hand_held(photo, size))]

    def judge() -> None:
        finder = Viewfinder()
        for frame in frames:
            finder.look(frame)

    return judge


def seconds_to_open(photo: Path, runs: int) -> list[float]:
    """From the first good frame to the secret; Argon2id as tuned to this device, the model warm."""
    frames = list(_hand_held(photo, LIMITED_SIZE))
    found = []
    with tempfile.TemporaryDirectory(prefix="ailock-") as folder:
        pepper = FilePepper(Path(folder) / "pepper")
        with (
            AiLock(pepper=pepper) as lock,
            Vault.open(Path(folder) / "vault.db", pepper=pepper, lock=lock) as vault,
        ):
            vault.enroll("benchmark", [str(photo)])
            for _ in range(runs):
                found.append(_open(vault, frames))
    return found


def _open(vault: Vault, frames: Sequence[Pixels]) -> float:
    first: list[float] = []

    def note(advice: Advice) -> None:
        if advice is Advice.GOOD and not first:
            first.append(time.monotonic())

    def produce() -> Iterator[tuple[Pixels, None]]:
        for pixels in cycle(frames):
            time.sleep(1 / FRAMES_A_SECOND)
            yield pixels, None

    with Camera("benchmark", produce, live=True) as camera:
        burst = next(bursts(camera, 15.0, tell=note))
        vault.unlock("benchmark", [glance.frame.pixels for glance in burst])
        return time.monotonic() - first[0]


def _hand_held(photo: Path, size: tuple[int, int]) -> Iterator[Pixels]:
    random = np.random.default_rng(0)
    width, height = size
    with Image.open(photo) as image:
        pixels = np.asarray(image.convert("RGB").resize((width + 16, height + 16)))
    for top, left in random.integers(0, 16, (_FRAMES, 2)):
        yield np.ascontiguousarray(pixels[top : top + height, left : left + width])


if __name__ == "__main__":
    sys.exit(main())
