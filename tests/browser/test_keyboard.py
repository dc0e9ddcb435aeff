"""With a keyboard alone: everything is reached, the focus is seen, and goes where the work is."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="needs the extra [test]")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Films
from tests.browser.home import Home
from tests.browser.page import Page
from tests.browser.phone import Phone, needs_chromium

pytestmark = [pytest.mark.long, needs_chromium]

FOCUS = """
const found = document.activeElement;
const style = getComputedStyle(found);
const box = found.getBoundingClientRect();
return [found.matches(":focus-visible"), style.outlineStyle, parseFloat(style.outlineWidth),
        box.top >= 0 && box.bottom <= innerHeight];
"""


class Keyboard:
    """Presses keys, and sees each time that the focus can be seen."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, *keys: str) -> None:
        ActionChains(self._page.driver).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> None:
        """Press Tab until something has the focus."""
        wanted = self._page.find(selector)
        for _ in range(25):
            self.press(Keys.TAB)
            visible, style, width, inside = self._page.driver.execute_script(FOCUS)
            found = self._page.driver.switch_to.active_element
            what = found.get_attribute("outerHTML")[:100]
            assert visible, what
            assert (style, width >= 2) == ("solid", True), what
            assert inside, f"behind the edge of the screen: {what}"
            if found == wanted:
                return
        raise AssertionError(f"Tab does not come to {selector}")


def test_enrolling_and_unlocking(
    granted: Phone, home: Home, three_places: Path, film: Films
) -> None:
    page = Page(granted, home)
    keyboard = Keyboard(page)
    granted.show(three_places)
    page.go(f"/pair#{home.code}")
    page.until(lambda: page.focused() == "device_name" or None, "the name has the focus")
    keyboard.press("Ann's phone", Keys.ENTER)
    page.see(".empty")

    keyboard.press(Keys.TAB)
    assert page.focused() == "skip"
    keyboard.press(Keys.ENTER)
    keyboard.tab_to(".empty .button")
    keyboard.press(Keys.ENTER)
    page.see("#name")
    keyboard.tab_to("#name")
    keyboard.press("front door")
    keyboard.tab_to("summary")
    keyboard.press(Keys.SPACE)
    keyboard.tab_to("#pin")
    keyboard.press("4711")
    keyboard.tab_to("#naming button")
    keyboard.press(Keys.ENTER)
    page.see("#heading-photos")
    page.until(lambda: page.focused() == "heading-photos" or None, "focus on the step")
    keyboard.tab_to("#step-photos .start")
    keyboard.press(Keys.SPACE)
    page.see("#kept-code .code")
    assert page.focused() == "heading-done"
    keyboard.tab_to("#kept-code .kept")
    keyboard.press(Keys.ENTER)
    page.see("#trial .start")
    assert "start" in page.focused()
    keyboard.press(Keys.ENTER)
    page.see("#trial .note.good", "It works")
    assert "finish" in page.focused()
    keyboard.press(Keys.ENTER)

    page.see(".lock")
    granted.show(film("mug-hall"))
    keyboard.tab_to(".lock .button")
    keyboard.press(Keys.ENTER)
    page.see("#unlock")
    keyboard.tab_to("#pin")
    keyboard.press("4711", Keys.ENTER)
    page.see("#verdict h2", "front door is open")
    assert page.focused() == "verdict-title"
    keyboard.tab_to("#verdict .done")
    keyboard.press(Keys.ENTER)
    page.see(".locks")
    assert page.faults() == []
