"""``helper-data``: steal records and recover their codewords, by every kind of attacker."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.embedding import DEFAULT_BUNDLE
from ailock_sdk.profiles import DEFAULT_PROFILE
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
from benchmarks.attacks.helper_data.photo_margins import read_photos
from benchmarks.attacks.helper_data.scenarios import Scenario, scenarios
from lab.bundles.find import open_bundle
from lab.statistics.intervals import Estimate, normal_mean, wilson

Array = NDArray[np.float64]

PAPER_LAYER = "pool_3"
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

    def advantage(self, name: str) -> Estimate:
        """Mean over the records of one of ``Outcome``'s advantages in bits."""
        return normal_mean([getattr(outcome, name) for outcome in self.outcomes])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--photos", type=Path, required=True, metavar="SET", help="photo set of the records")
    add(
        "--fit",
        type=Path,
        nargs="+",
        default=[],
        metavar="SET",
        help="photo sets that the attacker owns, and that the paper's components are fitted on "
        "(always added: photos of SET that show no recorded object); choose sets that the bundle's "
        "projection was not fitted on, for on those its bits look independent even if they are not",
    )
    add("--records", type=int, default=100)
    add("--seed", type=int, default=1)
    add("--limit", type=int, default=2000, help="photos read of each --fit set at most")
    add("--bundle", default=DEFAULT_BUNDLE, help="model bundle, a name or a folder")
    add("--profile", default=DEFAULT_PROFILE)
    add("--layer", help=f"the paper's layer (default: {PAPER_LAYER} if there is one)")


def run(options: argparse.Namespace) -> tuple[AiLock, list[Result]]:
    """Every scenario, attacked with every kind of knowledge."""
    lock = AiLock(open_bundle(options.bundle), options.profile, threads=1, check_quality=False)
    layer = options.layer or _paper_layer(lock)
    photos = read_photos(
        lock, layer, options.photos, options.fit, options.records, options.limit, options.seed
    )
    return lock, [
        attack_records(scenario, knowledge, prior, options.seed)
        for scenario in scenarios(lock, photos, options.seed)
        for knowledge, prior in scenario.priors.items()
    ]


def attack_records(scenario: Scenario, knowledge: str, prior: BitPrior, seed: int) -> Result:
    """Make a record of each imageprint, attack it, and compare with the truth."""
    rng = np.random.default_rng(seed)
    code = scenario.code
    outcomes, cosines, scores = [], [], []
    seconds = 0.0
    label = f"{scenario.name}, {knowledge}"
    for bits in tqdm(scenario.bits, desc=label, unit="record", disable=None):
        helper, salt, truth = make_record(code, bits, rng, peppered=scenario.peppered)
        view = AttackerView(code, helper, salt, prior)
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


def _paper_layer(lock: AiLock) -> str:
    return PAPER_LAYER if PAPER_LAYER in lock.bundle.layers else lock.profile.layers[0]
