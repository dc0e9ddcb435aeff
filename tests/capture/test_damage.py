"""Row 27: damaged JPEGs are refused, whole ones are not."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from ailock_sdk.capture import decode_photo
from ailock_sdk.capture.decode import dct_divisor
from ailock_sdk.capture.jpeg import decode_jpeg, read_layout
from ailock_sdk.errors import PhotoFormatError
from tests.conftest import PHOTOS

NEEDED = 345
SOURCES = ["mug-1.jpg", "robot-1.jpg", "book-2.jpg"]


def photo_of(name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    with Image.open(PHOTOS / name) as image:
        mode = options.pop("mode", "RGB")
        size = options.pop("size", (1600, 1200))
        image.convert(mode).resize(size).save(file, "JPEG", **{"quality": 88, **options})
    return file.getvalue()


def middle(data: bytes, length: int) -> tuple[bytes, bytes, bytes]:
    """Before, inside and behind a part in the middle of the compressed data."""
    start = read_layout(data).scans[-1][1] // 2
    return data[:start], data[start : start + length], data[start + length :]


def zeroed(data: bytes) -> bytes:
    before, inside, behind = middle(data, 4096)
    return before + bytes(len(inside)) + behind


def other_sector(data: bytes) -> bytes:
    before, _, behind = middle(data, 512)
    return before + photo_of("clock-1.jpg")[-600:-88] + behind


def lost_sector(data: bytes) -> bytes:
    before, _, behind = middle(data, 512)
    return before + behind


def grey_lower_half(data: bytes) -> bytes:
    return middle(data, 1)[0] + b"\xff\xd9"


def old_mac(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "LF became CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "CR became LF": old_mac,
    "a zeroed middle": zeroed,
    "another file's sector": other_sector,
    "a lost sector": lost_sector,
    "a grey lower half": grey_lower_half,
    "truncated": lambda data: middle(data, 1)[0],
    "no end": lambda data: data[: read_layout(data).scans[-1][1]],
    "seven bits": lambda data: data[:20] + bytes(b & 127 if b < 255 else b for b in data[20:]),
    "not UTF-8": lambda data: data[:20] + data[20:].decode("utf-8", "replace").encode(),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"size": (640, 480)}], ids=str)
def test_row_27_damaged_jpegs_are_refused(damage: str, options: dict[str, Any]) -> None:
    for name in SOURCES:
        data = photo_of(name, **options)
        decode_photo(data, NEEDED)
        with pytest.raises(PhotoFormatError, match="damaged"):
            decode_photo(DAMAGE[damage](data), NEEDED)


@pytest.mark.parametrize("rows", [1, 7])
def test_row_27_wrong_restart_markers_are_refused(rows: int) -> None:
    data = photo_of("mug-1.jpg", restart_marker_rows=rows)
    decode_photo(data, NEEDED)
    first, second = data.index(b"\xff\xd0"), data.index(b"\xff\xd1")
    swapped = bytearray(data)
    swapped[first + 1], swapped[second + 1] = swapped[second + 1], swapped[first + 1]
    for damaged in (
        bytes(swapped),
        data[:first] + data[first + 2 :],
        data[:first] + data[second:],
        data[:second] + data[first:second] + data[second:],
        data[:second] + b"\xff\xd1" + data[second:],
        zeroed(data),
        old_mac(data),
    ):
        with pytest.raises(PhotoFormatError, match="damaged"):
            decode_photo(damaged, NEEDED)


def test_row_27_most_flipped_bits_are_noticed() -> None:
    """Not all: some change one block, and how bright the rest is."""
    rng = random.Random(1)
    noticed = 0
    for number in range(60):
        data = bytearray(photo_of(SOURCES[number % len(SOURCES)]))
        for _ in range(8):
            data[rng.randrange(700, len(data) - 2)] ^= 1 << rng.randrange(8)
        try:
            decode_photo(bytes(data), NEEDED)
        except PhotoFormatError:
            noticed += 1
    assert noticed >= 35


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 30},
        {"quality": 100, "subsampling": 0},
        {"subsampling": 1},
        {"subsampling": 2, "size": (1203, 1601)},
        {"optimize": True},
        {"progressive": True},
        {"progressive": True, "mode": "CMYK"},
        {"mode": "L", "size": (1599, 1201)},
        {"mode": "CMYK"},
        {"restart_marker_blocks": 5},
        {"restart_marker_rows": 2, "subsampling": 0},
        {"comment": b"\xff\xd9\xff\xda" * 9, "exif": b"Exif\0\0"},
    ],
    ids=str,
)
def test_row_27_whole_jpegs_are_as_pillow_decodes_them(options: dict[str, Any]) -> None:
    for name in SOURCES[:2]:
        for size in (options.get("size", (1600, 1200)), (701, 903), (97, 130)):
            data = photo_of(name, **{**options, "size": size})
            photo = decode_photo(data, NEEDED)
            with Image.open(io.BytesIO(data)) as image:
                divisor = dct_divisor(min(size), NEEDED)
                image.draft("RGB", (size[0] // divisor, size[1] // divisor))
                np.testing.assert_array_equal(photo.pixels, image.convert("RGB"))


def test_row_27_what_cameras_append_is_no_damage() -> None:
    data = photo_of("mug-1.jpg")
    expected = decode_photo(data, NEEDED).pixels
    picture = data[:-2]
    for sound in (
        data + b"trailer of a maker" * 99,
        data + data,
        picture + bytes(13) + b"\xff\xd9",
        picture + b"\xff" * 13 + b"\xff\xd9",
    ):
        np.testing.assert_array_equal(decode_photo(sound, NEEDED).pixels, expected)


@pytest.mark.parametrize("level", [0, 127, 128, 129, 255])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_row_27_bare_pictures_are_no_damage(mode: str, level: int) -> None:
    """What a decoder leaves where data ends is grey too, or nothing at all."""
    for size in ((400, 300), (17, 33), (8, 8), (1, 1), (3, 700)):
        for options in ({}, {"progressive": True}, {"optimize": True}):
            file = io.BytesIO()
            Image.new("L", size, level).convert(mode).save(file, "JPEG", **options)
            photo = decode_photo(file.getvalue(), 20)
            assert (photo.width, photo.height) == size


@pytest.mark.parametrize("divisor", [2, 4, 8])
def test_what_stands_below_changes_no_row(divisor: int) -> None:
    """The one decoding that shows damage serves as the picture, where it may."""
    for options in ({}, {"subsampling": 0}, {"subsampling": 1}, {"mode": "L"}):
        data = photo_of("book-2.jpg", size=(1111, 1301), **options)
        taller = decode_jpeg(data, read_layout(data), divisor)
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (1111 // divisor, 1301 // divisor))
            image.load()
            assert taller.height > image.height
            np.testing.assert_array_equal(taller.crop((0, 0, *image.size)), image)


@pytest.mark.shared_photos
@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.long)])
def test_row_27_no_sound_photo_is_refused(step: int) -> None:
    folder = os.environ.get("AILOCK_PHOTOS")
    if not folder:
        pytest.skip("AILOCK_PHOTOS does not name the folder of the shared photo sets")
    formats = (".jpg", ".jpeg", ".webp", ".png", *((".avif",) if features.check("avif") else ()))
    read = 0
    for path in sorted(Path(folder).glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(formats)]
            for name in names[::step]:
                decode_photo(archive.read(name), NEEDED)
                read += 1
    assert read > 1000
