"""The gate before every page: who asks, from where, how often, how much; all else is refused.

A request passes in this order: address, Host, rate, Origin, paired device, body (its size and its
time), CSRF token. What handlers get was read whole; what they answer gets the security headers.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ailock_sdk.errors import AilockError
from ailock_sdk.server.devices import Device, Devices, csrf_token
from ailock_sdk.server.problems import Problem, told_problem
from ailock_sdk.server.rates import Buckets

MAX_FORM_BYTES = 8 << 10
MAX_FRAME_BYTES = 1 << 20
MAX_PHOTOS_BYTES = 6 << 20
MAX_HELD_BYTES = 32 << 20
"""Of bodies that arrive at once, whoever sends them."""
BODY_SECONDS = 10.0
MAX_TARGET_BYTES = 2048
_PATH = re.compile(rb"/(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:/|$))*")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?")
_FORM = "application/x-www-form-urlencoded"
_BODIES = {
    "application/json": MAX_PHOTOS_BYTES,
    "image/jpeg": MAX_FRAME_BYTES,
    _FORM: MAX_FORM_BYTES,
}
PAIRING_PATH = "/pair"
_PUBLIC = re.compile(rf"{PAIRING_PATH}|/static/.*")
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob: mediastream:; connect-src 'self'; manifest-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    "cache-control": "no-store",
}
_STATIC_CACHE = "max-age=60"

_log = logging.getLogger("ailock_sdk.server")


@dataclass(frozen=True)
class Site:
    """What the server is called.

    Attributes
    ----------
    names : set of str
        Hosts, lower case, beside the address that a connection came to.
    secure : bool
        Whether it is reached by HTTPS only.
    """

    names: frozenset[str]
    secure: bool

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers let no other host set a ``__Host-`` one."""
        return "__Host-ailock" if self.secure else "ailock"


class Guard:
    """ASGI middleware; see the module.

    Parameters
    ----------
    app : ASGIApp
    site : Site
    devices : Devices
    refusal : callable
        Makes the answer to a refused request of its problem and scope.
    """

    def __init__(
        self,
        app: ASGIApp,
        site: Site,
        devices: Devices,
        refusal: Callable[[Problem, Scope], Response],
    ) -> None:
        self._app = app
        self._site = site
        self._devices = devices
        self._refusal = refusal
        self._paired = Buckets(80, 25)
        self._strangers = Buckets(40, 5)
        self._pairings = Buckets(5, 0.1)
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that passes, else refuse it and log why."""
        if scope["type"] != "http":
            return
        try:
            body = await self._admitted(scope, receive)
        except (Problem, AilockError) as error:
            problem = error if isinstance(error, Problem) else told_problem(error)
            client = (scope.get("client") or ("?",))[0]
            target = ascii(scope["path"][:80])[1:-1]
            _log.warning("refused %s %s of %s: %s", scope["method"], target, client, problem.code)
            if problem.code == "too_many" and scope["state"].get("device") is not None:
                # Read to its end, or the browser may see a broken connection and not the answer.
                with suppress(Problem):
                    await self._whole_body(receive, Headers(scope=scope), MAX_PHOTOS_BYTES)
            response = self._refusal(problem, scope)
            response.headers["connection"] = "close"  # nobody reads what else it sends
            await response(scope, receive, _guarded(send, scope))
            return
        with suppress(Exception):  # answered and logged already; uvicorn would print its text
            await self._app(scope, _replayed(body, receive), _guarded(send, scope))

    async def _admitted(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body of a request that may be served."""
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        self._check_target(scope)
        if method not in ("GET", "HEAD", "POST"):
            raise Problem(405, "method")
        host = self._check_host(scope, headers)
        token = cookie_parser(headers.get("cookie", "")).get(self._site.cookie, "")
        device = self._devices.find(token) if token else None
        state = scope.setdefault("state", {})
        state.update(device=device, csrf=csrf_token(token) if device else "", form={})
        self._check_rate(scope, device)
        if method == "POST" and headers.getlist("origin") != [f"{scope['scheme']}://{host}"]:
            raise Problem(403, "wrong_origin")
        if device is None and not _PUBLIC.fullmatch(path):
            raise Problem(401, "not_paired")
        if method != "POST":
            return b""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _BODIES or (device is None and kind != _FORM):
            raise Problem(415, "bad_request")
        body = await self._whole_body(receive, headers, _BODIES[kind])
        if kind == _FORM:
            state["form"] = _form(body)
        if device is not None:
            sent = headers.get("x-csrf-token") or state["form"].get("csrf", "")
            if not hmac.compare_digest(sent.encode(), state["csrf"].encode()):
                raise Problem(403, "wrong_csrf")
        return body

    def _check_target(self, scope: Scope) -> None:
        raw = scope.get("raw_path") or scope["path"].encode()
        if len(raw) + len(scope["query_string"]) > MAX_TARGET_BYTES or not _PATH.fullmatch(raw):
            raise Problem(404, "not_found")

    def _check_host(self, scope: Scope, headers: Headers) -> str:
        """The Host header, which a page of another name that points here cannot have."""
        given = headers.getlist("host")
        found = _HOST.fullmatch(given[0].lower()) if len(given) == 1 else None
        own = (scope.get("server") or ("",))[0]  # as an address; the port may be a tunnel's
        if found is None or found["name"].strip("[]") not in {*self._site.names, own}:
            raise Problem(421, "wrong_host")
        return given[0].lower()

    def _check_rate(self, scope: Scope, device: Device | None) -> None:
        address = str((scope.get("client") or ("",))[0])
        if device is not None:
            allowed = self._paired.take(device.id)
        elif scope["method"] == "POST" and scope["path"] == PAIRING_PATH:
            allowed = self._pairings.take(address)
        else:
            allowed = self._strangers.take(address)
        if not allowed:
            raise Problem(429, "too_many")

    async def _whole_body(self, receive: Receive, headers: Headers, most: int) -> bytes:
        length = headers.get("content-length", str(most))
        if not length.isdecimal() or int(length) > most:
            raise Problem(413, "too_large")
        if self._held_bytes + int(length) > MAX_HELD_BYTES:
            raise Problem(503, "busy")
        self._held_bytes += int(length)
        try:
            return await asyncio.wait_for(_read(receive, most), BODY_SECONDS)
        except asyncio.TimeoutError:
            raise Problem(408, "too_slow") from None
        finally:
            self._held_bytes -= int(length)


async def _read(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "bad_request")
        body += message.get("body", b"")
        if len(body) > most:
            raise Problem(413, "too_large")
        if not message.get("more_body", False):
            return bytes(body)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=16, errors="strict"
        )
    except ValueError:
        raise Problem(400, "bad_request") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Problem(400, "bad_request")
    return form


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What gives the body once, and then what else comes: that the client went away."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _guarded(send: Send, scope: Scope) -> Send:
    own = {"cache-control": _STATIC_CACHE} if scope["path"].startswith("/static/") else {}

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**_HEADERS, **own}.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded
