"""How often a code recovers from so many errors; a trial is a whole sketch and recovery."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ailock_sdk.errors import ProfileError, UnlockError
from ailock_sdk.sketch import Code, ReedMuller, recover, sketch
from lab.statistics.intervals import Estimate, wilson
from tools.codes.limits import exact_weight_limit_bits

TARGET = 0.99
"""Share of random patterns of exactly c errors that a code of the table must accept."""

Parameters = tuple[int, int, int, int]
"""(lambda, m, n, k)"""


@dataclass(frozen=True)
class Share:
    """``accepted`` of ``trials``; ``mistaken`` are wrong messages within the radius.

    A mistaken message passes the sketch and is left to the check tag, which refuses it.
    """

    accepted: int
    mistaken: int
    trials: int

    @property
    def estimate(self) -> Estimate:
        """The share accepted, with Wilson's interval."""
        return wilson(self.accepted, self.trials)


def measure(
    parameters: Parameters,
    radius: int,
    errors: int,
    trials: int,
    give_up: Callable[[int, int], bool] = lambda failures, done: False,
) -> Share:
    """Share of ``trials`` random patterns of exactly ``errors`` bits accepted at ``radius``.

    Seeded by its arguments. Stops early when ``give_up(failures, trials done)`` says so.
    """
    code = Code(*parameters)
    rng = np.random.default_rng([*parameters, radius, errors, trials])
    accepted = mistaken = done = 0
    for done in tqdm(
        range(1, trials + 1), desc=f"{parameters}", leave=False, delay=1, disable=None
    ):
        message = rng.integers(2**code.symbol_bits, size=code.message_symbols)
        reference = rng.integers(2, size=code.lambda_bits) == 1
        helper = sketch(code, reference, message)
        probe = reference.copy()
        probe[rng.choice(code.lambda_bits, errors, replace=False)] ^= True
        try:
            found = recover(code, radius, helper, np.where(probe, 1.0, -1.0))
        except UnlockError:
            found = None
        if found is not None:
            right = np.array_equal(found, message)
            accepted += right
            mistaken += not right
        if give_up(done - accepted, done):
            break
    return Share(accepted, mistaken, done)


def all_codes(lambda_bits: int, most_bits: float) -> list[Parameters]:
    """Every code of up to ``most_bits`` message bits: most bits first, then few large blocks."""
    codes = []
    for order in reversed(range(2, lambda_bits.bit_length() + 1)):
        for blocks in range(1, min(lambda_bits, 2 ** (order + 1) - 1) + 1):
            for symbols in range(1, min(blocks, int(most_bits / (order + 1))) + 1):
                parameters = (lambda_bits, order, blocks, symbols)
                try:
                    ReedMuller(order, lambda_bits // blocks)
                    ReedMuller(order, -(-lambda_bits // blocks))
                except ProfileError:
                    break
                codes.append(parameters)
    return sorted(codes, key=lambda code: -code[3] * (code[1] + 1))


def best_code(lambda_bits: int, radius: int, trials: int) -> tuple[Parameters, Share] | None:
    """The code of most message bits that accepts 99 % at exactly ``radius``, and its share."""
    allowed = round((1 - TARGET) * trials)

    def hopeless(failures: int, done: int) -> bool:
        expected = (1 - TARGET) * done
        return failures > min(allowed, 2 + expected + 3 * math.sqrt(expected))

    for parameters in all_codes(lambda_bits, exact_weight_limit_bits(lambda_bits, radius, TARGET)):
        share = measure(parameters, radius, radius, trials, hopeless)
        if share.trials == trials and share.estimate.value >= TARGET:
            return parameters, share
    return None
