"""A lock's life in a real browser, on a phone and in a window, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="needs the extra [test]")
from tests.browser.conftest import Films
from tests.browser.home import Home
from tests.browser.page import NARROW, WIDE, Page
from tests.browser.phone import Phone, needs_chromium

pytestmark = [pytest.mark.long, needs_chromium]

SAID = """
window.said = [];
new MutationObserver(() => window.said.push(arguments[0].textContent))
  .observe(arguments[0], {childList: true, characterData: true, subtree: true});
"""


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["phone", "window"])
def test_a_lock_from_pairing_to_removal(
    granted: Phone, home: Home, three_places: Path, film: Films, size: tuple[int, int]
) -> None:
    page = Page(granted, home, size)
    granted.show(film("mug-dark"))

    page.go("/")
    assert page.driver.current_url.endswith("/pair"), "a stranger sees nothing else"
    page.look("pair")
    page.type("#code", "0000-0000")
    page.type("#device_name", "Ann's phone")
    page.press("main form button")
    page.see("#code-wrong", "pairing code is wrong")
    assert page.focused() == "code"
    page.look("pair-wrong")
    page.pair()
    page.see(".note.good", "paired")
    page.look("no-lock")

    page.press(".empty .button")
    page.look("enroll-name")
    page.type("#name", "front door")
    page.press("#naming button")
    page.see("#step-photos h2", "Step 2 of 3")
    assert page.focused() == "heading-photos"
    page.look("enroll-photos")
    page.press("#step-photos .start")
    page.see("#step-photos .advice", "too dark")
    page.look("enroll-advice")
    page.press("#step-photos .start")  # which stops it now
    page.see("#step-photos .idle")
    granted.show(three_places)
    page.driver.execute_script(SAID, page.find("#step-photos .advice span"))
    page.press("#step-photos .start")
    page.see(".shots li:nth-child(1).taken")
    page.look("enroll-taken")
    page.see("#step-done h2", "Step 3 of 3")
    assert page.focused() == "heading-done"
    said = page.driver.execute_script("return window.said")
    assert [words[:7] for words in said if "taken" in words] == ["Photo 1", "Photo 2"]
    page.look("enroll-code")
    code = page.keep_code("#step-done")
    assert code.startswith("ailock1-")
    assert code not in page.driver.page_source
    page.look("trial")
    page.press("#trial .start")
    page.see("#trial .note.good", "It works")
    assert not home.opened.exists(), "a trial does nothing"
    page.look("trial-opened")
    with home.vault() as vault:
        assert vault.names() == ["front door"]

    page.press("#trial .finish")
    page.see(".lock", "Ready")
    page.look("locks")
    granted.show(film("mug-hall"))  # where it never was before
    page.press(".lock .button")
    page.look("unlock")
    page.press("#unlock .start")
    page.see("#unlock .advice")
    page.look("unlock-looking")
    page.see("#verdict h2", "front door is open")
    assert page.focused() == "verdict-title"
    assert len(home.opened.read_bytes()) == 32
    page.look("unlock-opened")

    granted.show(film("other-mug-home"))
    page.driver.refresh()
    page.press("#unlock .start")
    page.see("#verdict h2", "No match")
    page.look("unlock-refused")
    page.press("#verdict .again")
    page.see("#verdict h2", "Locked out")
    assert page.see("#verdict .clock").startswith("0:")
    page.look("unlock-locked-out")
    page.go("/")
    page.see(".lock [data-wait]", "0:")
    page.look("locks-locked-out")

    page.go("/unlock?name=front+door")
    page.press("#verdict .code-link")
    page.look("recover")
    page.type("#code", code[:-1] + ("q" if code[-1] != "q" else "p"))
    page.press("main form button")
    page.see("#code-wrong", "mistyped")
    assert (page.focused(), page.find("#code").get_attribute("value")[:8]) == ("code", "ailock1-")
    page.look("recover-wrong")
    page.type("#code", code.replace("-", " ").upper())
    page.press("main form button")
    page.see(".note.good", "misses are cleared")

    page.look("manage")
    granted.show(film("mug-hall"))
    page.press("#new-code .start")
    page.see("#kept-code .code")
    page.look("new-code")
    assert page.keep_code("#kept-code") != code
    page.type("#new", " ")
    page.press("form[action='/rename'] button")
    page.see("#new-wrong", "characters")
    page.look("rename-wrong")
    page.type("#new", "garden shed")
    page.press("form[action='/rename'] button")
    page.see("h1", "garden shed")
    page.go("/history")
    page.see("main", "new recovery code")
    page.look("history")
    page.go("/devices")
    page.look("devices")
    page.press("form[action='/devices/code'] button")
    page.see("output.code", "-")
    page.look("devices-code")
    page.go("/nowhere")
    page.look("no-such-page")
    page.go("/lock?name=garden+shed")
    page.type("#typed", "garden")
    page.press("form[action='/remove'] button")
    page.see("#typed-wrong", "nothing was removed")
    page.look("remove-wrong")
    page.type("#typed", "garden shed")
    page.press("form[action='/remove'] button")
    page.see(".empty")
    assert page.faults() == []
    assert code not in home.log()
    print(f"axe looked at {len(page.states)} states, light and dark, at {size[0]} pixels")
