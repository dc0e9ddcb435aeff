"""The burst of strangers is sent and counted."""

from __future__ import annotations

import pytest

from benchmarks.speed import page

pytest.importorskip("uvicorn", reason="needs the extra [server]")


@pytest.mark.long
def test_a_burst_is_refused_beyond_its_rate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "LIMIT_MS", 1e6)  # no timed test
    assert page.main(["--requests", "400"]) == 0
    assert capsys.readouterr().out.startswith("400 requests of strangers")
    monkeypatch.setattr(page, "SERVED_AT_ONCE", 0)
    monkeypatch.setattr(page, "SERVED_A_SECOND", 0)
    assert page.main(["--requests", "4"]) == 1
