"""How long a refusal takes, by what was wrong: two kinds that differ tell the attacker which.

Every kind of refusal is measured in turns with the one it is compared with, in random order, at the
cheapest Argon2id: a real one takes a quarter of a second, and what it varies by hides what is left
(``dudect``'s way; see :mod:`lab.statistics.welch`). Time is the processor's, which other programs
disturb less than the clock: the attacker sees no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time, process_time_ns

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock, ImagePrint, Record
from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import UnlockError
from ailock_sdk.record_keys import open_any
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import CHEAPEST, RFC9106_LOW_MEMORY, KdfCost, derive_keys
from ailock_sdk.store import RecoveryCode, open_slot, recovery_secret
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.records import CODE_LENGTH_BYTES, enrol, lock_of, near
from benchmarks.attacks.setting import Setting
from benchmarks.attacks.throttle import BUDGET
from lab.report.results import Table
from lab.statistics.intervals import Estimate
from lab.statistics.welch import SAME_BELOW, Difference, difference

NAME = "timing"
POOL = 25
"""Objects of which every kind of refusal is made: times are not of one record."""
PIN, WRONG_PIN = Hidden(b"4711"), Hidden(b"1174")
KDF_RUNS = 40
MICROSECONDS = 1e6

Refusal = Callable[[], None]


@dataclass(frozen=True)
class Pair:
    """Two ways to be refused that nobody may tell apart, each with one call for every object."""

    path: str
    first: str
    second: str
    refusals: tuple[tuple[Refusal, ...], tuple[Refusal, ...]]


@dataclass(frozen=True)
class Measured:
    """What was found of one pair.

    Attributes
    ----------
    found : at the cheapest Argon2id
    more_argon2ids : that the second kind computes, at a real cost
    tries : refusals of each kind that tell them through the noise of a real Argon2id
    """

    pair: Pair
    found: Difference
    more_argon2ids: int
    tries: float

    @property
    def seen(self) -> bool:
        """Whether the two kinds are told apart at all."""
        return self.found.seen or self.more_argon2ids != 0


def run(setting: Setting) -> Findings:
    """Measure every pair."""
    rng = setting.rng(NAME)
    rounds = setting.sample(10_000, 150)
    kdf, deviation = argon2id_seconds(setting.sample(KDF_RUNS, 5))
    measured = []
    for pair, real in zip(
        pairs(setting.lock, setting.sample(POOL, 3), rng, CHEAPEST),
        pairs(setting.lock, 1, rng, RFC9106_LOW_MEMORY),
        strict=True,
    ):
        found = difference(*measure(pair, rounds, rng))
        first, second = (kind.min() for kind in measure(real, setting.sample(3, 1), rng))
        more = round((second - first) / kdf)
        gap = found.seconds.value + more * kdf
        measured.append(Measured(pair, found, more, tries_to_tell(gap, deviation)))
    return Findings(
        tuple(_verdict(one) for one in measured), (_table(measured, rounds, kdf, deviation),)
    )


ATTACK = Attack(NAME, "the API and a clock", run)


def pairs(lock: AiLock, pool: int, rng: np.random.Generator, cost: KdfCost) -> list[Pair]:
    """All pairs, on so many records of random imageprints."""
    pepper = Hidden(rng.bytes(PEPPER_LENGTH_BYTES))

    def drawn() -> ImagePrint:
        return ImagePrint(rng.normal(size=lock.lambda_bits))

    def record(references: Sequence[ImagePrint], pin: Hidden | None = None) -> Record:
        return enrol(lock, references, rng, pepper=pepper, pin=pin, cost=cost)[0]

    def refusal(
        records: Sequence[Record], probes: Sequence[ImagePrint], pin: Hidden | None = None
    ) -> Refusal:
        def refuse() -> None:
            try:
                open_any(records, probes, pepper, pin)
            except UnlockError:
                return
            raise AssertionError("it opened")

        return refuse

    made: dict[tuple[str, str, str], list[tuple[Refusal, Refusal]]] = {}
    for _ in range(pool):
        a, b, other, another = drawn(), drawn(), drawn(), drawn()
        # A right probe differs in a fifth of the bits, those of small margins above all.
        right_a, right_b = (near(one, lock.lambda_bits // 5, rng) for one in (a, b))
        beyond = near(a, lock.radius + 1, rng)
        one, pinned = [record([a])], [record([a], PIN)]
        both = [record([a, b], PIN)]
        two_slots = [record([a], PIN), record([right_a], PIN)]
        two_objects = [record([a], PIN), record([b], PIN)]
        stranger = refusal(one, [other])
        for (path, first, second), calls in {
            ("one slot", "stranger's photo", "photo one bit beyond c"): (
                stranger,
                refusal(one, [beyond]),
            ),
            ("one slot, PIN", "photo wrong", "PIN wrong"): (
                refusal(pinned, [other], PIN),
                refusal(pinned, [right_a], WRONG_PIN),
            ),
            ("two objects, PIN", "first wrong", "second wrong"): (
                refusal(both, [other, right_b], PIN),
                refusal(both, [right_a, other], PIN),
            ),
            ("two objects, PIN", "one wrong", "both wrong"): (
                refusal(both, [right_a, other], PIN),
                refusal(both, [other, another], PIN),
            ),
            ("two objects, PIN", "both wrong", "PIN wrong"): (
                refusal(both, [other, another], PIN),
                refusal(both, [right_a, right_b], WRONG_PIN),
            ),
            ("two slots of one object, PIN", "photo wrong", "PIN wrong"): (
                refusal(two_slots, [other], PIN),
                refusal(two_slots, [right_a], WRONG_PIN),
            ),
            ("slots of two objects, PIN", "of the first, PIN wrong", "of the second, PIN wrong"): (
                refusal(two_objects, [right_a], WRONG_PIN),
                refusal(two_objects, [right_b], WRONG_PIN),
            ),
            ("recovery code", "first byte wrong", "last byte wrong"): _codes(lock, a, pepper, rng),
        }.items():
            made.setdefault((path, first, second), []).append(calls)
    return [
        Pair(*names, (tuple(c[0] for c in calls), tuple(c[1] for c in calls)))
        for names, calls in made.items()
    ]


def measure(
    pair: Pair, rounds: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds of so many refusals of each kind, (rounds,) each, in turns of random order."""
    seconds = np.empty((2, rounds))
    first = rng.integers(2, size=rounds)
    label = f"{pair.path}: {pair.second}"
    for number in tqdm(range(rounds), desc=label, unit="round", disable=None):
        at = number % len(pair.refusals[0])
        for kind in (first[number], 1 - first[number]):
            refuse = pair.refusals[kind][at]
            begun = process_time_ns()
            refuse()
            seconds[kind, number] = (process_time_ns() - begun) / 1e9
    return seconds[0], seconds[1]


