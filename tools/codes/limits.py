"""Most message bits that any code could carry over the channel of an imageprint, lambda uses long.

``p`` is the chance of each bit to flip.
"""

from __future__ import annotations

import math

from scipy.special import gammaln, ndtri


def binary_entropy(p: float) -> float:
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def bsc_capacity_bits(lambda_bits: int, p: float) -> float:
    """Capacity of ``lambda_bits`` uses of the binary symmetric channel."""
    return lambda_bits * (1 - binary_entropy(p))


def bsc_limit_bits(lambda_bits: int, p: float, failure: float) -> float:
    """Most message bits over that channel with the given failure rate.

    The normal approximation of Polyanskiy, Poor and Verdu (2010), theorem 52:
    lambda C - sqrt(lambda V) Q^-1(failure) + log2(lambda) / 2.
    """
    dispersion = p * (1 - p) * math.log2((1 - p) / p) ** 2
    return (
        bsc_capacity_bits(lambda_bits, p)
        + math.sqrt(lambda_bits * dispersion) * ndtri(failure)
        + math.log2(lambda_bits) / 2
    )


def exact_weight_limit_bits(lambda_bits: int, radius: int, success: float) -> float:
    """No code can carry more bits through patterns of exactly ``radius`` errors.

    Decoding regions are disjoint and each holds the share ``success`` of the C(lambda, c) patterns
    around its codeword, so ``messages * success * C(lambda, c) <= 2^lambda``.
    """
    log_patterns = (
        gammaln(lambda_bits + 1) - gammaln(radius + 1) - gammaln(lambda_bits - radius + 1)
    )
    return lambda_bits - log_patterns / math.log(2) - math.log2(success)
