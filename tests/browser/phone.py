"""A headless Chromium that stands for a phone: its camera shows a clip, its screen is looked at."""

from __future__ import annotations

import base64
import io
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
WAIT_SECONDS = 60.0

needs_chromium = pytest.mark.skipif(
    (CHROMIUM is None or DRIVER is None) and not os.environ.get("CI"),
    reason="needs Chromium: apt-get install chromium chromium-driver",
)
"""Where `CI` is set, the tests run and fail without it."""

AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@cache
def _axe_source() -> str:
    folder = resources.files("selenium_axe_python")
    return (folder / "axe-core" / "axe.min.js").read_text("utf-8")


class Phone:
    """One browser; ``driver`` is Selenium's.

    Parameters
    ----------
    driver : selenium.webdriver.Chrome
    camera : Path
        The file that the browser reads whenever a page opens the camera.
    """

    def __init__(self, driver: Any, camera: Path) -> None:
        self.driver = driver
        self._camera = camera

    def show(self, clip: Path) -> None:
        """Hold something else before the camera, from the next time on that a page opens it."""
        new = self._camera.with_name("next.mjpeg")
        shutil.copyfile(clip, new)
        new.replace(self._camera)

    def screen(self, width: int, height: int, *, dark: bool = False, still: bool = False) -> None:
        """Be a phone of this size in CSS pixels, or a window; ``still``: no movement is wanted."""
        self._cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        self._cdp(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now, a line each."""
        self.driver.execute_script(_axe_source())
        found = self.driver.execute_async_script(
            "const [tags, done] = arguments;"
            "axe.run(document, {runOnly: tags, resultTypes: ['violations']})"
            ".then(done, error => done({error: String(error)}))",
            AXE_TAGS,
        )
        assert found.get("passes"), f"axe looked at nothing: {found}"
        return [
            f"{rule['id']}: {node['target']}: {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def picture(self, *, whole: bool = True) -> Image.Image:
        """A screenshot of the ``whole`` page, or of what is seen of it."""
        taken = self._cdp("Page.captureScreenshot", captureBeyondViewport=whole)
        return Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")

    def _cdp(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)


@contextmanager
def phone(folder: Path, *, camera: str = "granted") -> Iterator[Phone]:
    """A browser with a profile of its own.

    Parameters
    ----------
    folder : Path
        For its profile and its camera's file.
    camera : str
        "granted", "denied" or "missing".
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    assert None not in (CHROMIUM, DRIVER), "apt-get install chromium chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    file = folder / "camera.mjpeg"
    switches = [
        "headless=new",
        "no-sandbox",  # tests run as root
        "disable-dev-shm-usage",
        "disable-gpu",
        "force-device-scale-factor=1",
        "hide-scrollbars",
        "disable-background-networking",
        "disable-component-update",
        "no-first-run",
        "window-size=1280,800",
        f"user-data-dir={folder / 'profile'}",
    ]
    if camera != "missing":
        switches += ["use-fake-device-for-media-stream", f"use-file-for-fake-video-capture={file}"]
    if camera == "granted":
        switches.append("use-fake-ui-for-media-stream")
    if camera == "denied":
        switches.append("use-fake-ui-for-media-stream=deny")
    for switch in switches:
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(WAIT_SECONDS)
    driver.set_page_load_timeout(WAIT_SECONDS)
    try:
        yield Phone(driver, file)
    finally:
        driver.quit()


@contextmanager
def serve_page(text: str) -> Iterator[str]:
    """The address of one page, on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
