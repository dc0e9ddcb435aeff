"""Shorter forms of ``python -m tests.fuzz_images``, and that the campaign can fail."""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings

import pytest

from ailock_sdk.errors import PhotoFormatError
from tests import fuzz_images


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.long)])
def test_mutants_are_photos_or_refused(count: int) -> None:
    summary = fuzz_images.run_campaign(count=count, seed=1)
    assert summary.faults == []
    assert sum(summary.counts.values()) == count
    assert summary.total(fuzz_images.PHOTO) > count // 10
    assert summary.total(fuzz_images.REFUSED) > count // 10


def test_the_unchanged_photos_are_sound() -> None:
    for name, data in fuzz_images.seeds().items():
        assert fuzz_images._outcome(data) == fuzz_images.PHOTO, name
        assert b"".join(fuzz_images.split(data)) == data


def test_mutants_can_be_made_again_and_differ() -> None:
    mutants = [fuzz_images.mutant(3, index) for index in range(60)]
    assert mutants == [fuzz_images.mutant(3, index) for index in range(60)]
    assert len({data for _, data in mutants}) > 50


@pytest.mark.parametrize("count", [0, -1])
def test_a_campaign_without_inputs_fails(count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        fuzz_images.run_campaign(count, seed=1)


def test_whatever_else_happens_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    for raised, outcome in [
        (PhotoFormatError("x"), fuzz_images.REFUSED),
        (OSError("x"), "OSError: x"),
        (MemoryError(), "MemoryError: "),
        (SystemExit(3), "SystemExit: 3"),
    ]:

        def decode(*_: object, raised: BaseException = raised) -> None:
            raise raised

        monkeypatch.setattr(fuzz_images, "decode_photo", decode)
        assert fuzz_images._outcome(b"") == outcome
    monkeypatch.setattr(fuzz_images, "decode_photo", lambda *_: warnings.warn("x", stacklevel=1))
    assert fuzz_images._outcome(b"") == "UserWarning: x"


def _die(connection, seed: int) -> None:  # type: ignore[no-untyped-def]
    connection.send("ready")
    connection.recv()
    os.abort()


def _sleep(connection, seed: int) -> None:  # type: ignore[no-untyped-def]
    connection.send("ready")
    time.sleep(60)


@pytest.mark.parametrize(("work", "text"), [(_die, "crash: exit status -6"), (_sleep, "hang")])
def test_a_crash_and_a_hang_are_faults(work, text: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(fuzz_images, "_work", work)
    monkeypatch.setattr(fuzz_images, "TIME_LIMIT_SECONDS", 0.5)
    assert multiprocessing.active_children() == []
    summary = fuzz_images.run_campaign(count=1, seed=1)
    assert len(summary.faults) == 1
    assert text in summary.faults[0]
    assert multiprocessing.active_children() == []


def test_the_exit_status_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = fuzz_images.Summary()
    monkeypatch.setattr(fuzz_images, "run_campaign", lambda count, seed: summary)
    assert fuzz_images.main([]) == 0
    summary.faults.append("mutant(1, 7), png: OSError: x")
    assert fuzz_images.main([]) == 1
    assert "mutant(1, 7)" in capsys.readouterr().out
