"""The Argon2id cost that suits a device: as much work as fits into a target time.

What a guess costs whoever stole a record is what an unlock costs its owner, so a device should
spend what it can. Memory comes first, as it is what an attacker's hardware has least of.

References
----------
RFC 9106, section 4; OWASP Password Storage Cheat Sheet, "Argon2id".
"""

from __future__ import annotations

import os
from functools import cache
from time import perf_counter

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ailock_sdk.parameters import ARGON2_TIME_COST_MAX
from ailock_sdk.sketch.kdf import RFC9106_LOW_MEMORY, KdfCost

TARGET_SECONDS = 0.25
"""What a tuned cost takes."""
OWASP_LEAST = KdfCost(time_cost=2, memory_cost_kib=19 * 1024, lanes=1)
"""The least that OWASP allows; a slow device takes its time for it."""
MOST_MEMORY_KIB = RFC9106_LOW_MEMORY.memory_cost_kib
"""Of a tuned cost, 64 MiB: a phone ends programs that ask for much."""
LANES = RFC9106_LOW_MEMORY.lanes
FAR_OFF = 3.0
"""A record whose work is this many times too little or too much should be made anew."""

_MIB_KIB = 1024


def tuned_cost(kib_per_second: float, target_seconds: float = TARGET_SECONDS) -> KdfCost:
    """The cost that takes ``target_seconds`` on a device of this speed, within floor and ceilings.

    At least two passes over whole MiB, as many as leave two passes but at most 64; with 64 MiB,
    more passes. The speed is that of :func:`measured_speed`.
    """
    work_kib = kib_per_second * target_seconds
    memory_kib = int(work_kib / OWASP_LEAST.time_cost) // _MIB_KIB * _MIB_KIB
    memory_kib = min(max(memory_kib, OWASP_LEAST.memory_cost_kib), MOST_MEMORY_KIB)
    passes = min(max(int(work_kib / memory_kib), OWASP_LEAST.time_cost), ARGON2_TIME_COST_MAX)
    return KdfCost(time_cost=passes, memory_cost_kib=memory_kib, lanes=LANES)


def tune(target_seconds: float = TARGET_SECONDS) -> KdfCost:
    """The cost that takes ``target_seconds`` on this device; see :func:`measured_speed`."""
    return tuned_cost(measured_speed(), target_seconds)


def is_far_off(cost: KdfCost, kib_per_second: float) -> bool:
    """Whether a cost is far from what a device of this speed would choose today."""
    ratio = work_kib(cost) / work_kib(tuned_cost(kib_per_second))
    return not 1 / FAR_OFF < ratio < FAR_OFF


def work_kib(cost: KdfCost) -> int:
    """Memory that one evaluation fills, in KiB, each pass counted."""
    return cost.time_cost * cost.memory_cost_kib


@cache
def measured_speed() -> float:
    """KiB of memory that Argon2id fills in a second here, measured once in a process.

    The least cost is timed three times, some 0.1 s on a PC, and the fastest counts: other programs
    may be at work during one. Without 19 MiB for it, it is a ``MemoryError``.
    """
    return work_kib(OWASP_LEAST) / min(_seconds_of_the_least() for _ in range(3))


def _seconds_of_the_least() -> float:
    argon2id = Argon2id(
        salt=os.urandom(16),
        length=32,
        iterations=OWASP_LEAST.time_cost,
        lanes=LANES,
        memory_cost=OWASP_LEAST.memory_cost_kib,
    )
    start = perf_counter()
    argon2id.derive(b"")
    return perf_counter() - start
