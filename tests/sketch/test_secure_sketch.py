from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ailock_sdk.errors import ProfileError, UnlockError
from ailock_sdk.sketch import Code, recover, sketch


def as_margins(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return np.where(bits, 1.0, -1.0)


@pytest.mark.parametrize(
    ("parameters", "radius", "trials"),
    [((512, 7, 4, 3), 143, 150), ((500, 6, 8, 5), 150, 60), ((200, 7, 2, 1), 50, 150)],
)
def test_c_errors_open_and_one_more_never_does(
    parameters: tuple[int, int, int, int], radius: int, trials: int
) -> None:
    code, rng = Code(*parameters), np.random.default_rng(radius)
    accepted = 0
    for _ in range(trials):
        message = rng.integers(2**code.symbol_bits, size=code.message_symbols)
        reference = rng.random(code.lambda_bits) < 0.5
        helper = sketch(code, reference, message)
        wrong = rng.choice(code.lambda_bits, radius + 1, replace=False)
        probe = reference.copy()
        probe[wrong[:-1]] ^= True
        try:
            found = recover(code, radius, helper, as_margins(probe))
            accepted += found.tolist() == message.tolist()
        except UnlockError:
            pass
        probe[wrong[-1]] ^= True
        try:
            found = recover(code, radius, helper, as_margins(probe))
        except UnlockError:
            continue
        assert found.tolist() != message.tolist()  # another codeword: the check tag's business
    assert accepted >= 0.97 * trials


@pytest.mark.parametrize("symbols", [4, 5])
def test_two_sketches_of_one_object_tell_no_message(symbols: int) -> None:
    """Whatever the first message is, some second one fits: also of a code of another k."""
    first, second = Code(512, 6, 8, 4), Code(512, 6, 8, symbols)
    rng = np.random.default_rng(7)
    reference = rng.random(512) < 0.5
    helpers = [
        sketch(code, reference, rng.integers(128, size=code.message_symbols))
        for code in (first, second)
    ]
    one, other = (np.unpackbits(np.frombuffer(helper, np.uint8)) == 1 for helper in helpers)
    for _ in range(5):
        guess = first.encode(rng.integers(128, size=4))  # then this is the reference,
        rest = other ^ one ^ guess  # and this the other's codeword:
        assert second.decode(as_margins(rest))[1].tolist() == rest.tolist()


def test_acceptance_counts_hard_bits_not_weights() -> None:
    """c + 1 errors of next to no weight decode perfectly, and are refused all the same."""
    code, rng, radius = Code(512, 7, 4, 3), np.random.default_rng(5), 40
    message = rng.integers(256, size=3)
    reference = rng.random(512) < 0.5
    helper = sketch(code, reference, message)
    margins = as_margins(reference)
    margins[: radius + 1] *= -1e-9
    with pytest.raises(UnlockError):
        recover(code, radius, helper, margins)
    margins[0] *= -1
    assert recover(code, radius, helper, margins).tolist() == message.tolist()


def test_weights_help() -> None:
    """45 % errors are beyond a code of this length, unless the wrong bits are weak ones."""
    code, rng = Code(512, 7, 4, 3), np.random.default_rng(6)
    message = rng.integers(256, size=3)
    reference = rng.random(512) < 0.5
    helper = sketch(code, reference, message)
    margins = as_margins(reference)
    margins[rng.choice(512, 230, replace=False)] *= -0.1
    assert recover(code, 255, helper, margins).tolist() == message.tolist()


def test_zero_margin_is_bit_one() -> None:
    code = Code(512, 7, 4, 2)
    message = np.array([17, 200])
    reference = np.ones(512, dtype=np.bool_)
    helper = sketch(code, reference, message)
    margins = as_margins(reference)
    margins[:100] = 0.0
    assert recover(code, 0, helper, margins).tolist() == message.tolist()


def test_unused_helper_bits_are_zero() -> None:
    code = Code(50, 6, 1, 1)
    helper = sketch(code, np.ones(50, dtype=np.bool_), np.array([99]))
    assert len(helper) == 7
    assert helper[-1] & 0b0011_1111 == 0


def test_misuse_is_refused() -> None:
    code = Code(512, 7, 4, 2)
    bits, message = np.zeros(512, dtype=np.bool_), np.array([1, 2])
    helper = sketch(code, bits, message)
    margins = as_margins(bits)
    with pytest.raises(ValueError, match="reference bits"):
        sketch(code, bits[:-1], message)
    with pytest.raises(ValueError, match="reference bits"):
        sketch(code, bits.astype(np.int64), message)
    for bad in (margins[:-1], np.append(margins[:-1], np.nan), np.append(margins[:-1], np.inf)):
        with pytest.raises(ValueError, match="margins"):
            recover(code, 100, helper, bad)
    with pytest.raises(ValueError, match="helper"):
        recover(code, 100, helper[:-1], margins)
    for radius in (-1, 256):
        with pytest.raises(ProfileError):
            recover(code, radius, helper, margins)
