"""What records say is measured where it is known: nothing of white bits, much of others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.attacks.helper_data import remedies
from benchmarks.attacks.setting import Setting
from lab.errors import TooFewTrialsError
from lab.report.results import Table
from lab.statistics.intervals import Estimate

pytestmark = pytest.mark.long


def said(setting: Setting, mixing: NDArray[np.float64]) -> dict[str, float]:
    """Bits that records say under each remedy, if margins are white ones mixed like that."""
    samples, rng = setting.samples, np.random.default_rng(1)
    setting = replace(setting, quick=False)  # 24 records
    mixed = {
        name: getattr(samples, name) @ mixing for name in ("reference_margins", "probe_margins")
    }
    setting.__dict__["samples"] = replace(samples, **mixed)
    own = rng.standard_normal((1_000, len(mixing))) @ mixing
    setting.__dict__["own_references"] = own, [str(number) for number in range(len(own))]
    (table,) = remedies.run(setting).results
    assert isinstance(table, Table)
    found = {}
    for remedy, refused, says, *shares in table.rows:
        assert isinstance(says, Estimate)
        assert 0 <= float(str(refused)) <= 1
        assert list(map(str, shares)) == sorted(map(str, shares), reverse=True)
        found[str(remedy)] = says.value
    return found


def test_white_bits_say_nothing(setting: Setting) -> None:
    assert max(said(setting, np.eye(512)).values()) < 3  # 1.4 by chance


def test_mixed_bits_say_less_the_fewer_they_are_and_none_of_it_if_white_again(
    setting: Setting,
) -> None:
    mixing = np.linalg.qr(np.random.default_rng(2).standard_normal((512, 512)))[0]
    found = said(setting, (mixing * np.geomspace(1, 0.1, 512)) @ mixing.T)
    assert found["none"] > 40
    assert found["none"] > found["448 bits"] > found["384 bits"] > found["256 bits"]
    assert found["10 % of the bits flipped"] < 0.7 * found["none"]
    assert found["white"] < 0.5 * found["none"]


def test_a_thief_without_photos_is_told_what_he_needs(setting: Setting) -> None:
    with pytest.raises(TooFewTrialsError, match="--own"):
        remedies.run(setting)
