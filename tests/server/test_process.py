"""The page as people start it: a real server, real sockets, on this machine's loopback."""

from __future__ import annotations

import hashlib
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.cli.processes import AILOCK, Ailock
from tests.server.conftest import sent
from tests.server.pages import Owner, Page, answer, serving

PHOTOS = {"photos": sent("mug-1", "mug-2", "mug-3")}


@pytest.fixture(scope="module")
def ailock(tmp_path_factory: pytest.TempPathFactory) -> Ailock:
    return Ailock(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def page(ailock: Ailock) -> Iterator[Page]:
    write = f"{sys.executable} -c \"import sys; open('{ailock.home}/got', 'wb').write("
    with serving(ailock, "--on-unlock", write + 'sys.stdin.buffer.read())"') as page:
        yield page


@pytest.fixture(scope="module")
def owner(page: Page) -> Owner:
    owner = Owner(page)
    status, made = owner.post("/api/enroll", {"name": "door", **PHOTOS})
    assert (status, made["name"]) == (200, "door")
    (page.errors.parent / "code").write_text(made["recovery_code"])
    return owner


def test_the_command_gets_the_secret_and_the_page_does_not(ailock: Ailock, owner: Owner) -> None:
    told = owner.post("/api/unlock", {"name": "door", "photos": sent("mug-2")})
    assert told == (200, {"opened": True, "action": "done"})
    words = ["--code-file", ailock.home / "code", "--output", "raw"]
    assert (ailock.home / "got").read_bytes() == ailock("recover", "door", *words).stdout


@pytest.mark.long
def test_a_program_that_waits_gets_the_secret(ailock: Ailock, owner: Owner) -> None:
    words = [*AILOCK, "wait", "door", "--output", "raw"]
    programs = [
        subprocess.Popen(words, env=ailock.environment, stdout=subprocess.PIPE) for _ in range(2)
    ]
    time.sleep(0.1)
    socket_file = ailock.vault.with_name("vault.db.serve") / "waiting.sock"
    assert socket_file.stat().st_mode & 0o777 == 0o600
    attempt = {"name": "door", "photos": sent("mug-2")}
    try:
        for _ in range(60):  # until both are there
            assert owner.post("/api/unlock", {**attempt, "trial": True})[0] == 200
            assert owner.post("/api/unlock", attempt)[0] == 200
            if all(program.poll() is not None for program in programs):
                break
            time.sleep(0.1)
        told = [program.communicate(timeout=20)[0] for program in programs]
    finally:
        for program in programs:
            program.kill()
    words = ["--code-file", ailock.home / "code", "--output", "raw"]
    assert told == [ailock("recover", "door", *words).stdout] * 2


@pytest.mark.long
def test_a_program_that_waits_in_vain_is_told(ailock: Ailock, owner: Owner) -> None:
    done = ailock("wait", "door", "--seconds", "0.2")
    told = b"ailock: door: nobody opened it on the phone page in time\n"
    assert (done.returncode, done.stdout, done.stderr) == (7, b"", told)


def test_what_happens_and_what_is_refused_is_logged(page: Page, owner: Owner) -> None:
    owner.post("/api/unlock", {"name": "door", "photos": sent("robot-1")})
    assert page.ask("GET /\nHost: evil.example")[0] == 400, "two hosts"
    with page.connect() as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert answer(link)[0] == 421
    with page.connect() as link:
        link.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
        assert answer(link)[0] == 400
    logged = page.errors.read_text()
    for line in (
        "enrolled: lock 'door', by 'phone'",
        "no_match: lock 'door', by 'phone'",
        "refused GET / of 127.0.0.1: wrong_host",
        "Invalid HTTP request received.",
    ):
        assert line in logged
    assert owner.cookie.partition("=")[2] not in logged


@pytest.mark.long
def test_a_device_is_paired_and_revoked_at_the_terminal(ailock: Ailock, page: Page) -> None:
    code = ailock("devices", "pair").stdout.decode().strip()
    other = Owner(page, code)
    assert other.get("/")[0] == 200
    listed = ailock("devices", "list").stdout.decode().splitlines()
    assert [line.split("  ")[2] for line in listed] == ["phone"] * len(listed)
    done = ailock("devices", "revoke", listed[-1].split()[0])
    assert (done.returncode, done.stdout) == (0, b"revoked phone\n")
    assert other.get("/")[0] == 303


@pytest.mark.parametrize(
    "begun",
    [
        "",
        "GET / HTTP/1.1\r\nHost: ",
        "POST /pair HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 9\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nco",
        "GET /pair HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n",
    ],
    ids=["silent", "half a head", "half a body", "a body that is not asked for"],
)
def test_who_is_slow_is_sent_away(page: Page, begun: str) -> None:
    with page.connect() as link:
        link.settimeout(20)
        link.sendall(begun.format(host=page.host).encode())
        began = time.monotonic()
        dripping = begun.endswith("Host: ")
        with suppress(ConnectionResetError, BrokenPipeError):
            while True:
                link.settimeout(0.3 if dripping else 20)
                try:
                    if not link.recv(65536):
                        break
                except TimeoutError:
                    link.sendall(b"x")  # a byte now and then buys nothing
                assert time.monotonic() - began < 15


def test_a_thousand_requests_and_connections_keep_the_owner_not_out(
    page: Page, owner: Owner
) -> None:
    statuses: list[bytes] = []
    with ExitStack() as idle:
        for _ in range(100):
            idle.enter_context(page.connect())
        for _ in range(20):
            with page.connect() as link:
                head = f"GET /pair HTTP/1.1\r\nHost: {page.host}\r\n"
                link.sendall(
                    f"{head}\r\n".encode() * 49 + f"{head}Connection: close\r\n\r\n".encode()
                )
                found = b""
                with suppress(ConnectionResetError):
                    while part := link.recv(65536):
                        found += part
                statuses += [part[:3] for part in found.split(b"HTTP/1.1 ")[1:]]
            assert owner.get("/")[0] == 200
    assert set(statuses) <= {b"200", b"429"}
    assert statuses.count(b"429") >= 10


@pytest.mark.long
def test_a_server_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    """The session goes on: the same cookie and the same token serve the new process."""
    ailock, errors = Ailock(tmp_path), tmp_path / "errors"
    page = Page(ailock, errors)
    owner = Owner(page)
    made = 0
    try:
        for number, delay in enumerate((0.0, 0.1, 0.5)):
            with page.connect() as link:
                link.sendall(owner.posted("/api/enroll", {"name": f"lock {number}", **PHOTOS}))
                time.sleep(delay)
                page.kill()
            page = Page(ailock, errors)
            owner.go_on(page)
            status, shown = owner.get("/")
            assert status == 200
            made += f"<h2>lock {number}</h2>" in shown
        status, told = owner.post("/api/enroll", {"name": "last", **PHOTOS})
        assert (status, told["name"]) == (200, "last")
        assert len(ailock("list").stdout.splitlines()) == made + 1
    finally:
        assert page.end() == 128 + signal.SIGTERM


@pytest.mark.long
def test_phones_come_by_tls(tmp_path: Path) -> None:
    ailock = Ailock(tmp_path)
    with serving(ailock, "--lan", "--host", "Door.Example") as page:
        folder = ailock.vault.with_name("vault.db.serve")
        assert (folder / "tls.pem").stat().st_mode & 0o777 == 0o600
        with page.connect() as link:
            assert isinstance(link, ssl.SSLSocket)
            assert link.version() in ("TLSv1.2", "TLSv1.3")
            shown = link.getpeercert(binary_form=True)
            assert shown
            found = hashlib.sha256(shown).hexdigest().upper()
            assert page.told["fingerprint"].replace(":", "") == found
        owner = Owner(page)
        assert owner.cookie.startswith("__Host-ailock=")
        assert owner.get("/")[0] == 200
        page.host = "door.example"
        assert page.ask("GET /pair")[0] == 200
        with socket.create_connection(("127.0.0.1", page.port), timeout=20) as silent:
            assert silent.recv(100) == b"", "nobody waits a minute for the client's hello"
        with socket.create_connection(("127.0.0.1", page.port), timeout=20) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with suppress(ConnectionResetError):
                assert plain.recv(100) == b"", "no plain HTTP"


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    for words in (["serve"], ["devices", "list"]):
        code = "import sys; sys.modules['uvicorn'] = None; from ailock_sdk.cli import main; "
        code += "sys.exit(main(sys.argv[1:]))"
        environment = Ailock(tmp_path).environment
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        told = b"ailock: the page needs more packages: pip install 'ailock-sdk[server]'\n"
        assert (done.returncode, done.stdout, done.stderr) == (6, b"", told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--on-unlock", "a", "--gpio", "1"], "exclude each other"),
        (["--on-unlock", "'"], "--on-unlock: no closing quotation"),
        (["--on-unlock", ""], "--on-unlock: there is no command in it"),
        (["door"], "say what these locks do"),
        (["nix", "--on-unlock", "true"], "no vault"),
        (["--port", "x"], "not a valid integer"),
    ],
)
def test_wrong_usage(tmp_path: Path, words: list[str], told: str) -> None:
    done = Ailock(tmp_path)("serve", *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert told in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = Ailock(tmp_path)("serve", "--port", taken.getsockname()[1])
    assert done.returncode == 7
    assert b"in use" in done.stderr
    assert done.stderr.count(b"\n") == 1
