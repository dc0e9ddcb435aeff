"""The per-record order of the bits (SPEC section 6)."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from ailock_sdk.constants import LABEL_PERMUTATION

_KEY_LENGTH_BYTES = 8


def permutation(salt: bytes, lambda_bits: int) -> npt.NDArray[np.intp]:
    """A permutation of the bit positions, uniform and public, fixed by ``salt``.

    It spreads the layers' and segments' bits over the code's blocks, and differs between records.

    Returns
    -------
    ndarray of int, shape (lambda_bits,)
        Each of 0 to lambda_bits - 1 once.
    """
    stream = hashlib.shake_256(LABEL_PERMUTATION + salt).digest(_KEY_LENGTH_BYTES * lambda_bits)
    return np.argsort(np.frombuffer(stream, dtype=">u8"), kind="stable")
