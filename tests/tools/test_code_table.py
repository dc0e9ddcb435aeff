"""The measuring tool, on few trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import code_table
from tools.code_table import Share


def test_one_code_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "code_table --code 512 7 4 2 --radius 128 --trials 20"
    monkeypatch.setattr("sys.argv", command.split())
    code_table.main()
    out = capsys.readouterr().out
    assert "16 message bits" in out
    assert "128 errors: 100.00 " in out
    assert "129 errors: 0.00 " in out


def test_table_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(code_table, "PAPER_TAUS", {50: "0.780"})
    monkeypatch.setattr("sys.argv", ["code_table", "--trials", "50", "--out", str(tmp_path)])
    code_table.main()
    (row,) = json.loads((tmp_path / "codes.json").read_text())["rows"]
    assert row["radius"] == 11
    assert 7 <= row["message_bits"] <= row["exact_weight_limit_bits"]
    assert row["share"]["accepted"] >= 50
    assert "| 50 | 0.780 | 11 |" in (tmp_path / "codes.md").read_text()
    assert (tmp_path / "codes.png").read_bytes().startswith(b"\x89PNG")


def test_channel_limits() -> None:
    """500 bits at 25 % errors: 94 bits of capacity, 63 at 1 % failure; no noise costs nothing."""
    assert code_table.bsc_capacity_bits(500, 0.25) == pytest.approx(94.4, abs=0.05)
    assert code_table.bsc_limit_bits(500, 0.25, 0.01) == pytest.approx(63.2, abs=0.1)
    assert code_table.exact_weight_limit_bits(500, 0, 1.0) == pytest.approx(500)
    # 7 columns, one error: the perfect Hamming code's sphere without its centre
    assert 2 ** code_table.exact_weight_limit_bits(7, 1, 1.0) == pytest.approx(2**7 / 7)


def test_wilson_interval() -> None:
    """Wilson (1927): 95 % of 100 lies in 88.8 % to 97.8 %."""
    low, high = Share(95, 0, 100).wilson()
    assert (low, high) == (pytest.approx(0.8882, abs=1e-4), pytest.approx(0.9785, abs=1e-4))
    assert Share(100, 0, 100).wilson()[1] == 1.0
