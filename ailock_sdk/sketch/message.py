"""Messages as bytes: each symbol in the fewest whole bytes, big-endian (SPEC section 5)."""

from __future__ import annotations

import numpy as np

from ailock_sdk.secret import Hidden
from ailock_sdk.sketch.code import Code
from ailock_sdk.sketch.hidden_array import hidden
from ailock_sdk.sketch.reed_solomon import Symbols


def message_length_bytes(code: Code) -> int:
    """Bytes of a serialised message, and of the randomness that a new record needs for it."""
    return code.message_symbols * np.dtype(_stored(code)).itemsize


def symbols_from_random(code: Code, random_bytes: Hidden) -> Symbols:
    """A uniform message, hidden integers (message_symbols,), from bytes of its serialised length.

    The bits of each symbol's bytes above ``symbol_bits`` are dropped, which leaves the others
    uniform.

    """
    if len(random_bytes) != message_length_bytes(code):
        raise ValueError(f"this code's message takes exactly {message_length_bytes(code)} bytes")
    symbols = hidden(np.frombuffer(random_bytes, dtype=_stored(code)))
    return symbols.astype(np.intp) & ((1 << code.symbol_bits) - 1)


def message_bytes(code: Code, message: Symbols) -> Hidden:
    """Serialise ``message``, integers (message_symbols,) in [0, 2^symbol_bits)."""
    return Hidden(message.astype(_stored(code)).tobytes())


def _stored(code: Code) -> str:
    return ">u1" if code.symbol_bits <= 8 else ">u2"  # there are no symbols of more than 13 bits
