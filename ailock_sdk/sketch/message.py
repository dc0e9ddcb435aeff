"""Messages as bytes: each symbol in the fewest whole bytes, big-endian (SPEC section 5)."""

from __future__ import annotations

import numpy as np

from ailock_sdk.sketch.code import Code
from ailock_sdk.sketch.reed_solomon import Symbols


def message_length_bytes(code: Code) -> int:
    """Bytes of a serialised message, and of the randomness that a new record needs for it."""
    return code.message_symbols * _symbol_length_bytes(code)


def symbols_from_random(code: Code, random_bytes: bytes) -> Symbols:
    """A uniform message from uniform bytes of its serialised length.

    The bits of each symbol's bytes above ``symbol_bits`` are dropped, which leaves the others
    uniform.

    Returns
    -------
    ndarray of int, shape (message_symbols,)
        In [0, 2^symbol_bits).

    Raises
    ------
    ValueError
        ``random_bytes`` has another length.
    """
    if len(random_bytes) != message_length_bytes(code):
        raise ValueError(f"this code's message takes exactly {message_length_bytes(code)} bytes")
    octets = np.frombuffer(random_bytes, dtype=np.uint8).reshape(code.message_symbols, -1)
    values = np.zeros(code.message_symbols, dtype=np.intp)
    for column in octets.T:
        values = values << 8 | column
    return values & ((1 << code.symbol_bits) - 1)


def message_bytes(code: Code, message: Symbols) -> bytes:
    """Serialise ``message``, integers (message_symbols,) in [0, 2^symbol_bits)."""
    length = _symbol_length_bytes(code)
    return b"".join(int(symbol).to_bytes(length, "big") for symbol in message)


def _symbol_length_bytes(code: Code) -> int:
    return -(-code.symbol_bits // 8)
