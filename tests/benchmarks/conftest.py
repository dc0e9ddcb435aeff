"""Commands write whole reports, which take seconds to draw."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _figures_once(figures_once: None) -> None:
    """For all tests of this folder."""
