"""The permutation of SPEC section 6, by sorting pairs."""

from __future__ import annotations

import hashlib


def permutation(lambda_bits: int) -> list[int]:
    stream = hashlib.shake_256(b"ailock/v1/permutation").digest(8 * lambda_bits)
    keys = [int.from_bytes(stream[8 * i : 8 * i + 8], "big") for i in range(lambda_bits)]
    return [index for _, index in sorted((key, index) for index, key in enumerate(keys))]
