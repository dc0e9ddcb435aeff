"""Faces brought to their places: the similarity by hand, and a photo set written."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lab.photos.photo_sets import open_photo_set
from tools.align_faces import TEMPLATE, align, aligned, similarity


def turned(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + shift


def test_a_similarity_is_found_again() -> None:
    template = np.array(TEMPLATE)
    matrix = similarity(turned(template, 30, 2.5, (40, 7)), template)
    cos, sin = 2.5 * np.cos(np.pi / 6), 2.5 * np.sin(np.pi / 6)
    assert matrix == pytest.approx(np.array([[cos, -sin, 40], [sin, cos, 7]]))


@pytest.mark.parametrize("scale", [1.0, 2.0, 6.0])
def test_eyes_nose_and_mouth_come_to_their_places(scale: float) -> None:
    points = turned(np.array(TEMPLATE), 20, scale, (60, 30))
    side = int(points.max() + 60 * scale)
    image = Image.new("RGB", (side, side), "black")
    draw = ImageDraw.Draw(image)
    for x, y in points:
        radius = 3 * scale
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="white")
    found = np.asarray(aligned(np.asarray(image), points, 224).convert("L")).astype(float)
    for x, y in np.array(TEMPLATE) * 2:
        rows, columns = slice(int(y) - 9, int(y) + 10), slice(int(x) - 9, int(x) + 10)
        spot = found[rows, columns]
        centre = np.average(np.indices(spot.shape), axis=(1, 2), weights=np.stack([spot] * 2))
        expected = y - rows.start - 0.5, x - columns.start - 0.5
        assert spot.sum() > 0
        assert centre == pytest.approx(expected, abs=1.5)  # half a pixel of the least photo


def test_the_set_keeps_names_and_says_where_no_face_is(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "Ann"
    folder.mkdir(parents=True)
    for number in (1, 2):
        Image.new("RGB", (150, 130), (90 * number, 0, 0)).save(folder / f"Ann_000{number}.png")

    def find(pixels: np.ndarray) -> np.ndarray | None:
        return np.array(TEMPLATE) if pixels[0, 0, 0] < 100 else None

    out = tmp_path / "faces.zip"
    assert align(tmp_path / "photos", out, 160, find) == 1
    photos = open_photo_set(out)
    assert [(path, name) for path, name, _ in photos] == [
        ("Ann/Ann_0001.jpg", "Ann"),
        ("Ann/Ann_0002.jpg", "Ann"),
    ]
    assert {Image.open(io.BytesIO(data)).size for _, _, data in photos} == {(160, 160)}
    with zipfile.ZipFile(out) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
    assert [row["kind"] for row in rows] == ["face", "no face found"]
