"""Kept imageprints: reused, resumed, and dropped when anything they depend on changes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ailock_sdk.capture import Look, QualityIssue
from ailock_sdk.errors import PhotoFormatError, PhotoQualityError
from ailock_sdk.imageprint import ImagePrint
from lab.photos.imageprints import UNREADABLE, all_imageprints, cache_key, imageprints
from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.photo_sets import PhotoSet, open_photo_set, photo_set_sha256

LAMBDA_BITS = 16


class FakeLock:
    """A lock whose photos are bytes: the first says good, poor or broken."""

    def __init__(self, fingerprint: bytes = bytes(32)) -> None:
        self.fingerprint = fingerprint
        self.profile = SimpleNamespace(
            layers=("layer",),
            segments=("whole",),
            looks=(Look(1.0, 0),),
            reference_looks=(Look(1.0, 0), Look(0.8, 1)),
        )
        self.runtime = "fake 1"
        self.lambda_bits = LAMBDA_BITS
        self.check_quality = True
        self.seen: list[bytes] = []

    def imageprint(self, encoded: bytes, *, reference: bool = False) -> ImagePrint:
        self.seen.append(encoded)
        if encoded.startswith(b"broken"):
            raise PhotoFormatError("broken")
        if encoded.startswith(b"poor") and self.check_quality:
            raise PhotoQualityError([QualityIssue.BLURRED, QualityIssue.TOO_SMALL])
        seed = int.from_bytes(encoded[:8], "big")
        return ImagePrint(np.random.default_rng([seed, reference]).standard_normal(LAMBDA_BITS))


@pytest.fixture
def photos(tmp_path: Path) -> PhotoSet:
    for name, content in (
        ("mug/1.jpg", b"good 1"),
        ("mug/2.jpg", b"poor 2"),
        ("toy/1.jpg", b"broken"),
        ("toy/2.jpg", b"good 3"),
    ):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return open_photo_set(tmp_path / "photos")


def key_of(lock: FakeLock, photos: PhotoSet, reference: bool = False) -> dict[str, object]:
    return cache_key(lock, photo_set_sha256(photos), "all", reference)


def test_refused_photos_keep_their_reasons_and_their_imageprint(tmp_path, photos) -> None:
    lock = FakeLock()
    prints = imageprints(lock, photos, tmp_path / "cache", key_of(lock, photos))
    assert prints.issues == ("", "blurred,too_small", UNREADABLE, "")
    assert prints.acquired(quality_gate=True).tolist() == [True, False, False, True]
    assert prints.acquired(quality_gate=False).tolist() == [True, True, False, True]
    assert lock.check_quality  # as it was
    np.testing.assert_array_equal(prints.margins[0], lock.imageprint(b"good 1").margins)


def test_the_second_run_reads_no_photo(tmp_path, photos) -> None:
    first, second = FakeLock(), FakeLock()
    key = key_of(first, photos)
    a = imageprints(first, photos, tmp_path, key)
    b = imageprints(second, photos, tmp_path, key)
    assert second.seen == []
    assert a.issues == b.issues
    np.testing.assert_array_equal(a.margins, b.margins)


def test_references_and_probes_are_kept_apart(tmp_path, photos) -> None:
    lock = FakeLock()
    probes, references = (
        imageprints(lock, photos, tmp_path, key_of(lock, photos, reference), reference)
        for reference in (False, True)
    )
    np.testing.assert_array_equal(
        references.margins[0], lock.imageprint(b"good 1", reference=True).margins
    )
    assert not np.array_equal(references.margins[0], probes.margins[0])
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_equal_looks_are_taken_once(tmp_path, photos) -> None:
    lock = FakeLock()
    lock.profile.reference_looks = lock.profile.looks
    for reference in (False, True):
        imageprints(lock, photos, tmp_path, key_of(lock, photos, reference), reference)
    assert len(lock.seen) == 5  # all four, the poor one twice
    assert len(list(tmp_path.glob("*.npz"))) == 1


@pytest.mark.parametrize("looks", [(Look(0.9, 0),), (Look(1.0, 1),), (Look(1.0, 0), Look(0.8, 1))])
def test_other_looks_are_another_key(photos, looks) -> None:
    lock, other = FakeLock(), FakeLock()
    other.profile.looks = looks
    assert key_of(lock, photos) != key_of(other, photos)
    assert key_of(lock, photos, reference=True) == key_of(other, photos, reference=True)


def test_an_interrupted_run_is_resumed(tmp_path, photos, monkeypatch) -> None:
    lock = FakeLock()
    key = key_of(lock, photos)
    real = FakeLock.imageprint

    def stop_at_the_third(self: FakeLock, encoded: bytes, *, reference: bool) -> ImagePrint:
        if encoded == b"broken":
            raise KeyboardInterrupt
        return real(self, encoded, reference=reference)

    monkeypatch.setattr(FakeLock, "imageprint", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        imageprints(lock, photos, tmp_path, key)
    monkeypatch.setattr(FakeLock, "imageprint", real)
    resumed = FakeLock()
    prints = imageprints(resumed, photos, tmp_path, key)
    assert resumed.seen == [b"broken", b"good 3"]
    assert prints.issues == ("", "blurred,too_small", UNREADABLE, "")


def test_another_fingerprint_or_photo_starts_afresh(tmp_path, photos) -> None:
    lock, other = FakeLock(), FakeLock(b"\1" * 32)
    imageprints(lock, photos, tmp_path, key_of(lock, photos))
    imageprints(other, photos, tmp_path, key_of(other, photos))
    assert len(other.seen) == 5  # all four, the poor one twice
    (photos.source / "mug" / "1.jpg").write_bytes(b"good 9")
    again = FakeLock()
    imageprints(again, photos, tmp_path, key_of(again, photos))
    assert len(again.seen) == 5


def test_a_foreign_or_damaged_file_is_not_used(tmp_path, photos) -> None:
    lock = FakeLock()
    key = key_of(lock, photos)
    imageprints(lock, photos, tmp_path, key)
    (kept,) = tmp_path.glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    again = FakeLock()
    imageprints(again, photos, tmp_path, key)
    assert len(again.seen) == 5


def test_the_sha256_of_a_folder_depends_on_names_and_contents(tmp_path, photos) -> None:
    before = photo_set_sha256(photos)
    assert before == photo_set_sha256(open_photo_set(photos.source))
    (photos.source / "mug").rename(photos.source / "cup")
    assert photo_set_sha256(open_photo_set(photos.source)) != before


def test_part_of_a_set_has_a_file_of_its_own(tmp_path, photos) -> None:
    lock, cache = FakeLock(), tmp_path / "cache"
    whole = open_labelled_photos([photos.source])
    prints = all_imageprints(lock, whole, cache)
    assert len(lock.seen) > len(photos)  # the poor one twice
    lock.seen.clear()
    part = whole.keep([0, 3])
    assert (part.paths, part.objects) == (("mug/1.jpg", "toy/2.jpg"), ("mug", "toy"))
    kept = all_imageprints(lock, part, cache)
    assert lock.seen == [b"good 1", b"good 3"]
    np.testing.assert_array_equal(kept.margins, prints.margins[[0, 3]])
    lock.seen.clear()
    for again in (whole, part, whole.keep([3, 0])):
        all_imageprints(lock, again, cache)
    assert lock.seen == []
    assert len(list(cache.iterdir())) == 2


def test_sets_are_joined_in_order_even_if_nothing_is_left_of_one(tmp_path, photos) -> None:
    other = tmp_path / "other" / "box" / "1.jpg"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"good 9")
    lock, both = FakeLock(), open_labelled_photos([photos.source, tmp_path / "other"])
    assert len(all_imageprints(lock, both, tmp_path / "cache").issues) == len(both) == 5
    last = both.keep([4])
    assert [len(part) for part in last.sets] == [0, 1]
    expected = lock.imageprint(b"good 9", reference=True).margins
    found = all_imageprints(lock, last, tmp_path / "cache", reference=True)
    np.testing.assert_array_equal(found.margins, [expected])
    assert last.read(0) == b"good 9"
