from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ailock_sdk.sketch import permutation
from tests.reference.permutation import permutation as reference


@given(salt=st.binary(min_size=16, max_size=16), lambda_bits=st.integers(1, 600))
def test_is_the_reference_permutation(salt: bytes, lambda_bits: int) -> None:
    found = permutation(salt, lambda_bits).tolist()
    assert found == reference(salt, lambda_bits)
    assert sorted(found) == list(range(lambda_bits))


@pytest.mark.parametrize("position", [0, 7, 63])
def test_every_place_is_equally_likely(position: int) -> None:
    """Chi-square over 6,400 salts; 63 degrees of freedom pass 130 once in a million."""
    places = [int(permutation(salt.to_bytes(16, "big"), 64)[position]) for salt in range(6400)]
    counts = np.bincount(places, minlength=64)
    assert ((counts - 100) ** 2 / 100).sum() < 130
