"""Two records of one object without a photo: what they say together.

An unmasked helper is codeword XOR reference bits. Two helpers of one object differ by a codeword,
the sum of both, and by those few bits in which the two references differ. So decoding their
difference tells that they are of one object, the sum of their messages, and the bits that the
object does not keep. Neither message alone: every message of the one fits with one of the other
(Dodis, Reyzin and Smith's sketches are those of a linear code; Boyen, "Reusable cryptographic fuzzy
extractors", CCS 2004, says when two are safe). What is left is to guess the first as of a single
record, the bits that differ left out: they lie near a hyperplane, and agree with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.constants import SALT_LENGTH_BYTES
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import Code, helper_mask, permutation, sketch
from benchmarks.attacks.helper_data.attack import AttackerView
from benchmarks.attacks.helper_data.bit_prior import BitPrior
from benchmarks.attacks.helper_data.codebook import Symbols

Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Compared:
    """What the difference of two helpers says.

    Attributes
    ----------
    sum : of the two messages, symbol by symbol (k,)
    differing : bits in which the references differ then, in the imageprint's order (lambda,)
    """

    sum: Symbols
    differing: Bits

    @property
    def errors(self) -> int:
        """The fewer, the likelier one object."""
        return int(np.count_nonzero(self.differing))


def steal(
    code: Code, bits: Bits, pepper: Hidden | None, rng: np.random.Generator
) -> tuple[bytes, Symbols]:
    """A record's helper, masked if there is a pepper, and the message behind it (k,)."""
    message = rng.integers(0, 1 << code.symbol_bits, code.message_symbols)
    mask = helper_mask(pepper, rng.bytes(SALT_LENGTH_BYTES), code.lambda_bits)
    both = (np.frombuffer(part, np.uint8) for part in (sketch(code, bits, message), mask))
    return np.bitwise_xor(*both).tobytes(), message


def compare(code: Code, one: bytes, other: bytes) -> Compared:
    """Look for the codeword nearest to the difference of two helpers."""
    word = np.bitwise_xor(*(np.frombuffer(helper, np.uint8) for helper in (one, other)))
    bits = np.unpackbits(word, count=code.lambda_bits) == 1
    message, codeword = code.decode(np.where(bits, 1.0, -1.0))
    differing = np.empty_like(bits)
    differing[permutation(code.lambda_bits)] = bits ^ codeword
    return Compared(message, differing)


def view_of_first(code: Code, one: bytes, found: Compared, prior: BitPrior) -> AttackerView:
    """A first helper as the thief sees it after comparison with a second one."""
    kept = np.where(found.differing, 0.0, 1.0)
    return AttackerView(
        code, one, BitPrior(prior.bias * kept, prior.coupling * np.outer(kept, kept))
    )
