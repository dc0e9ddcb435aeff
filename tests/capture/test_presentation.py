"""The detector of screens and prints, and parallax, on made pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.capture import presentation
from ailock_sdk.capture.parallax import FLAT_SHARE, measure_parallax
from ailock_sdk.capture.presentation import (
    PRESENTATION_WEIGHTS,
    PresentationDetector,
    presentation_detector,
    presentation_features,
    presentation_photo,
)
from lab.errors import TooFewTrialsError
from lab.fitting.presentation import fit_detector
from lab.verification.parallax import held_picture
from lab.verification.presentation import measure_rates
from tests.capture.test_quality import thing


def features(pixels: np.ndarray) -> np.ndarray:
    return presentation_features(presentation_photo(pixels))


def on_a_screen(pixels: np.ndarray) -> np.ndarray:
    """Seen through red, green and blue stripes, a little wider than a pixel each."""
    places = np.arange(pixels.shape[1]) * 0.9
    light = np.stack([1 + 0.3 * np.cos(places + 2 * np.pi * k / 3) for k in range(3)], axis=1)
    return (pixels * light[None]).clip(0, 255).astype(np.uint8)


def test_the_carried_weights_fit_the_features() -> None:
    detector = presentation_detector()
    for part in (detector.centre, detector.scale, detector.weights):
        assert part.shape == (presentation.FEATURES,)
        assert np.isfinite(part).all()
    assert np.abs(detector.weights).max() > 0
    assert features(thing()).shape == (presentation.FEATURES,)
    file = PRESENTATION_WEIGHTS
    document = json.loads(file.read_text("utf-8"))
    assert document["sources"]
    assert len(file.read_bytes()) < 2**20


def test_a_detector_learns_a_screen_and_tells_new_ones() -> None:
    things = [thing(seed=seed) for seed in range(16)]
    known = np.array([features(p) for p in [*things, *map(on_a_screen, things)]])
    presented = np.repeat([False, True], 8)
    training = [*range(8), *range(16, 24)]
    detector = fit_detector(known[training], presented)
    scores = detector.scores(known[[*range(8, 16), *range(24, 32)]])
    assert scores[:8].max() < scores[8:].min()
    photo = presentation_photo(things[8])
    assert detector.score(photo) == pytest.approx(scores[0])
    with pytest.raises(TooFewTrialsError):
        fit_detector(known[:8], presented[:8])


def test_what_is_alike_scores_alike() -> None:
    plain = features(thing())
    mirrored = features(np.ascontiguousarray(thing()[:, ::-1]))
    darker = features((thing() * 0.8).astype(np.uint8))
    screen = features(on_a_screen(thing()))
    apart = np.abs(screen - plain).max()
    assert np.abs(mirrored - plain).max() < 0.2 * apart
    assert np.abs(darker - plain).max() < 0.5 * apart


def test_detail_of_colour_lies_where_that_of_light_does_or_elsewhere() -> None:
    grey = thing().mean(axis=2, keepdims=True)
    tinted = (grey * [1.0, 1.0, 0.4]).astype(np.uint8)
    elsewhere = np.concatenate([grey, grey, np.roll(grey, 40, axis=1)], axis=2).astype(np.uint8)
    light_and_blue = 4 * presentation.SHAPED_LEVELS
    assert features(tinted)[light_and_blue] > 0.9
    assert features(elsewhere)[light_and_blue] < 0.8  # not 0: blue against light holds light


def test_a_large_photo_is_reduced_and_a_small_one_refused() -> None:
    large = np.asarray(Image.fromarray(thing(768, 576)).resize((1536, 1152), Image.Resampling.BOX))
    assert np.isfinite(features(large)).all()
    with pytest.raises(ValueError, match="128"):
        features(thing(200, 127))
    assert np.isfinite(features(np.zeros((128, 128, 3), np.uint8))).all()


def test_weights_of_another_format_are_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "weights").write_text('{"format": "another/1"}', "utf-8")
    monkeypatch.setattr(presentation, "PRESENTATION_WEIGHTS", tmp_path / "weights")
    with pytest.raises(ValueError, match="another/1"):
        presentation_detector.__wrapped__()


def test_rates_are_those_counted_by_hand() -> None:
    scores = np.array([*range(10), 8.5, 7.5, 20.0, 5.0])  # real 0 to 9; presented
    presented = np.arange(14) >= 10
    objects = np.array([str(i) for i in range(14)])
    rates = measure_rates(scores, presented, objects, 4.0, 50, 1)
    assert (rates.photos, rates.real) == (4, 10)
    assert rates.apcer[0.1].value == 2 / 4  # one real photo, 9, may lie above: the threshold is 8
    assert rates.apcer[0.05].value == 3 / 4  # none may: 9
    assert (rates.at_threshold[0].value, rates.at_threshold[1].value) == (0, 0.5)
    assert rates.auc.value == (9 + 8 + 10 + 5) / 40
    low, high = rates.apcer[0.1].low, rates.apcer[0.1].high
    assert low is not None
    assert high is not None
    assert low <= 0.5 <= high
    with pytest.raises(TooFewTrialsError):
        measure_rates(scores[:10], presented[:10], objects[:10], 4.0, 0, 1)


def test_a_picture_moves_as_one_plane_and_a_thing_does_not() -> None:
    frame = thing(480, 360)
    rng = np.random.default_rng(1)
    picture = measure_parallax(frame, held_picture(frame, rng))
    assert picture is not None
    assert picture.off_plane <= FLAT_SHARE
    behind = thing(480, 360, seed=1)
    first, second = np.roll(behind, 0, 1), np.roll(behind, 3, 1)
    first, second = first.copy(), second.copy()
    first[100:260, 150:330] = frame[100:260, 150:330]
    second[100:260, 162:342] = frame[100:260, 150:330]
    nearer = measure_parallax(first, second)
    assert nearer is not None
    assert nearer.off_plane > 2 * FLAT_SHARE


def test_nothing_is_said_without_movement_or_detail() -> None:
    frame = thing(480, 360)
    assert measure_parallax(frame, frame) is None
    assert measure_parallax(np.full_like(frame, 90), np.full_like(frame, 90)) is None
    with pytest.raises(ValueError, match="same size"):
        measure_parallax(frame, frame[:-1])


def test_a_detector_clips_what_training_never_saw() -> None:
    ones = np.ones(2)
    detector = PresentationDetector(0 * ones, ones, ones, 0.5, 0.0)
    assert detector.scores(np.array([[1e9, -1.0]]))[0] == 4.0 - 1.0 + 0.5
