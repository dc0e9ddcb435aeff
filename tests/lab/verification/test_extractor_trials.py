"""Decoding opens what lies within c, and nothing beyond."""

from __future__ import annotations

import numpy as np

from ailock_sdk.imageprint import combine
from ailock_sdk.sketch import Code
from lab.statistics.samples import (
    combined_probes,
    combined_references,
    single_probes,
    single_references,
)
from lab.verification.extractor_trials import agreement, run_trials, sample_trials, summary

LAMBDA_BITS, RADIUS = 256, 70
CODE = Code(LAMBDA_BITS, 7, 2, 1)


def test_decoding_agrees_with_the_rule(make_samples) -> None:
    # Two photos differ in about 2 * 0.16 * 0.84 * 256 = 69 bits: on both sides of c.
    samples = make_samples([4] * 10, 0.16, LAMBDA_BITS)
    trials = run_trials(
        CODE,
        RADIUS,
        single_references(samples),
        single_probes(samples),
        1,
        mated_trials=60,
        non_mated_trials=60,
    )
    found = agreement(trials, RADIUS)
    assert found.trials == 120
    assert 10 < found.within_radius < 50
    assert found.accepted_within_radius == found.within_radius
    assert found.detection == 1
    assert found.accepted_beyond_radius == 0
    assert agreement(trials[60:], RADIUS).detection is None
    bands = summary(trials, RADIUS)["bands"]
    assert sum(band["trials"] for band in bands) == found.within_radius


def test_trials_repeat_with_the_seed(make_samples) -> None:
    samples = make_samples([3] * 5, 0.2, LAMBDA_BITS)
    ends = single_references(samples), single_probes(samples)
    first, again = (run_trials(CODE, RADIUS, *ends, 4, 10, 10) for _ in range(2))
    assert first == again


def test_the_reference_s_looks_are_sketched_and_the_probe_s_are_decoded(make_samples) -> None:
    samples = make_samples([2] * 6, 0.0, LAMBDA_BITS, reference_flips=0.1)
    references = single_references(samples)
    trials = run_trials(CODE, RADIUS, references, single_probes(samples), 2, 12, 0)
    noise = {
        int((references.bits[i] != samples.probe_bits[j]).sum())
        for i, j in zip(range(12), [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10], strict=True)
    }
    assert {trial.distance_bits for trial in trials} == noise


def test_samples_are_distinct_and_of_their_kind(make_samples) -> None:
    samples = make_samples([3, 2, 4], 0.2)
    rng = np.random.default_rng(0)
    pairs = combined_references(samples, 2, seed=0, reference_of=combine)
    for references, probes in (
        (single_references(samples), single_probes(samples)),
        (pairs, single_probes(samples)),
        (pairs, combined_probes(samples, 2, seed=0)),
    ):
        for mated in (True, False):
            trials = sample_trials(references, probes, mated, 10_000, rng)
            same = references.objects[trials[:, 0]] == probes.objects[trials[:, 1]]
            assert (same == mated).all()
            assert len(np.unique(trials, axis=0)) == len(trials)
            for reference, probe in trials:
                assert not set(probes.members[probe]) & set(references.members[reference])
    ends = single_references(samples), single_probes(samples)
    ordered = sample_trials(*ends, True, 10_000, rng)
    assert len(ordered) == 3 * 2 + 2 * 1 + 4 * 3  # all of them
