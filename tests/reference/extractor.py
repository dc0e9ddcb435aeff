"""Helper and message of SPEC sections 5 and 6, and the HKDF of section 0."""

from __future__ import annotations

import hmac

from tests.reference import concatenated
from tests.reference.permutation import permutation


def pack(bits: list[int]) -> bytes:
    """Most significant bit first; unused bits of the last byte are zero."""
    bits = bits + [0] * (-len(bits) % 8)
    return bytes(
        int("".join(map(str, bits[start : start + 8])), 2) for start in range(0, len(bits), 8)
    )


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand-SHA256, RFC 5869, section 2.3."""
    output = block = b""
    counter = 1
    while len(output) < length:
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        output += block
        counter += 1
    return output[:length]


def masked_sketch(
    code: tuple[int, int, int, int],
    reference_bits: list[int],
    message: list[int],
    salt: bytes,
    pepper: bytes,
) -> bytes:
    """The helper of a message of symbols; an empty pepper is none."""
    lambda_bits, m, n, _ = code
    codeword = concatenated.encode(lambda_bits, m, n, message)
    permuted = [reference_bits[i] for i in permutation(lambda_bits)]
    mask = [0] * lambda_bits
    if pepper:
        octets = expand(pepper, b"ailock/v1/helper-mask" + salt, (lambda_bits + 7) // 8)
        mask = [int(bit) for octet in octets for bit in f"{octet:08b}"][:lambda_bits]
    return pack([c ^ p ^ x for c, p, x in zip(codeword, permuted, mask, strict=True)])


def serialised(m: int, message: list[int]) -> bytes:
    """A message as bytes: each symbol in the fewest whole ones."""
    return b"".join(symbol.to_bytes((m + 1 + 7) // 8, "big") for symbol in message)
