"""Two records of one object without a photo: the object drops out, and two messages remain.

An unmasked helper is codeword XOR reference bits, up to an order that the salt tells. Put into one
order, two helpers of one object differ by two codewords and by those few bits in which the two
references differ. The sums of two codewords are a linear code too, of twice the message bits:
finding its word nearest to the helpers' difference gives both messages, and with them the
references (Boyen, "Reusable cryptographic fuzzy extractors", CCS 2004, states the danger). With a
pepper that he lacks the thief sees two strings of noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.constants import SALT_LENGTH_BYTES
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import Code, helper_mask, permutation, sketch
from benchmarks.attacks.multiplicity.near_codeword import nearest_codeword, sums_to

Bits = NDArray[np.bool_]
Symbols = NDArray[np.int64]

CHANCE_NEVER = 0.27
"""Share of errors that a codeword of these codes never has by chance: the nearest to a random word
of 512 bits, among 2^56, has 0.31 of them."""


@dataclass(frozen=True, eq=False)
class Stolen:
    """A record's helper, as the thief has it, and its salt."""

    helper: bytes
    salt: bytes


@dataclass(frozen=True, eq=False)
class Compared:
    """What two records said.

    Attributes
    ----------
    errors : bits that the nearest pair of codewords leaves; the fewer, the likelier one object
    messages : pairs of messages (S, 2, k) that leave them
    """

    errors: int
    messages: Symbols


def steal(
    code: Code, bits: Bits, pepper: Hidden | None, rng: np.random.Generator
) -> tuple[Stolen, Symbols]:
    """A record's helper, masked if there is a pepper, and the message behind it (k,)."""
    salt = rng.bytes(SALT_LENGTH_BYTES)
    message = rng.integers(0, 1 << code.symbol_bits, code.message_symbols)
    mask = np.frombuffer(helper_mask(pepper, salt, code.lambda_bits), np.uint8)
    helper = np.frombuffer(sketch(code, bits, message, salt), np.uint8) ^ mask
    return Stolen(helper.tobytes(), salt), message


def compare(
    code: Code, one: Stolen, other: Stolen, looks: int, rng: np.random.Generator
) -> Compared:
    """Look for the two codewords that explain the difference of two helpers best.

    ``looks``: information sets, some 7,000 a second.
    """
    rows = np.concatenate([_codewords(code, stolen.salt) for stolen in (one, other)])
    word = _in_order(code, one) ^ _in_order(code, other)
    enough = int(CHANCE_NEVER * code.lambda_bits)
    errors = nearest_codeword(rows, word, looks, enough, rng)
    chosen = sums_to(rows, word ^ errors)
    assert chosen is not None  # a codeword was found
    units = chosen.reshape(len(chosen), 2, code.message_symbols, code.symbol_bits)
    weights = 1 << np.arange(code.symbol_bits)
    return Compared(int(errors.sum()), (units * weights).sum(axis=-1))


def _codewords(code: Code, salt: bytes) -> Bits:
    """Codewords of the messages of a single set bit, in the imageprint's order: (bits, lambda)."""
    count = code.message_symbols * code.symbol_bits
    messages = np.zeros((count, code.message_symbols), dtype=np.int64)
    at = np.arange(count)
    messages[at, at // code.symbol_bits] = 1 << at % code.symbol_bits
    found = np.empty((count, code.lambda_bits), dtype=np.bool_)
    found[:, permutation(salt, code.lambda_bits)] = [code.encode(one) for one in messages]
    return found


def _in_order(code: Code, stolen: Stolen) -> Bits:
    bits = np.empty(code.lambda_bits, dtype=np.bool_)
    packed = np.frombuffer(stolen.helper, np.uint8)
    order = permutation(stolen.salt, code.lambda_bits)
    bits[order] = np.unpackbits(packed, count=code.lambda_bits) == 1
    return bits
