"""Shorter forms of ``make fuzz``, and that it can fail."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import campaign_fuzz
from tests.campaign_fuzz import TARGETS, Target


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", TARGETS)
def test_damaged_input_is_read_or_refused(name: str, count: int) -> None:
    outcomes = campaign_fuzz.run(name, count, seed=2)
    assert campaign_fuzz.failures(outcomes) == 0, outcomes
    assert sum(outcomes.values()) == count
    assert any(outcome.endswith("Error") for outcome in outcomes)


@pytest.mark.parametrize("count", [150, pytest.param(20_000, marks=pytest.mark.long)])
def test_any_command_line_ends_in_a_documented_status(count: int) -> None:
    outcomes = campaign_fuzz.command_lines(count, seed=2)
    assert campaign_fuzz.failures(outcomes) == 0, outcomes
    assert {"status 0", "status 2"} <= set(outcomes)


def test_no_inputs_fail() -> None:
    assert campaign_fuzz.failures(Counter()) == 1


def test_a_crash_and_a_lenient_reader_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(data: bytes) -> str:
        raise IndexError("index out of range")

    lock = TARGETS["lock"]
    for read in (crash, campaign_fuzz.canonical(lambda data: lock.examples[0])):
        changed = {**TARGETS, "lock": Target(lock.examples, lock.mutations, read)}
        monkeypatch.setattr(campaign_fuzz, "TARGETS", changed)
        assert campaign_fuzz.failures(campaign_fuzz.run("lock", 20, seed=1)) > 10
