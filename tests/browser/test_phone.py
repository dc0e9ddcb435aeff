"""The phone that the other tests hold is one: its camera shows a clip, its screen has a size, and
axe finds what is wrong with a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.browser.phone import Phone, needs_chromium, serve_page
from tests.camera.videos import write_video

pytest.importorskip("selenium", reason="needs the extra [test]")
pytestmark = [pytest.mark.long, needs_chromium]

MEAN_COLOUR = """
const done = arguments[arguments.length - 1];
navigator.mediaDevices.getUserMedia({video: true}).then(async stream => {
  const video = document.querySelector("video");
  video.srcObject = stream;
  await video.play();
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  canvas.drawImage(video, 0, 0, 1, 1);
  stream.getTracks().forEach(track => track.stop());
  done([...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3));
}, error => done(error.name));
"""


def page(body: str) -> str:
    return f"<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{body}</main>"


def test_the_camera_shows_what_is_held_before_it(granted: Phone, tmp_path: Path) -> None:
    for colour in ((200, 40, 40), (40, 160, 40)):
        frames = [np.full((240, 320, 3), colour, np.uint8)] * 5
        granted.show(write_video(tmp_path / "clip.mjpeg", [frames]))
        with serve_page(page("<video muted></video>")) as address:
            granted.driver.get(address)
            seen = granted.driver.execute_async_script(MEAN_COLOUR)
        assert seen == pytest.approx(colour, abs=12)


def test_the_screen_is_as_wide_and_as_dark_as_is_said(granted: Phone) -> None:
    asked = "return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]"
    viewport = '<meta name="viewport" content="width=device-width">'
    with serve_page(page("").replace("<title>", viewport + "<title>")) as address:
        for width, dark in ((360, True), (1280, False)):
            granted.screen(width, 640, dark=dark)
            granted.driver.get(address)
            assert granted.driver.execute_script(asked) == [width, dark]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<p style="color: #999; background: #fff">pale</p>', "color-contrast"),
        ('<button style="width: 9px; height: 9px">a</button>' * 2, "target-size"),
        ("<input>", "label"),
        ("<h3>too deep</h3>", "heading-order"),
    ],
)
def test_axe_finds_what_is_wrong(granted: Phone, body: str, rule: str) -> None:
    with serve_page(page("<p>fine</p>")) as address:
        granted.driver.get(address)
        assert granted.violations() == []
    with serve_page(page(body)) as address:
        granted.driver.get(address)
        assert {found.split(":")[0] for found in granted.violations()} == {rule}
