"""Photo sets: three kinds of source, one table of contents, splits by object."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lab.errors import PhotoSetError
from lab.photos.photo_sets import LABELS, open_photo_set, open_photos

ROWS = "path,set,object,view,kind\na/1.jpg,s,mug,1,object\na/2.jpg,s,mug,2,object\nb.jpg,s,,,\n"
CONTENT = {"a/1.jpg": b"one", "a/2.jpg": b"two", "b.jpg": b"three"}


@pytest.fixture(params=["zip", "csv"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            archive.writestr(LABELS, ROWS)
            for name, data in CONTENT.items():
                archive.writestr(name, data)
        return tmp_path / "set.zip"
    (tmp_path / "a").mkdir()
    for name, data in CONTENT.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / LABELS).write_text(ROWS)
    return tmp_path / LABELS


def test_labelled_photos_are_read_in_order(source: Path) -> None:
    photos = open_photo_set(source)
    assert list(photos) == [
        ("a/1.jpg", "mug", b"one"),
        ("a/2.jpg", "mug", b"two"),
        ("b.jpg", "b.jpg", b"three"),
    ]
    assert [entry.kind for entry in photos.entries] == ["object", "object", ""]


def test_a_folder_holds_one_folder_for_each_object(tmp_path: Path) -> None:
    for name in ("cup/2.png", "cup/1.JPG", "bag/1.webp", "bag/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    photos = open_photo_set(tmp_path)
    assert [e.path for e in photos.entries] == ["bag/1.webp", "cup/1.JPG", "cup/2.png"]
    assert photos.objects.tolist() == ["bag", "cup", "cup"]


def test_halves_share_no_object_and_lose_none(tmp_path: Path) -> None:
    for number in range(20):
        for view in "12":
            path = tmp_path / f"object{number}" / f"{view}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x")
    photos = open_photo_set(tmp_path)
    training, held_out = photos.half(training=True), photos.half(training=False)
    assert len(training) + len(held_out) == len(photos) == 40
    assert not set(training.objects) & set(held_out.objects)


def test_samples_are_repeatable_and_in_order(source: Path) -> None:
    photos = open_photo_set(source)
    drawn = photos.sample(2, seed=1)
    assert drawn == photos.sample(2, seed=1)
    assert [e for e in photos.entries if e in drawn.entries] == list(drawn.entries)
    assert photos.sample(9, seed=1) is photos


@pytest.mark.parametrize("defect", ["absent", "no labels", "no columns", "lost photo", "no photo"])
def test_defects_are_errors_that_name_the_source(defect: str, tmp_path: Path) -> None:
    source = tmp_path / "set.zip"
    rows = {"no columns": "a,b\n1,2\n", "lost photo": ROWS, "no photo": "path,object\n"}
    if defect != "absent":
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr(LABELS if defect in rows else "other.txt", rows.get(defect, ""))
    with pytest.raises(PhotoSetError, match=r"set\.zip"):
        open_photo_set(source)


def fill_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_labels_of_a_zip_decide_even_where_any_photo_would_do(tmp_path: Path) -> None:
    files = {"a.png": b"x", "b.png": b"x", LABELS: b"path,object\nb.png,mug\n"}
    whole = open_photos(fill_zip(tmp_path / "photos.zip", files))
    assert [entry.path for entry in whole.entries] == ["b.png"]


def test_sources_without_photos_are_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    for source in (tmp_path / "none", fill_zip(tmp_path / "none.zip", {"a.txt": b""})):
        with pytest.raises(PhotoSetError, match="holds no photo"):
            open_photos(source)
    with pytest.raises(PhotoSetError, match=r"missing\.zip"):
        open_photos(tmp_path / "missing.zip")
    cut = fill_zip(tmp_path / "cut.zip", {"a.png": b"x"})
    damaged = bytearray(cut.read_bytes())
    damaged[damaged.rindex(b"PK\x01\x02")] ^= 1  # the directory's first signature
    cut.write_bytes(damaged)
    with pytest.raises(PhotoSetError, match=r"cut\.zip is not a photo set"):
        open_photos(cut)
