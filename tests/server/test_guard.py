"""What does not come from a paired browser's own page is refused, and logged."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from ailock_sdk.capture import encode_png
from ailock_sdk.server import guard
from ailock_sdk.server.devices import PAIRING_GUESSES
from tests.server.conftest import ADDRESS, Home, csrf, jpeg, sent

LOOK = "/api/look?page=1"
JPEG = {"content-type": "image/jpeg"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of each refused request, as it grows."""
    caplog.set_level(logging.WARNING, "ailock_sdk.server")

    class Lines(list[str]):
        def __iter__(self) -> Any:
            return iter(r.getMessage() for r in caplog.records if r.name == "ailock_sdk.server")

    return Lines()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200),
        ("localhost:9999", 200),  # through a tunnel
        ("LocalHost", 200),
        ("evil.example", 421),
        ("evil.example:8765", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.", 421),
        ("127.0.0.1:8765@evil.example", 421),
        ("192.168.1.7", 421),
        ("", 421),
    ],
)
def test_the_host_is_one_of_the_servers_names(
    home: Home, refusals: list[str], host: str, status: int
) -> None:
    answer = home.browser(host=host).get("/pair")
    assert answer.status_code == status
    assert [line for line in refusals if "wrong_host" in line] == (
        [] if status == 200 else ["refused GET /pair of testclient: wrong_host"]
    )


def test_an_address_is_a_name_if_the_connection_came_to_it(home: Home) -> None:
    browser = TestClient(home.app, base_url="https://192.168.1.7:8765")
    assert browser.get("/pair").status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "null", "", "https://127.0.0.1:8765", "http://127.0.0.1:9999"),
        *("http://127.0.0.1", "http://localhost:8765", None),
    ],
)
def test_the_origin_is_the_page_itself(
    home: Home, owner: TestClient, refusals: list[str], origin: str | None
) -> None:
    (device,) = home.devices.all()
    del owner.headers["origin"]
    if origin is not None:
        owner.headers["origin"] = origin
    assert owner.post("/devices/revoke", data={"id": device.id}).status_code == 403
    assert owner.post(LOOK, content=jpeg("mug-1"), headers=JPEG).status_code == 403
    assert home.devices.all() == (device,)
    assert list(refusals)[-1].endswith("wrong_origin")


@pytest.mark.parametrize("token", ["", "0" * 64, "ü", "another's"])
def test_the_csrf_token_is_the_devices_own(home: Home, owner: TestClient, token: str) -> None:
    other = csrf(home.paired("tablet"))
    devices = home.devices.all()
    wrong = other if token == "another's" else token
    form = {"id": devices[1].id}
    del owner.headers["x-csrf-token"]
    for body in (form, {**form, "csrf": wrong}):
        assert owner.post("/devices/revoke", data=body).status_code == 403
    if wrong.isascii():
        headers = {**JPEG, "x-csrf-token": wrong}
        assert owner.post(LOOK, content=jpeg("mug-1"), headers=headers).status_code == 403
    assert home.devices.all() == devices
    assert owner.post("/devices/revoke", data={**form, "csrf": csrf(owner)}).status_code == 303
    assert home.devices.all() == devices[:1]


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "ü", "; ailock", "x" * 4000])
def test_strangers_see_the_pairing_page_alone(home: Home, cookie: str) -> None:
    stranger = home.browser()
    stranger.headers.update([(b"cookie", f"ailock={cookie}".encode())])
    assert stranger.get("/pair").status_code == 200
    assert stranger.get("/static/app.css").status_code == 200
    pages = ["/", "/enroll", "/lock?name=door", "/history", "/devices", "/nowhere"]
    for address in pages:
        assert stranger.get(address).headers.get("location") == "/pair", address
    for address in ("/api/unlock", LOOK, "/remove", "/devices/code", "/devices/revoke"):
        answer = stranger.post(address, json={})
        assert answer.status_code == 401, address
    assert stranger.post("/pair", json={"code": "x"}).status_code == 415


