"""What happens when the impostor brings another thing of the same kind to the same place.

The owner's object and the impostors are of one photo set, taken in the same few places, so that the
scene says little about whose object it is. Rates by kind of thing, for one or several photos at
either end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from lab.errors import PhotoSetError, TooFewTrialsError
from lab.statistics.comparisons import object_weights
from lab.statistics.intervals import Estimate
from lab.statistics.object_pairs import ObjectPairs, count_pairs, different, kind_of, same_kind
from lab.statistics.samples import (
    Probes,
    References,
    Samples,
    combined_probes,
    combined_references,
    single_references,
)

Numbers = tuple[int, int]
"""Photos in a reference, and in a probe."""


@dataclass(frozen=True)
class KindRates:
    """Rates of one kind of thing, or of all; ``None`` where there was no trial.

    Attributes
    ----------
    objects : of this kind
    same_kind : impostors of the owner's kind that are accepted
    other_kind : impostors of other kinds that are accepted
    refused : owners that are refused
    """

    objects: int
    same_kind: Estimate | None
    other_kind: Estimate | None
    refused: Estimate | None


@dataclass(frozen=True, eq=False)
class Targeted:
    """What was found with so many photos at either end.

    Attributes
    ----------
    all : of all kinds together
    kinds : by kind, in the order of their names
    trials : comparisons with the same kind, with other kinds, and with the owner's own photos
    same_kind : pairs of different objects of one kind, bool (K, K)
    """

    references: References
    probes: Probes
    pairs: ObjectPairs
    all: KindRates
    kinds: Mapping[str, KindRates]
    trials: tuple[int, int, int]
    same_kind: NDArray[np.bool_]


def measure(
    lock: AiLock,
    samples: Samples,
    numbers: Sequence[Numbers],
    alike: Sequence[tuple[str, str]] = (),
    radius: int | None = None,
    bootstrap: int = 1_000,
    seed: int = 1,
) -> dict[Numbers, Targeted | None]:
    """Rates for each number of photos at the two ends; ``None`` where objects have too few photos.

    Parameters
    ----------
    samples : of objects whose names tell their kind, as ``lab.statistics.object_pairs.kind_of``
        reads it
    alike : names of two objects that may be one and the same: nobody's impostors
    radius : c in bits; by default the lock's
    bootstrap : replicates over objects; 0 gives no intervals

    Raises
    ------
    PhotoSetError
        A name of ``alike`` is no object's.
    TooFewTrialsError
        No two objects are of one kind.
    """
    names, same, other = kinds_of_pairs(samples, alike)
    kinds = np.array([kind_of(name) for name in names])
    weights = object_weights(len(names), bootstrap, seed)
    found: dict[Numbers, Targeted | None] = {}
    for photos in numbers:
        references = references_of(lock, samples, photos[0], seed)
        probes = combined_probes(samples, photos[1], seed)
        pairs = count_pairs(samples, references, probes, lock.radius if radius is None else radius)
        if not np.diagonal(pairs.trials).any() or not (pairs.trials * same).any():
            found[photos] = None
            continue
        everything = np.ones(len(names), dtype=np.bool_)
        found[photos] = Targeted(
            references,
            probes,
            pairs,
            _rates(pairs, same, other, everything, weights),
            {
                str(kind): _rates(pairs, same, other, kinds == kind, weights)
                for kind in np.unique(kinds)
            },
            (
                int((pairs.trials * same).sum()),
                int((pairs.trials * other).sum()),
                int(np.diagonal(pairs.trials).sum()),
            ),
            same,
        )
    return found


def kinds_of_pairs(
    samples: Samples, alike: Sequence[tuple[str, str]] = ()
) -> tuple[list[str], NDArray[np.bool_], NDArray[np.bool_]]:
    """Objects' names, and which pairs of them are of one kind, and of different ones: bool (K, K).

    Parameters and errors as of :func:`measure`.
    """
    names = [name.rpartition("/")[2] for name in samples.names]
    excused = [_places(names, pair) for pair in alike]
    same = same_kind([kind_of(name) for name in names], excused)
    if not same.any():
        raise TooFewTrialsError(
            "no two objects are of one kind: name them by kind and number, such as mug_A and mug_B"
        )
    kinds = np.array([kind_of(name) for name in names])
    return names, same, different(len(names), excused) & (kinds[:, None] != kinds[None, :])


def references_of(lock: AiLock, samples: Samples, count: int, seed: int) -> References:
    """References of so many photos, as ``lock`` enrols them; of one, every photo is a reference."""
    if count == 1:
        return single_references(samples)
    return combined_references(samples, count, seed, lock.reference)


def _rates(
    pairs: ObjectPairs,
    same: NDArray[np.bool_],
    other: NDArray[np.bool_],
    owners: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> KindRates:
    """Rates of the locks of some objects, bool (K,)."""
    opened = pairs.rate(np.diag(owners), weights)
    return KindRates(
        int(owners.sum()),
        pairs.rate(same & owners[:, None], weights),
        pairs.rate(other & owners[:, None], weights),
        None if opened is None else opened.complement(),
    )


def _places(names: Sequence[str], pair: tuple[str, str]) -> tuple[int, int]:
    for name in pair:
        if name not in names:
            raise PhotoSetError(f"no object is called {name!r}")
    return names.index(pair[0]), names.index(pair[1])
