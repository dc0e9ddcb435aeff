"""``python -m benchmarks.speed.page``: the phone page's owner, alone and in a burst of strangers.

``ailock serve`` is started on this machine; a paired browser sends camera frames, first alone, then
while strangers send requests as fast as they can. The exit status is 0, or 1: a stranger's request
beyond his rate was served, or the owner's frames took longer than the limit.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from urllib.parse import urlencode, urlsplit

MODULE = "benchmarks.speed.page"
PHOTO = Path(__file__).resolve().parents[2] / "tests" / "photos" / "mug-1.jpg"
STRANGERS = 4
FRAMES_A_SECOND = 5
"""As the page sends them."""
LIMIT_MS = 200.0
"""The time between two frames: with less the advice keeps up."""
SERVED_AT_ONCE = 40
SERVED_A_SECOND = 5
"""Of one stranger's address."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit status is 1 if a limit does not hold."""
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--requests", type=int, default=1000, help="of strangers (default: 1000)")
    parser.add_argument("--lan", action="store_true", help="by HTTPS, as phones come")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ailock-") as home:
        environment = {**os.environ, "HOME": home}
        environment = {k: v for k, v in environment.items() if not k.startswith(("XDG_", "AILOCK"))}
        command = [sys.executable, "-m", "ailock_sdk", "serve", "--port", "0", "--json"]
        command += ["--lan"] if options.lan else []
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as server:
            try:
                assert server.stdout is not None
                return _measure(json.loads(server.stdout.readline()), options.requests)
            finally:
                server.terminate()


def _measure(told: dict[str, str], requests: int) -> int:
    port, secure = urlsplit(told["url"]).port or 0, told["fingerprint"] is not None
    with closing(connection(port, secure)) as link:
        look = paired(link, told["pairing_code"], "https" if secure else "http")
        return _compare(look, (port, secure, requests // STRANGERS))


def _compare(look: Callable[[], None], flood_of: tuple[int, bool, int]) -> int:
    look()  # the first loads what it needs
    alone = [_timed(look) for _ in range(3 * FRAMES_A_SECOND)]
    with ProcessPoolExecutor(STRANGERS, get_context("spawn")) as pool:
        for each in [pool.submit(os.getpid) for _ in range(STRANGERS)]:
            each.result()  # they are there
        began = time.monotonic()
        flood = [pool.submit(ask_often, *flood_of) for _ in range(STRANGERS)]
        meanwhile: list[float] = []
        while not all(each.done() for each in flood) or len(meanwhile) < FRAMES_A_SECOND:
            meanwhile.append(_timed(look))
        answers: Counter[int] = sum((each.result() for each in flood), Counter())
        seconds = time.monotonic() - began
    served = answers.pop(200, 0)
    told = [f"{count} refused with {status}" for status, count in sorted(answers.items())]
    print(f"{served + answers.total()} requests of strangers in {seconds:.1f} s:", end=" ")
    print(", ".join([f"{served} served", *told]))
    for name, times in (("alone", alone), ("meanwhile", meanwhile)):
        print(f"owner's frame to advice, {name}: {median(times):.0f} ms, at most {max(times):.0f}")
    holds = served <= SERVED_AT_ONCE + SERVED_A_SECOND * seconds and median(meanwhile) <= LIMIT_MS
    print(f"limits: rate of strangers, {LIMIT_MS:g} ms: {'hold' if holds else 'FAIL'}")
    return 0 if holds else 1


def connection(port: int, secure: bool) -> http.client.HTTPConnection:
    """A connection to the page on this machine."""
    if not secure:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loads no authorities
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)


def paired(link: http.client.HTTPConnection, code: str, scheme: str) -> Callable[[], None]:
    """What sends a frame of a browser that is paired now, and waits for its advice."""
    own = {"Origin": f"{scheme}://{link.host}:{link.port}"}
    form = urlencode({"code": code, "device_name": "benchmark"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    link.request("POST", "/pair", form, {**own, **kind})
    answer = link.getresponse()
    answer.read()
    own["Cookie"] = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    link.request("GET", "/enroll", headers=own)
    token = re.search('name="csrf" content="(.+?)"', link.getresponse().read().decode())
    assert token is not None, "it was not paired"
    own |= {"X-CSRF-Token": token[1], "Content-Type": "image/jpeg"}
    photo = PHOTO.read_bytes()

    def look() -> None:
        link.request("POST", "/api/look?page=1", photo, own)
        answer = link.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"the owner's frame was refused: {answer.status} {answer.read()!r}")
        answer.read()
        time.sleep(0.5 / FRAMES_A_SECOND)

    return look


def ask_often(port: int, secure: bool, count: int) -> Counter[int]:
    """A stranger's requests, one after another as fast as they are answered; their statuses."""
    found: Counter[int] = Counter()
    for _ in range(count):
        with closing(connection(port, secure)) as link:
            link.request("GET", "/pair")
            answer = link.getresponse()
            answer.read()
            found[answer.status] += 1
    return found


def _timed(look: Callable[[], None]) -> float:
    began = time.perf_counter()
    look()
    return (time.perf_counter() - began - 0.5 / FRAMES_A_SECOND) * 1000


if __name__ == "__main__":
    sys.exit(main())
