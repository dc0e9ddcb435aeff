"""The phone page under somebody's fingers: presses, types, waits, and looks at every state."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By

from tests.browser.home import Home
from tests.browser.phone import WAIT_SECONDS, Phone

NARROW, WIDE = (360, 640), (1280, 800)
NARROWEST_PIXELS = 320
"""WCAG 1.4.10: what is this wide needs no scrolling to the side."""
PICTURES = os.environ.get("AILOCK_PICTURES")
"""A folder where pictures of every state go, to be looked at."""

_HOOK = """
if (!window.asked) {
  window.asked = [];
  const send = window.fetch;
  window.fetch = async (address, options) => {
    const hooked = window.hooked && String(address).includes(window.hooked);
    if (hooked) {
      window.asked.push(String(address));
      await window.gate;
    }
    const answer = await send(address, options);
    if (hooked && window.losing) {
      window.hooked = null;
      throw new TypeError("the answer was lost");
    }
    return answer;
  };
}
window.hooked = arguments[0];
window.losing = arguments[1];
window.gate = window.losing ? null : new Promise(open => { window.open_gate = open; });
"""


class Page:
    """A browser before a home's page.

    Parameters
    ----------
    phone : Phone
    home : Home
    size : tuple of int
        Of the screen.
    """

    def __init__(self, phone: Phone, home: Home, size: tuple[int, int] = NARROW) -> None:
        self.phone, self.home, self.size = phone, home, size
        self.driver = phone.driver
        self.states: list[str] = []
        phone.screen(*size)
        self.driver.delete_all_cookies()
        self.driver.get_log("browser")

    def go(self, path: str) -> None:
        self.driver.get(self.home.address + path)

    def pair(self, name: str = "Ann's phone") -> None:
        """Become a paired device, by the link of the terminal."""
        self.go(f"/pair#{self.home.code}")
        self.type("#device_name", name)
        self.press("main form button")
        self.see(".top nav")

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, selector: str) -> None:
        self.see(selector)
        self.find(selector).click()

    def type(self, selector: str, text: str) -> None:
        self.see(selector)
        self.find(selector).clear()
        self.find(selector).send_keys(text)

    def see(self, selector: str, text: str = "") -> str:
        """Wait until something is shown, with a text; all its text."""

        def shown() -> str | None:
            found = self.find(selector)
            if not found.is_displayed():  # first: what is hidden has no text
                return None
            words = str(found.text)
            return words if text in words else None

        words = self.until(shown, f"{selector} {text!r}")
        assert words is not None
        return words

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """What a condition gives, as soon as it is something."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                found = condition()
            except (StaleElementReferenceException, WebDriverException):
                found = None
            if found is not None and found is not False:
                return found
            if time.monotonic() > end:
                if PICTURES:
                    self.phone.picture().save(Path(PICTURES) / "failed.png")
                main = self.find("main").text
                raise AssertionError(f"not seen: {what}; {main}; {self.driver.get_log('browser')}")
            time.sleep(0.04)

    def focused(self) -> str:
        """The id, or else the class, of what has the focus."""
        found = self.driver.switch_to.active_element
        return str(found.get_attribute("id") or found.get_attribute("class"))

    def look(self, state: str) -> None:
        """Let axe judge the page, light and dark, and see that nothing is wider than the screen."""
        self.states.append(state)
        wrong = []
        for dark in (False, True):
            # Animations are over at once: what is judged is where they end.
            self.phone.screen(*self.size, dark=dark, still=True)
            wrong += self.phone.violations()
            if PICTURES:
                name = f"{self.size[0]}-{'dark' if dark else 'light'}-{len(self.states):02}-{state}"
                self.phone.picture().save(Path(PICTURES) / f"{name}.png")
        assert wrong == [], f"{state}: {wrong}"
        narrow = min(NARROWEST_PIXELS, self.size[0]) if self.size == NARROW else self.size[0]
        self.phone.screen(narrow, self.size[1])
        wide = self.driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= narrow, f"{state}: {wide} pixels wide"
        self.phone.screen(*self.size)

    def faults(self) -> list[str]:
        """What scripts and the content security policy complained of; refusals are none."""
        return [
            line["message"]
            for line in self.driver.get_log("browser")
            if line["source"] != "network" and "ERR_CONNECTION" not in line["message"]
        ]

    def hold(self, path: str) -> None:
        """Stop the next request to a path before it is sent."""
        self.driver.execute_script(_HOOK, path, False)

    def release(self) -> None:
        """Send it."""
        self.driver.execute_script("window.hooked = null; window.open_gate()")

    def lose(self, path: str) -> None:
        """Lose the answer to the next request to a path: it is served, and nobody hears of it."""
        self.driver.execute_script(_HOOK, path, True)

    def asked(self) -> None:
        """Wait until the request was made."""
        self.until(lambda: self.driver.execute_script("return window.asked.length > 0"), "asked")

    def enroll(self, name: str) -> str:
        """Make a lock of what is before the camera; its recovery code."""
        self.go("/enroll")
        self.type("#name", name)
        self.press("#naming button")
        self.press("#step-photos .start")
        return self.keep_code("#step-done")

    def keep_code(self, within: str) -> str:
        """The recovery code that is shown, which is then put away."""
        code = "-".join(self.see(f"{within} .code", "ailock1").split())
        self.press(f"{within} .kept")
        self.until(lambda: not self.find(f"{within} .code").is_displayed(), "the code is gone")
        return code
