"""The way from a frame to advice and to an opened lock, timed."""

from __future__ import annotations

import pytest

from benchmarks.speed import viewfinder


def test_each_limit_decides(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert viewfinder.main(["--runs", "1"]) in (0, 1)  # no timed test
    shown = capsys.readouterr().out
    assert "frame of 1280 x 720 to advice: " in shown
    for advice, seconds, status in ((15, 1.5, 0), (15.1, 0.1, 1), (1, 1.6, 1)):
        ms = dict.fromkeys(viewfinder.SIZES, float(advice))
        monkeypatch.setattr(viewfinder, "advice_ms", lambda *_, ms=ms: ms)
        monkeypatch.setattr(viewfinder, "seconds_to_open", lambda *_, s=seconds: [0.1, s])
        assert viewfinder.main([]) == status
