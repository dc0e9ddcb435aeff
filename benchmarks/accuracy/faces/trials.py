"""Which photos are compared with which: LFW's pairs file, pairs made by a seed, halves of frames.

A pairs file is that of Labeled Faces in the Wild (Huang et al., UMass Amherst 07-49, view 2): the
first line holds the number of folds F and of pairs N; for each fold follow N lines ``NAME n m``
(two photos of one person) and N lines ``NAME n OTHER m``. ``NAME n`` is the photo ``NAME_000n``, of
any suffix and in any folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError, TrialListError

FOLDS = 10
LFW_PAIRS = 300
"""Pairs of one person, and of two, in each of LFW's folds."""
FRAMES = 100
"""Frames of a video that FaceNet averages over (section 5.7)."""

End = tuple[int, ...]
"""Numbers of the photos at one end of a trial."""


@dataclass(frozen=True, eq=False)
class Trials:
    """T comparisons: ``first`` and ``second`` ends, ``mated`` bool (T,), ``folds`` int64 (T,)."""

    first: tuple[End, ...]
    second: tuple[End, ...]
    mated: NDArray[np.bool_]
    folds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, rows: Sequence[tuple[End, End, bool, int]]) -> Trials:
        """From (first, second, mated, fold) of each trial."""
        first, second, mated, folds = zip(*rows, strict=True)
        return cls(first, second, np.array(mated), np.array(folds))


def read_pairs(file: Path, paths: Sequence[str]) -> Trials:
    """The trials of a pairs file; ``paths`` are those of the photos.

    Raises
    ------
    TrialListError
        The file cannot be read, is not one, or names a photo that is not there.
    """
    try:
        header, *lines = file.read_text("utf-8").splitlines()
        folds, count = map(int, header.split())
    except (OSError, ValueError):
        raise TrialListError(
            f"{file} is no pairs file: its first line holds the number of folds and of pairs, such "
            "as '10 300'"
        ) from None
    if folds < 2 or count < 1 or len(lines) != 2 * folds * count:
        raise TrialListError(
            f"{file}: {folds} folds (at least 2) of {count} pairs of one person and {count} of two "
            f"are {2 * folds * count} lines, not {len(lines)}"
        )
    known = {PurePosixPath(path).stem: number for number, path in enumerate(paths)}
    rows = []
    for index, line in enumerate(lines):
        where, words, mated = f"{file}, line {index + 2}", line.split(), index // count % 2 == 0
        if len(words) != (3 if mated else 4):
            wanted = "NAME n m" if mated else "NAME n OTHER m"
            raise TrialListError(f"{where}: {line!r} is not {wanted!r}")
        one = _photo(words[0], words[1], known, where)
        other = _photo(words[0] if mated else words[2], words[-1], known, where)
        rows.append(((one,), (other,), mated, index // (2 * count)))
    return Trials.of(rows)


def make_pairs(objects: Sequence[str], seed: int) -> Trials:
    """Ten folds of persons, each with as many pairs of one person as of two, at most LFW's 300.

    All folds have as many; no person is in two.

    Raises
    ------
    TooFewTrialsError
        A fold lacks two persons, or two photos of one.
    """
    rng = np.random.default_rng(seed)
    mated, non_mated = [], []
    for fold in _folds(objects, rng):
        mated.append([pair for photos in fold for pair in combinations(photos, 2)])
        non_mated.append(
            [pair for one, other in combinations(fold, 2) for pair in product(one, other)]
        )
    count = min(LFW_PAIRS, *map(len, mated), *map(len, non_mated))
    if not count:
        raise TooFewTrialsError(
            f"each of {FOLDS} folds needs two persons and two photos of one: give more photos"
        )
    rows: list[tuple[End, End, bool, int]] = []
    for is_mated, by_fold in ((True, mated), (False, non_mated)):
        for fold_number, pairs in enumerate(by_fold):
            for index in rng.choice(len(pairs), count, replace=False):
                one, other = pairs[index]
                rows.append(((one,), (other,), is_mated, fold_number))
    return Trials.of(rows)


def make_frames(objects: Sequence[str], seed: int) -> Trials:
    """Half of a person's photos against the other half, and against a half of somebody else's.

    The folds are those of :func:`make_pairs`, with one mated and one non-mated trial a person.
    Persons of one photo are left out.

    Raises
    ------
    TooFewTrialsError
        A fold lacks two persons of two photos.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[End, End, bool, int]] = []
    for number, fold in enumerate(_folds(objects, rng)):
        halves = [
            (tuple(photos[: len(photos) // 2][:FRAMES]), tuple(photos[len(photos) // 2 :][:FRAMES]))
            for photos in fold
            if len(photos) > 1
        ]
        if len(halves) < 2:
            raise TooFewTrialsError(
                f"each of {FOLDS} folds needs two persons of two photos: give more photos"
            )
        for index, (one, other) in enumerate(halves):
            rows.append((one, other, True, number))
            rows.append((one, halves[(index + 1) % len(halves)][1], False, number))
    return Trials.of(rows)


def _folds(objects: Sequence[str], rng: np.random.Generator) -> list[list[list[int]]]:
    """Persons dealt out to the folds at random: [fold][person][photo], photos in random order."""
    photos: dict[str, list[int]] = {}
    for number, name in enumerate(objects):
        photos.setdefault(name, []).append(number)
    names = sorted(photos)
    dealt = [names[index] for index in rng.permutation(len(names))]
    return [
        [[int(number) for number in rng.permutation(photos[name])] for name in dealt[fold::FOLDS]]
        for fold in range(FOLDS)
    ]


def _photo(name: str, number: str, known: dict[str, int], where: str) -> int:
    stem = f"{name}_{number:0>4}"
    if stem not in known:
        raise TrialListError(f"{where}: there is no photo {stem} among the photos given")
    return known[stem]
