"""Two records of one object: they fall where the theory says, and do not behind a pepper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import Code
from benchmarks.attacks.helper_data.attack import attack
from benchmarks.attacks.helper_data.bit_prior import BitPrior
from benchmarks.attacks.multiplicity import two_records
from benchmarks.attacks.multiplicity.experiment import run
from benchmarks.attacks.multiplicity.two_records import compare, steal, view_of_first
from benchmarks.attacks.setting import Setting

Bits = NDArray[np.bool_]

CODE = Code(512, 6, 8, 4)


def belief(rng: np.random.Generator, strength: float) -> tuple[BitPrior, Bits]:
    """Bits in pairs that are likely alike, as the thief knows: the more, the stronger."""
    coupling = np.kron(np.eye(256), [[0, strength], [strength, 0]])
    halves = rng.random(256) < 0.5
    alike = rng.random(256) < 1 / (1 + np.exp(-2 * strength))
    bits = np.stack([halves, halves == alike], axis=1).ravel()
    return BitPrior(np.zeros(512), coupling), bits


@pytest.mark.parametrize("share", [0.0, 0.12])
def test_two_records_without_a_pepper_give_the_sum_of_their_messages(share: float) -> None:
    rng = np.random.default_rng(3)
    bits = rng.random(512) < 0.5
    differing = rng.random(512) < share
    (one, first), (other, second) = (
        steal(CODE, seen, None, rng) for seen in (bits, bits ^ differing)
    )
    found = compare(CODE, one, other)
    assert np.array_equal(found.sum, first ^ second)
    assert np.array_equal(found.differing, differing)


@pytest.mark.parametrize(("strength", "falls"), [(0.0, False), (0.5, True)])
def test_they_fall_by_what_the_thief_knows_of_bits_alone(strength: float, falls: bool) -> None:
    rng = np.random.default_rng(5)
    prior, bits = belief(rng, strength)
    (one, first), (other, _) = (steal(CODE, bits, None, rng) for _ in range(2))
    guess = attack(view_of_first(CODE, one, compare(CODE, one, other), prior))
    assert np.array_equal(guess.codewords[0][:4], first) == falls


def test_with_a_pepper_they_give_nothing() -> None:
    rng = np.random.default_rng(4)
    bits = rng.random(512) < 0.5
    (one, first), (other, second) = (steal(CODE, bits, Hidden(range(32)), rng) for _ in range(2))
    found = compare(CODE, one, other)
    assert found.errors > 150
    assert not np.array_equal(found.sum, first ^ second)


@pytest.mark.long
def test_the_report_sees_a_mask_that_masks_nothing(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = setting.samples  # of bits that say much of each other: nothing but the mask protects
    margins = np.repeat(samples.reference_margins[:, ::2], 2, axis=1)
    setting.__dict__["samples"] = replace(samples, reference_margins=margins)
    whole = [one.holds for one in run(setting).verdicts]
    assert False not in whole
    assert True in whole
    bare = two_records.helper_mask
    monkeypatch.setattr(two_records, "helper_mask", lambda _, salt, bits: bare(None, salt, bits))
    broken = [one.holds for one in run(setting).verdicts]
    assert broken.count(False) == 2
