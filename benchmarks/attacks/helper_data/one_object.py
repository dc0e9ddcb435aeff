"""A combination's objects tested one at a time: can a photo of one be told without the others?

Everything that a record binds together, the messages and the tag, says nothing of a part. What is
left is the object's own helper: unmasked, it turns a near photo into a word near a codeword, and a
wrong photo into a word far from all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.sketch import Code, permutation
from benchmarks.attacks.helper_data.attack import AttackerView, claimed_signs, make_record
from benchmarks.attacks.helper_data.bit_prior import BitPrior
from lab.report.results import Table
from lab.statistics.intervals import Estimate, wilson

CHANCE = 0.5
FAR_OFF = 2.0
"""Half-widths of the 95 % interval that chance may lie away: a share of a few hundred pairs that is
further off is no chance."""
NOTES = (
    "Of a combination's record, one object's helper; the thief has a photo of the object that is "
    "just near enough, and photos of others, and nothing of the second object. Told apart: the "
    "right photo's word lies nearer to a codeword than a wrong one's; 50 % is chance.",
    "Whoever has record and pepper can therefore look for each object alone, at the cost of "
    "decoding, without Argon2id: his strength is that of the strongest object, not the sum. "
    "Without the pepper nothing can be told, and online all objects have to be shown in one try.",
)


@dataclass(frozen=True)
class Told:
    """How well one object's photo is told.

    Attributes
    ----------
    knows_pepper : bool
    pairs : int
        Of a right photo and a wrong one.
    right_nearer : int
        Pairs of which the right one lay nearer; half of the ties.
    corrected_bits : pair of float
        Mean bits from the nearest codeword that is found, of right photos and of wrong ones.
    within_radius : pair of float
        Shares that a lock would take for found.
    """

    knows_pepper: bool
    pairs: int
    right_nearer: int
    corrected_bits: tuple[float, float]
    within_radius: tuple[float, float]

    @property
    def share(self) -> Estimate:
        """Of the pairs that are told apart."""
        return wilson(self.right_nearer, self.pairs)

    @property
    def is_chance(self) -> bool:
        """Whether the share is what guessing gives."""
        share = self.share
        assert share.low is not None
        assert share.high is not None
        return abs(share.value - CHANCE) <= FAR_OFF * (share.high - share.low) / 2


def tell_alone(
    code: Code, radius: int, bits: NDArray[np.bool_], prior: BitPrior, seed: int
) -> tuple[Told, Told]:
    """One object of each of many combinations, without the pepper and with it.

    Parameters
    ----------
    code : Code
    radius : int
        In how many bits the right photo differs.
    bits : ndarray, bool, shape (records, lambda)
        Of references. The wrong photo is of the next record's object.
    prior : BitPrior
        Of the thief; it is not used, but a view has one.
    seed : int
    """
    found = []
    for knows_pepper in (False, True):
        rng = np.random.default_rng(seed)
        corrected = []
        label = f"one object alone, {'with' if knows_pepper else 'without'} the pepper"
        for reference, other in tqdm(
            zip(bits, np.roll(bits, 1, axis=0), strict=True),
            total=len(bits),
            desc=label,
            unit="record",
            disable=None,
        ):
            helper, _ = make_record(code, reference, rng, peppered=not knows_pepper)
            near = reference.copy()
            near[rng.choice(len(near), radius, replace=False)] ^= True
            view = AttackerView(code, helper, prior)
            corrected.append([_corrected(view, photo) for photo in (near, other)])
        right, wrong = np.array(corrected).T
        nearer = np.sum(right < wrong) + np.sum(right == wrong) / 2
        found.append(
            Told(
                knows_pepper,
                len(right),
                round(float(nearer)),
                (float(right.mean()), float(wrong.mean())),
                (float(np.mean(right <= radius)), float(np.mean(wrong <= radius))),
            )
        )
    return found[0], found[1]


def table(results: tuple[Told, ...]) -> Table:
    """Each thief: how often he tells the right photo of one object."""
    columns = (
        *("thief has", "pairs", "told apart", "bits off, right", "bits off, wrong"),
        *("found, right", "found, wrong"),
    )
    rows = tuple(
        (
            "record and pepper" if told.knows_pepper else "record",
            told.pairs,
            told.share,
            *told.corrected_bits,
            *told.within_radius,
        )
        for told in results
    )
    formats = dict.fromkeys(columns[3:5], ".1f") | dict.fromkeys(columns[5:], ".1%")
    return Table(
        "", "One object of a combination alone", columns, rows, notes=NOTES, formats=formats
    )


def _corrected(view: AttackerView, photo: NDArray[np.bool_]) -> int:
    """Bits between what the photo makes of the helper and the codeword that decoding finds."""
    signs = claimed_signs(view)
    word = np.where(photo[permutation(view.code.lambda_bits)], 1.0, -1.0) * -signs
    _, codeword = view.code.decode(word)
    return int(np.count_nonzero(codeword != (word > 0)))
