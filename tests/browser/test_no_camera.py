"""A camera that is denied or missing: the page says so, and takes picture files instead."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="needs the extra [test]")
from tests.browser.conftest import Films
from tests.browser.home import Home
from tests.browser.page import Page
from tests.browser.phone import needs_chromium, phone
from tests.conftest import PHOTOS

pytestmark = [pytest.mark.long, needs_chromium]


@pytest.mark.parametrize(
    ("camera", "said"), [("denied", "may not use the camera"), ("missing", "No camera was found")]
)
def test_photos_are_chosen_as_files(
    home: Home, tmp_path: Path, film: Films, camera: str, said: str
) -> None:
    with phone(tmp_path, camera=camera) as browser:
        browser.show(film("card"))
        page = Page(browser, home)
        page.pair()
        page.go("/enroll")
        page.type("#name", "door")
        page.press("#naming button")
        page.press("#step-photos .start")
        page.see("#step-photos .note", said)
        page.look(f"camera-{camera}")

        def choose(field: str, *names: str) -> None:
            page.see(field)
            page.find(field).send_keys("\n".join(str(PHOTOS / name) for name in names))

        choose("#reference-files", "labels.csv")
        page.see("#step-photos .note", "no picture")
        choose("#reference-files", "mug-1.jpg")
        page.see(".shots li:nth-child(1).taken")
        choose("#reference-files", "robot-1.jpg")
        page.see("#step-photos .note", "another object")
        choose("#reference-files", "mug-2.jpg")
        page.see(".shots li:nth-child(2).taken")
        choose("#reference-files", "mug-3.jpg")
        page.keep_code("#step-done")

        page.go("/unlock?name=door")
        page.press("#unlock .start")
        page.see("#unlock .note", said)
        page.look(f"unlock-{camera}")
        choose("#probe-files", "robot-1.jpg")
        page.see("#verdict h2", "No match")
        page.press("#verdict .again")
        page.see("#unlock .note", said)
        choose("#probe-files", "mug-1.jpg", "mug-3.jpg")
        page.see("#verdict h2", "door is open")
        assert page.faults() == []