def test_the_cookie_is_for_this_site_and_no_script(home: Home) -> None:
    for secure, start in ((False, "ailock="), (True, "__Host-ailock=")):
        home.site = guard.Site(home.site.names, secure)
        home.__post_init__()
        form = {"code": home.devices.new_code(), "device_name": "x"}
        cookie = home.browser().post("/pair", data=form).headers["set-cookie"]
        assert cookie.startswith(start)
        token = cookie.partition("=")[2].partition(";")[0]
        assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert ("Secure" in cookie) == secure
        kept = (home.folder / "devices.json").read_bytes()
        assert token.encode() not in kept
        assert home.devices.find(token)
    assert (home.folder / "devices.json").stat().st_mode & 0o777 == 0o600


def test_every_answer_has_the_headers(home: Home, owner: TestClient) -> None:
    stranger = home.browser()
    answers = [owner.get("/"), owner.get("/static/app.css"), owner.get("/nowhere")]
    answers += [stranger.get("/"), stranger.get("/pair"), stranger.post(LOOK)]
    answers += [owner.post("/api/unlock", json={}), home.browser(host="x").get("/")]
    for answer in answers:
        headers = answer.headers
        rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == "'self'"
        assert headers["x-content-type-options"] == "nosniff"
        static = answer.request.url.path.startswith("/static/")
        assert headers["cache-control"] == ("max-age=60" if static else "no-store")
        assert headers["referrer-policy"] == "same-origin"


def test_a_pairing_code_is_good_once(home: Home) -> None:
    form = {"code": home.devices.new_code().upper().replace("-", " "), "device_name": "a"}
    assert home.browser().post("/pair", data=form).status_code == 303
    again = home.browser().post("/pair", data=form)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert len(home.devices.all()) == 1


def test_a_pairing_code_is_void_when_a_new_one_is_made_or_it_is_old(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = home.devices.new_code(), home.devices.new_code()
    assert home.devices.pair(old, "x") is None
    with monkeypatch.context() as later:
        later.setattr("time.time", lambda: 4e9)
        assert home.devices.pair(new, "x") is None
    assert home.devices.pair(new, "x") is not None


def test_guessing_pairing_codes_is_slow_and_ends(home: Home, refusals: list[str]) -> None:
    home.stop_the_clock()
    code = home.devices.new_code()
    stranger = home.browser()
    form = {"code": "aaaa-aaaa", "device_name": "x"}
    statuses = [stranger.post("/pair", data=form).status_code for _ in range(8)]
    assert statuses == [403] * 5 + [429] * 3
    assert "too_many" in list(refusals)[-1]
    for _ in range(PAIRING_GUESSES - 5):
        assert home.devices.pair("aaaa-aaaa", "x") is None
    assert home.devices.pair(code, "x") is None, "the right code is void by now"
    assert home.devices.all() == ()


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "//evil.example/"),
        *("/static/..\\app.py", "/static/%00", "/static/", "/pair/../history", "/pair%0d%0aX: 1"),
        *("/static/app.css/..", "/./history", "/static/.hidden", "/" + "a" * 3000, "/pair/"),
        "/static/texts.json",
    ],
)
def test_tricks_with_paths_find_nothing(owner: TestClient, refusals: list[str], path: str) -> None:
    answers: list[Any] = []

    async def ask() -> None:
        raw = path.encode()
        scope: dict[str, Any] = {
            **{"type": "http", "method": "GET", "scheme": "http", "http_version": "1.1"},
            **{"path": path, "raw_path": raw, "query_string": b"", "root_path": ""},
            "headers": [(b"host", b"127.0.0.1:8765"), (b"cookie", cookie)],
            **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765), "state": {}},
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            answers.append(message)

        await owner.app(scope, receive, send)  # type: ignore[arg-type]

    cookie = "; ".join(f"{k}={v}" for k, v in owner.cookies.items()).encode()
    asyncio.run(ask())
    assert answers[0]["status"] == 404
    plain = ("/static/", "/pair/", "/static/texts.json")
    assert any("not_found" in line for line in refusals) == (path not in plain)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
def test_other_methods_are_refused(owner: TestClient, refusals: list[str], method: str) -> None:
    assert owner.request(method, "/lock?name=door").status_code == 405
    assert list(refusals)[-1].endswith("of testclient: method")


