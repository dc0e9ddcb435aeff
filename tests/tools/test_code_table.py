"""The measuring tool, on few trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import code_table


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
    lines = (tmp_path / "codes.md").read_text().splitlines()
    table = [[cell.strip() for cell in line.split("|")] for line in lines if "|" in line]
    assert table[-1][1:4] == ["50", "0.780", "11"]
    assert (tmp_path / "codes.png").read_bytes().startswith(b"\x89PNG")
