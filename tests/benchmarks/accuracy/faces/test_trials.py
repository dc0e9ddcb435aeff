"""Pairs files read strictly, and pairs and frames made by a seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.accuracy.faces.trials import FOLDS, make_frames, make_pairs, read_pairs
from lab.errors import TooFewTrialsError, TrialListError

PATHS = ("a/Ann_0001.jpg", "a/Ann_0002.jpg", "b/Bo_B_0001.webp", "b/Bo_B_0012.webp")
LINES = ["2\t1", "Ann\t1\t2", "Ann\t1\tBo_B\t1", "Bo_B\t1\t12", "Bo_B\t12\tAnn\t2"]
OBJECTS = [f"person {index % 30}" for index in range(120)]


def write(folder: Path, lines: list[str]) -> Path:
    file = folder / "pairs.txt"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def test_a_pairs_file_is_read(tmp_path: Path) -> None:
    trials = read_pairs(write(tmp_path, LINES), PATHS)
    assert trials.first == ((0,), (0,), (2,), (3,))
    assert trials.second == ((1,), (2,), (3,), (1,))
    assert trials.mated.tolist() == [True, False, True, False]
    assert trials.folds.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        (0, "pairs", "first line holds the number of folds"),
        (0, "1 2", "at least 2"),
        (0, "2 2", "are 8 lines, not 4"),
        (1, "Ann\t1\tBo_B\t1", "line 2: .* is not 'NAME n m'"),
        (2, "Ann\t1\t2", "line 3: .* is not 'NAME n OTHER m'"),
        (4, "Bo_B\t12\tAnn\t3", "line 5: there is no photo Ann_0003"),
    ],
)
def test_what_is_wrong_with_a_pairs_file_is_said(
    tmp_path: Path, line: int, instead: str, says: str
) -> None:
    lines = [*LINES]
    lines[line] = instead
    with pytest.raises(TrialListError, match=says):
        read_pairs(write(tmp_path, lines), PATHS)


def test_a_missing_pairs_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrialListError, match="is no pairs file"):
        read_pairs(tmp_path / "none.txt", PATHS)


def test_made_pairs_keep_persons_in_one_fold() -> None:
    trials = make_pairs(OBJECTS, seed=3)
    # Three persons of four photos a fold: 3 x 6 pairs of one, 3 x 16 of two; so 18 of each.
    counts = Counter(zip(trials.folds.tolist(), trials.mated.tolist(), strict=True))
    assert counts == {(fold, mated): 18 for fold in range(FOLDS) for mated in (True, False)}
    fold_of: dict[str, int] = {}
    seen = set()
    ends = zip(trials.first, trials.second, trials.mated, trials.folds, strict=True)
    for (one,), (other,), mated, fold in ends:
        assert (OBJECTS[one] == OBJECTS[other]) == mated
        assert one != other
        for photo in (one, other):
            assert fold_of.setdefault(OBJECTS[photo], fold) == fold
        seen.add(frozenset((one, other)))
    assert len(seen) == len(trials)
    assert make_pairs(OBJECTS, seed=3).first == trials.first
    assert make_pairs(OBJECTS, seed=4).first != trials.first


def test_frames_are_halves_of_a_persons_photos() -> None:
    trials = make_frames(OBJECTS, seed=3)
    assert len(trials) == 2 * 30
    for first, second, mated in zip(trials.first, trials.second, trials.mated, strict=True):
        assert (len(first), len(second)) == (2, 2)
        assert not set(first) & set(second)
        assert ({OBJECTS[i] for i in first} == {OBJECTS[i] for i in second}) == mated


def test_too_few_photos_are_said() -> None:
    with pytest.raises(TooFewTrialsError, match="two persons and two photos of one"):
        make_pairs([f"person {index}" for index in range(40)], seed=1)
    with pytest.raises(TooFewTrialsError, match="two persons of two photos"):
        make_frames(OBJECTS[:15] * 2, seed=1)
