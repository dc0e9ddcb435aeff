"""``python -m benchmarks.attacks run``: one report, and an exit status that tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.attacks import run_all
from benchmarks.attacks.__main__ import main
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting
from lab.errors import ExperimentError

LABELS = Path(__file__).parents[2] / "photos" / "labels.csv"


def attack(name: str, holds: bool | None) -> Attack:
    def run(_: Setting) -> Findings:
        return Findings((Verdict("integrity", "tried", "none", 3, holds),), (), {"further": 1})

    return Attack(name, "nothing", run)


def absent(_: Setting) -> Findings:
    raise ExperimentError("needs --targeted")


@pytest.mark.parametrize(
    ("holds", "status"), [(True, 0), (None, 0), (False, 1)], ids=["holds", "stated", "falls"]
)
def test_the_status_and_the_report(
    holds: bool | None,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    attacks = (attack("first", holds), Attack("second", "all", absent))
    monkeypatch.setattr(run_all, "ATTACKS", attacks)
    monkeypatch.delenv("AILOCK_PHOTOS", raising=False)
    command = ["run", "--quick", "--photos", str(LABELS), "--out", str(tmp_path)]
    assert main(command) == status
    shown = capsys.readouterr().out
    assert run_all.HOLDS[holds] in shown
    assert "second: needs --targeted" in shown
    document = json.loads((tmp_path / "attacks.json").read_text("utf-8"))
    first, second = document["attacks"]
    assert first["verdicts"][0]["holds"] is holds
    assert first["further"] == 1
    assert second == {"name": "second", "not_run": "needs --targeted"}


def test_nothing_tried_is_no_success() -> None:
    assert not run_all.all_hold([])


def test_every_attack_has_a_name_of_its_own() -> None:
    names = [one.name for one in run_all.ATTACKS]
    assert len(set(names)) == len(names) >= 10
