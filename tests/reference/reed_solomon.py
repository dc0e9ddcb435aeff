"""Systematic Reed-Solomon codes: encoding by long division, membership by evaluation."""

from __future__ import annotations

from tests.reference.finite_field import Field


def generator_polynomial(field: Field, parity: int) -> list[int]:
    """``(x - 1)(x - alpha) ... (x - alpha^(parity-1))``, highest power first."""
    polynomial = [1]
    for i in range(parity):
        root = field.power(2, i)
        # times x, plus root times itself (minus is plus)
        shifted = [*polynomial, 0]
        scaled = [0, *(field.multiply(root, c) for c in polynomial)]
        polynomial = [a ^ b for a, b in zip(shifted, scaled, strict=True)]
    return polynomial


def encode(field: Field, message: list[int], n: int) -> list[int]:
    """``message``, then the remainder of ``message * x^(n-k)`` divided by the generator."""
    parity = n - len(message)
    generator = generator_polynomial(field, parity)
    remainder = [*message, *([0] * parity)]
    for i in range(len(message)):
        factor = remainder[i]
        for j, coefficient in enumerate(generator):
            remainder[i + j] ^= field.multiply(factor, coefficient)
    return [*message, *remainder[len(message) :]]


def is_codeword(field: Field, word: list[int], k: int) -> bool:
    """Whether the polynomial ``word`` (highest power first) is zero at alpha^0 .. alpha^(n-k-1)."""
    for i in range(len(word) - k):
        root, value = field.power(2, i), 0
        for coefficient in word:
            value = field.multiply(value, root) ^ coefficient
        if value:
            return False
    return True
