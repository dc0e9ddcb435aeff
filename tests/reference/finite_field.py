"""GF(2^s): polynomials over GF(2) as integers, modulo the smallest primitive polynomial."""

from __future__ import annotations

from functools import cache


def multiply(a: int, b: int, polynomial: int) -> int:
    """Shift and add, reducing whenever the degree of ``polynomial`` is reached."""
    top = 1 << (polynomial.bit_length() - 1)
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & top:
            a ^= polynomial
        b >>= 1
    return product


@cache
def primitive_polynomial(s: int) -> int:
    """The smallest polynomial of degree s modulo which x takes 2^s - 1 different values."""
    for polynomial in range(1 << s, 1 << (s + 1)):
        element, seen = 1, set()
        while element not in seen:
            seen.add(element)
            element = multiply(element, 2, polynomial)
        if len(seen) == (1 << s) - 1 and 0 not in seen:
            return polynomial
    raise ValueError(f"no primitive polynomial of degree {s}")


class Field:
    def __init__(self, s: int) -> None:
        self.polynomial = primitive_polynomial(s)
        self.size = 1 << s

    def multiply(self, a: int, b: int) -> int:
        return multiply(a, b, self.polynomial)

    def power(self, a: int, exponent: int) -> int:
        result = 1
        for _ in range(exponent):
            result = self.multiply(result, a)
        return result
