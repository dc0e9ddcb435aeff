"""SPEC section 9 written down from their text, sharing no code with the package.

Slow and obvious: the ladder of RFC 7748 in place of a library's X25519.
"""

from __future__ import annotations

import hashlib

_PRIME = 2**255 - 19
_BASE_POINT = (9).to_bytes(32, "little")


def with_checksum(body: bytes) -> bytes:
    """Append the checksum of SPEC section 8, so that a test reaches the rule it breaks."""
    return body + hashlib.sha256(body).digest()[:8]


def x25519(private: bytes, public: bytes = _BASE_POINT) -> bytes:
    """RFC 7748, section 5: multiply ``public``, the base point by default, by ``private``."""
    scalar = int.from_bytes(private, "little")
    scalar = scalar & ~7 & (2**255 - 1) | 2**254
    u = int.from_bytes(public, "little") & (2**255 - 1)
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in reversed(range(255)):
        if scalar >> bit & 1:
            x2, z2, x3, z3 = _step(u, x3, z3, x2, z2)
            x2, z2, x3, z3 = x3, z3, x2, z2
        else:
            x2, z2, x3, z3 = _step(u, x2, z2, x3, z3)
    return (x2 * pow(z2, _PRIME - 2, _PRIME) % _PRIME).to_bytes(32, "little")


def _step(u: int, x2: int, z2: int, x3: int, z3: int) -> tuple[int, int, int, int]:
    """One rung of the Montgomery ladder: double (x2, z2), add it to (x3, z3)."""
    a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
    aa, bb, da, cb = a * a % _PRIME, b * b % _PRIME, d * a % _PRIME, c * b % _PRIME
    e = (aa - bb) % _PRIME
    return (
        aa * bb % _PRIME,
        e * (aa + 121665 * e) % _PRIME,
        (da + cb) ** 2 % _PRIME,
        u * (da - cb) ** 2 % _PRIME,
    )
