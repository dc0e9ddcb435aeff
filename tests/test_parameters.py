"""The rules that profiles, codes and records share, against the parts that obey them."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import PinError, ProfileError
from ailock_sdk.parameters import check_pin, code_exists, max_radius_bits
from ailock_sdk.profiles import Look, Profile
from ailock_sdk.secret import hidden_pin
from ailock_sdk.sketch import Code, ReedMuller, ReedSolomon, correction_radius


def profile(tau: str) -> Profile:
    looks = (Look(1.0, 0),)
    return Profile("p", ("layer",), ("whole",), looks, looks, tau, (5, 2, 1))


@pytest.mark.parametrize("tau", ["0.6800", "0.68", "0.5001", "0.9999", "1.0", "1.0000"])
def test_a_profile_takes_tau_written_out(tau: str) -> None:
    assert correction_radius(10_000, profile(tau).tau) == round(10_000 * (1 - float(tau)))


@pytest.mark.parametrize(
    "tau", [".68", "1", "1.", "0.68000", "0.5", "0.0", "1.5", "0.68\n", "7e-1"]
)
def test_a_profile_takes_no_other_tau(tau: str) -> None:
    with pytest.raises(ProfileError, match="tau is decimal text"):
        profile(tau)


def test_the_code_that_exists_is_the_one_that_can_be_built() -> None:
    for lambda_bits, order, blocks, symbols in itertools.product(
        (1, 7, 8, 27, 50, 509), range(8), range(12), range(10)
    ):
        try:
            Code(lambda_bits, order, blocks, symbols)
            built = True
        except ProfileError:
            built = False
        assert built == code_exists(lambda_bits, order, blocks, symbols)
    assert not code_exists(4097, 12, 2, 1)


def test_parts_refuse_what_does_not_exist() -> None:
    for order, length in ((1, 2), (3, 4), (3, 9), (0, 1)):
        with pytest.raises(ProfileError, match=r"RM\(1"):
            ReedMuller(order, length)
    for n, k, bits in ((8, 1, 3), (3, 4, 3), (1, 0, 3)):
        with pytest.raises(ProfileError, match="no Reed-Solomon code"):
            ReedSolomon(n, k, bits)
    for bits in (2, 14):
        with pytest.raises(ProfileError, match="not supported"):
            ReedSolomon(1, 1, bits)


@pytest.mark.parametrize("lambda_bits", range(1, 20))
def test_radius_stays_below_half(lambda_bits: int) -> None:
    assert 2 * max_radius_bits(lambda_bits) < lambda_bits <= 2 * max_radius_bits(lambda_bits) + 2


def is_pin(text: str) -> bool:
    """Written anew from SPEC section 7."""
    composed = unicodedata.normalize("NFC", text)
    return 4 <= len(composed) <= 64 and not any(
        ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in composed
    )


@given(
    st.text(max_size=70)
    | st.text(st.sampled_from("e\u0301\u00e9\ud800\n\x7f\x9f\u1e0b\u0323\u0307d 1"), max_size=70)
)
@settings(max_examples=500)
def test_a_pin_is_what_the_specification_says_in_whatever_form_it_comes(text: str) -> None:
    forms = {hidden_pin(text)}
    if not any(0xD800 <= ord(c) < 0xE000 for c in text):
        forms |= {hidden_pin(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    (pin,) = forms
    assert pin is not None
    assert hidden_pin(pin) is pin
    if is_pin(text):
        check_pin(pin)
    else:
        with pytest.raises(PinError, match="4 to 64 characters"):
            check_pin(pin)
