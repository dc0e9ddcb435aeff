"""Photos as callers give them: of every type, none twice, and none changed."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock, CaptureError, Limits, PhotoFormatError
from ailock_sdk.capture import PhotoSource

Photos = dict[str, list[Path]]


@pytest.fixture
def view(photos: Photos) -> Path:
    return photos["mug"][0]


def reencoded(path: Path) -> bytes:
    """Other bytes of the same pixels."""
    file = io.BytesIO()
    with Image.open(path) as image:
        image.save(file, "PNG")
    return file.getvalue()


COPIES: dict[str, Callable[[Path], PhotoSource]] = {
    "the same path": lambda path: path,
    "the same bytes": lambda path: path.read_bytes(),
    "the same bytes with a trailer": lambda path: path.read_bytes() + b"trailer",
    "the same pixels": lambda path: np.asarray(Image.open(path)),
    "another encoding": reencoded,
}


@pytest.mark.parametrize("copy", COPIES)
def test_row_28_a_photo_given_twice_is_refused(lock: AiLock, photos: Photos, copy: str) -> None:
    first, second = photos["mug"][:2]
    again = COPIES[copy](first)
    for use in (lock.enroll, lock.probes):
        with pytest.raises(CaptureError, match=r"^photo 3.*: it is photo 1 again: take another"):
            use([first, second, again])


def test_row_28_a_photo_of_two_objects_is_refused(lock: AiLock, photos: Photos) -> None:
    """It would add no strength; in unlocking it does no harm."""
    mug, robot = photos["mug"], photos["robot"]
    with pytest.raises(CaptureError, match=r"^object 2, photo 2 .* it is object 1, photo 1 again"):
        lock.enroll([[mug[0]], [robot[0], mug[0]]])
    assert len(lock.probes([[mug[0]], [robot[0], mug[0]]])) == 2


def test_two_views_of_one_object_are_no_copies(lock: AiLock, photos: Photos) -> None:
    record, _ = lock.enroll(photos["mug"][:3])
    assert record.objects[0].photo_count == 3


def test_every_type_of_photo_is_taken_and_left_as_it_was(
    lock: AiLock, view: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = view.read_bytes()
    (tmp_path / "mug.jpg").write_bytes(data)
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = bytes(lock.imageprint(view))
    array = bytearray(data)
    for source in (str(view), "~/mug.jpg", Path("~/mug.jpg"), data, array, memoryview(array)[:]):
        assert bytes(lock.imageprint(source)) == expected
    assert array == data
    behind = io.BytesIO(b"before" + data)
    behind.seek(6)
    assert bytes(lock.imageprint(behind)) == expected
    for buffering in (-1, 0):
        with view.open("rb", buffering) as file:
            assert bytes(lock.imageprint(file)) == expected
            assert not file.closed
    with Image.open(view) as image:
        before = image.tobytes(), image.size, image.mode, dict(image.info)
        lock.imageprint(image)
        assert (image.tobytes(), image.size, image.mode, dict(image.info)) == before
        pixels = np.array(image)
    lock.imageprint(pixels)
    assert pixels.tobytes() == before[0]


class Broken(io.BytesIO):
    def read(self, _: Any = -1) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (io.StringIO("text"), "open as text: open it with mode 'rb'"),
        (Broken(), r"cannot read the photo's open file \(Input/output error\)"),
        (io.BytesIO(), "empty"),
        (bytearray(), "empty"),
        (memoryview(b""), "empty"),
        (iter([b"x"]), "a photo cannot be a list_iterator"),
    ],
)
def test_what_is_no_photo_is_named(lock: AiLock, source: Any, message: str) -> None:
    with pytest.raises(PhotoFormatError, match=message):
        lock.imageprint(source)


def test_a_closed_file_is_a_clear_error(lock: AiLock, view: Path) -> None:
    with view.open("rb") as file:
        pass
    with pytest.raises(PhotoFormatError, match="closed file"):
        lock.imageprint(file)


def test_endless_photos_are_too_many(lock: AiLock, view: Path) -> None:
    with pytest.raises(Exception, match="1 to 16 photos"):
        lock.enroll(itertools.repeat(view))


def test_the_limits_are_the_locks(lock: AiLock, view: Path) -> None:
    with AiLock(lock.bundle, pepper=None, limits=Limits(photo_pixels=1000)) as narrow:
        for use in (narrow.imageprint, narrow.probes, lambda photo: narrow.enroll([photo])):
            with pytest.raises(PhotoFormatError, match="megapixels"):
                use(view)
        with view.open("rb") as file, pytest.raises(PhotoFormatError, match="megapixels"):
            narrow.imageprint(file)
