"""What would make one record say less once the pepper is lost, and what it costs the owner.

What a sketch of n bits says of its message is what the thief knows of the bits together. If he
expects margins i and j to correlate by r_ij, the signs' relative entropy is about the sum of
(2 r_ij / pi)^2 / (4 ln 2) bits: it grows with n^2, while what tells the owner from others grows
with n. Fewer bits, noise and masks move along that curve; none leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from benchmarks.attacks.helper_data.bit_prior import BitPrior, prior_from_correlation
from benchmarks.attacks.multiplicity.experiment import recorded_objects
from benchmarks.attacks.protocol import Attack, Findings
from benchmarks.attacks.setting import Setting
from lab.errors import TooFewTrialsError
from lab.report.results import Table
from lab.statistics.intervals import normal_mean

Array = NDArray[np.float64]

NAME = "remedies"
FMR = 1e-4
MESSAGE_BITS = (28, 35, 42, 56)
_RANDOM = 1_500
_FEWEST = 20
_RELATED, _SHARE, _SHIFT = 8.0, 0.5, 0.5
"""Weight of photos like the owner's, and shares of the sample's correlation and mean."""
_FLOOR = 0.5
"""Share of the mean variance in each component's, where whitening is made anew."""
NOTES = (
    f"Refused: mated pairs of photos at the distance that a share of {FMR:g} of the others reach.",
    "Says: bits by which the thief's belief (pairwise, from photos of other objects) prefers the "
    "record's own bits to random ones, by the normal tail. A message of fewer bits is the first "
    "that a perfect search names; the shares assume that such a code existed and that decoding "
    "lost nothing by it.",
    "Surest bits: the record publishes which half of its bits has the greatest margins. Flipped: "
    "at random at enrolment. White, axes, widest: by mean and covariance of half of the thief's "
    "own photos, which he knows: scaled; rotated, a bit for each principal component; those "
    "components of most variance alone, rotated.",
)


@dataclass(frozen=True, eq=False)
class _Bits:
    """Margins as references and probes, the thief's, and what of each record is used."""

    references: Array
    probes: Array
    own: Array
    used: NDArray[np.bool_]


def run(setting: Setting) -> Findings:
    """Try each remedy on the same photos."""
    samples = setting.samples
    recorded = np.isin(samples.objects, recorded_objects(setting))
    _, firsts = np.unique(samples.objects, return_index=True)
    records = firsts[recorded[firsts]]
    related = ~recorded
    own = setting.own_references[0]
    if len(own) < _FEWEST:
        raise TooFewTrialsError(f"needs --own: {_FEWEST} photos of other objects, at least")
    whole = _Bits(
        samples.reference_margins, samples.probe_margins, own, np.ones(samples.lambda_bits, bool)
    )
    rng = setting.rng(NAME)
    rows = []
    for name, bits in _remedies(whole, own, rng):
        signs = np.where(bits.references >= 0, 1.0, -1.0) * bits.used
        prior = _belief(np.concatenate([bits.references[related], bits.own]), int(related.sum()))
        says = _says(prior, signs[records], rng)
        shares = [float(np.mean(says > length)) for length in MESSAGE_BITS]
        refused = _refused(signs, np.where(bits.probes >= 0, 1.0, -1.0), samples.objects)
        rows.append((name, refused, normal_mean(says.tolist()), *shares))
    columns = ("remedy", "refused", "says, bits", *(f"falls: {n} bits" for n in MESSAGE_BITS))
    formats = {name: ".1%" for name in columns[1:2] + columns[3:]} | {columns[2]: ".1f"}
    table = Table("", "What would say less", columns, tuple(rows), notes=NOTES, formats=formats)
    return Findings((), (table,))


ATTACK = Attack(NAME, "a record and the pepper, photos of other objects", run)


def _remedies(whole: _Bits, own: Array, rng: np.random.Generator) -> Iterator[tuple[str, _Bits]]:
    count = len(whole.used)
    yield "none", whole
    turned, _ = np.linalg.qr(rng.standard_normal((count, count)))
    for kept in (count * 7 // 8, count * 3 // 4, count // 2):
        yield f"{kept} bits", _moved(whole, turned[:, :kept], 0.0)
    surest = np.abs(whole.references)
    used = surest >= np.median(surest, axis=1, keepdims=True)
    yield f"the {count // 2} surest bits", _Bits(whole.references, whole.probes, own, used)
    flipped = np.where(rng.random(whole.references.shape) < 0.1, -1.0, 1.0)
    yield (
        "10 % of the bits flipped",
        _Bits(whole.references * flipped, whole.probes, own, whole.used),
    )
    fitted = own[::2]
    values, vectors = np.linalg.eigh(np.cov(fitted.T))
    scale = 1 / np.sqrt(_FLOOR * values.mean() + (1 - _FLOOR) * np.maximum(values, 0.0))
    yield "white", _moved(whole, (vectors * scale) @ vectors.T, fitted.mean(axis=0))
    yield "axes", _moved(whole, vectors, fitted.mean(axis=0))
    for kept in (count * 7 // 8, count * 3 // 4, count * 5 // 8, count // 2):
        widest = vectors[:, count - kept :] @ turned[:kept, :kept]
        yield f"the {kept} widest directions", _moved(whole, np.linalg.qr(widest)[0], 0.0)


def _moved(whole: _Bits, turn: Array, centre: Array | float) -> _Bits:
    references, probes, own = (
        (part - centre) @ turn for part in (whole.references, whole.probes, whole.own)
    )
    return _Bits(references, probes, own, np.ones(turn.shape[1], dtype=np.bool_))


def _belief(margins: Array, related: int) -> BitPrior:
    weights = np.where(np.arange(len(margins)) < related, _RELATED, 1.0)
    centre = np.average(margins, axis=0, weights=weights)
    centred = margins - centre
    covariance = (centred * weights[:, np.newaxis]).T @ centred / weights.sum()
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-12))
    correlation = _SHARE * covariance / np.outer(scale, scale) + (1 - _SHARE) * np.eye(len(scale))
    return prior_from_correlation(_SHIFT * centre / scale, correlation)


def _says(prior: BitPrior, signs: Array, rng: np.random.Generator) -> Array:
    """-log2 of the share of words likelier than records (N, n), 0 where a bit is not used."""
    random = np.where(rng.random((_RANDOM, signs.shape[1])) < 0.5, 1.0, -1.0)
    partly = not np.all(signs)
    chance = prior.gain(random)
    found = np.empty(len(signs))
    for number, one in enumerate(signs):
        if partly:
            chance = prior.gain(random * np.abs(one))
        own = float(prior.gain(one[np.newaxis])[0])
        found[number] = -float(log_ndtr((chance.mean() - own) / chance.std())) / log(2)
    return found


def _refused(references: Array, probes: Array, objects: NDArray[np.int64]) -> float:
    """Mated pairs that are further apart than a share ``FMR`` of the others is."""
    distances = -(references @ probes.T)
    same = objects[:, np.newaxis] == objects
    others = distances[~same]
    radius = np.partition(others, int(FMR * len(others)))[int(FMR * len(others))]
    np.fill_diagonal(same, False)
    return float(np.mean(distances[same] > radius))
