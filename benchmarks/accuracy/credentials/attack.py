"""Synthetic credentials: imageprints drawn bit by bit, tried on every reference imageprint.

The paper's attack (section 6.1.2, "Synthetic credential dataset"): each position of an imageprint
is an independent Bernoulli variable, whose probability of a 1 is that of the reference imageprints.
The attacker knows these probabilities, and nothing of how bits go together. He has them from the
references that he attacks, as in the paper, which is more than a thief would know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import CredentialError
from lab.statistics.hamming import Words, pack
from lab.statistics.histograms import Counts, distance_histogram
from lab.statistics.intervals import Estimate, rule_of_three, share_by_object
from lab.statistics.workers import Workers

SAMPLES = 100_000
"""For each lambda, as the paper's."""
REPLICATES = 1_000
CHUNK = 8192
"""Samples drawn at a time."""


@dataclass(frozen=True, eq=False)
class Attempts:
    """All trials at one lambda.

    Attributes
    ----------
    radius : c, the most bits that may differ in a match
    counts : trials by distance in bits, int64 (lambda + 1,)
    far : share of trials within c
    opened : references that at least one sample matches
    """

    lambda_bits: int
    radius: int
    counts: Counts
    far: Estimate
    opened: int

    @property
    def trials(self) -> int:
        """References times samples."""
        return int(self.counts.sum())

    @property
    def accepted(self) -> int:
        """Trials within c."""
        return int(self.counts[: self.radius + 1].sum())


@dataclass(frozen=True, eq=False)
class CredentialAttack:
    """The attack at every lambda, shortest first."""

    attempts: tuple[Attempts, ...]
    references: int
    objects: int
    samples: int
    seed: int

    @property
    def trials(self) -> int:
        """At all lambdas."""
        return sum(each.trials for each in self.attempts)


def draw_credentials(
    probabilities: NDArray[np.float64], samples: int, rng: np.random.Generator
) -> Words:
    """Imageprints of independent bits, uint64 (samples, W).

    ``probabilities`` float64 (lambda,): of a 1 at each position, 0 to 1.
    """
    lambda_bits = len(probabilities)
    drawn = np.empty((samples, -(-lambda_bits // 64)), dtype=np.uint64)
    for start in range(0, samples, CHUNK):
        count = min(CHUNK, samples - start)
        drawn[start : start + count] = pack(rng.random((count, lambda_bits)) < probabilities)
    return drawn


def credential_attack(
    reference_bits: NDArray[np.bool_],
    radii: Mapping[int, int],
    samples: int = SAMPLES,
    seed: int = 1,
    executor: Workers | None = None,
    progress: bool = False,
    *,
    objects: Sequence[str] | None = None,
    kept: Path | None = None,
) -> CredentialAttack:
    """Try drawn imageprints on every reference, at each lambda (paper, sections 6.1.2 and 6.2).

    Parameters
    ----------
    reference_bits : bool (N, L); the first lambda bits of each are its imageprint of lambda bits
    radii : c in bits by lambda, each lambda at most L
    samples : drawn for each lambda; at lambda they depend on the seed and lambda alone
    executor : threads or a Dask cluster, from ``open_workers``; ``None``: this process alone
    progress : show a bar on stderr, if that is a terminal
    objects : the object of each reference, for the intervals; ``None``: each its own
    kept : folder where counts are kept for the next run if this one is interrupted

    Raises
    ------
    CredentialError
        There is no reference, no sample or no lambda, or a lambda or a c is out of range.
    """
    _check(reference_bits, radii, samples, objects)
    names, which = np.unique(
        np.arange(len(reference_bits)) if objects is None else np.asarray(objects),
        return_inverse=True,
    )
    attempts = []
    for lambda_bits, radius in sorted(radii.items()):
        bits = np.ascontiguousarray(reference_bits[:, :lambda_bits])
        rng = np.random.default_rng([seed, lambda_bits])
        by_reference = distance_histogram(
            pack(bits),
            draw_credentials(bits.mean(axis=0), samples, rng),
            lambda_bits,
            executor,
            progress=progress,
            by_row=True,
            kept=None if kept is None else kept / f"credentials-{lambda_bits}.npz",
        )
        accepted = by_reference[:, : radius + 1].sum(axis=1)
        attempts.append(
            Attempts(
                lambda_bits,
                radius,
                by_reference.sum(axis=0),
                _far(accepted, which, samples, seed),
                int(np.count_nonzero(accepted)),
            )
        )
    return CredentialAttack(tuple(attempts), len(reference_bits), len(names), samples, seed)


def _far(
    accepted: NDArray[np.int64], objects: NDArray[np.int64], samples: int, seed: int
) -> Estimate:
    """Accepted share, and its 95 % interval: the object bootstrap's, at least the rule of three's.

    Samples are drawn independently and objects may pass for independent; photos of one object may
    not. So objects times samples is the number of trials for the rule. None accepted leaves the
    bootstrap without width, and few leave it too little: an end below the rule's says too much.

    ``accepted``, ``objects``: int64 (N,), of each reference.
    """
    references = np.bincount(objects)
    of_object = np.zeros(len(references), dtype=np.int64)
    np.add.at(of_object, objects, accepted)
    bound = rule_of_three(len(references) * samples)
    return share_by_object(of_object, references * samples, REPLICATES, seed, bound)


def _check(
    bits: NDArray[np.bool_],
    radii: Mapping[int, int],
    samples: int,
    objects: Sequence[str] | None,
) -> None:
    if bits.ndim != 2 or bits.dtype != np.bool_ or not len(bits):
        raise CredentialError(
            f"reference imageprints are bool (N, lambda), N at least 1, not {bits.dtype} "
            f"{bits.shape}"
        )
    if samples < 1 or not radii:
        raise CredentialError("give at least one sample and one lambda")
    if objects is not None and len(objects) != len(bits):
        raise CredentialError(f"{len(objects)} names of objects for {len(bits)} references")
    for lambda_bits, radius in radii.items():
        if not 1 <= lambda_bits <= bits.shape[1]:
            raise CredentialError(
                f"lambda {lambda_bits}: the references have {bits.shape[1]} bits, choose 1 to that"
            )
        if not 0 <= radius <= lambda_bits:
            raise CredentialError(f"c of lambda {lambda_bits} is 0 to that, not {radius}")
