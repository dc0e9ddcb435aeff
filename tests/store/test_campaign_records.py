"""Shorter forms of tests/campaign_records.py, and that it can fail."""

from __future__ import annotations

from collections import Counter

import pytest

from ailock_sdk.store import Record
from tests import campaign_records
from tests.store.examples import PLAIN_RECORD


@pytest.mark.parametrize("count", [1000, pytest.param(20_000, marks=pytest.mark.long)])
def test_short_campaign(count: int) -> None:
    outcomes = campaign_records.run(count, seed=2)
    assert campaign_records.failures(outcomes) == 0
    seen = {outcome for _, outcome in outcomes}
    assert {"record", "RecordFormatError", "works"} <= seen


def test_no_inputs_fail() -> None:
    assert campaign_records.failures(Counter()) > 0


def test_a_lenient_parser_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Record, "from_bytes", lambda data: PLAIN_RECORD)
    assert campaign_records.parse(b"anything") == "FAILED: not canonical"


def test_another_exception_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crashing:
        @staticmethod
        def from_bytes(data: bytes) -> Record:
            raise IndexError("index out of range")

    monkeypatch.setattr(campaign_records, "Record", Crashing)
    outcomes = campaign_records.run(20, seed=1)
    assert any("IndexError" in outcome for _, outcome in outcomes)
    assert campaign_records.failures(outcomes) > 0
