"""Nothing secret in any answer, log or file of the server but the recovery code, shown once."""

from __future__ import annotations

import logging
import traceback

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import Home, MakeHome, enroll, sent
from tests.test_secrets_stay_hidden import forms

PIN = "correct horse battery"


def test_no_secret_leaves_the_server(
    make_home: MakeHome, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)

    def failing(name: str, secret: object) -> None:
        raise RuntimeError(f"{name} {secret!r}")

    home: Home = make_home(action=failing)
    owner = home.paired()
    told: list[str] = []
    owner.event_hooks = {"response": [lambda r: told.append(r.read().decode() + str(r.headers))]}
    code = enroll(owner, pin=PIN)
    told.pop()  # where the code is shown
    attempt = {"name": "door", "photos": sent("mug-2"), "pin": PIN}
    assert owner.post("/api/unlock", json=attempt).status_code == 500
    assert owner.post("/api/unlock", json={**attempt, "trial": True}).status_code == 200
    owner.post("/api/unlock", json={**attempt, "photos": sent("robot-1")})
    owner.post("/api/unlock", json={**attempt, "photos": 1})
    owner.post("/api/enroll", json={**attempt, "photos": sent("mug-1")})
    for typed in (code, code[:-1] + "q", PIN):
        owner.post("/recover", data={"name": "door", "code": typed})
    monkeypatch.setattr(home.vault, "unlock", failing)
    assert owner.post("/api/unlock", json=attempt).status_code == 500
    for page in ("/", "/lock?name=door", "/unlock?name=door", "/recover?name=door", "/history"):
        owner.get(page)

    secret = bytes(home.vault.recover("door", code))
    pepper = bytes(home.vault.lock.pepper.pepper()) if home.vault.lock.pepper else b""
    needles = [PIN, code, code.replace("-", ""), *forms(secret), *forms(pepper)]
    needles += [owner.cookies["ailock"]]
    logged = [record.getMessage() for record in caplog.records]
    logged += [
        "".join(traceback.format_exception(*r.exc_info)) for r in caplog.records if r.exc_info
    ]
    kept = [path.read_bytes().decode("latin-1") for path in home.folder.iterdir()]
    assert len(told) > 12
    assert any("unexpected RuntimeError" in line for line in logged)
    assert len(kept) == 3
    for needle in filter(None, needles):
        for text in (*told, *logged, *kept):
            assert needle not in text


def test_the_server_keeps_no_photo(home: Home, owner: TestClient) -> None:
    enroll(owner)
    owner.post("/api/unlock", json={"name": "door", "photos": sent("mug-2")})
    files = [path for path in home.folder.parent.rglob("*") if path.is_file()]
    assert files
    assert not any(b"\xff\xd8\xff" in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.folder.iterdir())
