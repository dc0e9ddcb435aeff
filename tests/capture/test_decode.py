"""decode_photo: every source, mode and orientation; ceilings; every bad input."""

from __future__ import annotations

import builtins
import io
import os
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from ailock_sdk.capture import decode_photo
from ailock_sdk.capture.decode import dct_divisor
from ailock_sdk.errors import PhotoFormatError, ProfileError
from ailock_sdk.limits import Limits
from tests.threads import Meeting, run_together

WIDTH, HEIGHT = 24, 16
NEEDED = 8


def gradient(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], 2).astype(np.uint8)


def encoded(image: Image.Image | np.ndarray, format_name: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(file, format_name, **options)
    return file.getvalue()


def exif(orientation: object) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


# -- sources -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_name", "options"),
    [("PNG", {}), ("JPEG", {"quality": 95}), ("WEBP", {"lossless": True}), ("WEBP", {})],
)
def test_all_sources_give_the_same_photo(tmp_path: Path, format_name: str, options: dict) -> None:
    data = encoded(gradient(), format_name, **options)
    path = tmp_path / "photo.any"
    path.write_bytes(data)
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image.convert("RGB"))
        sources = [data, path, str(path), image, image.copy(), pixels]
        photos = [decode_photo(source, HEIGHT) for source in sources]
    for photo in photos:
        np.testing.assert_array_equal(photo.pixels, pixels)
        assert (photo.width, photo.height) == (WIDTH, HEIGHT)
        assert photo.pixels.dtype == np.uint8
        assert not photo.pixels.flags.writeable


def test_an_array_is_copied_and_may_have_any_strides() -> None:
    pixels = gradient()[::-1, ::2]
    photo = decode_photo(pixels, NEEDED)
    np.testing.assert_array_equal(photo.pixels, pixels)
    before = photo.pixels.copy()
    pixels[:] = 0
    np.testing.assert_array_equal(photo.pixels, before)


def test_a_pillow_image_is_not_reduced_or_changed() -> None:
    with Image.open(io.BytesIO(encoded(gradient(), "JPEG", exif=exif(6)))) as image:
        photo = decode_photo(image, 2)
        assert image.size == (WIDTH, HEIGHT)
        assert image.getexif()[0x0112] == 6
    assert photo.pixels.shape == (WIDTH, HEIGHT, 3)


def test_only_the_first_frame_counts() -> None:
    black = Image.fromarray(gradient() * 0)
    for format_name in ("PNG", "WEBP", "MPO"):
        data = encoded(gradient(), format_name, save_all=True, append_images=[black])
        assert decode_photo(data, HEIGHT).pixels.mean() > 50


# -- orientation -------------------------------------------------------------------------------

STORED_FROM_UPRIGHT = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""How a camera held that way stores the upright picture: independent of Pillow's own names."""


