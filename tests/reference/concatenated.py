"""The concatenated code of SPEC section 5, decoded by trying every message."""

from __future__ import annotations

from itertools import product

from tests.reference import reed_muller, reed_solomon
from tests.reference.finite_field import Field


def block_lengths(lambda_bits: int, n: int) -> list[int]:
    return [lambda_bits // n + (1 if j < lambda_bits % n else 0) for j in range(n)]


def encode(lambda_bits: int, m: int, n: int, message: list[int]) -> list[int]:
    symbols = reed_solomon.encode(Field(m + 1), message, n)
    bits = []
    for symbol, length in zip(symbols, block_lengths(lambda_bits, n), strict=True):
        bits += reed_muller.codeword(m, length, symbol)
    return bits


def codebook(lambda_bits: int, m: int, n: int, k: int) -> dict[tuple[int, ...], list[int]]:
    """Every message with its codeword."""
    return {
        message: encode(lambda_bits, m, n, list(message))
        for message in product(range(2 ** (m + 1)), repeat=k)
    }


def likeliest(book: dict[tuple[int, ...], list[int]], margins: list[float]) -> set[tuple[int, ...]]:
    """All messages of greatest agreement: maximum likelihood, ties included."""
    scores = {message: reed_muller.agreement(bits, margins) for message, bits in book.items()}
    greatest = max(scores.values())
    return {message for message, score in scores.items() if score == greatest}
