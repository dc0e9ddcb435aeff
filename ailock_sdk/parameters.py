"""What parameters a lock may have: the rules that profiles, codes, keys and records share.

They are stated here once, as the stages that obey them do not know each other.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from ailock_sdk.constants import (
    LABEL_PEPPER_ID,
    MAX_LAMBDA_BITS,
    PEPPER_ID_LENGTH_BYTES,
    PEPPER_LENGTH_BYTES,
)
from ailock_sdk.errors import PepperError, PinError, ProfileError
from ailock_sdk.secret import Hidden

PROFILE_NAME_RULE = "1 to 32 of a-z, 0-9, _ and -"
_PROFILE_NAME = re.compile(r"[a-z0-9_-]{1,32}", re.ASCII)

TAU_PLACES = 4
TAU_UNIT: int = 10**TAU_PLACES
"""Tau is counted in ten-thousandths."""
_TAU = re.compile(rf"[01]?\.[0-9]{{1,{TAU_PLACES}}}|1")

PIN_CHARACTERS = range(4, 65)

CHANCE_BITS = 10
"""Random bits open a record at most once in 2^10 times."""

MIN_ORDER = 2
SYMBOL_BITS = range(3, 14)

ARGON2_TIME_COST_MAX = 16
ARGON2_MEMORY_COST_KIB_MAX = 1024 * 1024
ARGON2_LANES_MAX = 16
"""Cost ceilings, 16 passes, 1 GiB, 16 lanes: a record from outside cannot order hours or all of the
memory."""
ARGON2_MEMORY_COST_KIB_PER_LANE_MIN = 8
"""RFC 9106, section 3.1."""


def is_profile_name(name: str) -> bool:
    """Whether a profile may be called ``name``: :data:`PROFILE_NAME_RULE`."""
    return _PROFILE_NAME.fullmatch(name) is not None


def tau_ten_thousandths(tau: str | Decimal | float) -> int:
    """Tau, the share of equal bits that is asked for, in ten-thousandths (SPEC section 4).

    A float means the shortest decimal that denotes it: 0.68 is 68/100, not the binary number just
    above it.

    Raises
    ------
    ProfileError
        Not in (0.5, 1], or of more than four decimals.
    """
    # float.__repr__, because the repr of NumPy's subclass names its type.
    text = float.__repr__(tau) if isinstance(tau, float) else str(tau)
    if not _TAU.fullmatch(text):
        raise ProfileError(f"tau must be a decimal with at most {TAU_PLACES} places, not {text!r}")
    ten_thousandths = int(Decimal(text).scaleb(TAU_PLACES))
    if not TAU_UNIT < 2 * ten_thousandths <= 2 * TAU_UNIT:
        raise ProfileError(f"tau must lie in (0.5, 1], not {text}")
    return ten_thousandths


def max_radius_bits(lambda_bits: int) -> int:
    """Greatest radius in ``lambda_bits`` bits, at least 1: below half of them, as chance gives."""
    return (lambda_bits - 1) // 2


@cache
def chance_opens(lambda_bits: int, radius: int) -> bool:
    """Whether random bits lie within ``radius`` of given ones oftener than once in 1,024 times.

    No lock forgives so much (SPEC section 8).
    """
    near = words = 1
    for changed in range(radius):
        words = words * (lambda_bits - changed) // (changed + 1)  # with one more bit changed
        near += words
    return near << CHANCE_BITS > 1 << lambda_bits


def helper_length_bytes(lambda_bits: int) -> int:
    """Bytes of a helper for ``lambda_bits`` bits, unused bits of the last byte included."""
    return -(-lambda_bits // 8)


def inner_code_exists(order: int, length: int) -> bool:
    """Whether RM(1, ``order``) has a punctured code of ``length`` columns (SPEC section 5).

    With 2^(order-1) columns or fewer the bit ``s_(order-1)`` of a symbol would never be sent.
    """
    return order >= MIN_ORDER and 2 ** (order - 1) < length <= 2**order


def outer_code_exists(n: int, k: int, symbol_bits: int) -> bool:
    """Whether there is a Reed-Solomon code [n, k] over GF(2^``symbol_bits``) (SPEC section 5).

    It has no more symbols than the field has elements other than zero.
    """
    return symbol_bits in SYMBOL_BITS and 1 <= k <= n < 2**symbol_bits


def block_lengths_bits(lambda_bits: int, blocks: int) -> tuple[int, int] | None:
    """Columns of the shortest and the longest of ``blocks`` blocks, ``None`` if there are none."""
    if not 1 <= blocks <= lambda_bits <= MAX_LAMBDA_BITS:
        return None
    return lambda_bits // blocks, -(-lambda_bits // blocks)


def code_exists(lambda_bits: int, order: int, blocks: int, message_symbols: int) -> bool:
    """Whether SPEC section 5 has a code of these parameters.

    Parameters
    ----------
    lambda_bits : int
        Length of a codeword.
    order : int
        m of the inner code.
    blocks, message_symbols : int
        n and k of the outer code.
    """
    lengths = block_lengths_bits(lambda_bits, blocks)
    return (
        lengths is not None
        and all(inner_code_exists(order, length) for length in lengths)
        and outer_code_exists(blocks, message_symbols, order + 1)
    )


def kdf_ranges(lanes: int) -> Mapping[str, range]:
    """What an Argon2id cost may be, by the names of ``KdfCost`` and of a record's header.

    ``lanes`` is the number of lanes, on which the least memory depends: to be checked first.
    """
    least_kib = ARGON2_MEMORY_COST_KIB_PER_LANE_MIN * lanes
    return {
        "lanes": range(1, ARGON2_LANES_MAX + 1),
        "time_cost": range(1, ARGON2_TIME_COST_MAX + 1),
        "memory_cost_kib": range(least_kib, ARGON2_MEMORY_COST_KIB_MAX + 1),
    }


def check_pin(pin: Hidden) -> None:
    """Refuse what is no PIN (SPEC section 7); :func:`hidden_pin` has brought it to its form.

    Raises
    ------
    PinError
        Not 4 to 64 characters, or a control character or half a surrogate pair among them.
    """
    if not _is_pin(pin):
        raise PinError(
            f"a PIN has {PIN_CHARACTERS[0]} to {PIN_CHARACTERS[-1]} characters, none of them a "
            "control character"
        )


def _is_pin(pin: Hidden) -> bool:
    try:
        text = pin.decode()
    except UnicodeDecodeError:  # half a surrogate pair
        return False
    return len(text) in PIN_CHARACTERS and not any(
        unicodedata.category(character) == "Cc" for character in text
    )


def checked_pepper(pepper: bytes) -> Hidden:
    """``pepper``, if it has exactly 32 bytes: an empty one would silently be none.

    Raises
    ------
    PepperError
        It has another length.
    """
    pepper = Hidden(pepper)
    if len(pepper) != PEPPER_LENGTH_BYTES:
        raise PepperError(f"a pepper has exactly {PEPPER_LENGTH_BYTES} bytes")
    return pepper


def pepper_id(pepper: bytes) -> bytes:
    """The 8 bytes that name a pepper without giving it away (SPEC section 7).

    Raises
    ------
    PepperError
        It has not exactly 32 bytes.
    """
    return hmac.digest(checked_pepper(pepper), LABEL_PEPPER_ID, "sha256")[:PEPPER_ID_LENGTH_BYTES]
