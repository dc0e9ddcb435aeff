"""The programs of examples/, as a reader runs them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.reader import environment
from tests.docs.surroundings import furnish

EXAMPLES = ROOT / "examples"
PROGRAMS = {"unlock_with_bursts.py", "seal_and_open.py", "web_handler.py"}
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with photos, and a lock of the mug for each example."""
    home = furnish(tmp_path_factory.mktemp("reader"))
    for name in ("door", "diary"):
        done = run(home, "-m", "ailock_sdk", "enroll", name, "mug1.jpg", "mug2.jpg", "mug3.jpg")
        assert done.returncode == 0, done.stderr
    return home


def run(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_every_program_has_a_test() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == PROGRAMS


def test_unlock_with_bursts(home: Path) -> None:
    opened = run(home, EXAMPLES / "unlock_with_bursts.py", "door", "mug.mp4")
    assert opened.returncode == 0, opened.stderr
    assert "opened: 32 bytes" in opened.stdout
    missing = run(home, EXAMPLES / "unlock_with_bursts.py", "door", "none.mp4")
    assert missing.returncode == 2
    assert "none.mp4" in missing.stderr


def test_seal_and_open(home: Path) -> None:
    for text in ("found a key", "lost it again"):
        assert run(home, EXAMPLES / "seal_and_open.py", "write", text).returncode == 0
    read = run(home, EXAMPLES / "seal_and_open.py", "read", "new.jpg")
    assert [line.split(" ", 1)[1] for line in read.stdout.splitlines()] == [
        "found a key",
        "lost it again",
    ]
    refused = run(home, EXAMPLES / "seal_and_open.py", "read", "other.jpg")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.endswith("no match\n")


@pytest.fixture
def address(home: Path) -> Iterator[str]:
    """The web handler, served as its text says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    surroundings = environment(home)
    surroundings["PYTHONPATH"] += f"{os.pathsep}{EXAMPLES}"
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "web_handler:app", "--port", str(port)],
        cwd=home,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def post(address: str, data: bytes) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(address, data, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def announce(address: str, length: str | None) -> int:
    """The answer to a photo of which only the head is sent."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/locks/door/unlock")
    if length is not None:
        connection.putheader("Content-Length", length)
    connection.endheaders()
    with contextlib.closing(connection):
        return connection.getresponse().status


def test_web_handler(home: Path, address: str) -> None:
    door = f"{address}/locks/door/unlock"
    status, _, body = post(door, (home / "new.jpg").read_bytes())
    assert (status, json.loads(body)) == (200, {"opened": True})
    assert post(door, b"no photo")[0] == 422
    assert post(f"{address}/locks/none/unlock", (home / "new.jpg").read_bytes())[0] == 404
    assert announce(address, "10000001") == 413
    assert announce(address, None) == 413
    other = (home / "other.jpg").read_bytes()
    for _ in range(5):
        assert post(door, other)[0] == 403
    status, headers, _ = post(door, other)
    assert status == 429
    assert 0 < int(headers["retry-after"]) <= 30
