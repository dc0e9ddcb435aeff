"""The pictures of explanation/how-it-works.md are those of this model, and its figures too."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock
from tests.docs.pages import DOCS
from tools import site_pictures

PAGE = DOCS / "explanation" / "how-it-works.md"


@pytest.mark.long
def test_pictures_and_figures_are_those_of_the_shipped_model(lock: AiLock) -> None:
    prints = site_pictures.read_prints(lock)
    text = " ".join(PAGE.read_text("utf-8").split())
    first = prints[site_pictures.SHOWN[0]][0]
    for name in site_pictures.SHOWN:
        with Image.open(PAGE.parent / "pictures" / f"print-{name}.png") as picture:
            size = site_pictures.CELL_PIXELS
            cells = np.asarray(picture.convert("RGB"))[size // 2 :: size, size // 2 :: size]
        shown = (cells == site_pictures.ONE).all(axis=-1).ravel()
        assert np.array_equal(shown, prints[name][0].bits)
        if differ := prints[name][0] - first:
            assert f"(pictures/difference-{name}.png) {differ} of {len(first)} |" in text
    mated, non_mated = site_pictures.compared(prints)
    assert f"differ in {mated.min()} to {mated.max()} bits" in text
    assert f"two things in {non_mated.min()} to {non_mated.max()};" in text
    assert f"up to {lock.radius} errors" in text
    assert f"radius of {lock.radius} bits" in text