@pytest.mark.parametrize("orientation", STORED_FROM_UPRIGHT)
@pytest.mark.parametrize("format_name", ["PNG", "WEBP"])
def test_every_orientation_comes_out_upright(orientation: int, format_name: str) -> None:
    stored = np.ascontiguousarray(STORED_FROM_UPRIGHT[orientation](gradient()))
    data = encoded(stored, format_name, lossless=True, exif=exif(orientation))
    photo = decode_photo(data, NEEDED)
    np.testing.assert_array_equal(photo.pixels, gradient())
    assert (photo.width, photo.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("orientation", STORED_FROM_UPRIGHT)
def test_a_reduced_jpeg_is_turned_too(orientation: int) -> None:
    stored = np.ascontiguousarray(STORED_FROM_UPRIGHT[orientation](gradient(96, 64)))
    data = encoded(stored, "JPEG", quality=95, subsampling=0, exif=exif(orientation))
    photo = decode_photo(data, 16)
    assert photo.pixels.shape == (16, 24, 3)
    assert (photo.width, photo.height) == (96, 64)
    expected = gradient(96, 64).reshape(16, 4, 24, 4, 3).mean((1, 3))
    assert np.abs(photo.pixels - expected).max() < 12


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_upright(orientation: int) -> None:
    data = encoded(gradient(), exif=exif(orientation))
    np.testing.assert_array_equal(decode_photo(data, NEEDED).pixels, gradient())


def test_unreadable_exif_is_ignored() -> None:
    data = encoded(gradient(), exif=b"Exif\0\0" + b"no such header at all")
    np.testing.assert_array_equal(decode_photo(data, NEEDED).pixels, gradient())


# -- JPEG scale (SPEC 1.2) ---------------------------------------------------------------------


@given(st.integers(2, 2_000), st.sampled_from([1, 2, 4, 8, 16]), st.integers(-9, 9))
def test_the_divisor_is_the_greatest_that_keeps_enough(needed: int, ratio: int, off: int) -> None:
    short_side = max(1, needed * ratio + off)
    keeps_enough = [d for d in (2, 4, 8) if -(-short_side // d) >= needed]
    assert dct_divisor(short_side, needed) == max(keeps_enough, default=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(2, 60))
def test_pillow_decodes_at_that_divisor(width: int, height: int, needed: int) -> None:
    data = encoded(np.full((height, width, 3), 90, np.uint8), "JPEG")
    photo = decode_photo(data, needed)
    divisor = dct_divisor(min(width, height), needed)
    assert photo.pixels.shape == (-(-height // divisor), -(-width // divisor), 3)
    assert (photo.width, photo.height) == (width, height)


@pytest.mark.parametrize(("needed", "short_side"), [(65, 127), (64, 64), (33, 64), (17, 32)])
def test_a_jpeg_at_the_edge_of_a_scale(needed: int, short_side: int) -> None:
    for options in ({}, {"progressive": True}):
        data = encoded(gradient(192, 127), "JPEG", **options)
        assert decode_photo(data, needed).pixels.shape[0] == short_side


def test_other_formats_are_not_reduced() -> None:
    for format_name in ("PNG", "WEBP"):
        assert decode_photo(encoded(gradient(), format_name), 2).pixels.shape[0] == HEIGHT


@pytest.mark.parametrize("needed", [1, 0, -5])
def test_a_needless_short_side_is_refused(needed: int) -> None:
    with pytest.raises(ProfileError, match="short_side_pixels"):
        decode_photo(gradient(), needed)


# -- ceilings ----------------------------------------------------------------------------------


def refuse_to_decode(*_: object) -> None:
    raise AssertionError("decoded, or read, before the ceiling was checked")


def test_bytes_above_the_ceiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(gradient())
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    sources = [lambda: data, lambda: bytearray(data), lambda: path, lambda: io.BytesIO(data)]
    for source in sources:
        photo = decode_photo(source(), NEEDED, Limits(photo_bytes=len(data)))
        assert photo.width == WIDTH
    monkeypatch.setattr(PngImageFile, "__init__", refuse_to_decode)
    for source in sources:
        with pytest.raises(PhotoFormatError, match="MiB"):
            decode_photo(source(), NEEDED, Limits(photo_bytes=len(data) - 1))


def test_a_sparse_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(PhotoFormatError, match="64 MiB"):
        decode_photo(path, NEEDED)


def test_pixels_above_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    formats = ["PNG", "JPEG", "WEBP", *(["AVIF"] if features.check("avif") else [])]
    sources = [encoded(gradient(), f) for f in formats]
    sources += [gradient(), Image.fromarray(gradient())]
    for source in sources:
        photo = decode_photo(source, NEEDED, Limits(photo_pixels=WIDTH * HEIGHT))
        assert photo.height == HEIGHT
    monkeypatch.setattr(Image.Image, "load", refuse_to_decode)
    for source in sources:
        with pytest.raises(PhotoFormatError, match="megapixels"):
            decode_photo(source, NEEDED, Limits(photo_pixels=WIDTH * HEIGHT - 1))
        with pytest.raises(PhotoFormatError, match="MB to decode, more than"):
            decode_photo(source, NEEDED, Limits(decoding_bytes=WIDTH * HEIGHT * 3 - 1))


@pytest.mark.parametrize("side", [16_001, 30_000, 60_000])
def test_headers_that_promise_too_much(side: int) -> None:
    """Just above our ceiling; above what Pillow alone would open, too."""
    data = bytearray(encoded(gradient(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = side.to_bytes(2, "big") * 2
    with pytest.raises(PhotoFormatError, match="more than 256 megapixels"):
        decode_photo(bytes(data), NEEDED)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, None])
def test_a_limit_is_a_whole_number(value: Any) -> None:
    with pytest.raises(ProfileError, match="photo_bytes"):
        Limits(photo_bytes=value)


# -- colour ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "HSV", "RGBX"])
def test_opaque_modes(mode: str) -> None:
    image = Image.fromarray(gradient()).convert(mode)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(decode_photo(image, NEEDED).pixels, expected)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpeg_modes(mode: str) -> None:
    image = Image.fromarray(gradient()).convert(mode)
    photo = decode_photo(encoded(image, "JPEG", quality=100, subsampling=0), HEIGHT)
    difference = photo.pixels.astype(int) - np.asarray(image.convert("RGB"))
    assert np.abs(difference).max() < 12


def test_alpha_goes_onto_white() -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, 8:16] = 128
    alpha[:, 16:] = 255
    image = Image.fromarray(np.dstack([gradient() // 2, alpha]))
    expected = np.full((HEIGHT, WIDTH, 3), 255.0)
    expected[:, 8:16] = (128.0 * (gradient() // 2)[:, 8:16] + 127 * 255) / 255
    expected[:, 16:] = (gradient() // 2)[:, 16:]
    for source in (image, encoded(image), encoded(image, "WEBP", lossless=True, exact=True)):
        assert np.abs(decode_photo(source, NEEDED).pixels - expected).max() <= 0.5


@pytest.mark.parametrize("mode", ["LA", "RGBa"])
def test_other_alpha_modes(mode: str) -> None:
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0)).convert(mode)
    assert (decode_photo(image, 2).pixels == 255).all()


def test_transparent_colours_of_png() -> None:
    palette = Image.fromarray(gradient()).quantize(8)
    transparent = np.asarray(palette) == 3
    photo = decode_photo(encoded(palette, transparency=3), NEEDED)
    assert transparent.any()
    assert (photo.pixels[transparent] == 255).all()
    assert (photo.pixels[~transparent] != 255).any(axis=1).all()
    grey = np.array([[7, 9], [9, 7]], np.uint8)
    photo = decode_photo(encoded(Image.fromarray(grey), transparency=9), 2)
    np.testing.assert_array_equal(photo.pixels[:, :, 0], [[7, 255], [255, 7]])


def test_the_high_byte_of_16_bits_is_kept() -> None:
    deep = np.array([[0x0000, 0x01FF, 0x7FFF], [0x8000, 0xFEFF, 0xFFFF]], np.uint16)
    high = np.array([[0x00, 0x01, 0x7F], [0x80, 0xFE, 0xFF]])
    image = Image.fromarray(deep)
    for source in (image, encoded(image), Image.fromarray(deep.astype(np.int32))):
        pixels = decode_photo(source, 2).pixels
        assert (pixels == high[:, :, None]).all()
    pixels = decode_photo(encoded(image, transparency=0x01FF), 2).pixels
    high[0, 1] = 255
    assert (pixels == high[:, :, None]).all()


@pytest.mark.parametrize("mode", ["F", "LAB", "La", "PA"])
def test_modes_of_no_photo(mode: str) -> None:
    with pytest.raises(PhotoFormatError, match=f"mode {mode}"):
        decode_photo(Image.new(mode, (9, 9)), NEEDED)


# -- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pixels",
    [
        gradient().astype(np.float32),
        gradient().astype(np.int64),
        gradient().astype(object),
        gradient() > 100,
        gradient()[:, :, 0],
        gradient()[:, :, :2],
        np.dstack([gradient(), gradient()[:, :, :1]]),
        gradient()[None],
        gradient()[..., None],
        gradient()[:0],
        gradient()[:, :0],
        np.uint8(3)[...],
    ],
)
def test_bad_arrays(pixels: np.ndarray) -> None:
    with pytest.raises(PhotoFormatError):
        decode_photo(pixels, NEEDED)


@pytest.mark.parametrize("source", [None, 0, 1.5, [gradient()], object()])
def test_bad_types(source: object) -> None:
    with pytest.raises(PhotoFormatError, match=type(source).__name__):
        decode_photo(source, NEEDED)  # type: ignore[arg-type]


def test_bad_pillow_images() -> None:
    with pytest.raises(PhotoFormatError, match="no pixels"):
        decode_photo(Image.new("RGB", (0, 5)), NEEDED)
    with (
        Image.open(io.BytesIO(encoded(gradient(), "BMP"))) as image,
        pytest.raises(PhotoFormatError, match="not a JPEG"),
    ):
        decode_photo(image, NEEDED)
    with (
        Image.open(io.BytesIO(encoded(gradient())[:-40])) as image,
        pytest.raises(PhotoFormatError, match="damaged"),
    ):
        decode_photo(image, NEEDED)


def test_bad_paths(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    cases = [
        (tmp_path / "missing.jpg", "No such file"),
        (tmp_path, "directory|not a file"),
        (tmp_path / "empty.jpg", "empty"),
        (tmp_path / "fifo.jpg", "not a file"),
        (tmp_path / "loop.jpg", "symbolic links"),
        (Path("/dev/zero"), "not a file"),
        ("with\0nul", "null"),
        ("", "No such file"),
    ]
    for path, reason in cases:
        with pytest.raises(PhotoFormatError, match=reason):
            decode_photo(path, NEEDED)


@pytest.mark.parametrize("format_name", ["BMP", "GIF", "TIFF", "PPM", "ICO", "PDF"])
def test_other_formats(format_name: str) -> None:
    with pytest.raises(PhotoFormatError, match="not a JPEG, PNG, WebP, AVIF or HEIC"):
        decode_photo(encoded(gradient(), format_name), NEEDED)


@pytest.mark.parametrize("data", [b"\xff", b"GIF89a", b"text", b"\0" * 100, b"RIFF1234WAVE"])
def test_bytes_of_no_format(data: bytes) -> None:
    with pytest.raises(PhotoFormatError, match="not a JPEG"):
        decode_photo(data, NEEDED)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_truncated_at_every_tenth(format_name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    data = encoded(noise, format_name)
    decode_photo(data, NEEDED)
    for tenth in range(10):
        with pytest.raises(PhotoFormatError) as caught:
            decode_photo(data[: len(data) * tenth // 10], NEEDED)
        assert ":" in str(caught.value)  # what is wrong: what to do


def test_no_warning_escapes_and_filters_are_restored() -> None:
    data = bytearray(encoded(gradient(), "JPEG", exif=exif(6)))
    at = data.index(b"\x01\x12")
    data[at + 4 : at + 8] = b"\x00\xff\xff\xff"  # a count far beyond the tag's data
    filters = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        decode_photo(bytes(data), NEEDED)
    assert caught == []
    assert warnings.filters == filters


def test_two_threads_silence_pillow_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together, each would put back the filters that the other had set: for good."""
    data = encoded(gradient(), "JPEG")
    filters = list(warnings.filters)
    meeting = Meeting()
    load = JpegImageFile.load

    def watched(image: JpegImageFile) -> Any:
        meeting.arrive()
        return load(image)

    monkeypatch.setattr(JpegImageFile, "load", watched)
    run_together(*2 * [lambda: decode_photo(data, NEEDED)])
    assert not meeting.met
    assert warnings.filters == filters


def test_running_out_of_memory_is_not_blamed_on_the_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", fail)
    with pytest.raises(MemoryError):
        decode_photo(Image.fromarray(gradient()), NEEDED)


# -- HEIC --------------------------------------------------------------------------------------


def test_heic_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PhotoFormatError, match=r"pip install 'ailock-sdk\[heic\]'"):
        decode_photo(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", NEEDED)


def test_heic_is_imported_only_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    import_module = builtins.__import__

    def guarded(name: str, *rest: object) -> object:
        assert name != "pillow_heif"
        return import_module(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", guarded)
    decode_photo(encoded(gradient(), "JPEG"), NEEDED)


@pytest.mark.parametrize("orientation", [1, 6])
def test_heic_with_the_extra(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the heic extra is not installed")
    upright = gradient(96, 64)
    stored = Image.fromarray(np.ascontiguousarray(STORED_FROM_UPRIGHT[orientation](upright)))
    heic = pillow_heif.from_pillow(stored)
    heic.info["exif"] = exif(orientation).tobytes()  # saved as HEIF's own rotation too
    file = io.BytesIO()
    try:
        heic.save(file, quality=95)
    except RuntimeError as error:
        pytest.skip(f"this pillow_heif cannot write HEIC: {error}")
    photo = decode_photo(file.getvalue(), NEEDED)
    assert (photo.width, photo.height) == (96, 64)
    assert np.abs(photo.pixels.astype(int) - upright).mean() < 6
    with pytest.raises(PhotoFormatError, match="damaged"):
        decode_photo(file.getvalue()[:-200], NEEDED)
    monkeypatch.setattr(pillow_heif.HeifImage, "load", refuse_to_decode)
    for limits in (Limits(photo_pixels=96 * 64 - 1), Limits(decoding_bytes=96 * 64 * 6 - 1)):
        with pytest.raises(PhotoFormatError, match="megapixels"):
            decode_photo(file.getvalue(), NEEDED, limits)


def heic(image: Image.Image) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the heic extra is not installed")
    file = io.BytesIO()
    try:
        pillow_heif.from_pillow(image).save(file, quality=90)
    except RuntimeError as error:
        pytest.skip(f"this pillow_heif cannot write HEIC: {error}")
    return file.getvalue()


@pytest.mark.parametrize("brand", [b"msf1", b"mif1", b"mif2", b"xyz1"])
def test_row_25_heic_is_known_by_its_compatible_brands(brand: bytes) -> None:
    data = heic(Image.fromarray(gradient(96, 64)))
    expected = decode_photo(data, NEEDED).pixels
    length = int.from_bytes(data[:4], "big")
    assert b"heic" in data[8:length]
    brands = data[12:length].replace(b"mif1", b"heic") + b"heic"
    size = (8 + 4 + len(brands)).to_bytes(4, "big")
    foreign = bytearray(size + b"ftyp" + brand + brands + data[length:])
    moved = len(foreign) - len(data)
    at = foreign.index(b"iloc")
    offset = expected_offset(data)
    for place in (i for i in range(at, at + 200) if foreign[i : i + 4] == offset):
        foreign[place : place + 4] = (int.from_bytes(offset, "big") + moved).to_bytes(4, "big")
    np.testing.assert_array_equal(decode_photo(bytes(foreign), NEEDED).pixels, expected)


def expected_offset(data: bytes) -> bytes:
    """Where the first item's data begins: behind the head of ``mdat``."""
    return (data.index(b"mdat") + 4).to_bytes(4, "big")


needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


@needs_avif
@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("brand", [b"avif", b"mif1", b"msf1"])
def test_row_29_avif_is_read(orientation: int, brand: bytes) -> None:
    upright = gradient(96, 64)
    stored = np.ascontiguousarray(STORED_FROM_UPRIGHT[orientation](upright))
    data = encoded(stored, "AVIF", quality=95, subsampling="4:4:4", exif=exif(orientation))
    data = data[:8] + brand + data[12:]
    photo = decode_photo(data, NEEDED)
    assert (photo.width, photo.height) == (96, 64)
    assert np.abs(photo.pixels.astype(int) - upright).mean() < 6
    with pytest.raises(PhotoFormatError, match="damaged"):
        decode_photo(data[:-200], NEEDED)


@pytest.mark.parametrize("module", ["absent", "without the library"])
def test_row_29_avif_where_pillow_cannot(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = None if module == "absent" else SimpleNamespace(SUPPORTED=False)
    monkeypatch.setitem(sys.modules, "PIL.AvifImagePlugin", stand_in)
    monkeypatch.delattr("PIL.AvifImagePlugin", raising=False)
    with pytest.raises(PhotoFormatError, match="reads no AVIF photos: pip install --upgrade pil"):
        decode_photo(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", NEEDED)


@pytest.mark.parametrize("brands", [b"isom", b"mp42isom", b"crx "])
def test_other_media_in_the_same_container_are_no_photos(brands: bytes) -> None:
    data = (12 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands[:4] + b"\0" * 4 + brands[4:]
    with pytest.raises(PhotoFormatError, match="not a JPEG"):
        decode_photo(data + b"heicavif", NEEDED)
