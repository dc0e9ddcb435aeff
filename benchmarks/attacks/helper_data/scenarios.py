"""What is attacked: the paper's parameters, and a profile as it is shipped, on the same photos.

The attacker never owns a photo of a recorded object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from ailock_sdk.embedding import ProjectionSpec
from ailock_sdk.imageprint import load_projections
from ailock_sdk.sketch import Code
from benchmarks.attacks.helper_data.bit_prior import (
    BitPrior,
    prior_from_correlation,
    prior_from_photos,
)
from benchmarks.attacks.helper_data.photo_margins import Photos
from lab.errors import PhotoSetError
from lab.fitting.hyperplanes import gaussian_hyperplanes
from lab.fitting.projections import HYPERPLANES

Array = NDArray[np.float64]

PAPER = "paper"
"""Name of the scenario with the paper's parameters."""
PAPER_WINDOW = (200, 400)
PAPER_LAMBDA_BITS = 512
PAPER_CODE = (7, 4, 3)
BY_HYPERPLANES, STRONGEST = "hyperplanes", "own photos"
"""The attacker that ended the paper's parameters, and the best one there is."""
_SEGMENT_CORRELATION = 0.5
"""Guess of one without photos: how alike the segments of one photo are to the network."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """Parameters under attack, and what each kind of attacker believes.

    Attributes
    ----------
    dimensions : components that the hyperplanes cut, over all layers and segments
    hyperplanes : "gaussian", "orthonormal" or "given"
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


def scenarios(lock: AiLock, photos: Photos, seed: int) -> tuple[Scenario, ...]:
    """The paper's parameters, and the profile without and with a pepper."""
    bare = default_scenario(lock, photos, seed)
    peppered = replace(
        bare,
        name=f"{bare.name} + pepper",
        priors={STRONGEST: bare.priors[STRONGEST]},
        peppered=True,
    )
    return paper_scenario(photos, seed), bare, peppered


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
        name=PAPER,
        dimensions=stop - start,
        hyperplanes="gaussian",
        code=Code(PAPER_LAMBDA_BITS, *PAPER_CODE),
        bits=margins[photos.recorded] >= 0,
        correlation=correlation,
        priors=_priors({BY_HYPERPLANES: correlation}, margins, photos, seed),
    )


def default_scenario(lock: AiLock, photos: Photos, seed: int) -> Scenario:
    """A profile of the bundle as it is shipped: its weights, its permutation, its code."""
    profile = lock.profile
    specs = [lock.bundle.projections[layer] for layer in profile.layers]
    projections = load_projections(lock.bundle.projection_path, profile.layers)
    segments = len(profile.segments)
    weights = [projections[layer].weights for layer in profile.layers]
    planes = [_hyperplanes(*pair) for pair in zip(specs, weights, strict=True)]
    correlation = bit_correlation(planes, segments)
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
            seed,
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


def _hyperplanes(spec: ProjectionSpec, weights: Array) -> Array:
    if spec.hyperplanes == "given":
        return weights
    return HYPERPLANES[spec.hyperplanes](spec.seed, spec.lambda_bits, spec.dimensions)


def _cosines(directions: Array) -> Array:
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)
