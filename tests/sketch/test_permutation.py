from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ailock_sdk.sketch import permutation
from tests.reference.permutation import permutation as reference


@given(lambda_bits=st.integers(1, 600))
def test_is_the_reference_permutation(lambda_bits: int) -> None:
    found = permutation(lambda_bits).tolist()
    assert found == reference(lambda_bits)
    assert sorted(found) == list(range(lambda_bits))
