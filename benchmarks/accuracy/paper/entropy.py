"""How much there is to guess: distances of random photos of different objects (section 7.4).

Daugman's degrees of freedom (Proc. IEEE 94, 2006) tell how many independent fair coins would vary
as the distances do: p (1 - p) / sigma^2, p and sigma being mean and deviation of the share of bits
that differ. What an attacker with photos must guess at the threshold is -log2 of the FMR there,
which is less.
"""

from __future__ import annotations

from math import log2

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.roles import IMPOSTOR, REFERENCE
from benchmarks.accuracy.paper.trials import Side, at_most
from lab.errors import TooFewTrialsError
from lab.report.results import Result, Table
from lab.statistics.error_rates import mean_and_deviation
from lab.statistics.hamming import distances
from lab.statistics.histograms import distance_histogram
from lab.statistics.intervals import rule_of_three

PHOTOS_MAX = 20_000
"""Photos that take part, drawn at random where there are more: 200 million pairs."""
TWO_SIDED_95 = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""


def entropy(study: Study) -> list[Result]:
    """Degrees of freedom and guessing entropy of the single-segment variants.

    The pairs are of the impostor role, of photos that components were not fitted on; without that
    role, of the reference hold-out.
    """
    role = IMPOSTOR if IMPOSTOR in study.roles else REFERENCE
    rng = np.random.default_rng(study.settings.seed)
    chosen = at_most(PHOTOS_MAX, study.features.unseen(role), rng)
    names = [name for name in ("SLSS", "MLSS") if name in study.variants]
    rows: list[tuple[object, ...]] = []
    pairs = 0
    for name in names:
        lambdas = study.settings.lambdas if name == "SLSS" else study.settings.lambdas[-1:]
        for bits in lambdas:
            rule = study.outcome(name, bits).rule
            side = study.side(role, chosen, study.variants[name], bits)
            if side.object_count < 2:
                raise TooFewTrialsError(
                    f"the {role} role has no two objects left to compare: give more photos"
                )
            table = _non_mated_by_object(side, rule.bits)
            counts = table.sum(axis=0) // 2
            pairs = int(counts.sum())
            mean, deviation = (float(v) / rule.bits for v in mean_and_deviation(counts))
            freedom = mean * (1 - mean) / deviation**2 if deviation else None
            fmr = int(counts[: rule.radius + 1].sum()) / pairs
            upper = _upper_fmr(table, rule.radius)
            rows.append(
                (
                    *(name, bits, mean * 100, deviation * 100, freedom, rule.radius, fmr),
                    -log2(fmr) if fmr else None,
                    -log2(upper),
                )
            )
    return [
        Table(
            "",
            "Entropy from random pairs",
            (
                *("variant", "lambda (bits)", "mean distance (%)", "deviation (%)"),
                *("degrees of freedom (bits)", "c (bits)", "FMR at c (share)"),
                *("guessing entropy at c (bits)", "at least (95 %, bits)"),
            ),
            tuple(rows),
            notes=(
                f"{pairs:,} pairs of different objects of the {role} role, "
                f"{int(chosen.sum()):,} photos (the paper: 2 billion of YFCC100M toy).",
                "At least: from the upper end of FMR's 95 % interval, which counts objects, not "
                "pairs, as independent; where no pair matched, 3 over the pairs of objects.",
            ),
        )
    ]


def _non_mated_by_object(side: Side, bits: int) -> NDArray[np.int64]:
    """Distances of each object's photos to those of all others, int64 (K, bits + 1).

    Every pair of photos is in it twice, once for either object.
    """
    (words,), own_rows = side.words, side.own_rows
    by_photo = distance_histogram(words, words, bits, by_row=True)
    table = np.add.reduceat(by_photo, [own.start for own in own_rows], axis=0)
    for index, own in enumerate(own_rows):
        within = distances(words[own], words[own])
        table[index] -= np.bincount(within.ravel(), minlength=bits + 1)
    return np.asarray(table, dtype=np.int64)


def _upper_fmr(table: NDArray[np.int64], radius: int) -> float:
    """The upper 95 % end of the FMR of a table by object.

    FMR is a mean over pairs of objects, a U-statistic: its variance is about 4 / K times that of
    the objects' own rates.
    """
    matches, trials = table[:, : radius + 1].sum(axis=1), table.sum(axis=1)
    count = len(table)
    if not matches.any():
        return rule_of_three(count * (count - 1) // 2)
    spread = 2 * float((matches / trials).std()) / count**0.5
    return min(1.0, float(matches.sum() / trials.sum()) + TWO_SIDED_95 * spread)
