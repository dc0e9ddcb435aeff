"""Times of refusals: as many Argon2ids whatever was wrong, and one fewer is seen."""

from __future__ import annotations

import pytest

from ailock_sdk import record_keys
from ailock_sdk.errors import UnlockError
from ailock_sdk.sketch import KdfCost
from benchmarks.attacks import timing
from benchmarks.attacks.setting import Setting

REAL = KdfCost(time_cost=1, memory_cost_kib=16 * 1024, lanes=1)


def more_argon2ids(setting: Setting) -> dict[tuple[str, str], int]:
    found = timing.run(setting).results[0]
    return {(row[0], row[2]): row[6] for row in found.rows}  # type: ignore[union-attr,misc]


def test_refusals_take_as_many_argon2ids_and_one_that_is_left_out_is_seen(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "RFC9106_LOW_MEMORY", REAL)
    monkeypatch.setattr(Setting, "sample", lambda *_: 4)
    assert set(more_argon2ids(setting).values()) == {0}
    secret_behind = record_keys.secret_behind

    def hasty(found: object, *rest: object) -> object:
        if not found.complete:  # type: ignore[attr-defined]
            raise UnlockError
        return secret_behind(found, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(record_keys, "secret_behind", hasty)
    seen = {name for name, more in more_argon2ids(setting).items() if more}
    assert ("one slot, PIN", "PIN wrong") in seen
    assert ("two objects, PIN", "PIN wrong") in seen
    assert ("two slots of one object, PIN", "PIN wrong") in seen


def test_what_argon2id_hides_takes_many_tries() -> None:
    assert timing.tries_to_tell(1e-3, 1e-3) == pytest.approx(2 * 4.5**2)
    assert timing.tries_to_tell(0.0, 1e-3) == float("inf")
