"""The browser and the clips that its camera shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.phone import Phone, phone


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """A browser that lets every page use the camera."""
    with phone(tmp_path_factory.mktemp("phone")) as running:
        yield running
