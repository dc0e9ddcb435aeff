"""How long a combination's refusals take: ``python -m tests.campaign_refusals --rounds 200``.

Of pairs of objects, whose imageprints are drawn at random, the first is wrong, the second, both, or
the PIN; every round compares one of each, in random order, at the genuine cost of Argon2id. Exits
with 1 if one opens, or if the median processor times differ by more than 2 %: other programs
lengthen the time by the clock, which is shown beside.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time

import numpy as np
from tqdm import tqdm

from ailock_sdk.errors import UnlockError
from ailock_sdk.imageprint import ImagePrint
from ailock_sdk.record_keys import Maker, NewObject, make_record, open_any
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import CHEAPEST, RFC9106_LOW_MEMORY, Code, KdfCost, message_length_bytes
from ailock_sdk.store import Record

CODE = Code(512, 6, 8, 4)
RADIUS = 166
SHARE_WRONG = 0.2
"""Of a right probe's bits."""
ALIKE_WITHIN = 0.02
PIN, OTHER_PIN = Hidden(b"4711"), Hidden(b"1174")
PEPPER = Hidden(range(32))


@dataclass(frozen=True)
class Pair:
    """A combination, probes of its objects, and probes of others."""

    record: Record
    secret: bytes
    right: tuple[ImagePrint, ImagePrint]
    wrong: tuple[ImagePrint, ImagePrint]

    def attempts(self) -> dict[str, tuple[tuple[ImagePrint, ImagePrint], Hidden]]:
        """Each way to be wrong."""
        (right_1, right_2), (wrong_1, wrong_2) = self.right, self.wrong
        return {
            "first wrong": ((wrong_1, right_2), PIN),
            "second wrong": ((right_1, wrong_2), PIN),
            "both wrong": ((wrong_1, wrong_2), PIN),
            "PIN wrong": (self.right, OTHER_PIN),
        }


def make_pair(rng: np.random.Generator, cost: KdfCost = CHEAPEST) -> Pair:
    """Two objects that have nothing in common, enrolled together."""
    references = [rng.normal(size=CODE.lambda_bits) for _ in range(2)]
    new = [
        NewObject(
            ImagePrint(margins), 1, rng.bytes(16), Hidden(rng.bytes(message_length_bytes(CODE)))
        )
        for margins in references
    ]
    maker = Maker(1, bytes(32), "default", CODE, RADIUS)
    record, secret = make_record(maker, new, rng.bytes(16), PEPPER, PIN, cost)
    first, second = (ImagePrint(_seen_again(margins, rng)) for margins in references)
    others = [ImagePrint(rng.normal(size=CODE.lambda_bits)) for _ in range(2)]
    return Pair(record, bytes(secret), (first, second), (others[0], others[1]))


def opens(pair: Pair, probes: Sequence[ImagePrint], pin: Hidden) -> bool:
    """Whether the record opens."""
    try:
        _, secret = open_any([pair.record], probes, PEPPER, pin)
    except UnlockError:
        return False
    assert bytes(secret) == pair.secret
    return True


def run(rounds: int, seed: int, cost: KdfCost) -> dict[str, tuple[float, float]]:
    """Median seconds of each refusal: of the processor, all threads together, and by the clock.

    Raises
    ------
    AssertionError
        A record opened that should not, or did not open to its owner.
    """
    rng, order = np.random.default_rng(seed), random.Random(seed)
    seconds: dict[str, list[tuple[float, float]]] = {}
    for _ in tqdm(range(rounds), unit="pair", disable=None):
        pair = make_pair(rng, cost)
        assert opens(pair, pair.right, PIN)
        attempts = list(pair.attempts().items())
        order.shuffle(attempts)
        for name, (probes, pin) in attempts:
            begun = process_time(), perf_counter()
            assert not opens(pair, probes, pin), name
            taken = process_time() - begun[0], perf_counter() - begun[1]
            seconds.setdefault(name, []).append(taken)
    return {
        name: (median(one[0] for one in times), median(one[1] for one in times))
        for name, times in sorted(seconds.items())
    }


def _seen_again(margins: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = np.tan(np.pi * SHARE_WRONG)  # of two directions that differ in this share of signs
    return margins + noise * rng.normal(size=len(margins))


def main() -> int:
    """Print the medians; 1 if they differ too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    medians = run(options.rounds, options.seed, RFC9106_LOW_MEMORY)
    for name, (processor, clock) in medians.items():
        print(f"{name}: {1000 * processor:.2f} ms of processor, {1000 * clock:.2f} ms by the clock")
    spreads = [max(values) / min(values) - 1 for values in zip(*medians.values(), strict=True)]
    print(
        f"{options.rounds} pairs; none opened; medians within {spreads[0]:.2%} of processor, "
        f"{spreads[1]:.2%} by the clock"
    )
    return 0 if spreads[0] <= ALIKE_WITHIN else 1


if __name__ == "__main__":
    sys.exit(main())
