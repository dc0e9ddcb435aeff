"""Precisions compared, on embeddings whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError
from tools.conversion import measurement
from tools.conversion.measurement import Measurement, Recipe, as_table, measure

DIMENSIONS, OBJECTS, VIEWS, FIT = 30, 20, 3, 60
RECIPE = Recipe((2, 22), 64)


@dataclass
class FakeBundle:
    """A model that reads an embedding out of its input and adds noise of its precision."""

    noise: float
    model_path: Path
    layers = ("layer",)


class FakeEmbedder:
    threads = 1

    def __init__(self, bundle: FakeBundle) -> None:
        self.bundle = bundle
        self._rng = np.random.default_rng(1)

    def embed(self, pixels: NDArray[Any], layers: Sequence[str]) -> list[NDArray[np.float32]]:
        noise = self.bundle.noise * self._rng.standard_normal(pixels.shape)
        return [np.float32(pixels + noise) for _ in layers]


def compare(
    noise: float, objects: Sequence[str] | None, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Measurement:
    monkeypatch.setattr(measurement, "Embedder", FakeEmbedder)
    (folder / "model.tflite").write_bytes(b"x" * 1500)
    rng = np.random.default_rng(2)
    centres = np.repeat(rng.standard_normal((OBJECTS, DIMENSIONS)), VIEWS, axis=0)
    views = centres + 0.2 * rng.standard_normal(centres.shape)
    bundles: Any = {
        p: FakeBundle(n, folder / "model.tflite")
        for p, n in {"float32": 0.0, "int8": noise}.items()
    }
    fit: Any = rng.standard_normal((FIT, DIMENSIONS))
    return measure(bundles, iter(views), objects, fit, RECIPE)  # type: ignore[arg-type]


def cells(found: Measurement, precision: str) -> list[str]:
    """The first row of the printed tables that is of a precision."""
    rows = ([c.strip() for c in line.split("|")[1:-1]] for line in as_table(found).splitlines())
    return next(row for row in rows if row and row[0] == precision)


def test_noise_costs_cosine_bits_and_accuracy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    objects = [str(i // VIEWS) for i in range(OBJECTS * VIEWS)]
    exact, same = compare(0.0, objects, monkeypatch, tmp_path).layers
    assert (exact.cosine_mean, exact.flipped) == (pytest.approx(1), 0)
    assert (same.flipped, same.eer) == (0, exact.eer)
    reports = [compare(noise, objects, monkeypatch, tmp_path) for noise in (0.1, 1.0)]
    little, much = (report.layers[1] for report in reports)
    assert 1 > little.cosine_mean > much.cosine_mean > much.cosine_lowest
    assert little.flipped is not None
    assert much.flipped is not None
    assert 0 < little.flipped < much.flipped < 0.5
    assert exact.eer is not None
    assert much.eer is not None
    assert exact.eer.value < 0.01 < much.eer.value
    assert reports[0].photos == OBJECTS * VIEWS
    assert reports[0].fitted_on == FIT
    assert cells(reports[0], "int8")[:3] == ["int8", "`layer`", "30"]


def test_without_objects_there_are_no_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = compare(0.1, None, monkeypatch, tmp_path)
    assert [(row.flipped, row.eer) for row in report.layers] == [(None, None)] * 2
    assert report.fitted_on == 0
    assert cells(report, "int8")[-2:] == ["-", "-"]


def test_error_rates_need_two_photos_of_an_object(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(TooFewTrialsError):
        compare(0.1, [str(i) for i in range(OBJECTS * VIEWS)], monkeypatch, tmp_path)
