"""SPEC section 9 written down from their text, sharing no code with the package.

Slow and obvious: HMAC and the ladder of RFC 7748 in place of a library's HKDF and X25519.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PRIME = 2**255 - 19
_BASE_POINT = (9).to_bytes(32, "little")


def with_checksum(body: bytes) -> bytes:
    """Append the checksum of SPEC section 8, so that a test reaches the rule it breaks."""
    return body + hashlib.sha256(body).digest()[:8]


def sealing_private(secret: bytes) -> bytes:
    """The X25519 private key of a 32-byte secret: HKDF-Expand is one HMAC for 32 bytes."""
    return hmac.digest(secret, b"ailock/v1/sealing-key\x01", "sha256")


def seal_header(sealing_key: bytes, ephemeral: bytes) -> bytes:
    """The 45 bytes before the chunks."""
    return b"AILS\x01" + hashlib.sha256(sealing_key).digest()[:8] + ephemeral


def seal_cipher(shared: bytes, ephemeral: bytes, sealing_key: bytes) -> AESGCM:
    """AES-256-GCM under HKDF-SHA256 (RFC 5869, one block)."""
    extracted = hmac.digest(ephemeral + sealing_key, shared, "sha256")
    return AESGCM(hmac.digest(extracted, b"ailock/v1/seal\x01", "sha256"))


def seal_chunks(
    chunks: list[bytes], last: list[int], sealing_key: bytes, ephemeral_private: bytes
) -> bytes:
    """Sealed data whose every chunk is authentic, laid out and marked as last as asked."""
    ephemeral = x25519(ephemeral_private)
    header = seal_header(sealing_key, ephemeral)
    cipher = seal_cipher(x25519(ephemeral_private, sealing_key), ephemeral, sealing_key)
    return header + b"".join(
        cipher.encrypt(index.to_bytes(11, "big") + bytes([last[index]]), chunk, header)
        for index, chunk in enumerate(chunks)
    )


def seal(data: bytes, sealing_key: bytes, ephemeral_private: bytes) -> bytes:
    """Sealed data as SPEC section 9 asks."""
    chunks = [data[start : start + 65536] for start in range(0, len(data), 65536)] or [b""]
    last = [0] * (len(chunks) - 1) + [1]
    return seal_chunks(chunks, last, sealing_key, ephemeral_private)


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
