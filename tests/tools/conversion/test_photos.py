"""Photos of a conversion: any folder or zip will do, and a bad photo is named."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from lab.errors import PhotoSetError
from lab.photos.embeddings import InputView
from lab.photos.photo_sets import open_photos
from tools.conversion.photos import Photos

VIEW = InputView(20, 20, 1.0)


def photo(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, shade, shade)).save(stream, "PNG")
    return stream.getvalue()


def fill_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_folders_and_zips_without_labels(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "deep" / "er").mkdir(parents=True)
    files = {"a.png": photo(10), "deep/er/b.PNG": photo(20), "notes.txt": b"no photo"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for source in (folder, fill_zip(tmp_path / "photos.zip", files)):
        whole = open_photos(source)
        assert [entry.path for entry in whole.entries] == ["a.png", "deep/er/b.PNG"]
        views = list(Photos.draw(whole).views(VIEW, "reading"))
        assert [int(view.mean()) for view in views] == [10, 20]
        assert all(view.shape == (20, 20, 3) for view in views)


def test_a_draw_says_what_it_is_of(tmp_path: Path) -> None:
    files = {f"{i}.png": photo(i) for i in range(9)}
    whole = open_photos(fill_zip(tmp_path / "nine.zip", files))
    drawn = Photos.draw(whole, 4)
    assert len(drawn) == 4
    assert str(drawn).startswith("nine.zip (4 of 9 photos, SHA-256 ")
    assert str(tmp_path) not in str(drawn)


def test_a_bad_photo_is_named(tmp_path: Path) -> None:
    bad = open_photos(fill_zip(tmp_path / "bad.zip", {"good.png": photo(1), "bad.png": b"x"}))
    with pytest.raises(PhotoSetError, match=r"bad\.zip: bad\.png: "):
        list(Photos.draw(bad).views(VIEW, "reading"))
