"""The acquired photos of an evaluation by object; references and probes made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.errors import EnrollmentError
from ailock_sdk.imageprint import ImagePrint, combine

REFERENCES_PER_OBJECT_MAX = 20
"""Sets of R > 1 photos, for references and for probes, drawn from an object that has more."""


@dataclass(frozen=True, eq=False)
class Samples:
    """N acquired photos of K objects, photos of one object side by side.

    Every photo has two imageprints: as a reference it is looked at more often than as a probe.

    Attributes
    ----------
    probe_margins, reference_margins : float64 (N, lambda)
    objects : int64 (N,), ascending, every number 0 .. K - 1 occurs
    names : K names of objects
    photos : int64 (N,), where each photo stands in the caller's list
    """

    probe_margins: NDArray[np.float64]
    reference_margins: NDArray[np.float64]
    objects: NDArray[np.int64]
    names: tuple[str, ...]
    photos: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def lambda_bits(self) -> int:
        """Length of an imageprint in bits."""
        return int(self.probe_margins.shape[1])

    @property
    def probe_bits(self) -> NDArray[np.uint8]:
        """The photos' imageprints as probes, uint8 (N, lambda)."""
        return (self.probe_margins >= 0).astype(np.uint8)

    @property
    def reference_bits(self) -> NDArray[np.uint8]:
        """The photos' imageprints as references, uint8 (N, lambda)."""
        return (self.reference_margins >= 0).astype(np.uint8)

    @property
    def starts(self) -> NDArray[np.int64]:
        """First photo of each object, and N at the end: int64 (K + 1,)."""
        return np.searchsorted(self.objects, np.arange(len(self.names) + 1)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class References:
    """M references, each made from R photos of one object, sorted by object.

    Attributes
    ----------
    bits : uint8 (M, lambda)
    objects : int64 (M,), ascending
    members : int64 (M, R), indices into the samples
    refused : sets of photos that enrolment would have refused (FTE); they are not among the M
    """

    bits: NDArray[np.uint8]
    objects: NDArray[np.int64]
    members: NDArray[np.int64]
    refused: int = 0

    def __len__(self) -> int:
        return len(self.objects)


@dataclass(frozen=True, eq=False)
class Probes:
    """M probes, each made from P photos of one object, sorted by object.

    Attributes
    ----------
    margins : float64 (M, lambda)
    objects : int64 (M,), ascending
    members : int64 (M, P), indices into the samples
    """

    margins: NDArray[np.float64]
    objects: NDArray[np.int64]
    members: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def bits(self) -> NDArray[np.uint8]:
        """The probes' imageprints, uint8 (M, lambda)."""
        return (self.margins >= 0).astype(np.uint8)


def arrange(
    probe_margins: NDArray[np.float64],
    objects: list[str],
    acquired: NDArray[np.bool_],
    reference_margins: NDArray[np.float64] | None = None,
) -> Samples:
    """Sort the acquired photos of ``probe_margins`` (N, lambda) by object, first seen first.

    Without ``reference_margins`` (N, lambda) a photo looks the same as a reference.
    """
    if reference_margins is None:
        reference_margins = probe_margins
    photos = np.flatnonzero(acquired)
    names = tuple(dict.fromkeys(objects[i] for i in photos))
    number = {name: index for index, name in enumerate(names)}
    of_photo = np.array([number[objects[i]] for i in photos], dtype=np.int64)
    order = np.argsort(of_photo, kind="stable")
    photos = photos[order]
    return Samples(
        probe_margins[photos],
        reference_margins[photos],
        of_photo[order],
        names,
        photos.astype(np.int64),
    )


def single_references(samples: Samples) -> References:
    """Every photo is a reference."""
    members = np.arange(len(samples), dtype=np.int64)[:, None]
    return References(samples.reference_bits, samples.objects, members)


def combined_references(
    samples: Samples,
    photo_count: int,
    seed: int,
    reference_of: Callable[[Sequence[ImagePrint]], ImagePrint],
) -> References:
    """References of ``photo_count`` photos: all sets of an object's photos, or a seeded sample.

    Where an object has more than ``REFERENCES_PER_OBJECT_MAX`` sets, so many are drawn at random,
    without repetition. ``reference_of`` makes one reference of several imageprints, such as
    ``AiLock.reference``; the sets for which it raises :class:`EnrollmentError` are counted.
    """
    rng = np.random.default_rng(seed)
    bits, objects, members, refused = [], [], [], 0
    starts = samples.starts
    for index in range(len(samples.names)):
        for chosen in _photo_sets(int(starts[index]), int(starts[index + 1]), photo_count, rng):
            prints = [ImagePrint(samples.reference_margins[i]) for i in chosen]
            try:
                reference = reference_of(prints)
            except EnrollmentError:
                refused += 1
                continue
            bits.append(reference.bits)
            objects.append(index)
            members.append(chosen)
    return References(
        np.array(bits, dtype=np.uint8).reshape(-1, samples.lambda_bits),
        np.array(objects, dtype=np.int64),
        np.array(members, dtype=np.int64).reshape(-1, photo_count),
        refused,
    )


def single_probes(samples: Samples) -> Probes:
    """Every photo is a probe."""
    members = np.arange(len(samples), dtype=np.int64)[:, None]
    return Probes(samples.probe_margins, samples.objects, members)


def combined_probes(samples: Samples, photo_count: int, seed: int) -> Probes:
    """Probes of ``photo_count`` photos, their margins averaged as an unlock with several does.

    The sets of photos are chosen as those of :func:`combined_references` are, by draws of their
    own.
    """
    if photo_count == 1:
        return single_probes(samples)
    rng = np.random.default_rng([seed, photo_count])
    starts = samples.starts
    objects, members = [], []
    for index in range(len(samples.names)):
        for chosen in _photo_sets(int(starts[index]), int(starts[index + 1]), photo_count, rng):
            objects.append(index)
            members.append(chosen)
    prints = [combine([ImagePrint(samples.probe_margins[i]) for i in one]) for one in members]
    return Probes(
        np.array([one.margins for one in prints]).reshape(-1, samples.lambda_bits),
        np.array(objects, dtype=np.int64),
        np.array(members, dtype=np.int64).reshape(-1, photo_count),
    )


def in_common(several: Sequence[References]) -> list[References]:
    """Of references made of the same photos by different locks, those that no lock refused.

    A set of photos that one lock's enrolment refuses counts as refused by all.
    """
    members = [{tuple(row) for row in one.members.tolist()} for one in several]
    common = set.intersection(*members)
    refused = len(several[0]) + several[0].refused - len(common)
    kept = []
    for one in several:
        mask = np.array([tuple(row) in common for row in one.members.tolist()], dtype=np.bool_)
        kept.append(References(one.bits[mask], one.objects[mask], one.members[mask], refused))
    return kept


def _photo_sets(
    start: int, stop: int, size: int, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    if comb(stop - start, size) <= REFERENCES_PER_OBJECT_MAX:
        return list(combinations(range(start, stop), size))
    drawn: set[tuple[int, ...]] = set()
    while len(drawn) < REFERENCES_PER_OBJECT_MAX:
        photos = rng.choice(stop - start, size, replace=False) + start
        drawn.add(tuple(sorted(int(i) for i in photos)))
    return sorted(drawn)
