"""Draws icon.svg as PNG, for phones that take no SVG: `python -m tests.browser.make_icons`."""

from __future__ import annotations

import io
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from PIL import Image

from tests.browser.phone import phone, serve_page

STATIC = Path(__file__).resolve().parents[2] / "ailock_sdk" / "server" / "static"
SIDES_PIXELS = (180, 192, 512)
COLOURS = 32


def main() -> None:
    drawn = b64encode((STATIC / "icon.svg").read_bytes()).decode()
    page = (
        "<!doctype html><style>* {margin: 0} img {display: block; width: 100vw}</style>"
        f'<img src="data:image/svg+xml;base64,{drawn}">'
    )
    with tempfile.TemporaryDirectory() as folder, phone(Path(folder)) as browser:
        for side in SIDES_PIXELS:
            browser.screen(side, side)
            with serve_page(page) as address:
                browser.driver.get(address)
                browser.driver.execute_async_script(
                    "document.querySelector('img').decode().then(arguments[0])"
                )
                taken = Path(folder) / "icon.png"
                browser.picture(taken, whole=False)
            with Image.open(taken) as picture:
                few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            file = io.BytesIO()
            few.save(file, "PNG", optimize=True)
            (STATIC / f"icon-{side}.png").write_bytes(file.getvalue())
            print(f"icon-{side}.png: {few.width} x {few.height}, {file.tell()} bytes")


if __name__ == "__main__":
    sys.exit(main())
