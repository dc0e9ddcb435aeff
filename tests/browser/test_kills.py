"""The server is killed in the middle of each step.

The vault is as before or as after; the page says what happened, and goes on when it is back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="needs the extra [test]")
from tests.browser.conftest import Films
from tests.browser.home import Home
from tests.browser.page import Page
from tests.browser.phone import Phone, needs_chromium

pytestmark = [pytest.mark.long, needs_chromium]

OFFLINE = "does not answer"
ONLINE = "answers again"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for all: what is killed is its server, and its vault stays."""
    made = Home(tmp_path_factory.mktemp("home"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def paired(granted: Phone, kept: Home, three_places: Path) -> tuple[Page, str]:
    """A paired page, and the recovery code of its lock "door"."""
    granted.show(three_places)
    page = Page(granted, kept)
    page.pair()
    return page, page.enroll("door")


@pytest.fixture
def page(paired: tuple[Page, str]) -> Page:
    return paired[0]


def die(page: Page, *, before: Callable[[], object] = lambda: None) -> None:
    """Kill the server while it has a request that it does not answer, and start it again."""
    page.home.freeze()
    before()
    page.home.kill()
    page.see("#offline", OFFLINE)
    page.home.start()
    page.see("#offline", ONLINE)


def die_after(page: Page, path: str) -> None:
    """Kill the server when it has done what was asked, before anybody hears of it."""
    page.asked()
    page.home.kill()
    page.see("#offline", OFFLINE)
    page.home.start()
    page.see("#offline", ONLINE)


def names(page: Page) -> list[str]:
    with page.home.vault() as vault:
        return vault.names()


def code_opens(page: Page, name: str, code: str) -> bool:
    with page.home.vault() as vault:
        vault.recover(name, code)
        return len(vault.slots(name)) == 2


def test_enrolling(page: Page) -> None:
    """At its name, between its photos, and before it was made: nothing is typed or taken twice."""
    page.go("/enroll")
    page.type("#name", "shed")
    die(page, before=lambda: page.press("#naming button"))
    page.press("#step-photos .start")
    page.see(".shots li:nth-child(1).taken")
    die(page)
    assert page.find(".shots li:nth-child(1)").get_attribute("class") == "taken"
    page.hold("/api/enroll")
    page.asked()
    assert names(page) == ["door"]
    die(page, before=page.release)
    code = page.keep_code("#step-done")
    assert names(page) == ["door", "shed"]
    assert code_opens(page, "shed", code)
    page.press("#trial .start")
    page.see("#trial .note.good", "It works")


def test_a_lock_that_was_made_gets_a_code_that_is_seen(page: Page) -> None:
    page.go("/enroll")
    page.type("#name", "cellar")
    page.press("#naming button")
    page.see("#step-photos .start")
    page.lose("/api/enroll")
    page.press("#step-photos .start")
    die_after(page, "/api/enroll")
    code = page.keep_code("#step-done")
    assert code_opens(page, "cellar", code)
    page.go("/history")
    assert "new recovery code" in page.see(".events")


def test_unlocking(page: Page, film: Films) -> None:
    page.phone.show(film("mug-hall"))
    page.go("/unlock?name=door")
    page.hold("/api/unlock")
    page.press("#unlock .start")
    page.asked()
    die(page, before=page.release)
    page.see("#unlock .note", "An attempt may have been counted")
    assert not page.home.opened.exists()
    page.press("#unlock .start")
    page.see("#verdict h2", "door is open")
    assert page.home.opened.exists()
    with page.home.vault() as vault:
        assert vault.show("door")["misses"] == 0


def test_the_recovery_code(page: Page, paired: tuple[Page, str]) -> None:
    page.go("/recover?name=door")
    page.type("#code", paired[1])
    die(page, before=lambda: page.press("main form button"))
    page.see("#offline", "once more")
    page.press("main form button")
    page.see(".note.good", "Opened by the recovery code")


def test_a_new_recovery_code(page: Page, film: Films) -> None:
    page.phone.show(film("mug-hall"))
    page.go("/lock?name=door")
    page.lose("/api/recovery-code")
    page.press("#new-code .start")
    die_after(page, "/api/recovery-code")
    assert code_opens(page, "door", page.keep_code("#kept-code"))


def test_renaming_and_removing(page: Page) -> None:
    """Not done, the form waits; done, the page of what is gone makes room for the locks."""
    before = names(page)
    page.go("/lock?name=door")
    page.type("#new", "gate")
    die(page, before=lambda: page.press("form[action='/rename'] button"))
    assert names(page) == before
    page.see("#offline", "once more")
    page.lose("/rename")
    page.press("form[action='/rename'] button")
    page.see(".locks", "gate")
    page.go("/lock?name=gate")
    page.type("#typed", "gate")
    page.lose("/remove")
    page.press("form[action='/remove'] button")
    page.until(lambda: page.driver.current_url.endswith("/"), "the locks")
    assert names(page) == [name for name in before if name != "door"]


def test_pairing(page: Page) -> None:
    page.driver.delete_all_cookies()
    page.go(f"/pair#{page.home.code}")
    page.type("#device_name", "tablet")
    die(page, before=lambda: page.press("main form button"))
    page.see("#offline", "once more")
    page.press("main form button")
    page.see("#code-wrong", "too old")
    page.pair("tablet")
    assert page.faults() == []
