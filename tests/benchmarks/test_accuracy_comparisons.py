"""Comparisons against brute force on unpacked bits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from ailock_sdk.errors import EnrollmentError
from ailock_sdk.imageprint import ImagePrint, combine
from benchmarks.accuracy import comparisons as module
from benchmarks.accuracy.comparisons import Comparisons, Pair, compare_all, object_weights
from benchmarks.accuracy.samples import (
    REFERENCES_PER_OBJECT_MAX,
    Samples,
    arrange,
    combined_references,
    single_references,
)

COUNTS = [3, 1, 4, 2, 5]


def brute_force(
    samples: Samples, sets: list[tuple[int, ...]], symmetric: bool
) -> list[tuple[int, int, int, int, int]]:
    """(reference, probe, reference's object, probe's object, distance) of every trial."""
    trials = []
    for number, chosen in enumerate(sets):
        reference = combine([ImagePrint(samples.margins[i]) for i in chosen])
        for probe in range(len(samples)):
            if probe in chosen or (symmetric and probe < chosen[0]):
                continue
            distance = reference - ImagePrint(samples.margins[probe])
            objects = int(samples.objects[chosen[0]]), int(samples.objects[probe])
            trials.append((number, probe, *objects, distance))
    return trials


def all_sets(samples: Samples, size: int) -> list[tuple[int, ...]]:
    return [
        chosen
        for index in range(len(samples.names))
        for chosen in combinations(np.flatnonzero(samples.objects == index).tolist(), size)
    ]


def check(
    found: Comparisons, trials: list[tuple[int, int, int, int, int]], weights: np.ndarray
) -> None:
    """Histograms, counts, hardest pairs and replicates of ``found`` are those of ``trials``."""
    bins = len(found.mated)
    mated = [t for t in trials if t[2] == t[3]]
    non_mated = [t for t in trials if t[2] != t[3]]
    for counts, expected in ((found.mated, mated), (found.non_mated, non_mated)):
        np.testing.assert_array_equal(counts, np.bincount([t[4] for t in expected], minlength=bins))
    for replicate, weight in enumerate(weights):
        for counts, expected in (
            (found.resampled_mated[replicate], [(weight[t[2]], t[4]) for t in mated]),
            (
                found.resampled_non_mated[replicate],
                [(weight[t[2]] * weight[t[3]], t[4]) for t in non_mated],
            ),
        ):
            times, distances = np.array(expected).T
            np.testing.assert_array_equal(
                counts, np.bincount(distances.astype(int), times, minlength=bins)
            )
    assert found.mated_objects == len({t[2] for t in mated})
    assert found.object_pairs == len({frozenset(t[2:4]) for t in non_mated})
    worst = {o: max(t[4] for t in mated if t[2] == o) for o in {t[2] for t in mated}}
    assert [p.distance_bits for p in found.worst_mated] == sorted(worst.values(), reverse=True)[:8]
    nearest: dict[frozenset[int], int] = {}
    for trial in non_mated:
        objects = frozenset(trial[2:4])
        nearest[objects] = min(trial[4], nearest.get(objects, trial[4]))
    assert [p.distance_bits for p in found.nearest_non_mated] == sorted(nearest.values())[:8]
    known = {t[:2]: t[4] for t in trials}
    for pair in (*found.worst_mated, *found.nearest_non_mated):
        assert known[pair.reference, pair.probe] == pair.distance_bits


@pytest.mark.parametrize("block", [4, 10**6])
def test_single_references_equal_brute_force(make_samples, monkeypatch, block) -> None:
    monkeypatch.setattr(module, "BLOCK_DISTANCES", block)
    samples = make_samples(COUNTS, 0.2)
    weights = object_weights(len(COUNTS), 20, seed=3)
    found = compare_all(samples, single_references(samples), weights)
    assert found.mated.sum() == 3 + 0 + 6 + 1 + 10
    check(found, brute_force(samples, all_sets(samples, 1), symmetric=True), weights)


def test_combined_references_equal_brute_force(make_samples) -> None:
    samples = make_samples(COUNTS, 0.2)
    weights = object_weights(len(COUNTS), 20, seed=3)
    references = combined_references(samples, 2, seed=0, reference_of=combine)
    sets = all_sets(samples, 2)
    assert [tuple(m) for m in references.members.tolist()] == sets
    found = compare_all(samples, references, weights)
    check(found, brute_force(samples, sets, symmetric=False), weights)


def test_many_reference_sets_are_sampled_with_the_seed(make_samples) -> None:
    samples = make_samples([9, 2], 0.1)
    first, again, other = (
        combined_references(samples, 3, seed, reference_of=combine) for seed in (1, 1, 2)
    )
    assert len(first) == REFERENCES_PER_OBJECT_MAX  # of 84; the second object has too few photos
    assert len({tuple(m) for m in first.members.tolist()}) == len(first)
    np.testing.assert_array_equal(first.members, again.members)
    assert first.members.tolist() != other.members.tolist()


def test_references_that_enrolment_refuses_are_counted(make_samples) -> None:
    samples = make_samples([4, 4], np.array([0.02, 0.45]))

    def near(prints: Sequence[ImagePrint]) -> ImagePrint:
        if prints[0] - prints[1] > 14:
            raise EnrollmentError
        return combine(prints)

    references = combined_references(samples, 2, seed=0, reference_of=near)
    assert references.refused > 0
    assert references.refused + len(references) == 12
    assert (references.objects == 0).sum() == 6  # the steady object keeps all its sets


def test_a_replicate_is_what_resampled_photos_would_give(make_samples) -> None:
    samples = make_samples(COUNTS, 0.2)
    weights = object_weights(len(COUNTS), 5, seed=9)
    found = compare_all(samples, single_references(samples), weights)
    for replicate, weight in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(len(COUNTS)), weight)
        bits = [samples.bits[samples.objects == o] for o in drawn]
        mated = np.zeros_like(found.mated)
        non_mated = np.zeros_like(found.non_mated)
        for i, a in enumerate(bits):
            for x, y in combinations(a, 2):
                mated[(x != y).sum()] += 1
            for j in range(i):
                if drawn[i] != drawn[j]:
                    for x in a:
                        for y in bits[j]:
                            non_mated[(x != y).sum()] += 1
        np.testing.assert_array_equal(found.resampled_mated[replicate], mated)
        np.testing.assert_array_equal(found.resampled_non_mated[replicate], non_mated)


def test_weights_draw_as_many_objects_as_there_are() -> None:
    weights = object_weights(7, 100, seed=0)
    assert weights.shape == (100, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_arrange_drops_and_sorts() -> None:
    margins = np.arange(15, dtype=np.float64).reshape(5, 3)
    acquired = np.array([True, True, False, True, True])
    samples = arrange(margins, ["b", "a", "a", "b", "c"], acquired)
    assert samples.names == ("b", "a", "c")
    assert samples.objects.tolist() == [0, 0, 1, 2]
    assert samples.photos.tolist() == [0, 3, 1, 4]
    assert samples.starts.tolist() == [0, 2, 3, 4]
    np.testing.assert_array_equal(samples.margins, margins[[0, 3, 1, 4]])


def test_pairs_sort_by_distance() -> None:
    assert Pair(3, 9, 9) < Pair(4, 0, 0)
