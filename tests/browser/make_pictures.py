"""Makes the page's icons as PNG, and the pictures of docs/how-to/serve.md, anew.

`python -m tests.browser.make_pictures`, with Chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.browser.home import Home
from tests.browser.page import Page
from tests.browser.phone import Phone, phone, serve_page
from tests.camera.videos import clip, frames, write_video

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "ailock_sdk" / "server" / "static"
PICTURES = ROOT / "docs" / "how-to" / "pictures"
SIDES_PIXELS = (180, 192, 512)
COLOURS = 32
SCREEN = (360, 640)
GAP_PIXELS = 24


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, phone(Path(folder)) as browser:
        for side in SIDES_PIXELS:
            few = icon(browser, side).quantize(COLOURS, dither=Image.Dither.NONE)
            write(few, STATIC / f"icon-{side}.png", "PNG", optimize=True)
        for dark in (False, True):
            home = Home(Path(tempfile.mkdtemp(dir=folder)))
            home.start()
            try:
                screens = list(shots(Page(browser, home, SCREEN), Path(folder), dark))
            finally:
                home.kill()
            name = f"page-{'dark' if dark else 'light'}.webp"
            write(beside_each_other(screens), PICTURES / name, "WEBP", quality=72, method=6)


def icon(browser: Phone, side: int) -> Image.Image:
    drawn = b64encode((STATIC / "icon.svg").read_bytes()).decode()
    page = (
        "<!doctype html><style>* {margin: 0} img {display: block; width: 100vw}</style>"
        f'<img src="data:image/svg+xml;base64,{drawn}">'
    )
    browser.screen(side, side)
    with serve_page(page) as address:
        browser.driver.get(address)
        decoded = "document.querySelector('img').decode().then(arguments[0])"
        browser.driver.execute_async_script(decoded)
        return browser.picture(whole=False)


def shots(page: Page, folder: Path, dark: bool) -> Iterator[Image.Image]:
    """A photo of three was taken; the object is looked at; it opened the lock."""
    page.phone.screen(*SCREEN, dark=dark, still=True)
    places = ("mug-home", "mug-kitchen", "mug-study")
    film = write_video(folder / "film.mjpeg", [frames(clip(name)) for name in places])
    page.phone.show(film)
    page.pair()
    page.go("/enroll")
    page.type("#name", "front door")
    page.press("#naming button")
    page.press("#step-photos .start")
    page.see(".shots li:nth-child(2).taken")
    page.see("#step-photos .advice", "Photo 2")
    yield page.phone.picture(whole=False)
    page.keep_code("#step-done")
    page.phone.show(write_video(folder / "film.mjpeg", [frames(clip("mug-hall"))]))
    page.go("/unlock?name=front+door")
    page.press("#unlock .start")
    page.see("#unlock .advice", "good")
    yield page.phone.picture(whole=False)
    page.see("#verdict h2", "is open")
    yield page.phone.picture(whole=False)


def beside_each_other(screens: list[Image.Image]) -> Image.Image:
    width, height = SCREEN
    whole = Image.new("RGBA", ((width + GAP_PIXELS) * len(screens) - GAP_PIXELS, height))
    for index, screen in enumerate(screens):
        whole.paste(screen, (index * (width + GAP_PIXELS), 0))
    return whole


def write(picture: Image.Image, path: Path, kind: str, **options: object) -> None:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(file.getvalue())
    print(f"{path.relative_to(ROOT)}: {picture.width} x {picture.height}, {file.tell()} bytes")


if __name__ == "__main__":
    sys.exit(main())
