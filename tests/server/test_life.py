"""A lock's life by the page: every route's happy path, with the committed photos as frames."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import Home, enroll, jpeg, sent

JPEG = {"content-type": "image/jpeg"}


def look(browser: TestClient, name: str) -> dict[str, object]:
    answer = browser.post("/api/look?page=1", content=jpeg(name), headers=JPEG)
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


def test_enrolling_in_steps_a_trial_and_unlocking(home: Home, owner: TestClient) -> None:
    assert look(owner, "mug-1") == {
        **{"advice": "good", "text": "good", "good": True, "references": 0}
    }
    taken: list[str] = []
    for name in ("mug-1", "mug-2", "mug-3"):
        taken += sent(name)
        assert owner.post("/api/check?page=1", json={"photos": taken}).status_code == 200
    seen = look(owner, "mug-1")
    assert (seen["good"], seen["references"]) == (False, 3), "a view that was taken is not new"
    answer = owner.post("/api/enroll", json={"name": "door", "photos": taken})
    assert answer.json().keys() == {"name", "recovery_code"}
    assert home.vault.names() == ["door"]

    attempt = {"name": "door", "photos": sent("mug-2", "mug-1")}
    tried = owner.post("/api/unlock", json={**attempt, "trial": True})
    assert tried.json() == {"opened": True, "action": "none"}
    assert owner.post("/api/unlock", json=attempt).json() == {"opened": True, "action": "none"}
    assert [event.what for event in home.service.history.newest()] == [
        *("opened", "tried", "enrolled", "paired")
    ]


@pytest.mark.parametrize(
    ("photos", "problem"),
    [
        (("mug-1", "robot-1"), "another_object"),
        (("mug-1", "mug-1"), "same_view"),
    ],
)
def test_a_reference_that_does_not_go_with_the_others(
    owner: TestClient, photos: tuple[str, str], problem: str
) -> None:
    answer = owner.post("/api/check?page=1", json={"photos": sent(*photos)})
    assert (answer.status_code, answer.json()["error"]) == (422, problem)


def test_another_object_is_refused_until_the_lock_rests(home: Home, owner: TestClient) -> None:
    enroll(owner)
    attempt = {"name": "door", "photos": sent("robot-1")}
    for _ in range(5):
        answer = owner.post("/api/unlock", json=attempt)
        assert (answer.status_code, answer.json()["error"]) == (403, "no_match")
    answer = owner.post("/api/unlock", json=attempt)
    problem = answer.json()
    assert (answer.status_code, problem["error"]) == (429, "locked_out")
    assert 10 < problem["retry_after_seconds"] <= 30
    assert answer.headers["retry-after"] in problem["text"]
    assert re.search(r'data-wait="[123]\d"', owner.get("/").text)
    assert home.service.history.newest()[0].what == "locked_out"


def test_the_recovery_code_opens_and_clears_the_misses(home: Home, owner: TestClient) -> None:
    code = enroll(owner)
    owner.post("/api/unlock", json={"name": "door", "photos": sent("robot-1")})
    assert home.vault.show("door")["misses"] == 1
    wrong = owner.post("/recover", data={"name": "door", "code": code[:-1]})
    assert wrong.status_code == 422
    assert 'aria-describedby="code-wrong ' in wrong.text
    done = owner.post("/recover", data={"name": "door", "code": code.upper()})
    assert done.headers["location"] == "/lock?name=door&told=recovered"
    assert home.vault.show("door")["misses"] == 0


def test_a_new_recovery_code_takes_the_place_of_the_old(home: Home, owner: TestClient) -> None:
    old = enroll(owner)
    asked = {"name": "door", "photos": sent("mug-2")}
    new = owner.post("/api/recovery-code", json=asked).json()["recovery_code"]
    assert owner.post("/recover", data={"name": "door", "code": old}).status_code == 422
    assert owner.post("/recover", data={"name": "door", "code": new}).status_code == 303
    assert len(home.vault.slots("door")) == 2


def test_renaming_and_removing_a_lock_of_any_name(home: Home, owner: TestClient) -> None:
    enroll(owner)
    old = "door"
    for new in ("shed/../x", "Tür & <b>Tor</b>", "%2e%2e?name=y#z"):
        renamed = owner.post("/rename", data={"name": old, "new": new})
        address = renamed.headers["location"]
        assert parse_qs(urlsplit(address).query)["name"] == [new]
        shown = owner.get(address)
        assert shown.status_code == 200
        assert "<b>" not in shown.text
        old = new
    kept = owner.post("/remove", data={"name": old, "typed": "door"})
    assert (kept.status_code, home.vault.names()) == (422, [old])
    removed = owner.post("/remove", data={"name": old, "typed": old})
    assert (removed.headers["location"], home.vault.names()) == ("/?told=removed", [])


def test_a_lock_with_a_pin(owner: TestClient) -> None:
    enroll(owner, pin="4711")
    attempt = {"name": "door", "photos": sent("mug-2")}
    problem = owner.post("/api/unlock", json=attempt).json()
    assert (problem["error"], problem["field"]) == ("pin_needed", "pin")
    assert owner.post("/api/unlock", json={**attempt, "pin": "4712"}).status_code == 403
    assert owner.post("/api/unlock", json={**attempt, "pin": "4711"}).status_code == 200


def test_devices_are_paired_by_others_and_revoked(home: Home, owner: TestClient) -> None:
    shown = owner.post("/devices/code", data={"csrf": owner.headers["x-csrf-token"]})
    code = re.search('<output class="code">(.*?)</output>', shown.text)
    assert code
    other = home.browser()
    form = {"code": code[1], "device_name": "tablet"}
    assert other.post("/pair", data=form).status_code == 303
    assert other.get("/").status_code == 200
    tablet = home.devices.all()[1]
    assert tablet.name == "tablet"
    owner.post("/devices/revoke", data={"id": tablet.id})
    assert other.get("/").headers["location"] == "/pair"
    assert owner.get("/").status_code == 200


def test_every_page_is_whole(owner: TestClient) -> None:
    enroll(owner)
    pages = ["/", "/enroll", "/history", "/devices", "/nowhere"]
    pages += [f"/{page}?name=door" for page in ("unlock", "lock", "recover")]
    files = set()
    for address in pages:
        text = owner.get(address).text
        assert text.count("<h1>") == text.count("<main") == text.count("</html>") == 1, address
        assert not re.search(
            r"<script(?![^>]*(src=|application/json))|<style| style=| on\w+=", text
        )
        files |= set(re.findall(r'(?:href|src)="(/static/[^"#]+)', text))
    assert {"/static/app.css", "/static/icons.svg", "/static/enroll.js"} <= files
    for file in files:
        assert owner.get(file).status_code == 200, file


def test_an_unknown_lock_has_no_page(owner: TestClient) -> None:
    for page in ("unlock", "lock", "recover"):
        assert owner.get(f"/{page}?name=nix").status_code == 404
    assert owner.post("/rename", data={"name": "nix", "new": "x"}).status_code == 404
