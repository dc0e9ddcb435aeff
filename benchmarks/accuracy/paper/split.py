"""Hold-out and folds, by object, and the proof that nothing is on both sides.

The paper holds 15 % of the objects out and cross-validates in five folds on the rest (section 6).
The original wrote training rows into its hold-out files; :func:`require_disjoint` runs each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from lab.errors import SplitError, SplitLeakError

HOLDOUT_SHARE = 0.15
FOLDS = 5
HOLDOUT_FOLD = -1
NO_FOLD = FOLDS
"""Of photos that are trained on whichever fold is left out."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which side each of N photos is on.

    Attributes
    ----------
    holdout : bool (N,)
    fold : int64 (N,), 0 to folds - 1; -1 for hold-out photos; ``NO_FOLD`` for photos that meet none
    """

    holdout: NDArray[np.bool_]
    fold: NDArray[np.int64]


def split_by_object(
    embeddings: RoleEmbeddings,
    holdout_share: float = HOLDOUT_SHARE,
    folds: int = FOLDS,
    *,
    seed: int,
) -> Split:
    """Split the objects of a role; an object is on one side with all its photos.

    Objects are ordered by a hash of role and name, keyed with the seed. The first
    ``holdout_share`` of them (rounded, at least one) are held out, the rest are cut into ``folds``
    stretches that differ by one object at most. Nothing else counts: not the order of the photos,
    nor their number. Another object moves one object, at most, over each of the ``folds`` limits.

    Parameters
    ----------
    holdout_share : above 0 and below 1
    folds : at least 2
    seed : 0 to 2**64 - 1

    Raises
    ------
    SplitError
        The role has fewer objects than hold-out and folds need.
    """
    if not 0 < holdout_share < 1 or folds < 2:
        raise SplitError("the hold-out's share is above 0 and below 1, and folds are at least 2")
    names, of_photo = np.unique(embeddings.objects, return_inverse=True)
    held_out = max(1, round(holdout_share * len(names)))
    training = len(names) - held_out
    if training < folds:
        raise SplitError(
            f"the {embeddings.role} role has {len(names)} objects: {held_out} held out and "
            f"{folds} folds need {held_out + folds}; give more objects or fewer folds"
        )
    key = seed.to_bytes(8, "big")
    places = [_place(embeddings.role, str(name), key) for name in names]
    fold = np.empty(len(names), dtype=np.int64)
    for rank, index in enumerate(sorted(range(len(names)), key=places.__getitem__)):
        past = rank - held_out
        fold[index] = HOLDOUT_FOLD if past < 0 else past * folds // training
    of_photos = fold[of_photo]
    return Split(of_photos == HOLDOUT_FOLD, of_photos)


def all_training(embeddings: RoleEmbeddings) -> Split:
    """Photos that are compared with none, and trained on whichever fold is left out."""
    count = len(embeddings)
    return Split(np.zeros(count, dtype=np.bool_), np.full(count, NO_FOLD))


def require_disjoint(splits: Mapping[str, tuple[RoleEmbeddings, Split]]) -> None:
    """Check that no object and no photo is both in the hold-out and in a fold, or in two folds.

    Objects are compared by role and name; photos across all roles, by the SHA-256 of the file and
    by the embeddings, which a copy with other metadata shares.

    Raises
    ------
    SplitLeakError
        One is; the text names two photos.
    """
    for role, (embeddings, split) in splits.items():
        if not len(embeddings) == len(split.holdout) == len(split.fold):
            raise SplitLeakError(f"the split of the {role} role is not of its photos")
        if not np.array_equal(split.holdout, split.fold == HOLDOUT_FOLD):
            raise SplitLeakError(f"the {role} role has photos both held out and in a fold")
    for what, advice, identities in (
        ("the same object", "split by object", _objects),
        ("the same file", "remove one of them from its set", _files),
        ("the same picture in another file", "remove one of them from its set", _pictures),
    ):
        seen: dict[Hashable, tuple[int, str]] = {}
        for role, (embeddings, split) in splits.items():
            for index, identity in enumerate(identities(role, embeddings)):
                here = int(split.fold[index]), f"{role} {embeddings.paths[index]}"
                first = seen.setdefault(identity, here)
                if first[0] != here[0]:
                    raise SplitLeakError(
                        f"{what} is in the {_side(first[0])} ({first[1]}) and in the "
                        f"{_side(here[0])} ({here[1]}): {advice}"
                    )


def _place(role: str, name: str, key: bytes) -> tuple[bytes, str]:
    """Where an object stands in its role's order."""
    text = f"{role}\0{name}".encode()
    return hashlib.blake2b(text, key=key, digest_size=16).digest(), name


def _objects(role: str, embeddings: RoleEmbeddings) -> Iterator[Hashable]:
    return ((role, str(name)) for name in embeddings.objects)


def _files(role: str, embeddings: RoleEmbeddings) -> Iterator[Hashable]:
    return iter(embeddings.photo_sha256)


def _pictures(role: str, embeddings: RoleEmbeddings) -> Iterator[Hashable]:
    return map(bytes, embeddings.digests())


def _side(fold: int) -> str:
    return "hold-out" if fold == HOLDOUT_FOLD else f"training photos, fold {fold}"
