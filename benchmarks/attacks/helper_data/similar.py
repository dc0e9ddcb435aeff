"""A thief who has photos of the owner's place: of other kinds of things there, and of the same.

The first say which bits go together where the owner's photo was taken. Those of the same kind say
of each bit how it probably is: a field on top of it. How much to believe them is learnt on other
kinds of things, by logistic regression.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.attacks.helper_data.bit_prior import BitPrior, prior_from_photos
from benchmarks.attacks.helper_data.experiment import Result, attack_records
from benchmarks.attacks.helper_data.results import TRIES, table
from benchmarks.attacks.helper_data.scenarios import Scenario
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting
from lab.errors import TooFewTrialsError
from lab.statistics.intervals import normal_mean
from lab.statistics.object_pairs import kind_of
from lab.statistics.samples import Samples

Array = NDArray[np.float64]

NAME = "similar objects"
PLACE = "photos of other kinds in the owner's place"
KIND = "those, and photos of the owner's kind there"
_NEWTON_STEPS = 8


def run(setting: Setting) -> Findings:
    """Steal records of every kind of which there are several, without the pepper."""
    lock, seed = setting.lock, setting.seed
    samples, own = setting.targeted_samples, setting.samples
    kinds = np.array([kind_of(name.rpartition("/")[2]) for name in samples.names])
    several = [kind for kind in np.unique(kinds) if (kinds == kind).sum() > 1]
    if not several:
        raise TooFewTrialsError("needs --targeted with two objects of one kind")
    of_kind = kinds[samples.objects]
    results: dict[str, list[Result]] = {PLACE: [], KIND: []}
    for kind in several[: setting.sample(len(several), 1)]:
        # None of the photos shows the kind; those of the same place count as related.
        others = of_kind != kind
        prior = prior_from_photos(
            np.concatenate([own.reference_margins, samples.reference_margins[others]]),
            [*(f"own {k}" for k in own.objects), *(f"place {k}" for k in samples.objects[others])],
            np.arange(len(own) + int(others.sum())) >= len(own),
            np.eye(lock.lambda_bits),
            seed,
        )
        strength = _strength(samples, kinds, kinds != kind)
        for k in np.flatnonzero(kinds == kind)[: setting.sample(len(kinds), 1)]:
            mine = np.flatnonzero(samples.objects == k)[: setting.sample(4, 2)]
            scenario = Scenario(
                lock.profile.name,
                lock.lambda_bits,
                "orthonormal",
                lock.code,
                samples.reference_margins[mine] >= 0,
                np.eye(lock.lambda_bits),
                {},
            )
            told = BitPrior(prior.bias + strength * _field(samples, kinds, k), prior.coupling)
            for knowledge, belief in ((PLACE, prior), (KIND, told)):
                found = attack_records(scenario, knowledge, belief, seed + int(k))
                results[knowledge].append(found)
    joined = [_joined(parts) for parts in results.values()]
    return Findings(tuple(map(_verdict, joined)), (table(joined),))


ATTACK = Attack(NAME, "the record and the pepper; photos of the owner's place", run)


def _field(samples: Samples, kinds: NDArray[np.str_], k: int) -> Array:
    """What photos of an object's kind, not of itself, say of its bits: mean margins, (lambda,)."""
    others = np.flatnonzero((kinds == kinds[k]) & (np.arange(len(kinds)) != k))
    margins = samples.reference_margins[np.isin(samples.objects, others)]
    unit = margins / np.sqrt(np.mean(np.square(margins), axis=1, keepdims=True))
    return np.asarray(unit.mean(axis=0))


def _strength(samples: Samples, kinds: NDArray[np.str_], usable: NDArray[np.bool_]) -> float:
    """By what the field is multiplied to be half the log odds of a bit: logistic regression."""
    fields, signs = [], []
    for k in np.flatnonzero(usable):
        if (kinds == kinds[k]).sum() > 1:
            margins = samples.reference_margins[samples.objects == k]
            fields.append(np.tile(_field(samples, kinds, int(k)), len(margins)))
            signs.append(np.where(margins >= 0, 1.0, -1.0).ravel())
    if not fields:
        return 0.0
    x, y = np.concatenate(fields), np.concatenate(signs)
    strength = 0.0
    for _ in range(_NEWTON_STEPS):  # of the log likelihood of P(y) = 1 / (1 + exp(-2 strength x y))
        wrong = 1 / (1 + np.exp(2 * strength * x * y))
        slope = float((2 * x * y * wrong).sum())
        strength += slope / float((4 * x**2 * wrong * (1 - wrong)).sum())
    return strength


def _joined(parts: list[Result]) -> Result:
    return replace(
        parts[0],
        outcomes=tuple(one for part in parts for one in part.outcomes),
        seconds_per_record=float(np.mean([part.seconds_per_record for part in parts])),
    )


def _verdict(one: Result) -> Verdict:
    bits = normal_mean([outcome.message_bits for outcome in one.outcomes])
    after = ", ".join(f"{one.fallen_after(n)} {name}" for name, n in TRIES.items())
    found = f"{one.recovered} of {one.records} recovered ({after}), {bits.value:.1f} bits leak"
    return Verdict("irreversibility", f"pepper lost; thief has {one.knowledge}", "", found, None)
