"""Rates by who met whom, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from ailock_sdk.imageprint import combine
from lab.statistics.comparisons import compare_all, object_weights
from lab.statistics.error_rates import fmr_at, fnmr_at
from lab.statistics.object_pairs import count_pairs, different, kind_of, same_kind
from lab.statistics.samples import (
    combined_probes,
    combined_references,
    single_probes,
    single_references,
)

COUNTS = [3, 1, 4, 2, 5]
RADIUS = 28


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("mug_A", "mug"), ("cup10", "cup"), ("desk lamp 3", "desk lamp"), ("car-1", "car")),
        *(("mug", "mug"), ("MUG", "MUG"), ("7", "7"), ("A", "A"), ("robot.2", "robot")),
    ],
)
def test_kind_is_the_name_without_what_numbers_it(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(("references", "probes"), [(1, 1), (2, 1), (2, 2)])
def test_all_pairs_are_the_comparisons_of_verify(make_samples, references, probes) -> None:
    samples = make_samples(COUNTS, 0.25, reference_flips=0.2)
    made = combined_references(samples, references, seed=0, reference_of=combine)
    shown = combined_probes(samples, probes, seed=0)
    weights = object_weights(len(COUNTS), 50, seed=3)
    counted = count_pairs(samples, made, shown, RADIUS)
    compared = compare_all(samples, made, weights, probes=shown)
    wrong = counted.rate(different(len(COUNTS)), weights)
    right = counted.rate(np.eye(len(COUNTS), dtype=np.bool_), weights)
    assert wrong is not None
    assert right is not None
    assert wrong.value == pytest.approx(float(fmr_at(compared.non_mated, RADIUS)))
    assert 0 < right.value == pytest.approx(1 - float(fnmr_at(compared.mated, RADIUS)))
    resampled = compared.resampled_mated
    low, high = np.quantile(
        1 - fnmr_at(resampled[resampled.sum(axis=1) > 0], RADIUS), [0.025, 0.975]
    )
    assert (right.low, right.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("block", [7, 10**6])
def test_nearest_and_furthest_trials_of_each_two_objects(make_samples, monkeypatch, block) -> None:
    monkeypatch.setattr("lab.statistics.hamming.BLOCK_DISTANCES", block)
    samples = make_samples(COUNTS, 0.25, reference_flips=0.2)
    references, probes = single_references(samples), single_probes(samples)
    found = count_pairs(samples, references, probes, RADIUS)
    bits = (references.bits[:, None] != probes.bits[None]).sum(axis=2)
    for row, column in np.argwhere(found.trials):
        mine = np.ix_(references.objects == row, probes.objects == column)
        distances = bits[mine][~np.eye(len(bits), dtype=np.bool_)[mine]]
        for pair, extreme in (
            (found.nearest[row, column], distances.min()),
            (found.furthest[row, column], distances.max()),
        ):
            assert pair.distance_bits == extreme == bits[pair.reference, pair.probe]
            assert (references.objects[pair.reference], probes.objects[pair.probe]) == (row, column)
    assert (1, 1) not in found.nearest  # an object of one photo has no mated trial


def test_only_the_asked_pairs_count(make_samples) -> None:
    samples = make_samples([2, 2, 2, 2], [0.0, 0.0, 0.4, 0.4])
    counted = count_pairs(samples, single_references(samples), single_probes(samples), 70)
    pairs = same_kind(["mug", "mug", "lamp", "clock"])
    assert np.argwhere(pairs).tolist() == [[0, 1], [1, 0]]
    rate = counted.rate(pairs, np.zeros((0, 4)))
    assert rate is not None
    assert (rate.value, rate.low) == (1.0, None)
    assert int((counted.trials * pairs).sum()) == 8


def test_objects_that_may_be_one_are_not_impostors(make_samples) -> None:
    samples = make_samples([2, 2, 2], 0.0)
    kinds = ["mouse"] * 3
    assert np.argwhere(same_kind(kinds, [(2, 1)])).tolist() == [[0, 1], [0, 2], [1, 0], [2, 0]]
    assert not different(3, [(0, 1)])[1, 0]
    counted = count_pairs(samples, single_references(samples), single_probes(samples), 5)
    assert counted.rate(np.zeros((3, 3), dtype=np.bool_), np.zeros((0, 3))) is None


def test_no_error_seen_is_bounded_by_pairs_of_objects(make_samples) -> None:
    samples = make_samples(COUNTS, 0.05)
    weights = object_weights(len(COUNTS), 50, seed=3)
    counted = count_pairs(samples, single_references(samples), single_probes(samples), 0)
    rate = counted.rate(different(len(COUNTS)), weights)
    assert rate is not None
    assert (rate.value, rate.low, rate.high) == (0.0, 0.0, pytest.approx(3 / 10))
