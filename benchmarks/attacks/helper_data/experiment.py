"""Records stolen and attacked, one after the other, and what the attacker got out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.attacks.helper_data.attack import (
    AttackerView,
    Outcome,
    attack,
    judge,
    make_record,
    pair_cosines,
    pair_scores,
)
from benchmarks.attacks.helper_data.bit_prior import BitPrior
from benchmarks.attacks.helper_data.scenarios import Scenario
from lab.statistics.intervals import Estimate, normal_mean, wilson

Array = NDArray[np.float64]

_WRONG_PAIRS = 50


@dataclass(frozen=True, eq=False)
class Result:
    """What one attacker got out of one scenario's records."""

    scenario: Scenario
    knowledge: str
    outcomes: tuple[Outcome, ...]
    seconds_per_record: float
    cosines: tuple[Array, Array]
    pair_scores: tuple[Array, Array]

    @property
    def records(self) -> int:
        return len(self.outcomes)

    @property
    def recovered(self) -> int:
        return sum(outcome.recovered for outcome in self.outcomes)

    @property
    def recovered_share(self) -> Estimate:
        return wilson(self.recovered, self.records)

    @property
    def recovered_from_blocks(self) -> int:
        return sum(outcome.blocks_recovered for outcome in self.outcomes)

    @property
    def likeliest(self) -> int:
        """Records whose codeword looks likelier than all that was found: no search does better."""
        return sum(outcome.likeliest for outcome in self.outcomes)

    def fallen_after(self, tries: float) -> int:
        """Records that so many messages open, one Argon2id each, likeliest first."""
        bits = self.scenario.code.message_bits
        return sum(outcome.tries(bits) <= tries for outcome in self.outcomes)

    def advantage(self, name: str) -> Estimate:
        """Mean over the records of one of ``Outcome``'s advantages in bits."""
        return normal_mean([getattr(outcome, name) for outcome in self.outcomes])


def attack_records(scenario: Scenario, knowledge: str, prior: BitPrior, seed: int) -> Result:
    """Make a record of each imageprint, attack it, and compare with the truth."""
    rng = np.random.default_rng(seed)
    code = scenario.code
    outcomes, cosines, scores = [], [], []
    seconds = 0.0
    label = f"{scenario.name}, {knowledge}"
    for bits in tqdm(scenario.bits, desc=label, unit="record", disable=None):
        helper, truth = make_record(code, bits, rng, peppered=scenario.peppered)
        view = AttackerView(code, helper, prior)
        start = perf_counter()
        guess = attack(view)
        seconds += perf_counter() - start
        outcomes.append(judge(code, guess, truth, rng))
        cosines.append(pair_cosines(view, truth, scenario.correlation, _WRONG_PAIRS, rng))
        scores.append(pair_scores(guess, truth))
    return Result(
        scenario,
        knowledge,
        tuple(outcomes),
        seconds / len(outcomes),
        _joined(cosines),
        _joined(scores),
    )


def _joined(parts: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    right, others = zip(*parts, strict=True)
    return np.concatenate(right), np.concatenate(others)
