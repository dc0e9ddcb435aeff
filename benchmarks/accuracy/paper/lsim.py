"""Locality sensitivity: do photos of one object get near imageprints, and others not?

A family of hash functions is locality-sensitive if what is alike collides with a probability of at
least P1, and what is not with one of at most P2 < P1 (Indyk and Motwani, STOC 1998). The paper's
delta-LSIM asks that of imageprints: *alike* is of one object, and *collide* is to differ in at most
a share delta of the bits. Beneath it lies random-hyperplane hashing (Charikar, STOC 2002): a bit of
two vectors is equal with probability 1 - theta / pi, theta being the angle between them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.recipe import Features
from benchmarks.accuracy.paper.trials import at_most, by_object
from lab.report.results import Figure, Panel, Result, Series, Table
from lab.report.series import PERCENT, estimated
from lab.statistics.hamming import distances
from lab.statistics.intervals import Estimate, around, estimate

BIN_DEGREES = 5
PHOTOS_MAX = 2_000
"""Photos of a role that take part in the figure, drawn at random where there are more."""
PAIRS_MIN = 20
"""A bin with fewer pairs is not drawn."""


def lsim(study: Study) -> list[Result]:
    """P1 and P2 of SLSS at delta = c / lambda, and the share of equal bits by angle."""
    return [_probabilities(study), _by_angle(study)]


def _probabilities(study: Study) -> Table:
    rows = []
    for bits in study.settings.lambdas:
        outcome = study.outcome("SLSS", bits)
        radius = outcome.rule.radius
        found = estimate(outcome.holdout, radius)
        p1, p2 = _complement(found["fnmr_at_radius"]), found["fmr_at_radius"]
        apart = (p1.value if p1.low is None else p1.low) > (
            p2.value if p2.high is None else p2.high
        )
        rows.append((bits, radius / bits, p1, p2, "yes" if apart else "no"))
    return Table(
        "",
        "delta-LSIM estimate of SLSS",
        ("lambda (bits)", "delta", "P1, one object", "P2, two objects", "P1 above P2"),
        tuple(rows),
        notes=(
            "P1, P2: share of mated and of non-mated hold-out trials that differ in at most delta "
            "of the bits; delta = c / lambda, c of Table 3.",
            "P1 is above P2 where their 95 % intervals do not meet.",
        ),
    )


def _complement(share: Estimate) -> Estimate:
    low = None if share.high is None else 1 - share.high
    high = None if share.low is None else 1 - share.low
    return Estimate(1 - share.value, low, high)


def _by_angle(study: Study) -> Figure:
    angles, equal = _pairs(study)
    bins = (angles // BIN_DEGREES).astype(np.int64)
    centres, found = [], []
    for number in range(180 // BIN_DEGREES):
        here = equal[bins == number]
        if len(here) < PAIRS_MIN:
            continue
        centres.append((number + 0.5) * BIN_DEGREES)
        found.append(around(float(here.mean()), here))
    measured = estimated("measured", centres, found, PERCENT)
    line = Series("1 - theta / pi", (0.0, 180.0), (100.0, 0.0))
    error = float(np.sqrt(np.mean((equal - (1 - angles / 180)) ** 2))) * 100
    return Figure(
        "",
        "Locality sensitivity of SLSS",
        (
            Panel(
                f"lambda {study.settings.lambdas[-1]}",
                "angle between the cut components (degrees)",
                "equal bits (%)",
                (measured, line),
                y_range=(0, 100),
            ),
        ),
        (
            f"{len(angles):,} pairs of hold-out photos: reference with reference and with other "
            f"roles; at most {PHOTOS_MAX:,} photos of a role.",
            f"Bars hold 95 % of a bin's pairs; bins of {BIN_DEGREES} degrees with at least "
            f"{PAIRS_MIN} pairs.",
            f"Pairs lie {error:.2f} percentage points (root mean square) from 1 - theta / pi.",
        ),
    )


def _pairs(study: Study) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angles in degrees and shares of equal bits of pairs of hold-out photos, (P,) each."""
    variant, bits = study.variants["SLSS"], study.settings.lambdas[-1]
    rng = np.random.default_rng(study.settings.seed)
    window = study.window
    found = []
    for role in study.compared_roles:
        embeddings, split = study.roles[role]
        chosen = at_most(PHOTOS_MAX, split.holdout, rng)
        rows, _ = by_object(embeddings.objects, chosen)
        features = study.features.of(role, variant.layers[0])[rows, window.start : window.stop]
        found.append((_unit(features), study.side(role, chosen, variant, bits).words[0]))
    angles, equal = [], []
    units, words = found[0]
    for number, (other_units, other_words) in enumerate(found):
        cosines = np.clip(units @ other_units.T, -1, 1)
        shares = 1 - distances(words, other_words) / bits
        # Among the reference photos each pair once, and none with itself.
        index = np.triu_indices(len(units), 1) if number == 0 else (slice(None), slice(None))
        angles.append(np.degrees(np.arccos(cosines[index])).ravel())
        equal.append(shares[index].ravel())
    return np.concatenate(angles).astype(np.float64), np.concatenate(equal)


def _unit(features: Features) -> Features:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True))
