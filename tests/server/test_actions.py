"""What happens when a lock opens, and for which locks."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from ailock_sdk import AilockError, Secret
from ailock_sdk.server import RunCommand, SwitchLine, Trust
from tests.server.conftest import Home, MakeHome, enroll, sent

SECRET = Secret(bytes(range(32)))
WRITE = "import os, sys; open(sys.argv[1], 'wb').write(os.environb[b'AILOCK_LOCK'] + b':' + "
WRITE += "sys.stdin.buffer.read())"


def python(code: str, *words: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, words)]


class Recorder:
    """An action that remembers which locks opened."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, bytes]] = []

    def __call__(self, name: str, secret: Secret) -> None:
        self.opened.append((name, bytes(secret)))


def test_the_command_gets_the_name_and_the_secret(tmp_path: Path) -> None:
    RunCommand(python(WRITE, tmp_path / "got"))("Tür; $(x)", SECRET)
    assert (tmp_path / "got").read_bytes() == "Tür; $(x):".encode() + bytes(SECRET)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/nowhere/door"], "/nowhere/door: No such file"),
        (["\0"], "no such command"),
        (python("raise SystemExit(3)"), "failed with status 3"),
        (python("import time; time.sleep(60)"), "took more than 0.5 s"),
        (["true"], ""),  # that does not read its input is no failure
    ],
)
def test_a_command_that_fails(words: list[str], told: str) -> None:
    action = RunCommand(words, seconds=0.5)
    if not told:
        action("door", SECRET)
        return
    with pytest.raises(AilockError, match=told):
        action("door", SECRET)


def test_a_line_of_the_pi_is_on_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    gpiozero = pytest.importorskip("gpiozero")
    from gpiozero.pins.mock import MockFactory

    monkeypatch.setattr(gpiozero.Device, "pin_factory", MockFactory())
    with pytest.raises(AilockError, match="GPIO 99"):
        SwitchLine("99")
    action = SwitchLine("17", seconds=0.2)
    pin = gpiozero.Device.pin_factory.pin(17)
    assert not pin.state
    action("door", SECRET)
    assert pin.state
    for _ in range(100):
        if not pin.state:
            break
        time.sleep(0.05)
    assert not pin.state


def test_what_opens_acts_and_a_trial_does_not(make_home: MakeHome) -> None:
    home = make_home(action=(action := Recorder()))
    owner = home.paired()
    code = enroll(owner)
    attempt = {"name": "door", "photos": sent("mug-2")}
    owner.post("/api/unlock", json={**attempt, "trial": True})
    owner.post("/api/unlock", json={"name": "door", "photos": sent("robot-1")})
    assert action.opened == []
    assert owner.post("/api/unlock", json=attempt).json()["action"] == "done"
    owner.post("/recover", data={"name": "door", "code": code})
    secret = bytes(home.vault.recover("door", code))
    assert action.opened == [("door", secret)] * 2


def test_an_action_that_fails_is_told(make_home: MakeHome) -> None:
    home = make_home(action=RunCommand(["false"]))
    owner = home.paired()
    code = enroll(owner)
    answer = owner.post("/api/unlock", json={"name": "door", "photos": sent("mug-2")})
    assert (answer.status_code, answer.json()["action"]) == (200, "failed")
    done = owner.post("/recover", data={"name": "door", "code": code})
    assert done.headers["location"].endswith("told=recovered_action_failed")
    assert home.service.history.newest()[0].what == "action_failed"


def acts(home: Home, name: str) -> bool:
    return home.service.lock(name).acts


def test_who_holds_a_paired_phone_cannot_make_a_lock_that_acts(make_home: MakeHome) -> None:
    home = make_home(action=Recorder())
    thief = home.paired()
    enroll(thief, "door")
    assert acts(home, "door"), "the first one is the owner's"
    enroll(thief, "mine")
    thief.post("/rename", data={"name": "door", "new": "gone"})
    thief.post("/rename", data={"name": "mine", "new": "door"})
    assert (acts(home, "door"), acts(home, "gone")) == (False, True)
    thief.post("/remove", data={"name": "gone", "typed": "gone"})
    thief.post("/remove", data={"name": "door", "typed": "door"})
    enroll(thief, "door")
    assert not acts(home, "door"), "there was a first one before"
    again = make_home(action=Recorder())
    assert not acts(again, "door"), "not after a restart either"
    Trust(again.folder, again.vault).trust("door")
    assert acts(again, "door")


def test_locks_of_the_command_line_act_and_names_restrict_that(
    make_home: MakeHome, photos: dict[str, list[Path]]
) -> None:
    home = make_home()
    for name in ("door", "safe"):
        home.vault.enroll(name, photos["mug"])
    home = make_home(action=Recorder())
    enroll(home.paired(), "mine")
    assert [acts(home, name) for name in ("door", "safe", "mine")] == [True, True, False]
    home = make_home(action=Recorder(), acting=["safe", "mine"])
    assert [acts(home, name) for name in ("door", "safe", "mine")] == [False, True, False]


def test_a_server_that_is_killed_while_it_makes_a_lock_does_not_trust_it(
    make_home: MakeHome, photos: dict[str, list[Path]]
) -> None:
    home = make_home()
    home.vault.enroll("first", photos["mug"])
    Trust(home.folder, home.vault).begin("mine")
    home.vault.enroll("mine", photos["mug"])
    assert json.loads((home.folder / "locks.json").read_bytes())["begun"] == ["mine"]
    home = make_home(action=Recorder())
    assert (acts(home, "first"), acts(home, "mine")) == (True, False)
