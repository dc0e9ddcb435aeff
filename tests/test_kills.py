"""Shorter forms of ``make kills``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign_kills import run


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.long)])
def test_kills_lose_nothing(tmp_path: Path, kills: int) -> None:
    summary = run(count=kills, seed=7, folder=tmp_path)
    assert summary.kills == kills
    assert not summary.problems
    assert any("killed" in outcome for outcome in summary.outcomes)


def test_no_trials_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one kill"):
        run(count=0, seed=7, folder=tmp_path)
