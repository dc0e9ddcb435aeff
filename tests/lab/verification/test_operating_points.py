"""Rates of random and targeted impostors at a radius, and the bits of strength they leave."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from pathlib import Path

import numpy as np
import pytest

from lab.photos.labelled_photos import open_labelled_photos
from lab.statistics.comparisons import compare_all, object_weights
from lab.statistics.intervals import Estimate, estimate
from lab.statistics.samples import combined_probes
from lab.verification.evaluate import acquire
from lab.verification.operating_points import PHOTOS, OperatingPoint, measure_point
from lab.verification.targeted import measure, references_of


def point(message_bits: int) -> OperatingPoint:
    return OperatingPoint("default", "0.7500", 15, (5, 2, 1), message_bits, {})


def test_rates_are_those_of_the_comparisons_and_of_targeted(make_lock, make_samples) -> None:
    lock = make_lock(radius=18)
    samples = make_samples([7] * 6, 0.3, 60, reference_flips=0.08)
    names = ("mug_A", "mug_B", "mug_C", "lamp_A", "lamp_B", "clock_A")
    kinds = replace(make_samples([7] * 6, 0.3, 60, 4, 0.08), names=names)
    found = measure_point(lock, samples, kinds, [("mug_A", "mug_B")], bootstrap=50, seed=3)
    assert tuple(found.rates) == PHOTOS == ((1, 1), (3, 1), (3, 3))
    targeted = measure(lock, kinds, PHOTOS, [("mug_A", "mug_B")], bootstrap=50, seed=3)
    weights = object_weights(6, 50, 3)
    values = set()
    for (references, probes), rates in found.rates.items():
        made = references_of(lock, samples, references, 3)
        shown = combined_probes(samples, probes, 3)
        expected = estimate(compare_all(samples, made, weights, probes=shown), 18)
        assert rates.random is not None
        assert rates.refused is not None
        for rate, name in ((rates.random, "fmr_at_radius"), (rates.refused, "fnmr_at_radius")):
            assert rate.value == pytest.approx(expected[name].value)
            assert rate.high == pytest.approx(expected[name].high)
        here = targeted[references, probes]
        assert here is not None
        assert rates.targeted == here.all
        values.add(rates.refused.value)
    assert len(values) == 3  # each number of photos is measured by itself
    assert (found.radius_bits, found.message_bits) == (18, lock.code.message_bits)


def test_objects_of_few_photos_and_no_targeted_set_leave_gaps(
    make_lock, make_photos, tmp_path: Path
) -> None:
    lock = make_lock(radius=40)
    photos = open_labelled_photos([make_photos([4] * 3)])
    samples = acquire(lock, photos, tmp_path / "cache")
    found = measure_point(lock, samples, bootstrap=0)
    assert all(rates.targeted is None for rates in found.rates.values())
    last = found.rates[3, 3]
    assert last.refused is None  # four photos do not make three and three
    assert last.random is not None


def test_the_strength_is_the_shorter_way_in() -> None:
    rate = Estimate(1e-3, 1e-9, 0.25)
    found = point(21).strength_bits(rate)
    assert found.value == pytest.approx(-log2(1e-3))
    assert found.low == pytest.approx(2)
    assert found.high == 21  # the message is tried through sooner
    assert point(7).strength_bits(rate).value == 7


def test_no_match_seen_leaves_the_message_and_a_lower_end() -> None:
    found = point(28).strength_bits(Estimate(0.0, 0.0, 1 / 1024))
    assert (found.value, found.low, found.high) == (28, pytest.approx(10), 28)
    assert point(28).strength_bits(Estimate(0.5)).low is None
    assert np.isfinite(point(28).strength_bits(Estimate(1.0, 1.0, 1.0)).value)
