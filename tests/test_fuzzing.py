"""A short form of ``make fuzz-night``: every committed corpus, and some mutations of it."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.campaign_fuzz import failures, outcome
from tests.fuzzing import kinds

SHORT_RUNS = 25


@pytest.mark.parametrize("kind", kinds.NAMES)
def test_the_corpus_and_what_is_near_it_is_read_or_refused(kind: str) -> None:
    """What was found once is in the corpus, as ``found-*``."""
    target, draw = kinds.target(kind), random.Random(f"{kind} 1")
    outcomes = Counter(outcome(target, data) for data in target.examples)
    for _ in range(SHORT_RUNS):
        data = draw.choice(target.examples)
        for _ in range(draw.randint(1, 3)):
            data = kinds.mutate(target, draw, data)
        outcomes[outcome(target, data)] += 1
    assert failures(outcomes) == 0, outcomes
    assert sum(outcomes.values()) == len(target.examples) + SHORT_RUNS
    assert len(outcomes) > 1, "all ended alike: nothing was read, or all was"
