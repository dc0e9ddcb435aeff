"""Comparisons against brute force on unpacked bits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pytest

from ailock_sdk.errors import EnrollmentError
from ailock_sdk.imageprint import ImagePrint, combine
from lab.statistics.comparisons import Comparisons, Pair, compare_all, object_weights
from lab.statistics.samples import (
    REFERENCES_PER_OBJECT_MAX,
    References,
    Samples,
    arrange,
    combined_probes,
    combined_references,
    in_common,
    single_probes,
    single_references,
)

COUNTS = [3, 1, 4, 2, 5]


def brute_force(
    samples: Samples, sets: list[tuple[int, ...]], probes: list[tuple[int, ...]] | None = None
) -> list[tuple[int, int, int, int, int]]:
    """(reference, probe, reference's object, probe's object, distance) of every trial."""
    trials = []
    probes = [(one,) for one in range(len(samples))] if probes is None else probes
    for number, chosen in enumerate(sets):
        reference = combine([ImagePrint(samples.reference_margins[i]) for i in chosen])
        for at, shown in enumerate(probes):
            if set(shown) & set(chosen):
                continue
            distance = reference - combine([ImagePrint(samples.probe_margins[i]) for i in shown])
            objects = int(samples.objects[chosen[0]]), int(samples.objects[shown[0]])
            trials.append((number, at, *objects, distance))
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
    monkeypatch.setattr("lab.statistics.hamming.BLOCK_DISTANCES", block)
    samples = make_samples(COUNTS, 0.2, reference_flips=0.1)
    weights = object_weights(len(COUNTS), 20, seed=3)
    found = compare_all(samples, single_references(samples), weights)
    photos = sum(COUNTS)
    assert found.mated.sum() == 2 * (3 + 0 + 6 + 1 + 10)
    assert found.mated.sum() + found.non_mated.sum() == photos * (photos - 1)
    assert found.photo_pairs == found.distinct_non_mated == found.non_mated.sum() // 2
    check(found, brute_force(samples, all_sets(samples, 1)), weights)


def test_which_photo_is_the_reference_matters(make_samples) -> None:
    samples = make_samples([1, 1], 0.0, reference_flips=0.3)
    there, back = (
        int((samples.reference_bits[i] != samples.probe_bits[1 - i]).sum()) for i in (0, 1)
    )
    assert there != back
    found = compare_all(samples, single_references(samples), np.ones((1, 2)))
    assert np.flatnonzero(found.non_mated).tolist() == sorted((there, back))
    assert (found.object_pairs, found.photo_pairs, found.mated.sum()) == (1, 1, 0)
    (nearest,) = found.nearest_non_mated  # one of the two, for they show the same two objects
    assert nearest.distance_bits == min(there, back)


def test_without_other_looks_both_ways_are_alike(make_samples) -> None:
    samples = make_samples(COUNTS, 0.2)
    found = compare_all(samples, single_references(samples), object_weights(5, 4, seed=1))
    for counts in (found.mated, found.non_mated, found.resampled_non_mated):
        assert (counts % 2 == 0).all()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_combined_references_equal_brute_force(make_samples, size) -> None:
    samples = make_samples(COUNTS, 0.2, reference_flips=0.1)
    weights = object_weights(len(COUNTS), 20, seed=3)
    references = combined_references(samples, size, seed=0, reference_of=combine)
    sets = all_sets(samples, size)
    assert [tuple(m) for m in references.members.tolist()] == sets
    found = compare_all(samples, references, weights)
    check(found, brute_force(samples, sets), weights)


@pytest.mark.parametrize(("references", "size"), [(1, 2), (2, 2), (3, 2), (2, 3)])
def test_combined_probes_equal_brute_force(make_samples, references, size) -> None:
    samples = make_samples(COUNTS, 0.2, reference_flips=0.1)
    weights = object_weights(len(COUNTS), 20, seed=3)
    probes = combined_probes(samples, size, seed=0)
    sets = all_sets(samples, size)
    assert [tuple(m) for m in probes.members.tolist()] == sets
    made = combined_references(samples, references, seed=0, reference_of=combine)
    found = compare_all(samples, made, weights, probes=probes)
    check(found, brute_force(samples, all_sets(samples, references), sets), weights)


def test_one_photo_in_a_probe_is_the_photo(make_samples) -> None:
    samples = make_samples(COUNTS, 0.2, reference_flips=0.1)
    one, all_photos = combined_probes(samples, 1, seed=0), single_probes(samples)
    np.testing.assert_array_equal(one.bits, all_photos.bits)
    np.testing.assert_array_equal(one.members, all_photos.members)


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


def test_references_in_common_are_those_that_nobody_refuses(make_samples) -> None:
    samples = make_samples([3, 4], 0.1)

    def made(refused: set[tuple[int, ...]]) -> References:
        sets = [chosen for chosen in all_sets(samples, 2) if chosen not in refused]
        bits = np.array([samples.reference_bits[list(chosen)].max(axis=0) for chosen in sets])
        objects = np.array([samples.objects[chosen[0]] for chosen in sets])
        return References(bits, objects, np.array(sets), len(refused))

    one, other = made({(0, 1)}), made({(0, 1), (4, 6)})
    kept = in_common([one, other])
    for after in kept:
        assert [tuple(m) for m in after.members.tolist()] == [
            chosen for chosen in all_sets(samples, 2) if chosen not in {(0, 1), (4, 6)}
        ]
        assert after.refused == 2
        assert len(after.bits) == len(after.objects) == len(after) == 7
    assert in_common([one])[0].refused == 1


def test_a_replicate_is_what_resampled_photos_would_give(make_samples) -> None:
    samples = make_samples(COUNTS, 0.2, reference_flips=0.1)
    weights = object_weights(len(COUNTS), 5, seed=9)
    found = compare_all(samples, single_references(samples), weights)
    for replicate, weight in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(len(COUNTS)), weight)
        photos = [np.flatnonzero(samples.objects == o) for o in drawn]
        mated = np.zeros_like(found.mated)
        non_mated = np.zeros_like(found.non_mated)
        for i, j in product(range(len(drawn)), repeat=2):
            if i != j and drawn[i] == drawn[j]:
                continue
            counts = mated if i == j else non_mated
            for x, y in product(photos[i], photos[j]):
                if x != y:
                    counts[(samples.reference_bits[x] != samples.probe_bits[y]).sum()] += 1
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
    np.testing.assert_array_equal(samples.probe_margins, margins[[0, 3, 1, 4]])
    np.testing.assert_array_equal(samples.reference_margins, samples.probe_margins)
    other = arrange(margins, ["b", "a", "a", "b", "c"], acquired, -margins)
    np.testing.assert_array_equal(other.reference_margins, -samples.probe_margins)


def test_pairs_sort_by_distance() -> None:
    assert Pair(3, 9, 9) < Pair(4, 0, 0)
