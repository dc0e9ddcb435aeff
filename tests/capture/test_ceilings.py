"""Row 26: real sensors' photos open, and no photo within the ceilings takes much memory."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from ailock_sdk.capture import decode_photo
from ailock_sdk.errors import PhotoFormatError
from ailock_sdk.limits import Limits
from tests.capture.pictures import jpeg, png

PHONE = (9248, 6936)
"""What a sensor of 64 megapixels gives."""
MEMORY_BYTES = 400_000_000
LOOK = """
import sys
from ailock_sdk.capture import Box, assess_quality, decode_photo
photo = decode_photo(sys.argv[1], 345)
photo.resample(Box(0, 0, photo.decoded_width, photo.decoded_height), 64, 64)
status = open("/proc/self/status").read()  # getrusage counts the parent too
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024, photo.width, photo.height)
"""


def encoded(size: tuple[int, int], format_name: str, mode: str = "RGB", **options: object) -> bytes:
    coarse = np.random.default_rng(1).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST).convert(mode)
    image.save(file, format_name, **options)
    return file.getvalue()


@pytest.mark.parametrize("size", [PHONE, (12_000, 9_000), (16_320, 12_240)])
def test_row_26_jpegs_of_64_108_and_200_megapixels_open(size: tuple[int, int]) -> None:
    photo = decode_photo(jpeg(size), 345)
    assert (photo.width, photo.height) == size
    assert (photo.decoded_width, photo.decoded_height) == (size[0] // 8, size[1] // 8)


CASES: dict[str, tuple[tuple[int, int], Callable[[], bytes]]] = {
    "grey": (PHONE, partial(png, "grey", PHONE)),
    "grey-alpha": (PHONE, partial(png, "grey-alpha", PHONE)),
    "grey of 16 bits, a colour transparent, interlaced": (
        PHONE,
        partial(png, "grey", PHONE, depth=16, transparent=True, interlaced=True),
    ),
    "rgb": (PHONE, partial(png, "rgb", PHONE)),
    "rgb, a colour transparent": (PHONE, partial(png, "rgb", PHONE, transparent=True)),
    "rgba": (PHONE, partial(png, "rgba", PHONE)),
    "palette, transparent": (PHONE, partial(png, "palette", PHONE, transparent=True)),
    "grey of 168 megapixels": ((14_000, 12_000), partial(png, "grey", (14_000, 12_000))),
    "jpeg": ((16_320, 12_240), partial(jpeg, (16_320, 12_240))),
    "jpeg, progressive": ((7200, 6800), partial(jpeg, (7200, 6800), progressive=True)),
    "jpeg, cmyk": (PHONE, partial(jpeg, PHONE, "CMYK")),
    "jpeg, cmyk, progressive": (
        (6200, 5700),
        partial(jpeg, (6200, 5700), "CMYK", progressive=True),
    ),
    "jpeg that is not reduced": ((60_000, 640), partial(jpeg, (60_000, 640))),
    "webp": ((4800, 4000), partial(encoded, (4800, 4000), "WEBP", lossless=True, method=0)),
    "avif": ((4400, 4200), partial(encoded, (4400, 4200), "AVIF", speed=10)),
}
"""Photos just below a ceiling: size, bytes."""
LONG = set(CASES) - {"grey-alpha", "rgb", "jpeg, progressive", "webp"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.long) if n in LONG else n for n in CASES]
)
def test_row_26_memory_is_bounded(name: str, tmp_path: Path) -> None:
    if name == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    size, make = CASES[name]
    path = tmp_path / "photo"
    path.write_bytes(make())
    found = subprocess.run(
        [sys.executable, "-c", LOOK, path], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    peak_bytes, *found_size = map(int, found.stdout.split())
    assert tuple(found_size) == size
    assert peak_bytes < MEMORY_BYTES


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (partial(png, "grey-alpha", (10_000, 7_200)), "save it as JPEG$"),
        (partial(png, "grey", (17_000, 16_000)), "more than 256 megapixels: make it smaller$"),
        (partial(jpeg, (12_000, 9_000), progressive=True), "save it as JPEG, not progressive$"),
    ],
)
def test_row_26_above_a_ceiling_the_limit_is_named(make: Callable[[], bytes], advice: str) -> None:
    with pytest.raises(PhotoFormatError, match=advice) as caught:
        decode_photo(make(), 345)
    assert "\n" not in str(caught.value)
    assert "more than 345" in str(caught.value) or "256 megapixels" in str(caught.value)


def test_every_ceiling_is_the_callers() -> None:
    data = png("rgb", (400, 300))
    for lowered, named in (
        (Limits(photo_bytes=len(data) - 1), "MiB"),
        (Limits(photo_pixels=400 * 300 - 1), "0.12 megapixels"),
        (Limits(decoding_bytes=400 * 300 * 5), "MB to decode"),
    ):
        with pytest.raises(PhotoFormatError, match=named):
            decode_photo(data, 100, lowered)
    decode_photo(data, 100, Limits(photo_bytes=len(data), photo_pixels=400 * 300))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["grey-alpha", "rgba", "palette", "rgb"])
def test_where_memory_is_short_the_same_bits_come_out(kind: str, orientation: int) -> None:
    """As one copy, in stripes, or a channel at a time."""
    from ailock_sdk.capture import Box, Photo
    from ailock_sdk.capture.colour import to_rgb
    from ailock_sdk.capture.photo import TURN_OF_ORIENTATION

    image = Image.open(io.BytesIO(png(kind, (1201, 1900), transparent=kind in ("palette", "rgb"))))
    image = Image.fromarray(np.asarray(image)) if kind == "rgb" else image
    upright = to_rgb(image)
    if orientation in TURN_OF_ORIENTATION:
        upright = upright.transpose(TURN_OF_ORIENTATION[orientation])
    box = Box(33.3, 70.1, 1140.7, 1177.5)
    edges = (box.left, box.top, box.right, box.bottom)
    expected = upright.resize((60, 50), Image.Resampling.BILINEAR, edges)
    for room_bytes in (None, 0):
        photo = Photo(image, image.size, orientation=orientation, room_bytes=room_bytes)
        assert (photo.width, photo.height) == upright.size
        np.testing.assert_array_equal(photo.resample(box, 50, 60), expected)
        np.testing.assert_array_equal(photo.pixels, upright)
