"""RM(1, m) by its definition, decoded by trying every codeword."""

from __future__ import annotations


def codeword(m: int, length: int, symbol: int) -> list[int]:
    """Column x has the bit ``s_m XOR parity(x AND (s mod 2^m))``."""
    constant, linear = symbol >> m, symbol % 2**m
    return [(constant + bin(x & linear).count("1")) % 2 for x in range(length)]


def agreement(bits: list[int], margins: list[float]) -> float:
    """Sum of the margins whose sign agrees with the bit, minus the sum of the others."""
    return sum(m if bit else -m for bit, m in zip(bits, margins, strict=True))


def agreements(m: int, margins: list[float]) -> list[float]:
    """One for every symbol, in the symbols' order."""
    return [agreement(codeword(m, len(margins), s), margins) for s in range(2 ** (m + 1))]
