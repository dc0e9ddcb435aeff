"""``ailock serve`` as a process of its own, and plain sockets that speak to it."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.cli.processes import Ailock

IMPATIENT = (
    "import sys\n"
    "from ailock_sdk.server import connections, guard, running\n"
    "connections.HEAD_SECONDS = running.HEAD_SECONDS = guard.BODY_SECONDS = 1.0\n"
    "from ailock_sdk.cli import main\n"
    "sys.exit(main(sys.argv[1:]))"
)
"""The command, whose patience with slow clients is a second."""


class Page:
    """A server that runs.

    Attributes
    ----------
    process : Popen
    told : dict
        What it said of itself: ``url``, ``fingerprint``, ``pairing_code``.
    """

    def __init__(self, ailock: Ailock, errors: Path, *words: object) -> None:
        self._errors = errors.open("wb")
        self.errors = errors
        self.process = subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, "serve", "--port", "0", "--json", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=ailock.environment,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, errors.read_text()
        self.told: dict[str, Any] = json.loads(line)
        self.host = urlsplit(self.told["url"]).netloc
        self.port = urlsplit(self.told["url"]).port or 0

    def connect(self) -> socket.socket:
        """A connection, by TLS where the page is."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        if self.told["fingerprint"] is None:
            return plain
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain)

    def ask(self, head: str, body: bytes = b"") -> tuple[int, str, bytes]:
        """Status, head and body of the answer to one request."""
        with self.connect() as link:
            link.sendall(self.request(head, body))
            return answer(link)

    def request(self, head: str, body: bytes = b"") -> bytes:
        first, _, more = head.partition("\n")
        lines = [f"{first} HTTP/1.1", f"Host: {self.host}", "Connection: close"]
        lines += [line for line in more.split("\n") if line]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def end(self) -> int:
        self.process.terminate()
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()
        return status

    def kill(self) -> None:
        self.process.kill()
        self.end()


def answer(link: socket.socket) -> tuple[int, str, bytes]:
    """What comes until the connection ends."""
    found = b""
    while part := link.recv(65536):
        found += part
    head, _, body = found.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


@contextmanager
def serving(ailock: Ailock, *words: object) -> Iterator[Page]:
    """A page that is ended at the end."""
    page = Page(ailock, ailock.home / "errors", *words)
    try:
        yield page
    finally:
        page.end()


class Owner:
    """A paired browser, as far as it takes."""

    def __init__(self, page: Page, code: str | None = None) -> None:
        self.go_on(page)
        form = f"code={code or page.told['pairing_code']}&device_name=phone".encode()
        kind = "Content-Type: application/x-www-form-urlencoded"
        status, head, _ = page.ask(f"POST /pair\n{self.origin}\n{kind}", form)
        assert status == 303, head
        start = head.lower().index("set-cookie: ") + len("set-cookie: ")
        self.cookie = head[start : head.index(";", start)]
        self.csrf = self.get("/enroll")[1].partition('name="csrf" content="')[2][:64]

    def go_on(self, page: Page) -> None:
        """Ask another server from now on."""
        self.page = page
        scheme = "http" if page.told["fingerprint"] is None else "https"
        self.origin = f"Origin: {scheme}://{page.host}"

    def get(self, path: str) -> tuple[int, str]:
        status, _, body = self.page.ask(f"GET {path}\nCookie: {self.cookie}")
        return status, body.decode()

    def posted(self, path: str, content: object) -> bytes:
        """The bytes of a request."""
        head = f"POST {path}\n{self.origin}\nCookie: {self.cookie}\nX-CSRF-Token: {self.csrf}\n"
        body = json.dumps(content).encode()
        return self.page.request(head + "Content-Type: application/json", body)

    def post(self, path: str, content: object) -> tuple[int, dict[str, Any]]:
        with self.page.connect() as link:
            link.sendall(self.posted(path, content))
            status, _, told = answer(link)
        return status, json.loads(told)
