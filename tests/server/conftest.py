"""A vault with its page, and a browser that is paired with it."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk import AiLock, FilePepper, Vault
from tests.conftest import PHOTOS

pytest.importorskip("starlette", reason="needs the extra [server]")
from starlette.testclient import TestClient

from ailock_sdk.server import Devices, Service, Site, make_app, state_folder

ADDRESS = "http://127.0.0.1:8765"
OWNER = "owner's phone"


def jpeg(name: str) -> bytes:
    return (PHOTOS / f"{name}.jpg").read_bytes()


def sent(*names: str) -> list[str]:
    """Photos as scripts send them."""
    return [b64encode(jpeg(name)).decode() for name in names]


@dataclass
class Home:
    """A vault, its server without the network, and how browsers come to it."""

    vault: Vault
    devices: Devices
    service: Service
    site: Site

    def __post_init__(self) -> None:
        self.app = make_app(self.service, self.devices, self.site)

    @property
    def folder(self) -> Path:
        return state_folder(self.vault.path)

    def browser(self, **headers: str) -> TestClient:
        return TestClient(
            self.app,
            base_url=ADDRESS,
            headers={"origin": ADDRESS, **headers},
            follow_redirects=False,
        )

    def stop_the_clock(self) -> None:
        """Let no time pass for those who ask often, however slow the tests are."""
        now = time.monotonic()
        for buckets in (self.app._paired, self.app._strangers, self.app._pairings):
            buckets._clock = lambda: now

    def paired(self, name: str = OWNER) -> TestClient:
        browser = self.browser()
        form = {"code": self.devices.new_code(), "device_name": name}
        assert browser.post("/pair", data=form).status_code == 303
        browser.headers["x-csrf-token"] = csrf(browser)
        return browser


def csrf(browser: TestClient) -> str:
    found = re.search('<meta name="csrf" content="([0-9a-f]{64})">', browser.get("/enroll").text)
    assert found
    return found[1]


MakeHome = Callable[..., Home]


@pytest.fixture
def make_home(tmp_path: Path, lock: AiLock, pepper: FilePepper) -> Iterator[MakeHome]:
    """A maker of homes on one vault, as servers that are started anew."""
    vaults = []

    def make(**service: Any) -> Home:
        vault = Vault.open(tmp_path / "vault.db", pepper=pepper, lock=lock.with_pepper(pepper))
        vaults.append(vault)
        folder = state_folder(vault.path)
        made = Service(vault, folder, **service)
        return Home(vault, Devices(folder), made, Site(frozenset({"localhost"}), False))

    yield make
    for vault in vaults:
        vault.close()


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    return make_home()


@pytest.fixture
def owner(home: Home) -> TestClient:
    return home.paired()


def enroll(browser: TestClient, name: str = "door", **more: str) -> str:
    """Make a lock of the mug; its recovery code."""
    photos = sent("mug-1", "mug-2", "mug-3")
    answer = browser.post("/api/enroll", json={"name": name, "photos": photos, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["recovery_code"])
