"""The threshold tau: by cross validation, as the ai.lock paper (section 7.1), or for a given FMR.

Decisions are made on whole bits: similarity 1 - d / lambda is at least tau exactly when the
distance d is at most c = floor(lambda * (1 - tau)) (SPEC section 4). So a histogram of distances
holds all that any threshold can say, and every rate here is exact. A histogram counts comparisons
by distance, int64 (lambda + 1,); several folds' are stacked, (F, lambda + 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError
from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import Rates, f1_scores, threshold_at_fmr
from lab.statistics.hamming import distances, pack, row_blocks
from lab.statistics.intervals import Estimate, estimate
from lab.statistics.samples import References, Samples

FOLDS = 5
TAU_UNIT = 10_000
"""tau has four decimal places (SPEC section 4)."""
TAU_GRID: NDArray[np.int64] = np.arange(6_000, 10_000, dtype=np.int64)
"""The paper's 4,000 thresholds, 0.6000 to 0.9999, in ten-thousandths."""
PAPER_LAMBDAS = tuple(range(50, 501, 50))

Histograms = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One fold's figures at the threshold that is best for the mean of the other folds.

    Attributes
    ----------
    tau : in ten-thousandths
    f1, far, frr : of the fold itself, fractions; FAR and FRR as the paper calls them
    """

    tau: int
    f1: float
    far: float
    frr: float


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What cross validation found for one lambda.

    Attributes
    ----------
    lambda_bits : length of the imageprints
    tau : in ten-thousandths, the threshold of greatest F1 in the mean over all folds
    radius_bits : its c
    f1, far, frr : means over the folds at ``tau``; chosen on these folds, they flatter
    folds : each fold at a threshold it had no part in choosing
    mean_f1 : float64 (T,), for each threshold of the grid, the mean over the folds
    """

    lambda_bits: int
    tau: int
    radius_bits: int
    f1: float
    far: float
    frr: float
    folds: tuple[Fold, ...]
    mean_f1: Rates


def radii(lambda_bits: int, taus: NDArray[np.int64] = TAU_GRID) -> NDArray[np.int64]:
    """c for each tau in ten-thousandths: int64 (T,)."""
    return lambda_bits * (TAU_UNIT - taus) // TAU_UNIT


def object_folds(
    photo_counts: NDArray[np.int64], seed: int, folds: int = FOLDS
) -> NDArray[np.int64]:
    """The fold, 0 .. folds - 1, of each of K objects, int64 (K,): drawn at random, even in size.

    Objects with several photos are spread evenly, and so are those with one, which only serve as
    impostors. ``photo_counts`` is int64 (K,).

    Raises
    ------
    TooFewTrialsError
        A fold would lack two objects, or one with two photos.
    """
    several = photo_counts > 1
    if several.sum() < folds or len(photo_counts) < 2 * folds:
        raise TooFewTrialsError(
            f"{folds} folds need {2 * folds} objects, {folds} of them with two photos; there are "
            f"{len(photo_counts)}, {int(several.sum())} with two photos"
        )
    drawn = np.random.default_rng(seed).permutation(len(photo_counts))
    dealt = np.concatenate([drawn[several[drawn]], drawn[~several[drawn]]])
    result = np.empty(len(photo_counts), dtype=np.int64)
    result[dealt] = np.arange(len(dealt)) % folds
    return result


def prefix_columns(parts: Sequence[int], length: int) -> NDArray[np.int64]:
    """Which ``length`` of all bits stand for a shorter imageprint, int64 (length,), ascending.

    ``parts`` are the lengths of the concatenated projections, one for each layer and segment; each
    gives its first bits, in proportion. Hyperplanes are drawn alike and at random, orthonormal ones
    too, so the first of them are what a fit with fewer would have drawn.
    """
    rank = np.concatenate([np.arange(part) / part for part in parts])
    return np.sort(np.argsort(rank, kind="stable")[:length])


