"""What `make demo` shows."""

from __future__ import annotations

import pytest

from tools import demo


def test_the_demo_opens_refuses_and_recovers(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main() == 0
    shown = capsys.readouterr().out
    assert "4 of 4 photos of the enrolled object gave the same secret." in shown
    assert "by the recovery code: same secret" in shown
    assert "WRONG" not in shown
