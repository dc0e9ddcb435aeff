"""Short form of ``make kills``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign_kills import run


def test_kills_lose_nothing(tmp_path: Path) -> None:
    summary = run(count=30, seed=7, folder=tmp_path)
    assert summary.kills == 30
    assert not summary.problems
    assert any("killed" in outcome for outcome in summary.outcomes)


def test_no_trials_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one kill"):
        run(count=0, seed=7, folder=tmp_path)