def argon2id_seconds(runs: int) -> tuple[float, float]:
    """Least processor seconds of a real Argon2id, and their deviation by the quartiles."""
    taken = []
    for _ in range(runs):
        begun = process_time()
        derive_keys(Hidden(b"message"), bytes(16), None, RFC9106_LOW_MEMORY, b"")
        taken.append(process_time() - begun)
    low, high = np.quantile(taken, [0.25, 0.75])
    return min(taken), float(high - low) / 1.349  # the quartiles' distance if it were normal


def tries_to_tell(seconds: float, deviation: float) -> float:
    """Refusals of each kind after which a difference is likely seen behind a real Argon2id."""
    return float(2 * (SAME_BELOW * deviation / seconds) ** 2) if seconds else float("inf")


def _codes(
    lock: AiLock, print_: ImagePrint, pepper: Hidden, rng: np.random.Generator
) -> tuple[Refusal, Refusal]:
    made, code = lock_of([enrol(lock, [print_], rng, pepper=pepper)], rng)
    slot = made.slots[-1]

    def refusal(at: int) -> Refusal:
        wrong = bytearray(bytes(code))
        wrong[at] ^= 1

        def refuse() -> None:
            secret = recovery_secret(RecoveryCode(Hidden(wrong)), slot.body)
            assert open_slot(slot, secret, made.recipient) is None

        return refuse

    return refusal(0), refusal(CODE_LENGTH_BYTES - 1)


def _verdict(one: Measured) -> Verdict:
    gap = one.found.seconds.value * MICROSECONDS
    found = f"|t| = {abs(one.found.t):.1f}, {abs(gap):.1f} us"
    if one.more_argon2ids:
        found += f", and {abs(one.more_argon2ids)} Argon2id"
    if one.seen:
        found += f": seen behind Argon2id after {max(1, one.tries):,.0f} tries"
    pair = one.pair
    return Verdict(
        "throttle",
        f"{pair.path}: {pair.first}, or {pair.second}",
        f"|t| < {SAME_BELOW}, or more tries than {BUDGET}",
        found,
        not one.seen or one.tries > BUDGET,
    )


def _table(measured: Sequence[Measured], rounds: int, seconds: float, deviation: float) -> Table:
    columns = (
        *("path", "refused for", "or for", "t", "of the quickest", "later (us)"),
        *("more Argon2ids", "tries to tell"),
    )
    rows = tuple(
        (
            one.pair.path,
            one.pair.first,
            one.pair.second,
            one.found.t,
            one.found.cut,
            _microseconds(one.found.seconds),
            one.more_argon2ids,
            max(1.0, one.tries) if one.seen else None,
        )
        for one in measured
    )
    notes = (
        f"{rounds:,} refusals of each kind in turns, processor time, the cheapest Argon2id. t: "
        f"Welch's, the largest over several cuts; {SAME_BELOW} and more is a difference. Later: "
        "the second kind's mean less the first's, 95 % interval.",
        f"Tries to tell: refusals of each kind behind an Argon2id of 64 MiB, which here takes "
        f"{seconds * 1e3:.0f} ms of processor time and varies by {deviation * 1e3:.2f} ms "
        "(standard deviation, from its quartiles). More Argon2ids: at that cost.",
    )
    formats = {"t": ".1f", "of the quickest": ".0%", "later (us)": ".1f", "tries to tell": ",.0f"}
    return Table("", "Refusals by what was wrong", columns, rows, notes=notes, formats=formats)


def _microseconds(seconds: Estimate) -> Estimate:
    ends = (None if end is None else end * MICROSECONDS for end in (seconds.low, seconds.high))
    return Estimate(seconds.value * MICROSECONDS, *ends)
