"""Verdicts of the quality gate on made pictures whose defect is known."""

from __future__ import annotations

import functools
import time

import numpy as np
import pytest
from PIL import Image, ImageFilter

from ailock_sdk.capture import Photo, QualityIssue, assess_quality, quality
from ailock_sdk.errors import PhotoQualityError


@functools.cache
def thing(width: int = 500, height: int = 375, seed: int = 0) -> np.ndarray:
    """Something like a printed carton: shapes with sharp edges and lines, in ordinary light."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / min(height, width)
    picture = np.full((height, width, 3), 120.0)
    for _ in range(60):
        centre_x, centre_y, radius = rng.random(3) * [width / height, 1, 0.12]
        stripes = np.sin(60 * (x + y) * rng.random()) > 0
        inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < radius**2
        picture[inside & stripes] = rng.integers(20, 220, 3)
    return (picture + rng.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)


def photo(pixels: np.ndarray) -> Photo:
    height, width = pixels.shape[:2]
    return Photo(pixels, (width, height))


def blurred(pixels: np.ndarray, share: float) -> np.ndarray:
    sigma = share * min(pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    return (pixels * factor).clip(0, 255).astype(np.uint8)


def plain(level: int, slope: int = 0) -> np.ndarray:
    light = level + np.linspace(-slope, slope, 500)[None, :, None] * np.ones((375, 1, 3))
    noise = np.random.default_rng(0).normal(0, 3, light.shape)
    return (light + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_an_ordinary_photo_passes(seed: int) -> None:
    assert assess_quality(photo(thing(seed=seed))) == ()


@pytest.mark.parametrize("factor", [0.4, 0.7, 1.3])
def test_ordinary_light_passes(factor: float) -> None:
    assert assess_quality(photo(scaled(thing(), factor))) == ()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("spoil", "issue"),
    [
        (lambda pixels: scaled(pixels, 0.08), QualityIssue.TOO_DARK),
        (lambda pixels: pixels * 0, QualityIssue.TOO_DARK),
        (lambda pixels: scaled(pixels, 8.0), QualityIssue.BLOWN_OUT),
        (lambda pixels: pixels | 255, QualityIssue.BLOWN_OUT),
        (lambda pixels: pixels | np.array([255, 0, 0], np.uint8), QualityIssue.BLOWN_OUT),
        (lambda pixels: blurred(pixels, 0.03), QualityIssue.BLURRED),
    ],
)
def test_each_defect_is_found(seed: int, spoil, issue: QualityIssue) -> None:  # type: ignore[no-untyped-def]
    assert assess_quality(photo(spoil(thing(seed=seed)))) == (issue,)


@pytest.mark.parametrize("pixels", [plain(90), plain(200), plain(130, slope=80)])
def test_a_bare_wall_shows_nothing(pixels: np.ndarray) -> None:
    assert assess_quality(photo(pixels)) == (QualityIssue.NO_TEXTURE,)


def test_faint_detail_is_no_texture() -> None:
    faint, clear = (120 + (thing() - 120.0) * contrast for contrast in (0.05, 0.25))
    assert assess_quality(photo(faint.astype(np.uint8))) == (QualityIssue.NO_TEXTURE,)
    assert assess_quality(photo(clear.astype(np.uint8))) == ()


def test_only_the_middle_counts() -> None:
    pixels = plain(128)
    pixels[:40], pixels[:, :40] = 255, 0
    assert assess_quality(photo(pixels)) == (QualityIssue.NO_TEXTURE,)


@pytest.mark.parametrize("spoil", [lambda p: p, lambda p: blurred(p, 0.03), lambda p: p // 20])
def test_the_verdict_does_not_depend_on_the_resolution(spoil) -> None:  # type: ignore[no-untyped-def]
    full = thing(1200, 900)
    verdicts = set()
    for width in (171, 320, 640, 1200):
        reduced = np.asarray(Image.fromarray(full).resize((width, width * 3 // 4)))
        verdicts.add(assess_quality(Photo(spoil(reduced), (4000, 3000))))
    assert len(verdicts) == 1


def test_size_is_that_of_the_source() -> None:
    pixels = thing()
    assert assess_quality(Photo(pixels, (128, 4000))) == ()
    assert assess_quality(Photo(pixels, (4000, 127))) == (QualityIssue.TOO_SMALL,)
    assert assess_quality(photo(np.zeros((1, 1, 3), np.uint8))) == (
        QualityIssue.TOO_SMALL,
        QualityIssue.TOO_DARK,
    )


@pytest.mark.parametrize(
    ("threshold", "value", "issue"),
    [
        ("MIN_SHORT_SIDE_PIXELS", 376, QualityIssue.TOO_SMALL),
        ("DARK_LUMA", 255.0, QualityIssue.TOO_DARK),
        ("CLIPPED_LEVEL", 20, QualityIssue.BLOWN_OUT),
        ("TEXTURE_LEVELS", 1e9, QualityIssue.NO_TEXTURE),
        ("SHARPNESS", 1e9, QualityIssue.BLURRED),
    ],
)
def test_each_threshold_counts(
    threshold: str, value: float, issue: QualityIssue, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert assess_quality(photo(thing())) == ()
    monkeypatch.setattr(quality, threshold, value)
    assert assess_quality(photo(thing())) == (issue,)


def test_codes_are_stable_and_advice_is_one_sentence() -> None:
    codes = ["too_dark", "blown_out", "blurred", "no_texture", "too_small"]
    assert [issue.value for issue in QualityIssue] == codes
    assert QualityIssue("blurred") is QualityIssue.BLURRED
    for issue in QualityIssue:
        assert issue.advice.startswith("The photo ")
        assert issue.advice.index(": ") < issue.advice.index(".") == len(issue.advice) - 1
    error = PhotoQualityError([QualityIssue.TOO_DARK, QualityIssue.TOO_SMALL])
    assert QualityIssue.TOO_DARK.advice in str(error)


def test_it_is_cheap() -> None:
    """About 1 ms; the best of several runs, so that a busy machine does not fail it."""
    pixels = photo(thing())
    times = []
    for _ in range(20):
        start = time.perf_counter()
        assess_quality(pixels)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.010
