"""Two records of one object: they fall where the theory says, and do not behind a pepper."""

from __future__ import annotations

import numpy as np
import pytest

from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import Code
from benchmarks.attacks.multiplicity import experiment, two_records
from benchmarks.attacks.multiplicity.experiment import run
from benchmarks.attacks.multiplicity.near_codeword import nearest_codeword, sums_to
from benchmarks.attacks.multiplicity.two_records import compare, steal
from benchmarks.attacks.setting import Setting

CODE = Code(512, 6, 8, 4)


def test_the_nearest_codeword_is_found_and_noise_has_none() -> None:
    rng = np.random.default_rng(1)
    rows = rng.random((56, 512)) < 0.5
    codeword = np.bitwise_xor.reduce(rows[rng.random(56) < 0.5])
    errors = rng.random(512) < 0.12
    found = nearest_codeword(rows, codeword ^ errors, 2_000, 130, rng)
    assert np.array_equal(found, errors)
    assert nearest_codeword(rows, rng.random(512) < 0.5, 500, 0, rng).sum() > 150


def test_every_selection_that_adds_up_is_given() -> None:
    rng = np.random.default_rng(2)
    rows = rng.random((6, 20)) < 0.5
    rows[5] = rows[0] ^ rows[1]
    wanted = np.array([1, 0, 0, 1, 0, 0], dtype=np.bool_)
    word = rows[0] ^ rows[3]
    found = sums_to(rows, word)
    assert found is not None
    assert len(found) == 2
    assert any(np.array_equal(one, wanted) for one in found)
    for one in found:
        assert np.array_equal(np.bitwise_xor.reduce(rows[one]), word)
    assert sums_to(rows[:4], ~word) is None


@pytest.mark.parametrize("share", [0.0, 0.12])
def test_two_records_without_a_pepper_give_both_messages(share: float) -> None:
    rng = np.random.default_rng(3)
    bits = rng.random(512) < 0.5
    (one, first), (other, second) = (
        steal(CODE, seen, None, rng) for seen in (bits, bits ^ (rng.random(512) < share))
    )
    found = compare(CODE, one, other, 2_000, rng)
    wanted = np.stack([first, second])
    assert (found.messages == wanted).all(axis=(1, 2)).any()
    assert len(found.messages) == 1


def test_with_a_pepper_they_give_nothing() -> None:
    rng = np.random.default_rng(4)
    bits = rng.random(512) < 0.5
    (one, first), (other, second) = (steal(CODE, bits, Hidden(range(32)), rng) for _ in range(2))
    found = compare(CODE, one, other, 300, rng)
    assert found.errors > 150
    assert not (found.messages == np.stack([first, second])).all(axis=(1, 2)).any()


def test_the_report_sees_a_mask_that_masks_nothing(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "QUICK_LOOKS", 500)
    whole = [one.holds for one in run(setting).verdicts]
    assert False not in whole
    assert True in whole
    bare = two_records.helper_mask
    monkeypatch.setattr(two_records, "helper_mask", lambda _, salt, bits: bare(None, salt, bits))
    broken = [one.holds for one in run(setting).verdicts]
    assert broken.count(False) == 2
