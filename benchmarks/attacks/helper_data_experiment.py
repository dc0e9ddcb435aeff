"""``helper-data``: steal records, recover their codewords; the paper's parameters and the default.

Both scenarios use the same photos. The attacker never owns a photo of a recorded object.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.embedding import (
    DEFAULT_BUNDLE,
    Bundle,
    ProjectionSpec,
    find_bundle,
    load_bundle,
)
from ailock_sdk.imageprint import (
    gaussian_hyperplanes,
    load_projections,
    orthonormal_hyperplanes,
)
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.sketch import Code
from benchmarks.attacks.bit_prior import BitPrior, prior_from_correlation, prior_from_photos
from benchmarks.attacks.helper_data import (
    AttackerView,
    Outcome,
    attack,
    judge,
    make_record,
    pair_cosines,
    pair_scores,
)
from benchmarks.attacks.photo_margins import Photos, read_photos
from lab.errors import PhotoSetError
from lab.statistics.intervals import Estimate, normal_mean, wilson

Array = NDArray[np.float64]

PAPER_WINDOW = (200, 400)
PAPER_LAMBDA_BITS = 512
PAPER_CODE = (7, 4, 3)
PAPER_LAYER = "pool_3"
HYPERPLANES = {"orthonormal": orthonormal_hyperplanes, "gaussian": gaussian_hyperplanes}
PAPER_FALLS, DEFAULT_FALLS = 0.95, 0.0
"""At least this share of the paper's records must fall, at most that share of the default's."""
BY_HYPERPLANES, STRONGEST = "hyperplanes", "own photos"
"""The attacker that ended the paper's parameters, and the best one there is."""
_SEGMENT_CORRELATION = 0.5
"""Guess of one without photos: how alike the segments of one photo are to the network."""
_WRONG_PAIRS = 50


@dataclass(frozen=True, eq=False)
class Scenario:
    """Parameters under attack, and what each kind of attacker believes.

    Attributes
    ----------
    dimensions : components that the hyperplanes cut, over all layers and segments
    hyperplanes : "gaussian" or "orthonormal"
    bits : reference bits of the records, bool (records, lambda)
    correlation : cosines of the bits' hyperplanes, (lambda, lambda)
    peppered : records are masked with a pepper that the thief lacks
    priors : by the attacker's knowledge
    """

    name: str
    dimensions: int
    hyperplanes: str
    code: Code
    bits: NDArray[np.bool_]
    correlation: Array
    priors: dict[str, BitPrior]
    peppered: bool = False


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
    """The paper's parameters, and the profile without and with a pepper, for every attacker."""
    lock = AiLock(_bundle(options.bundle), options.profile, threads=1, check_quality=False)
    layer = options.layer or _paper_layer(lock)
    photos = read_photos(
        lock, layer, options.photos, options.fit, options.records, options.limit, options.seed
    )
    results = []
    bare = default_scenario(lock, photos, options)
    peppered = replace(
        bare,
        name=f"{bare.name} + pepper",
        priors={STRONGEST: bare.priors[STRONGEST]},
        peppered=True,
    )
    for scenario in (paper_scenario(photos, options.seed), bare, peppered):
        for knowledge, prior in scenario.priors.items():
            results.append(attack_records(scenario, knowledge, prior, options.seed))
    return lock, results


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


def paper_scenario(photos: Photos, seed: int) -> Scenario:
    """Principal components 200 to 400 of the attacker's photos, cut by Gaussian hyperplanes."""
    start, stop = PAPER_WINDOW
    own = photos.embeddings[photos.owned].astype(np.float64)
    if min(own.shape) <= stop:
        raise PhotoSetError(
            f"components {start} to {stop} need more than {stop} photos beside the records' "
            f"({len(own)} given: see --fit) and a layer of as many values ({own.shape[1]})"
        )
    centre = own.mean(axis=0)
    components = np.linalg.svd(own - centre, full_matrices=False)[2][start:stop]  # (d, D)
    hyperplanes = gaussian_hyperplanes(seed, PAPER_LAMBDA_BITS, stop - start)
    margins = (photos.embeddings - centre) @ (hyperplanes @ components).T
    correlation = _cosines(hyperplanes)
    return Scenario(
        name="paper",
        dimensions=stop - start,
        hyperplanes="gaussian",
        code=Code(PAPER_LAMBDA_BITS, *PAPER_CODE),
        bits=margins[photos.recorded] >= 0,
        correlation=correlation,
        priors=_priors({BY_HYPERPLANES: correlation}, margins, photos, seed),
    )


def default_scenario(lock: AiLock, photos: Photos, options: argparse.Namespace) -> Scenario:
    """A profile of the bundle as it is shipped: its weights, its permutation, its code."""
    profile = lock.profile
    specs = [lock.bundle.projections[layer] for layer in profile.layers]
    projections = load_projections(lock.bundle.projection_path, profile.layers)
    segments = len(profile.segments)
    correlation = bit_correlation([_hyperplanes(spec) for spec in specs], segments)
    weights = [projections[layer].weights for layer in profile.layers]
    return Scenario(
        name=profile.name,
        dimensions=sum(spec.dimensions for spec in specs) * segments,
        hyperplanes=", ".join(sorted({spec.hyperplanes for spec in specs})),
        code=lock.code,
        bits=photos.margins[photos.recorded] >= 0,
        correlation=correlation,
        priors=_priors(
            {BY_HYPERPLANES: correlation, "weights": bit_correlation(weights, segments)},
            photos.margins,
            photos,
            options.seed,
        ),
    )


def bit_correlation(layers: Sequence[Array], segments: int) -> Array:
    """Correlation of a profile's margins if embeddings point anywhere: (lambda, lambda).

    ``layers`` are the directions (lambda, d) that each layer's bits cut. All segments of a layer
    are cut by the same ones.
    """
    alike = np.full((segments, segments), _SEGMENT_CORRELATION)
    np.fill_diagonal(alike, 1.0)
    blocks = [np.kron(alike, _cosines(directions)) for directions in layers]
    total = sum(len(block) for block in blocks)
    result = np.zeros((total, total))
    start = 0
    for block in blocks:
        result[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    return result


def _priors(
    correlations: dict[str, Array], margins: Array, photos: Photos, seed: int
) -> dict[str, BitPrior]:
    """The attackers: those who know the public parameters only, and the one with photos."""
    known = {
        name: prior_from_correlation(np.zeros(len(correlation)), correlation)
        for name, correlation in correlations.items()
    }
    owned = photos.owned
    from_photos = prior_from_photos(
        margins[owned],
        photos.objects[owned].tolist(),
        photos.related[owned],
        list(correlations.values())[-1],
        seed,
    )
    return {**known, STRONGEST: from_photos}


def _hyperplanes(spec: ProjectionSpec) -> Array:
    return HYPERPLANES[spec.hyperplanes](spec.seed, spec.lambda_bits, spec.dimensions)


def _cosines(directions: Array) -> Array:
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)


def _joined(parts: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    right, others = zip(*parts, strict=True)
    return np.concatenate(right), np.concatenate(others)


def _paper_layer(lock: AiLock) -> str:
    return PAPER_LAYER if PAPER_LAYER in lock.bundle.layers else lock.profile.layers[0]


def _bundle(name_or_path: str) -> Bundle:
    path = Path(name_or_path)
    return load_bundle(path) if (path / "manifest.json").is_file() else find_bundle(name_or_path)
