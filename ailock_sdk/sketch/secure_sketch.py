"""Secure sketch: a public helper that brings a near probe back to the message (SPEC section 6).

The code-offset construction.

References
----------
Juels and Wattenberg, "A fuzzy commitment scheme", CCS 1999.
Dodis, Ostrovsky, Reyzin and Smith, "Fuzzy extractors", SIAM Journal on Computing 38(1), 2008.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ailock_sdk.constants import LABEL_PERMUTATION
from ailock_sdk.errors import ProfileError, UnlockError
from ailock_sdk.parameters import (
    TAU_UNIT,
    helper_length_bytes,
    max_radius_bits,
    tau_ten_thousandths,
)
from ailock_sdk.sketch.code import Code
from ailock_sdk.sketch.hidden_array import hidden
from ailock_sdk.sketch.reed_solomon import Symbols

_SORT_KEY_LENGTH_BYTES = 8


def correction_radius(lambda_bits: int, tau: str | Decimal | float) -> int:
    """Most bits a probe may differ in: ``floor(lambda_bits * (1 - tau))``, exactly.

    From 0 to below half of ``lambda_bits`` (SPEC section 4). What ``tau`` may be, and what a float
    means, is said at :func:`~ailock_sdk.parameters.tau_ten_thousandths`.

    Raises
    ------
    ProfileError
    """
    if lambda_bits < 1:
        raise ProfileError(f"lambda must be at least 1 bit, not {lambda_bits}")
    return lambda_bits * (TAU_UNIT - tau_ten_thousandths(tau)) // TAU_UNIT


def check_radius(code: Code, radius: int) -> None:
    """Refuse a radius that no probe can be held against: it is below half of the bits.

    Raises
    ------
    ProfileError
    """
    if not 0 <= radius <= max_radius_bits(code.lambda_bits):
        raise ProfileError(f"no radius {radius} in {code.lambda_bits} bits")


def permutation(lambda_bits: int) -> npt.NDArray[np.intp]:
    """The permutation of the bit positions, shape (lambda_bits,): public, that of all records.

    It spreads the layers' and segments' bits over the code's blocks. Records do not differ in it:
    two helpers of one object in two orders would determine the reference, and in one order say no
    more of it than either alone.
    """
    length = _SORT_KEY_LENGTH_BYTES * lambda_bits
    stream = hashlib.shake_256(LABEL_PERMUTATION).digest(length)
    return np.argsort(np.frombuffer(stream, dtype=">u8"), kind="stable")


def sketch(code: Code, reference_bits: npt.NDArray[np.bool_], message: Symbols) -> bytes:
    """The helper of a reference, ceil(lambda_bits / 8) bytes. Counterpart of :func:`recover`.

    Parameters
    ----------
    code : Code
    reference_bits : ndarray, bool, shape (lambda_bits,)
    message : ndarray of int, shape (message_symbols,)
        Uniformly random, in [0, 2^symbol_bits).
    """
    if reference_bits.shape != (code.lambda_bits,) or reference_bits.dtype != np.bool_:
        raise ValueError(f"reference bits must be bool of shape ({code.lambda_bits},)")
    permuted = hidden(reference_bits)[permutation(code.lambda_bits)]
    return np.packbits(code.encode(message) ^ permuted).tobytes()


def recover(
    code: Code,
    radius: int,
    helper: bytes,
    probe_margins: npt.NDArray[np.floating],
) -> Symbols:
    """The message of a helper, from a probe near its reference; hidden, as every step to it is.

    A message comes back exactly when the decoded codeword lies within ``radius`` of the word that
    the probe's bits give. It may still be a wrong one: check it.

    Parameters
    ----------
    code : Code
    radius : int
        Most bits that may be corrected.
    helper : bytes
        What :func:`sketch` gave.
    probe_margins : ndarray of float, shape (lambda_bits,)
        Finite: the probe's bits are the signs (0 counts as positive, bit 1), and their sizes guide
        the decoder.

    Raises
    ------
    UnlockError
        More than ``radius`` bits would have to be corrected.
    """
    check_radius(code, radius)
    if probe_margins.shape != (code.lambda_bits,) or not np.isfinite(probe_margins).all():
        raise ValueError(f"probe margins must be finite, of shape ({code.lambda_bits},)")
    if len(helper) != helper_length_bytes(code.lambda_bits):
        raise ValueError(f"the helper of {code.lambda_bits} bits has another length")
    packed = hidden(np.frombuffer(helper, dtype=np.uint8))
    offset = np.unpackbits(packed, count=code.lambda_bits) == 1
    margins = hidden(probe_margins)[permutation(code.lambda_bits)].astype(np.float64)
    # helper XOR probe = codeword XOR (reference XOR probe): a codeword with the probe's errors.
    # A bit that the helper inverts keeps its weight and changes its sign.
    word = offset ^ (margins >= 0)
    message, codeword = code.decode(margins * np.where(offset, -1.0, 1.0))
    if np.count_nonzero(codeword ^ word) > radius:
        raise UnlockError
    return message
