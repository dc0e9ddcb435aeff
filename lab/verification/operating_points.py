"""What a lock is worth at its radius: rates of random and of targeted impostors, strength in bits.

An impostor drawn at random says little about one who brings another thing of the owner's kind to
the owner's place; and several photos at either end bring everybody nearer, impostors too. So rates
of both, for several numbers of photos, stand beside each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from ailock_sdk import AiLock
from lab.statistics.comparisons import object_weights
from lab.statistics.intervals import Estimate
from lab.statistics.object_pairs import count_pairs, different
from lab.statistics.samples import Samples, combined_probes
from lab.verification.targeted import KindRates, Numbers, measure, references_of

PHOTOS: tuple[Numbers, ...] = ((1, 1), (3, 1), (3, 3))
"""Numbers of photos in a reference and in a probe that an operating point is measured with."""


@dataclass(frozen=True)
class PointRates:
    """With so many photos at either end; ``None`` where there was no trial.

    Attributes
    ----------
    random : impostors drawn at random that are accepted (FMR)
    refused : owners that are refused, of the same photos (FNMR)
    targeted : impostors and owners of the targeted set; ``None`` also if there is none
    """

    random: Estimate | None
    refused: Estimate | None
    targeted: KindRates | None


@dataclass(frozen=True)
class OperatingPoint:
    """A profile's radius, and what was measured at it.

    Attributes
    ----------
    profile : its name
    tau : as the manifest writes it
    code : order, blocks and message symbols
    rates : for each of the numbers of photos
    """

    profile: str
    tau: str
    radius_bits: int
    code: tuple[int, int, int]
    message_bits: int
    rates: Mapping[Numbers, PointRates]

    def strength_bits(self, rate: Estimate) -> Estimate:
        """``min(message bits, -log2 rate)``: an attacker's tries, whichever way is shorter.

        Of a rate of zero the message's bits are left, and the lower end says what is known.
        """
        low = None if rate.high is None else self._bits(rate.high)
        high = None if rate.low is None else self._bits(rate.low)
        return Estimate(self._bits(rate.value), low, high)

    def _bits(self, share: float) -> float:
        return min(float(self.message_bits), -log2(share)) if share > 0 else self.message_bits


def measure_point(
    lock: AiLock,
    photos: Samples,
    targeted: Samples | None = None,
    alike: Sequence[tuple[str, str]] = (),
    bootstrap: int = 1_000,
    seed: int = 1,
) -> OperatingPoint:
    """What ``lock``'s profile is worth at its radius.

    Parameters
    ----------
    photos : whose different objects are impostors drawn at random
    targeted : of objects of a few kinds in the same places; see
        :func:`lab.verification.targeted.measure`, which ``alike`` is for
    bootstrap : replicates over objects; 0 gives no intervals

    Raises
    ------
    PhotoSetError, TooFewTrialsError
        As :func:`lab.verification.targeted.measure`.
    """
    found = (
        {}
        if targeted is None
        else measure(lock, targeted, PHOTOS, alike, bootstrap=bootstrap, seed=seed)
    )
    count = len(photos.names)
    weights = object_weights(count, bootstrap, seed)
    rates = {}
    for numbers in PHOTOS:
        references = references_of(lock, photos, numbers[0], seed)
        probes = combined_probes(photos, numbers[1], seed)
        pairs = count_pairs(photos, references, probes, lock.radius)
        opened = pairs.rate(np.eye(count, dtype=np.bool_), weights)
        of_kinds = found.get(numbers)
        rates[numbers] = PointRates(
            pairs.rate(different(count), weights),
            None if opened is None else opened.complement(),
            None if of_kinds is None else of_kinds.all,
        )
    return OperatingPoint(
        lock.profile.name,
        lock.profile.tau,
        lock.radius,
        lock.profile.code,
        lock.code.message_bits,
        rates,
    )
