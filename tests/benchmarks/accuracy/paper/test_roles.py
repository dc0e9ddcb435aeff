"""Photos are opened by role, and each takes part once."""

from __future__ import annotations

import argparse
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.accuracy.paper.roles import (
    CATEGORY,
    IMPOSTOR,
    REFERENCE,
    UNLABELLED,
    add_role_options,
    open_roles,
    role_sources,
)
from lab.errors import PhotoSetError, RoleError
from lab.photos.labelled_photos import encoded_photos

MakePhotos = Callable[..., Path]


@pytest.fixture
def reference(make_photos: MakePhotos) -> Path:
    """Three objects with two photos each."""
    return make_photos([2, 2, 2], "reference")


def test_every_role_has_an_option_and_only_the_reference_is_required(reference: Path) -> None:
    parser = argparse.ArgumentParser()
    add_role_options(parser)
    given = ["--photos", "a", "b", "--impostor", "c", "--impostor", "d"]
    assert role_sources(parser.parse_args(given)) == {
        REFERENCE: [Path("a"), Path("b")],
        IMPOSTOR: [Path("c"), Path("d")],
    }
    with pytest.raises(SystemExit):
        parser.parse_args(["--impostor", "c"])


def test_photos_come_in_order_with_their_content(reference: Path) -> None:
    photos = open_roles({REFERENCE: [reference]})[REFERENCE]
    assert photos.repeated == {}
    assert photos.objects == ("object0", "object0", "object1", "object1", "object2", "object2")
    assert len(set(photos.photo_sha256)) == 6
    files = [(reference / path).read_bytes() for path in photos.paths]
    assert list(encoded_photos(photos)) == files
    assert list(encoded_photos(photos, start=4)) == files[4:]
    assert [photos.read(index) for index in range(6)] == files


def test_the_start_is_found_in_a_later_set(tmp_path: Path, make_photos: MakePhotos) -> None:
    first, second = make_photos([1, 2], "first"), make_photos([1] * 5, "second")
    shutil.rmtree(second / "object0")  # the same picture as the first of the first set
    shutil.rmtree(second / "object1")
    photos = open_roles({REFERENCE: [first, second]})[REFERENCE]
    assert len(photos) == 6
    everything = list(encoded_photos(photos))
    for start in range(7):
        assert list(encoded_photos(photos, start)) == everything[start:]


def test_a_photo_of_an_earlier_role_is_left_out_and_counted(
    tmp_path: Path, reference: Path, make_photos: MakePhotos
) -> None:
    impostors = make_photos([1, 1, 1, 1, 1], "impostors")  # the first of each object again
    photos = open_roles({IMPOSTOR: [impostors], REFERENCE: [reference]})
    assert list(photos) == [REFERENCE, IMPOSTOR]
    assert len(photos[REFERENCE]) == 6
    assert photos[IMPOSTOR].objects == ("object3", "object4")
    assert photos[IMPOSTOR].repeated == {REFERENCE: 3}
    assert [photos[IMPOSTOR].read(i) for i in range(2)] == list(encoded_photos(photos[IMPOSTOR]))


def test_a_photo_twice_in_one_role_is_left_out_and_counted(reference: Path) -> None:
    shutil.copy(reference / "object0" / "0.png", reference / "object2" / "9.png")
    photos = open_roles({REFERENCE: [reference]})[REFERENCE]
    assert "object2/9.png" not in photos.paths
    assert photos.repeated == {REFERENCE: 1}


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"bystander": ["reference"]}, "no such role: bystander"),
        ({IMPOSTOR: ["reference"]}, "the reference role needs photos"),
        ({REFERENCE: []}, "the reference role needs photos"),
        (
            {REFERENCE: ["reference"], CATEGORY: ["reference"]},
            "every photo of the category role occurs before, in reference",
        ),
    ],
)
def test_unusable_roles_are_named(
    reference: Path, roles: dict[str, list[str]], message: str
) -> None:
    sources = {role: [reference.parent / name for name in names] for role, names in roles.items()}
    with pytest.raises(RoleError, match=message):
        open_roles(sources)


def test_a_damaged_photo_in_a_zip_is_named(tmp_path: Path, reference: Path) -> None:
    file = tmp_path / "photos.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("labels.csv", "path,object\na.png,a\nb.png,b\n")
        archive.writestr("a.png", (reference / "object0" / "0.png").read_bytes())
        archive.writestr("b.png", b"b" * 1000)
    damaged = file.read_bytes().replace(b"b" * 1000, b"b" * 999 + b"c")
    file.write_bytes(damaged)
    with pytest.raises(PhotoSetError, match=r"photos\.zip: b\.png cannot be read: Bad CRC-32"):
        open_roles({REFERENCE: [file]})


def test_unlabelled_photos_need_no_labels_and_no_folders(
    tmp_path: Path, reference: Path, make_photos: MakePhotos
) -> None:
    loose, others = tmp_path / "loose", make_photos([1] * 5, "others")
    (loose / "deep" / "er").mkdir(parents=True)
    for number, path in enumerate(sorted(others.rglob("*.png"))):
        shutil.copy(path, [loose, loose / "deep" / "er"][number % 2] / f"{number}.png")
    with pytest.raises(PhotoSetError, match="a folder for each object"):
        open_roles({REFERENCE: [loose / "deep" / "er"]})
    photos = open_roles({REFERENCE: [reference], UNLABELLED: [loose]})[UNLABELLED]
    assert len(photos) == len(set(photos.objects)) == 2
    assert photos.repeated == {REFERENCE: 3}  # the first of each object again
