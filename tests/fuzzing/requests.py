"""HTTP requests as bytes, through the parser that uvicorn uses, to the page's application."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import random
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import h11

from ailock_sdk import AiLock, FilePepper, Vault
from ailock_sdk.server import Devices, Service, Site, make_app
from ailock_sdk.server.devices import _hash, csrf_token
from ailock_sdk.sketch import CHEAPEST
from ailock_sdk.store import LockStore
from tests.conftest import PHOTOS
from tests.store.examples import CODE, LOCK, PEPPER

TOKEN = "corpus-token"
CSRF = csrf_token(TOKEN)
HOST = "127.0.0.1:8765"
_ADDRESS = ("127.0.0.1", 8765)
_KEPT: list[object] = []
_PARTS = (
    *(b"GET", b"POST", b"HEAD", b"/", b"/enroll", b"/unlock?name=door", b"/api/look?page=1"),
    *(b"/api/enroll", b"/api/unlock", b"/api/check?page=1", b"/api/recovery-code", b"/recover"),
    *(
        b"/rename",
        b"/remove",
        b"/devices/revoke",
        b"/pair",
        b"/static/../app.py",
        b"/static/app.js",
    ),
    *(b"application/json", b"image/jpeg", b"application/x-www-form-urlencoded", b"name=door"),
    *(b"transfer-encoding: chunked", b"content-length: 99999999", b"cookie: ailock=" + b"x" * 900),
)


class Seen(logging.Handler):
    """Keeps what the server tells its owner."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


@cache
def page() -> SimpleNamespace:
    """A vault, in which ``door`` opens by CODE and ``mug`` by photos, and its page, paired with."""
    kept = tempfile.TemporaryDirectory(prefix="fuzz-page-")
    _KEPT.append(kept)
    folder = Path(kept.name)
    state = folder / "state"
    pepper = FilePepper(folder / "pepper")
    os.close(os.open(pepper.file, os.O_WRONLY | os.O_CREAT, 0o600))
    pepper.file.write_bytes(PEPPER)
    with LockStore.create(folder / "vault.db") as store:
        store.add("door", LOCK.without_slot(1), PEPPER)
    vault = Vault.open(
        folder / "vault.db", pepper=pepper, lock=AiLock(pepper=pepper, cost=CHEAPEST)
    )
    vault.enroll("mug", [PHOTOS / "mug-1.jpg"], recovery=False)
    service, devices = Service(vault, state), Devices(state)
    code = devices.new_code()
    assert devices.pair(code, "phone")
    file = state / "devices.json"
    content = json.loads(file.read_text())
    content["devices"][0] |= {"id": "00000000", "token_hash": _hash(TOKEN)}
    file.write_text(json.dumps(content))
    app = make_app(service, devices, Site(frozenset({"localhost"}), False))
    for buckets in (app._paired, app._strangers, app._pairings):
        buckets._clock = itertools.count(step=1000).__next__  # as slow as anyone may be
    seen = Seen()
    logging.getLogger("ailock_sdk").addHandler(seen)
    logging.getLogger("ailock_sdk").propagate = False
    rows = sqlite3.connect(folder / "vault.db", isolation_level=None)
    locks = rows.execute("SELECT * FROM locks").fetchall()
    return SimpleNamespace(
        app=app, seen=seen, devices=file, paired=file.read_bytes(), rows=rows, locks=locks
    )


def scope_of(request: h11.Request) -> dict[str, Any]:
    """As uvicorn makes it."""
    raw, _, query = request.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.http_version.decode("ascii"),
        "server": _ADDRESS,
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "method": request.method.decode("ascii"),
        "root_path": "",
        "path": unquote(raw.decode("ascii")),
        "raw_path": raw,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in request.headers],
        "state": {},
    }


def parsed(data: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The scope and the messages of a request; ``None`` where uvicorn answers 400 by itself."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    connection.receive_data(b"")  # the client says no more
    scope, messages = None, []
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None if scope is None else (scope, [*messages, {"type": "http.disconnect"}])
        if isinstance(event, h11.Request):
            scope = scope_of(event)
        elif isinstance(event, h11.Data):
            messages.append({"type": "http.request", "body": bytes(event.data), "more_body": True})
        elif isinstance(event, h11.EndOfMessage) and scope is not None:
            return scope, [*messages, {"type": "http.request", "body": b"", "more_body": False}]
        else:
            return None


async def served(
    app: Any, scope: dict[str, Any], messages: list[dict[str, Any]]
) -> tuple[Any, ...]:
    """Status, headers and body of the answer."""
    waiting = iter(messages)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(waiting, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    starts = [one for one in sent if one["type"] == "http.response.start"]
    body = b"".join(one.get("body", b"") for one in sent[1:])
    return (len(starts), starts[0]["status"], dict(starts[0]["headers"]), body) if starts else (0,)


def answer(data: bytes) -> str:
    """Serve one request; then let the page be as it was."""
    here = page()
    request = parsed(data)
    if request is None:
        return "not HTTP"
    here.seen.told.clear()
    try:
        starts, *rest = asyncio.run(served(here.app, *request))
    finally:
        if here.devices.read_bytes() != here.paired:
            here.devices.write_bytes(here.paired)
        if here.rows.execute("SELECT * FROM locks").fetchall() != here.locks:
            here.rows.execute("DELETE FROM locks")
            here.rows.executemany("INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?, ?)", here.locks)
    if starts != 1:
        return f"FAILED: {starts} answers"
    status, headers, body = rest
    secrets = (TOKEN.encode(), CODE.shown().encode(), bytes(PEPPER).hex().encode(), b"Traceback")
    if any(secret in body for secret in secrets) and TOKEN.encode() not in data:
        return "FAILED: the answer shows a secret"
    if b"content-security-policy" not in headers:
        return f"FAILED: {status} without its headers"
    if status >= 500 or here.seen.told:
        return f"FAILED: {status} {body[:200]!r} {here.seen.told}"
    return str(status)


def request(
    line: str, body: bytes = b"", kind: str = "", cookie: str = TOKEN, csrf: str = CSRF
) -> bytes:
    """A request as our page's scripts send it."""
    headers = [f"host: {HOST}", f"origin: http://{HOST}"]
    headers += [f"cookie: ailock={cookie}"] if cookie else []
    headers += [f"x-csrf-token: {csrf}"] if csrf else []
    headers += [f"content-type: {kind}", f"content-length: {len(body)}"] if kind else []
    return "\r\n".join([f"{line} HTTP/1.1", *headers, "", ""]).encode() + body


def edit_request(draw: random.Random, data: bytes) -> bytes:
    """Another word or line of a request; the length of its body fits most often."""
    head, gap, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = draw.randrange(len(lines))
    done = draw.randrange(5)
    if done == 0:
        words = lines[at].split(b" ")
        words[draw.randrange(len(words))] = draw.choice(_PARTS)
        lines[at] = b" ".join(words)
    elif done == 1:
        lines.insert(at, draw.choice([lines[at], draw.choice(_PARTS)]))
    elif done == 2 and len(lines) > 1:
        del lines[at]
    elif done == 3:
        body = draw.choice([b"", body + body, body[: len(body) // 2], body + draw.randbytes(9)])
    else:
        body = body.replace(draw.choice([b'"', b"=", b"door", b"A", b"["]), draw.choice(_PARTS))
    if draw.random() < 0.8:
        lines = [one for one in lines if not one.lower().startswith(b"content-length")]
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + (gap or b"\r\n\r\n") + body
