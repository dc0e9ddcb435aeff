"""How well the score of two protected records tells whether they are of one object: D_sys.

From 0, not at all, to 1, always. An estimate from finite samples is above 0 even where nothing is
told, for only likelihood ratios above 1 count; what labels drawn at random give is its noise floor.

References
----------
Gomez-Barrero, Galbally, Rathgeb and Busch, "General framework to evaluate unlinkability in
biometric template protection systems", IEEE Transactions on Information Forensics and Security
13(6), 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError

Array = NDArray[np.float64]

BINS_MAX = 100
SCORES_PER_BIN = 10
"""As the authors choose their histograms: at most 100 bins, at least ten mated scores for each."""
SHUFFLES = 1_000
_FEWEST = 20


@dataclass(frozen=True)
class Linkability:
    """D_sys of one function of two records.

    Attributes
    ----------
    d_sys : of the scores as they are
    floor_mean, floor_high : mean and 95th percentile of D_sys with the labels shuffled
    mated, non_mated : how many scores there were
    """

    d_sys: float
    floor_mean: float
    floor_high: float
    mated: int
    non_mated: int

    @property
    def within_floor(self) -> bool:
        """Whether as much is told where nothing is."""
        return self.d_sys <= self.floor_high


def linkability(mated: Array, non_mated: Array, seed: int, shuffles: int = SHUFFLES) -> Linkability:
    """D_sys, and its noise floor.

    Parameters
    ----------
    mated, non_mated : scores (M,), (N,) of two records of one object, and of two objects; equal
        priors
    shuffles : of the labels

    Raises
    ------
    TooFewTrialsError
        Too few scores for two bins.
    """
    if min(len(mated), len(non_mated)) < _FEWEST:
        raise TooFewTrialsError(
            f"D_sys needs {_FEWEST} pairs of records at least: {len(mated)} of one object and "
            f"{len(non_mated)} of two were given"
        )
    scores = np.concatenate([mated, non_mated])
    bins = min(BINS_MAX, len(mated) // SCORES_PER_BIN)
    edges = np.linspace(scores.min(), scores.max(), bins + 1)
    places = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, bins - 1)

    def of(order: NDArray[np.intp]) -> float:
        first, second = places[order[: len(mated)]], places[order[len(mated) :]]
        return d_sys(np.bincount(first, minlength=bins), np.bincount(second, minlength=bins))

    rng = np.random.default_rng(seed)
    floor = [of(rng.permutation(len(scores))) for _ in range(shuffles)]
    return Linkability(
        of(np.arange(len(scores))),
        float(np.mean(floor)),
        float(np.quantile(floor, 0.95)),
        len(mated),
        len(non_mated),
    )


def d_sys(mated: NDArray[np.int64], non_mated: NDArray[np.int64]) -> float:
    """D_sys of two histograms (B,) over the same bins: the mean over mated scores of D(s), eq. 10.

    D(s) is 2 LR / (1 + LR) - 1 where the likelihood ratio LR is above 1, else 0.
    """
    p, q = mated / mated.sum(), non_mated / non_mated.sum()
    local = np.divide(p - q, p + q, out=np.zeros(len(p)), where=p > q)
    return float(p @ local)
