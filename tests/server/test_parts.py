"""Parts of the page by themselves: buckets, turns, frames in memory, the history, state files."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra [server]")

from ailock_sdk import Secret, VaultBusyError, VaultError
from ailock_sdk.server import Devices, Waiting, wait_for
from ailock_sdk.server import history as history_module
from ailock_sdk.server.history import History
from ailock_sdk.server.looking import MAX_LOOKS, Looks, best_frames
from ailock_sdk.server.rates import AtMost, Buckets
from ailock_sdk.server.work import Turns
from tests.server.conftest import jpeg


def test_a_bucket_fills_with_time() -> None:
    now = 0.0
    buckets = Buckets(3, 2, clock=lambda: now)
    assert [buckets.take("a") for _ in range(4)] == [True] * 3 + [False]
    assert buckets.take("b")
    now = 0.5
    assert [buckets.take("a") for _ in range(2)] == [True, False]
    now = 1000.0
    assert [buckets.take("a") for _ in range(4)] == [True] * 3 + [False]
    for number in range(5000):
        buckets.take(str(number))
    assert len(buckets._left) < 2000


def test_a_flood_of_lines_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    found = AtMost(2, clock=lambda: now)
    lines = [
        logging.LogRecord("x", logging.WARNING, "", 0, "line %s", (n,), None) for n in range(9)
    ]
    assert [found.filter(line) for line in lines[:8]] == [True] * 2 + [False] * 6
    now = 1.0
    assert found.filter(lines[8])
    assert lines[8].getMessage() == "line 8 (and 6 lines before it)"


def test_few_wait_for_their_turn_and_one_has_it() -> None:
    running: list[int] = []
    most: list[int] = []
    go_on = threading.Event()

    def work() -> None:
        running.append(1)
        most.append(len(running))
        go_on.wait(10)
        running.pop()

    async def ask() -> list[object]:
        turns = Turns("test", 3)
        asked = [asyncio.ensure_future(turns(work)) for _ in range(5)]
        await asyncio.sleep(0.1)
        asked[1].cancel()  # it runs all the same, and counts until then
        await asyncio.sleep(0)
        with pytest.raises(VaultBusyError):
            await turns(work)
        go_on.set()
        results: list[object] = await asyncio.gather(*asked, return_exceptions=True)
        await turns(work)
        return results

    results = asyncio.run(ask())
    assert [type(each).__name__ for each in results] == [
        *("NoneType", "CancelledError", "NoneType", "VaultBusyError", "VaultBusyError")
    ]
    assert max(most) == 1


def test_pages_that_look_are_few_and_forgotten() -> None:
    many = Looks()
    for number in range(MAX_LOOKS + 2):
        many.look("phone", str(number), jpeg("mug-1"))
    assert len(many) == MAX_LOOKS
    looks = Looks(abandoned_seconds=0.2)
    looks.look("phone", "1", jpeg("mug-1"))
    end = time.monotonic() + 20
    while len(looks) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(looks) == 0


def test_the_best_frames_differ() -> None:
    frames = best_frames([jpeg("mug-1")] * 3 + [jpeg("mug-2"), jpeg("mug-3"), jpeg("robot-1")])
    assert len(frames) == 3
    assert len({frame.tobytes() for frame in frames}) == 3


def test_the_history_is_short_and_repetition_shortens_it_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "MAX_EVENTS", 20)
    history = History(tmp_path)
    history.add("opened", "door", "phone")
    for _ in range(3):
        history.add("wrong_code", "door", "phone")
    assert [(e.what, e.times) for e in history.newest()] == [("wrong_code", 3), ("opened", 1)]
    for number in range(20):
        history.add("renamed", str(number), "phone")
    assert len(history.newest()) == 20
    assert history.newest("7")[0].lock == "7"
    assert History(tmp_path).newest() == history.newest()


def test_processes_take_turns_with_a_state_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly() -> float:
        time.sleep(0.01)
        return 0.0

    monkeypatch.setattr(history_module.time, "time", slowly)  # between reading and writing

    def add() -> None:
        for _ in range(5):
            History(tmp_path).add("opened", threading.current_thread().name, "phone")

    threads = [threading.Thread(target=add, name=str(number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(event.times for event in History(tmp_path).newest()) == 20


@pytest.mark.parametrize(
    "content", ["", "[]", '{"devices": 1}', '{"more": 1}', '{"devices": [{}]}']
)
def test_a_damaged_state_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "devices.json").touch(0o600)
    (tmp_path / "devices.json").write_text(content)
    with pytest.raises(VaultError, match=r"devices\.json.*remove it"):
        Devices(tmp_path).all()
    with pytest.raises(VaultError, match=r"devices\.json"):
        Devices(tmp_path).new_code()


def test_a_state_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    Devices(tmp_path).new_code()
    assert json.loads((tmp_path / "devices.json").read_bytes())["pairing"]["wrong"] == 0
    (tmp_path / "devices.json").chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        Devices(tmp_path).all()


def test_a_program_gets_the_secret_of_its_own_lock_alone(tmp_path: Path) -> None:
    secret = Secret(bytes(range(32)))

    async def ask() -> list[bytes | None]:
        waiting = Waiting(tmp_path / "state")
        servers = [await waiting.start() for _ in range(2)]  # also after one that was killed
        loop = asyncio.get_running_loop()
        asked = [
            loop.run_in_executor(None, wait_for, tmp_path / "state", *each)
            for each in (("safe", 1.0), ("Tür", 20.0))
        ]
        while not await loop.run_in_executor(None, waiting.give, "Tür", secret):
            await asyncio.sleep(0.02)
        found = await asyncio.gather(*asked)
        for server in servers:
            server.close()
        return found

    assert asyncio.run(ask()) == [None, bytes(secret)]