def test_what_is_too_large_is_not_read(owner: TestClient) -> None:
    sizes = {
        "image/jpeg": guard.MAX_FRAME_BYTES,
        "application/json": guard.MAX_PHOTOS_BYTES,
        "application/x-www-form-urlencoded": guard.MAX_FORM_BYTES,
    }
    for kind, most in sizes.items():
        headers = {"content-type": kind}
        for length in (str(most + 1), "1e3", "-1", "9" * 30):
            headers["content-length"] = length
            assert owner.post(LOOK, content=b"", headers=headers).status_code == 413
        parts = (b" " * 65536 for _ in range(most // 65536 + 1))
        answer = owner.post("/rename", content=parts, headers={"content-type": kind})
        assert answer.status_code == 413, "chunks are counted, too"
    for kind in ("text/plain", "multipart/form-data; boundary=x", ""):
        assert (
            owner.post("/rename", content=b"x", headers={"content-type": kind}).status_code == 415
        )


def test_bodies_that_arrive_at_once_have_room(
    home: Home, owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as little:
        little.setattr(guard, "MAX_HELD_BYTES", 1000)
        assert owner.post(LOOK, content=jpeg("mug-1"), headers=JPEG).status_code == 503
    for _ in range(3):
        assert owner.post(LOOK, content=jpeg("mug-1"), headers=JPEG).status_code == 200
    assert home.app._held_bytes == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"name": 1}',
        b'{"name": "a", "name": "b"}',
        b"\xff\xfe",
        b"9" * 99,
    ],
)
def test_what_is_no_request_is_told_so(owner: TestClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    for address in ("/api/enroll", "/api/unlock", "/api/check?page=1", "/api/recovery-code"):
        assert owner.post(address, content=body, headers=headers).status_code == 400
    for form in (b"name=a&name=b", b"csrf=%ff", b"\xff", b"a&" * 99):
        assert owner.post("/rename", content=form, headers=FORM).status_code == 400


def test_frames_are_jpegs_of_a_camera(owner: TestClient) -> None:
    png = encode_png(np.full((480, 640, 3), 99, np.uint8))
    for frame in (b"", b"x", jpeg("mug-1")[:2000], png):
        answer = owner.post(LOOK, content=frame, headers=JPEG)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_photo")
    assert owner.post(LOOK, json={}).status_code == 415
    assert owner.post("/api/look", content=jpeg("mug-1"), headers=JPEG).status_code == 400
    photos = {"name": "door", "photos": ["no base64"]}
    assert owner.post("/api/unlock", json=photos).status_code == 400
    for count in (0, 2, 4):
        new = {"name": "door", "photos": sent(*["mug-1"] * count)}
        assert owner.post("/api/enroll", json=new).status_code == 422
    many = {"photos": sent(*["mug-1"] * 4)}
    assert owner.post("/api/check?page=1", json=many).status_code == 422


def test_a_device_that_floods_slows_no_other(home: Home, owner: TestClient) -> None:
    home.stop_the_clock()
    tablet = home.paired("tablet")
    statuses = [tablet.get("/nowhere").status_code for _ in range(100)]
    assert statuses[78:] == [404] + [429] * 21
    assert owner.get("/").status_code == 200


def test_a_damaged_state_file_is_told_to_the_owner_only(
    home: Home, owner: TestClient, refusals: list[str]
) -> None:
    file = home.folder / "devices.json"
    file.write_bytes(b"{")
    answer = owner.get("/")
    assert (answer.status_code, str(home.folder) in answer.text) == (500, False)
    assert any(str(file) in line for line in refusals)
    file.chmod(0o644)
    assert owner.get("/").status_code == 500


def test_address_is_the_clients(home: Home) -> None:
    """Nobody says by a header that he comes from elsewhere."""
    home.stop_the_clock()
    stranger = home.browser()
    for number in range(41):
        headers = {"x-forwarded-for": f"10.0.0.{number}"}
        answer = stranger.get("/pair", headers=headers)
    assert answer.status_code == 429
    assert ADDRESS.startswith("http://127.0.0.1")
