"""Guesses online and offline: what holds is said to hold, and a broken product is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ailock_sdk.sketch import extractor
from ailock_sdk.store import lock_store
from benchmarks.attacks import dictionary, hill_climbing, impostors, throttle
from benchmarks.attacks.dictionary import Tries
from benchmarks.attacks.protocol import Findings
from benchmarks.attacks.setting import Setting


def fallen(found: Findings) -> list[str]:
    return [one.tried for one in found.verdicts if one.holds is False]


def test_at_most_fifty_guesses_are_compared_whatever_the_clock_says(setting: Setting) -> None:
    found = throttle.run(setting)
    assert not fallen(found)
    assert len(found.verdicts) == len(throttle.CLOCKS) + 3
    (restored,) = (one for one in found.verdicts if one.holds is None)
    assert restored.found == 100  # all: nothing notices an older file


def test_a_throttle_that_does_not_wait_or_count_is_seen(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lock_store, "remaining_wait", lambda *_: 0.0)
        assert len(fallen(throttle.run(setting))) == len(throttle.CLOCKS) + 1
    monkeypatch.setattr(lock_store.Rows, "put_state", lambda *_: None)
    assert any("hammers" in one for one in fallen(throttle.run(setting)))


def test_a_dictionary_needs_the_pepper_and_real_records_fall_as_distances_say(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = dictionary.run(setting)
    assert not fallen(found)
    agree = next(one for one in found.verdicts if "when distances say" in one.tried)
    assert agree.found == "3 of 3"
    bare = extractor.helper_mask
    monkeypatch.setattr(extractor, "helper_mask", lambda _, salt, bits: bare(None, salt, bits))
    (seen,) = fallen(dictionary.run(setting))
    assert seen.startswith("without the pepper")


def test_guesses_in_random_order_are_hypergeometric() -> None:
    tries = Tries("", np.array([10, 10, 4]), np.array([1, 0, 4]))
    assert tries.fallen(1) == pytest.approx((0.1 + 0 + 1) / 3)
    assert tries.fallen(5) == pytest.approx((0.5 + 0 + 1) / 3)
    assert tries.rate == pytest.approx(5 / 24)


def test_made_up_imageprints_follow_the_statistics_of_bits(setting: Setting) -> None:
    far = impostors.made_of_bits(setting.samples, setting.lock.radius, 2_000, setting)
    assert far.value == 0
    assert far.high == pytest.approx(3 / 2_000)
    half = setting.lock.lambda_bits // 2
    assert impostors.made_of_bits(setting.samples, half, 2_000, setting).value > 0.3


def test_a_radius_that_is_too_wide_is_seen(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impostors, "ENOUGH_PAIRS", 1)
    assert not fallen(impostors.run(setting))
    monkeypatch.setattr(setting.lock, "radius", 250)
    assert "drawn at random" in fallen(impostors.run(setting))[0]


def test_after_a_hit_the_answers_tell_the_reference(setting: Setting) -> None:
    learnt = hill_climbing.learn(setting, 1, np.random.default_rng(1))
    assert learnt[0].before > 50
    assert learnt[0].after == 0
    assert learnt[0].queries < 2 * setting.lock.lambda_bits


def test_a_vault_compares_five_photos_in_a_row(
    setting: Setting, photos: dict[str, list[Path]], tmp_path: Path
) -> None:
    labels = photos["mug"][0].parent / "labels.csv"
    real = Setting(setting.lock, (labels,), (), (), tmp_path / "cache", tmp_path, quick=True)
    tried, compared, opened = hill_climbing.at_a_vault(real, 8, np.random.default_rng(1))
    assert (tried, compared, opened) == (8, 5, 0)
