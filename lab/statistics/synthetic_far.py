"""How often synthetic images match references: exact counts, and FAR with an interval.

Each reference imageprint meets each synthetic image's (ai.lock, section 6.2). Trials of one object,
and of one image, depend on each other: intervals draw whole reference objects, and where nothing
was accepted the rule of three counts pairs of an object and an image, not trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.statistics.hamming import pack
from lab.statistics.histograms import distance_histogram
from lab.statistics.intervals import Estimate, rule_of_three, share_by_object


@dataclass(frozen=True, eq=False)
class SyntheticTrials:
    """Reference photos against synthetic images, by distance.

    Attributes
    ----------
    histograms : int64 (K, lambda + 1), trials of each reference object by distance in bits
    images : synthetic images, M
    pairs : of an object and an image that meet
    """

    histograms: NDArray[np.int64]
    images: int
    pairs: int

    @property
    def trials(self) -> int:
        """Comparisons in all."""
        return int(self.histograms.sum())

    def accepted(self, radius: int) -> int:
        """Comparisons of at most ``radius`` bits."""
        return int(self.histograms[:, : radius + 1].sum())

    def far(self, radius: int, replicates: int, seed: int) -> Estimate | None:
        """FAR at a radius with its 95 % object-bootstrap interval; ``None`` without a trial.

        Parameters
        ----------
        replicates : of the bootstrap; 0 gives no interval
        """
        if not self.trials:
            return None
        none = rule_of_three(self.pairs)
        return share_by_object(
            self.histograms[:, : radius + 1].sum(axis=1),
            self.histograms.sum(axis=1),
            replicates,
            seed,
            0.0 if self.accepted(radius) else none,
        )


def compare_with_images(
    reference_bits: NDArray[np.uint8],
    objects: NDArray[np.str_],
    image_bits: NDArray[np.uint8],
    shown: NDArray[np.str_] | None = None,
) -> SyntheticTrials:
    """Compare every reference with every image, or with every image of another object.

    Parameters
    ----------
    reference_bits : uint8 (N, lambda), zeros and ones
    objects : (N,), the object of each reference
    image_bits : uint8 (M, lambda); M may be 0
    shown : (M,), the object that each image shows; None: it shows none of them
    """
    lambda_bits = reference_bits.shape[1]
    references, images = pack(reference_bits), pack(image_bits)
    by_reference = distance_histogram(references, images, lambda_bits, by_row=True)
    names, object_of = np.unique(objects, return_inverse=True)
    histograms = np.zeros((len(names), lambda_bits + 1), dtype=np.int64)
    np.add.at(histograms, object_of, by_reference)
    pairs = histograms.shape[0] * len(images)
    if shown is not None:
        for index, name in enumerate(names):
            own, of_it = references[object_of == index], images[shown == name]
            histograms[index] -= distance_histogram(own, of_it, lambda_bits)
            pairs -= len(of_it)
    return SyntheticTrials(histograms, len(images), pairs)
