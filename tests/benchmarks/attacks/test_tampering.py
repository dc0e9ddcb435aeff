"""Changed records and vaults: nothing opens; a product that takes them is seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ailock_sdk import AiLock, Secret, UnlockError
from ailock_sdk.store import lock_store, rows
from benchmarks.attacks.records import peppered
from benchmarks.attacks.tampering import experiment
from benchmarks.attacks.tampering.experiment import changed_records
from benchmarks.attacks.tampering.outcomes import OPENED, Outcomes
from benchmarks.attacks.tampering.vaults import make_scene, try_vaults

Photos = dict[str, list[Path]]


def test_no_changed_record_opens_and_a_forged_one_that_does_is_seen(
    lock: AiLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = changed_records(lock, np.random.default_rng(1))
    assert sum(one.opened for one in found) == 0
    assert not [text for one in found for text in one.crashed]
    assert sum(one.tried for one in found) > 1_000
    owner = Counter[str]()
    for one in found:
        owner += one.owner
    assert set(owner) == {"no match", "RecordFormatError", "RecordMismatchError"}

    def trusting(one: AiLock, pepper: bytes) -> AiLock:
        return AiLock(one.bundle, pepper=pepper, allow_unpeppered=True)

    monkeypatch.setattr(experiment, "peppered", trusting)
    seen = [one for one in changed_records(lock, np.random.default_rng(1)) if one.opened]
    assert [one.way for one in seen] == ["forged: the attacker's own, without a pepper"]


def test_no_changed_vault_opens_and_rows_without_a_mac_are_seen(
    lock: AiLock, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [
        (one.read_bytes(), other.read_bytes())
        for one, other, *_ in (photos[name] for name in ("mug", "robot", "clock"))
    ]
    scene = make_scene(tmp_path, peppered(lock, bytes(32)), bytes(32), bytes(range(32)), pairs)
    changed, limits, lost = try_vaults(scene)
    assert sum(one.opened for one in changed) == lost == 0
    assert not [text for one in changed for text in one.crashed]
    assert [one.stranger[OPENED] for one in limits] == [1, 1]  # an older state is not noticed

    monkeypatch.setattr(lock_store, "verified", lambda _, name, row: rows.unverified(name, row))
    seen = {one.way for one in try_vaults(scene)[0] if one.opened}
    assert "rows of two locks swapped" in seen


def test_outcomes_tell_a_wrong_secret_and_a_crash() -> None:
    mine, other = Secret(bytes(32)), Secret(bytes(range(32)))
    outcomes = Outcomes("way")
    outcomes.attempt(lambda: mine, mine, is_owner=True)
    assert outcomes.opened == 0
    outcomes.attempt(lambda: other, mine, is_owner=True)
    outcomes.attempt(lambda: mine, mine, is_owner=False)

    def refuse() -> Secret:
        raise UnlockError

    def crash() -> Secret:
        raise ZeroDivisionError("of the product")

    outcomes.attempt(refuse, mine, is_owner=False)
    outcomes.attempt(crash, mine, is_owner=False)
    assert (outcomes.opened, outcomes.tried) == (2, 5)
    assert outcomes.crashed == ["way: ZeroDivisionError('of the product')"]
