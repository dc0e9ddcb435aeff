"""Bundles measured on the watched sets: what the hyperplanes' turn does to a figure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("tomllib", reason="training reads TOML with Python 3.11's tomllib")

from ailock_sdk.imageprint import ImagePrint
from tools.training import measure
from tools.training.object_config import SAME_PLACE, WatchSource
from tools.training.watch import equal_error_rate

ROOT = Path(__file__).resolve().parents[3]
BITS, OBJECTS, PHOTOS = 512, 12, 4


def numbers(figures: Any) -> Iterator[float]:
    """The leaves of nested figures, in order."""
    if isinstance(figures, dict):
        for value in figures.values():
            yield from numbers(value)
    else:
        yield figures


def test_turns_begin_with_the_bundle_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    objects = np.repeat([f"thing_{i}" for i in range(OBJECTS)], PHOTOS)
    centres = np.repeat(rng.standard_normal((OBJECTS, BITS)), PHOTOS, axis=0)
    made = [
        [ImagePrint(each) for each in centres + 4 * rng.standard_normal(centres.shape)]
        for _ in range(2)
    ]
    monkeypatch.setattr(measure, "prints", lambda *_: (*made, objects))

    def measured(turns: int) -> dict[str, Any]:
        sources = [WatchSource("things.zip", SAME_PLACE)]
        folder = ROOT / "models" / "inception_v3_slim"
        return measure.measure(folder, sources, tmp_path, tmp_path, turns)

    one, two = measured(1), measured(2)
    bits = [np.stack([each.bits for each in side]) for side in made]
    alone = [(index,) for index in range(len(objects))]
    direct = equal_error_rate(measure.compare(bits[0], bits[1], alone, objects))
    assert one["things.zip (all)"]["eer"] == direct > 0
    assert two["turns"] == 2
    first = list(numbers({k: v for k, v in one.items() if k in two["mean"]}))
    mean, deviation = (np.array(list(numbers(two[key]))) for key in ("mean", "deviation"))
    # Of two turns, either is as far from their mean as the deviation.
    np.testing.assert_allclose(np.abs(mean - first), deviation, atol=1e-12)
    assert two["deviation"]["radius_at_equal_fmr"] > 0
