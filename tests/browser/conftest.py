"""The browser, the films that its camera shows, and the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.browser.home import Home
from tests.browser.phone import Phone, phone
from tests.camera.videos import clip, frames, write_video

Films = Callable[..., Path]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Films:
    """A maker of films, as Chromium's camera reads them, of committed clips one after another."""
    folder = tmp_path_factory.mktemp("films")

    @cache
    def make(*names: str) -> Path:
        return write_video(folder / f"{'+'.join(names)}.mjpeg", [frames(clip(n)) for n in names])

    return make


@pytest.fixture(scope="session")
def three_places(film: Films) -> Path:
    """An object that is put before another background every two seconds."""
    return film("mug-home", "mug-kitchen", "mug-study")


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A browser that lets every page use the camera."""
    with phone(tmp_path_factory.mktemp("phone")) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A server that runs."""
    made = Home(tmp_path)
    made.start()
    yield made
    made.kill()