def fold_histograms(
    samples: Samples, references: References, fold_of: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[Histograms, Histograms]:
    """Mated and non-mated histograms of the comparisons inside each fold, (F, len(columns) + 1).

    Every reference of a fold meets every probe of it that it was not made from. Distances are held
    a block at a time.

    Parameters
    ----------
    fold_of : int64 (K,), from :func:`object_folds`
    columns : int64 (L,), the bits that count
    """
    folds, bins = int(fold_of.max()) + 1, len(columns) + 1
    mated = np.zeros((folds, bins), dtype=np.int64)
    non_mated = np.zeros((folds, bins), dtype=np.int64)
    packed, probes = pack(references.bits[:, columns]), pack(samples.probe_bits[:, columns])
    for fold in range(folds):
        rows = np.flatnonzero(fold_of[references.objects] == fold)
        here = np.flatnonzero(fold_of[samples.objects] == fold)
        for chosen in row_blocks(len(rows), len(here)):
            block = rows[chosen]
            bits = distances(packed[block], probes[here])
            same = references.objects[block][:, None] == samples.objects[here]
            own = (references.members[block][:, :, None] == here).any(axis=1)
            mated[fold] += np.bincount(bits[same & ~own], minlength=bins)
            non_mated[fold] += np.bincount(bits[~same], minlength=bins)
    return mated, non_mated


def cross_validate(mated: Histograms, non_mated: Histograms) -> CrossValidation:
    """Choose tau from the folds' histograms, (F, lambda + 1) each.

    Of thresholds with equal F1 the strictest is taken.

    Raises
    ------
    TooFewTrialsError
        A fold has no mated or no non-mated comparison.
    """
    if not (mated.sum(axis=1).all() and non_mated.sum(axis=1).all()):
        raise TooFewTrialsError(
            "a fold has no two photos of one object, or photos of one object only: give more "
            "objects with several photos each"
        )
    lambda_bits = mated.shape[1] - 1
    thresholds = radii(lambda_bits)
    f1 = f1_scores(mated, non_mated, thresholds)  # (F, T)
    far = np.cumsum(non_mated, axis=1)[:, thresholds] / non_mated.sum(axis=1, keepdims=True)
    frr = 1 - np.cumsum(mated, axis=1)[:, thresholds] / mated.sum(axis=1, keepdims=True)
    folds = []
    for fold in range(len(f1)):
        at = _best(np.delete(f1, fold, axis=0).mean(axis=0))
        figures = (float(table[fold, at]) for table in (f1, far, frr))
        folds.append(Fold(int(TAU_GRID[at]), *figures))
    mean_f1 = f1.mean(axis=0)
    best = _best(mean_f1)
    return CrossValidation(
        lambda_bits=lambda_bits,
        tau=int(TAU_GRID[best]),
        radius_bits=int(thresholds[best]),
        f1=float(mean_f1[best]),
        far=float(far[:, best].mean()),
        frr=float(frr[:, best].mean()),
        folds=tuple(folds),
        mean_f1=mean_f1,
    )


def _best(scores: Rates) -> int:
    """The last place of the greatest score."""
    return len(scores) - 1 - int(np.argmax(scores[::-1]))


@dataclass(frozen=True)
class FmrTarget:
    """The largest radius at which FMR stays at or below a target.

    Attributes
    ----------
    fmr_max : the target, a fraction
    radius_bits : c; below lambda / 2, as a record's must be (SPEC section 8)
    fmr, fnmr : measured at that radius, over all comparisons
    enough_trials : three times 1 / ``fmr_max`` pairs of photos or more were compared; with fewer,
        a rate so low cannot be told from a higher one (rule of three)
    """

    fmr_max: float
    radius_bits: int
    fmr: Estimate
    fnmr: Estimate
    enough_trials: bool


def at_fmr(comparisons: Comparisons, fmr_max: float) -> FmrTarget | None:
    """The radius for a target, or ``None`` if already equal imageprints exceed it."""
    widest = (len(comparisons.mated) - 2) // 2  # lambda is one less than the bins
    radius = min(int(threshold_at_fmr(comparisons.non_mated, 1 / fmr_max)), widest)
    if radius < 0:
        return None
    found = estimate(comparisons, radius)
    return FmrTarget(
        fmr_max=fmr_max,
        radius_bits=radius,
        fmr=found["fmr_at_radius"],
        fnmr=found["fnmr_at_radius"],
        enough_trials=comparisons.distinct_non_mated * fmr_max >= 3,
    )


def tau_of(radius: int, lambda_bits: int) -> int:
    """The largest tau, in ten-thousandths, whose c is ``radius`` out of ``lambda_bits``."""
    # Rounded down, tau leaves room for c whole bits and, lambda being at most 4096, for no more.
    return (lambda_bits - radius) * TAU_UNIT // lambda_bits


def tau_text(ten_thousandths: int) -> str:
    """tau as the manifest writes it: ``"0.6800"``."""
    return f"{ten_thousandths // TAU_UNIT}.{ten_thousandths % TAU_UNIT:04d}"
