"""The whole fuzzy extractor against the rule it stands for: distance <= c.

FMR and FNMR are counted on distances. The product decodes instead, and a decoder may miss: a
probe within c bits whose codeword is not found is refused all the same. Here sketch and recovery
run for a sample of trials, without key derivation (Argon2id), and are compared with the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.errors import UnlockError
from ailock_sdk.sketch import Code, recover, sketch
from lab.statistics.comparisons import share_a_photo
from lab.statistics.samples import Probes, References

MATED_TRIALS = 300
NON_MATED_TRIALS = 1_000
BANDS = (0.0, 0.5, 0.75, 0.9, 1.0)
"""Distances within c are reported by these fractions of c: the decoder works hardest at the end."""


@dataclass(frozen=True)
class Trial:
    """One sketch and recovery.

    ``accepted``: the right message came back. ``wrong_message``: another message came back, within
    c bits of the probe; the check tag refuses it with probability 1 - 2**-32.
    """

    mated: bool
    distance_bits: int
    accepted: bool
    wrong_message: bool


@dataclass(frozen=True)
class Agreement:
    """How decoding and the rule agree, over sampled trials of one kind."""

    trials: int
    within_radius: int
    accepted_within_radius: int
    accepted_beyond_radius: int
    wrong_messages: int

    @property
    def detection(self) -> float | None:
        """Share of the probes within c that decoding accepts; ``None`` if there were none."""
        return self.accepted_within_radius / self.within_radius if self.within_radius else None


def sample_trials(
    references: References, probes: Probes, mated: bool, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Up to ``count`` different trials drawn uniformly: (reference, probe) rows, int64 (T, 2).

    Trials are ordered: which photo is the reference matters to the looks taken of it, and to a
    decoder that weighs the probe's margins.
    """
    if mated:
        same = references.objects[:, None] == probes.objects[None, :]
        same &= ~share_a_photo(references.members, probes.members)
        trials = np.argwhere(same).astype(np.int64)
        return trials[rng.permutation(len(trials))[:count]]
    available = int((references.objects[:, None] != probes.objects[None, :]).sum())
    found: dict[tuple[int, int], None] = {}
    while len(found) < min(count, available):
        reference, probe = int(rng.integers(len(references))), int(rng.integers(len(probes)))
        if references.objects[reference] != probes.objects[probe]:
            found[reference, probe] = None
    return np.array(list(found), dtype=np.int64).reshape(-1, 2)


def run_trials(
    code: Code,
    radius: int,
    references: References,
    probes: Probes,
    seed: int,
    mated_trials: int = MATED_TRIALS,
    non_mated_trials: int = NON_MATED_TRIALS,
    progress: bool = False,
) -> list[Trial]:
    """Sketch and recover a seeded sample of mated, then of non-mated trials."""
    rng = np.random.default_rng(seed)
    drawn = [
        (mated, pair)
        for mated, count in ((True, mated_trials), (False, non_mated_trials))
        for pair in sample_trials(references, probes, mated, count, rng)
    ]
    bar = tqdm(drawn, "fuzzy extractor", unit="trial", disable=None if progress else True)
    return [
        _run_trial(code, radius, references.bits[pair[0]] == 1, probes.margins[pair[1]], mated, rng)
        for mated, pair in bar
    ]


def agreement(trials: Sequence[Trial], radius: int) -> Agreement:
    """Count how often decoding did what the rule says."""
    within = [trial for trial in trials if trial.distance_bits <= radius]
    return Agreement(
        trials=len(trials),
        within_radius=len(within),
        accepted_within_radius=sum(trial.accepted for trial in within),
        accepted_beyond_radius=sum(
            trial.accepted for trial in trials if trial.distance_bits > radius
        ),
        wrong_messages=sum(trial.wrong_message for trial in trials),
    )


def summary(trials: Sequence[Trial], radius: int) -> dict[str, object]:
    """Agreement of mated and of non-mated trials, and by band of the distance, for the report."""
    result: dict[str, object] = {}
    for name, mated in (("mated", True), ("non_mated", False)):
        of_kind = agreement([trial for trial in trials if trial.mated == mated], radius)
        result[name] = {**asdict(of_kind), "detection": of_kind.detection}
    bands = []
    for low, high in pairwise(BANDS):
        inside = [
            trial
            for trial in trials
            if low * radius < trial.distance_bits <= high * radius
            or (low == 0 and trial.distance_bits == 0)
        ]
        accepted = sum(trial.accepted for trial in inside)
        bands.append({"from_c": low, "to_c": high, "trials": len(inside), "accepted": accepted})
    return result | {"bands": bands}


def _run_trial(
    code: Code,
    radius: int,
    reference_bits: NDArray[np.bool_],
    probe_margins: NDArray[np.float64],
    mated: bool,
    rng: np.random.Generator,
) -> Trial:
    message = rng.integers(0, 2**code.symbol_bits, code.message_symbols)
    helper = sketch(code, reference_bits, message)
    distance = int(np.count_nonzero(reference_bits != (probe_margins >= 0)))
    try:
        right = bool(np.array_equal(recover(code, radius, helper, probe_margins), message))
    except UnlockError:
        return Trial(mated, distance, accepted=False, wrong_message=False)
    return Trial(mated, distance, accepted=right, wrong_message=not right)
