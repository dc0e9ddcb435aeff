"""AiLock on the committed photos, through the default bundle."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import shutil
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import (
    AiLock,
    BundleError,
    CaptureError,
    EnrollmentError,
    FilePepper,
    ImagePrint,
    PepperError,
    PhotoFormatError,
    PhotoQualityError,
    ProfileError,
    RecordFormatError,
    RecordMismatchError,
    Secret,
    UnlockError,
)
from ailock_sdk.capture import Look, Photo, PhotoSource, decode_photo
from ailock_sdk.embedding import Bundle, load_bundle
from ailock_sdk.limits import Limits
from ailock_sdk.sketch import CHEAPEST, KdfCost

Photos = dict[str, list[Path]]
Looks = tuple[Look, ...]


def test_another_view_gives_the_same_secret_and_other_objects_nothing(
    lock: AiLock, photos: Photos
) -> None:
    for name, views in photos.items():
        record, secret = lock.enroll(views[:2])
        assert lock.unlock(views[2], record) == secret, name
        for other, others in photos.items():
            if other != name:
                for view in others:
                    with pytest.raises(UnlockError, match=r"^no match$"):
                        lock.unlock(view, record)


def test_every_kind_of_photo_is_the_same_photo(lock: AiLock, photos: Photos) -> None:
    path = next(iter(photos.values()))[0]
    with Image.open(path) as image:
        image.load()
    png = io.BytesIO()
    image.save(png, "PNG")
    expected = lock.imageprint(png.getvalue())
    assert lock.imageprint(image) == expected
    assert lock.imageprint(np.asarray(image)) == expected
    assert lock.imageprint(path) == lock.imageprint(str(path)) == lock.imageprint(path.read_bytes())


def test_several_probes_are_averaged_as_references_are(lock: AiLock, photos: Photos) -> None:
    views = next(iter(photos.values()))
    prints = [lock.imageprint(view) for view in views]
    shares = [p.margins / np.sqrt(np.mean(p.margins**2)) for p in prints]
    (probe,) = lock.probes(views)
    np.testing.assert_allclose(probe.margins, np.mean(shares, axis=0), rtol=0, atol=1e-12)
    assert (probe,) == lock.probes(tuple(views))


def test_one_probe_is_that_photo_to_the_last_digit(lock: AiLock, photos: Photos) -> None:
    view = next(iter(photos.values()))[0]
    for (probe,) in (lock.probes(view), lock.probes([view]), lock.probes([[view]])):
        np.testing.assert_array_equal(probe.margins, lock.imageprint(view).margins)


def test_a_good_photo_among_poor_ones_opens_and_others_do_not(lock: AiLock, photos: Photos) -> None:
    first, second, *_ = photos.values()
    record, secret = lock.enroll(first[:2])
    assert lock.unlock([first[2], first[0], first[1]], record) == secret
    with pytest.raises(UnlockError, match=r"^no match$"):
        lock.unlock(second[:3], record)


@pytest.mark.parametrize("count", [0, 9])
def test_probe_photos_are_counted(lock: AiLock, photos: Photos, count: int) -> None:
    view = next(iter(photos.values()))[0]
    with pytest.raises(CaptureError, match=f"1 to 8 photos of an object, not {count}"):
        lock.probes([view] * count)


def test_the_photo_that_cannot_be_used_is_named(lock: AiLock, photos: Photos) -> None:
    views = next(iter(photos.values()))
    record, _ = lock.enroll(views[:1])
    dark = np.zeros((300, 300, 3), np.uint8)
    for use in (lock.probes, lock.enroll):
        with pytest.raises(PhotoQualityError, match=r"^photo 2: ") as caught:
            use([views[0], dark])
        assert caught.value.issues
        with pytest.raises(PhotoFormatError, match=r"^photo 1 \('none\.jpg'\): "):
            use(["none.jpg", views[0]])
    with pytest.raises(PhotoQualityError, match=r"^(?!photo)"):
        lock.unlock([dark], record)


def test_distance_is_the_share_of_differing_bits(lock: AiLock, photos: Photos) -> None:
    first, second, *_ = photos.values()
    a, b, c = (lock.imageprint(p) for p in (first[0], first[1], second[0]))
    assert lock.distance(a, a) == 0
    assert lock.distance(a, b) == (a - b) / len(a) < lock.distance(a, c) <= 1
    assert len(a) == lock.lambda_bits


def test_enrolling_twice_gives_unrelated_records(lock: AiLock, photos: Photos) -> None:
    views = next(iter(photos.values()))
    (one, secret_1), (two, secret_2) = (lock.enroll(views[:1]) for _ in range(2))
    assert secret_1 != secret_2
    differing = np.unpackbits(
        np.frombuffer(one.objects[0].helper, np.uint8)
        ^ np.frombuffer(two.objects[0].helper, np.uint8)
    ).sum()
    assert 0.35 < differing / lock.lambda_bits < 0.65


def test_record_survives_bytes_and_other_processes(lock: AiLock, photos: Photos) -> None:
    views = next(iter(photos.values()))
    record, secret = lock.enroll(views[:2])
    assert lock.unlock(views[2], bytes(record)) == secret
    code = (
        "import sys; from ailock_sdk import AiLock\n"
        "secret = AiLock(pepper=None).unlock(sys.argv[1], sys.stdin.buffer.read())\n"
        "sys.stdout.buffer.write(bytes(secret))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(views[2])],
        input=bytes(record),
        capture_output=True,
        check=True,
    )
    assert done.stdout == bytes(secret)


def test_photos_of_different_objects_do_not_enroll(lock: AiLock, photos: Photos) -> None:
    first, second, *_ = photos.values()
    with pytest.raises(EnrollmentError, match="unlike"):
        lock.enroll([first[0], second[0]])


def test_a_look_alike_is_refused(lock: AiLock, photos: Photos) -> None:
    """The other mug has the mug's shape and stands on its table; only the print differs."""
    record, _ = lock.enroll(photos["mug"][:2])
    look_alikes = sorted(photos["mug"][0].parent.glob("other-mug-*.jpg"))
    assert look_alikes
    for photo in look_alikes:
        with pytest.raises(UnlockError):
            lock.unlock(photo, record)


def test_enrollment_is_checked(lock: AiLock, photos: Photos) -> None:
    view = next(iter(photos.values()))[0]
    with pytest.raises(EnrollmentError, match="1 to 16"):
        lock.enroll([])
    with pytest.raises(EnrollmentError, match="1 to 16"):
        lock.enroll([view] * 17)
    with Image.open(view) as image, view.open("rb") as file:
        for single in (str(view), view, view.read_bytes(), np.asarray(image), image, file):
            with pytest.raises(TypeError, match="list of photos"):
                lock.enroll(single)  # type: ignore[arg-type]
    with pytest.raises(EnrollmentError, match="1 to 16"):
        lock.enroll([[view], []])
    with pytest.raises(EnrollmentError, match="5 objects are too many"):
        lock.enroll([[view]] * 5)
    with pytest.raises(TypeError, match="not both"):
        lock.enroll([view, [view]])  # type: ignore[list-item]
    record, secret = lock.enroll(iter(photos["mug"][:2]))
    assert record.objects[0].photo_count == 2
    assert lock.unlock(view, record) == secret


def test_poor_photos_are_refused_with_advice(lock: AiLock) -> None:
    black = np.zeros((300, 400, 3), np.uint8)
    with pytest.raises(PhotoQualityError, match="dark") as caught:
        lock.imageprint(black)
    assert caught.value.issues
    lenient = AiLock(pepper=None, check_quality=False)
    assert len(lenient.imageprint(black)) == lock.lambda_bits


def test_pepper_is_needed_where_it_was_used(
    lock: AiLock, photos: Photos, tmp_path: Path, pepper: FilePepper
) -> None:
    views = next(iter(photos.values()))
    peppered = AiLock(cost=CHEAPEST, pepper=pepper)
    record, secret = peppered.enroll(views[:1])
    assert peppered.unlock(views[0], record) == secret
    with pytest.raises(RecordMismatchError, match="needs the pepper"):
        lock.unlock(views[0], record)
    other = AiLock(cost=CHEAPEST, pepper=bytes(32))
    with pytest.raises(RecordMismatchError, match="another pepper"):
        other.unlock(views[0], record)


def test_a_pepper_is_bytes_a_path_or_an_object(photos: Photos, tmp_path: Path) -> None:
    view = photos["mug"][0]
    path = tmp_path / "pepper"
    record, secret = AiLock(cost=CHEAPEST, pepper=path).enroll([view])  # makes it
    pepper = path.read_bytes()
    for given in (pepper, bytearray(pepper), path, str(path), FilePepper(path)):
        assert AiLock(pepper=given).unlock(view, record) == secret
    for wrong in (pepper[:31], b""):
        with pytest.raises(PepperError, match="32 bytes"):
            AiLock(pepper=wrong)
    with pytest.raises(TypeError):
        AiLock(pepper=5)  # type: ignore[arg-type]
    path.unlink()
    with pytest.raises(PepperError, match="no pepper at"):
        AiLock(pepper=path).unlock(view, record)
    assert not path.exists()


@pytest.mark.parametrize("change", ["fingerprint", "lambda_bits"])
def test_records_of_another_make_are_named_as_such(
    lock: AiLock, photos: Photos, change: str
) -> None:
    record, _ = lock.enroll(next(iter(photos.values()))[:1])
    (one,) = record.objects
    other = {
        "fingerprint": replace(one, fingerprint=bytes(32)),
        "lambda_bits": replace(
            one, lambda_bits=64, order=5, blocks=2, message_symbols=1, radius=8, helper=bytes(8)
        ),
    }[change]
    second = replace(one, salt=bytes(16))
    for objects in ((other,), (second, other)):
        with pytest.raises(RecordMismatchError):
            lock.check(replace(record, objects=objects))


@pytest.fixture(scope="module")
def graded(lock: AiLock) -> Bundle:
    """The bundle with a stricter profile of the same bits, and one of other looks."""
    strict = replace(lock.profile, name="strict", tau="0.7800", code=(6, 8, 5))
    other = replace(strict, name="other", looks=lock.profile.looks[:1])
    profiles = {each.name: each for each in (lock.profile, strict, other)}
    return replace(lock.bundle, profiles=profiles)


def test_a_record_opens_with_its_own_radius_whichever_profile_the_lock_has(
    graded: Bundle, photos: Photos
) -> None:
    view, further, _ = photos["mug"]
    locks = {name: AiLock(graded, name, pepper=None, cost=CHEAPEST) for name in graded.profiles}
    default, strict = locks["default"], locks["strict"]
    for made_by in (default, strict):
        record, secret = made_by.enroll([view])
        for opens in (default, strict):
            assert opens.unlock(view, bytes(record)) == secret
            assert not opens.needs_reenroll(record)
            if made_by is default:
                assert opens.unlock(further, record) == secret
            else:  # too far for the record, though not for the lock
                with pytest.raises(UnlockError, match=r"^no match$"):
                    opens.unlock(further, record)
        with pytest.raises(RecordMismatchError, match=rf"profile={made_by.profile.name!r}"):
            locks["other"].check(record)


def test_a_record_is_old_when_its_own_profile_has_changed(graded: Bundle, photos: Photos) -> None:
    record, _ = AiLock(graded, "strict", pepper=None, cost=CHEAPEST).enroll(
        next(iter(photos.values()))[:1]
    )
    for change in ({"tau": "0.7700"}, {"code": (6, 8, 2)}):
        strict = replace(graded.profile("strict"), **change)
        bundle = replace(graded, profiles={**graded.profiles, "strict": strict})
        assert AiLock(bundle, pepper=None, cost=CHEAPEST).needs_reenroll(record)


def test_altered_records_open_for_nobody(lock: AiLock, photos: Photos) -> None:
    """The key derivation binds the header and the helper, whoever fixes the checksum."""
    view = next(iter(photos.values()))[0]
    record, _ = lock.enroll([view])
    (one,) = record.objects
    weaker = replace(one, radius=one.radius - 1)
    flipped = replace(one, helper=bytes([one.helper[0] ^ 1]) + one.helper[1:])
    for altered in (
        replace(record, objects=(weaker,)),
        replace(record, objects=(flipped,)),
        replace(record, tag=bytes(4)),
    ):
        with pytest.raises(UnlockError, match=r"^no match$"):
            lock.unlock(view, bytes(altered))


def test_not_a_record(lock: AiLock, photos: Photos) -> None:
    with pytest.raises(RecordFormatError):
        lock.unlock(next(iter(photos.values()))[0], b"AILK")


def test_records_are_peppered_unless_told_otherwise(
    lock: AiLock, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    views = next(iter(photos.values()))
    record, secret = AiLock(cost=CHEAPEST).enroll(views[:1])
    with AiLock() as again:
        assert again.unlock(views[0], record) == secret
    with pytest.raises(RecordMismatchError, match="needs the pepper"):
        lock.unlock(views[0], record)
    assert (tmp_path / "ailock" / "pepper").stat().st_size == 32


def test_needs_reenroll(lock: AiLock, photos: Photos, pepper: FilePepper) -> None:
    record, _ = lock.enroll(next(iter(photos.values()))[:1])
    assert not lock.needs_reenroll(record)
    assert AiLock(pepper=None, cost=KdfCost(2, 64, 1)).needs_reenroll(record)
    with pytest.raises(RecordMismatchError, match="needs no pepper"):
        AiLock(cost=CHEAPEST, pepper=pepper).needs_reenroll(record)
    assert AiLock(cost=CHEAPEST, pepper=pepper, allow_unpeppered=True).needs_reenroll(record)


def test_the_cost_is_the_device_s_unless_told(
    photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = photos["mug"][0]
    monkeypatch.setattr("ailock_sdk.lock.tune", lambda: KdfCost(2, 64, 1))
    monkeypatch.setattr("ailock_sdk.record_rules.measured_speed", lambda: 80_000.0)
    tuned = AiLock(pepper=None)
    record, _ = tuned.enroll([view])
    assert record.header.memory_cost_kib == 64
    assert tuned.needs_reenroll(record)  # this speed asks for some 20,000
    record, _ = AiLock(pepper=None, cost=KdfCost(2, 19 * 1024, 1)).enroll([view])
    assert not tuned.needs_reenroll(record)


def test_overcomplete_profiles_need_an_opt_in_and_a_pepper(
    lock: AiLock, photos: Photos, pepper: FilePepper
) -> None:
    views = next(iter(photos.values()))[:1]
    bundle = replace(
        lock.bundle, profiles={"paper": replace(lock.profile, name="paper", overcomplete=True)}
    )
    with pytest.raises(ProfileError, match="allow_overcomplete"):
        AiLock(bundle, "paper", pepper=pepper).enroll(views)
    with pytest.raises(ProfileError, match="pepper"):
        AiLock(bundle, "paper", pepper=None, allow_overcomplete=True).enroll(views)
    AiLock(bundle, "paper", pepper=pepper, cost=CHEAPEST, allow_overcomplete=True).enroll(views)


def test_weights_that_depend_on_one_another_are_overcomplete(
    lock: AiLock, photos: Photos, pepper: FilePepper, tmp_path: Path
) -> None:
    """Whatever the manifest says: 512 rows made of 200 components."""
    folder = tmp_path / "bundle"
    shutil.copytree(lock.bundle.path, folder)
    (layer,) = lock.profile.layers
    with np.load(folder / "projection.npz") as stored:
        arrays = dict(stored)
    made = arrays[f"{layer}/weights"].astype(np.float64)
    mixing = np.random.default_rng(1).standard_normal((len(made), 200))
    arrays[f"{layer}/weights"] = (mixing @ made[:200]).astype(np.float16)
    np.savez(folder / "projection.npz", **arrays)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    content = (folder / "projection.npz").read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    manifest["files"]["projection.npz"] = entry
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    bundle = load_bundle(folder)
    assert not bundle.profile("default").overcomplete
    with pytest.raises(ProfileError, match="allow_overcomplete"):
        AiLock(bundle, pepper=pepper).enroll(next(iter(photos.values()))[:1])


def test_unknown_names_say_which_exist(lock: AiLock) -> None:
    with pytest.raises(BundleError, match=lock.bundle.name):
        AiLock("no-such-bundle")
    with pytest.raises(BundleError, match="default"):
        AiLock(lock.bundle, "no-such-profile")


def test_stages_are_observed(photos: Photos) -> None:
    seen: list[str] = []
    lock = AiLock(pepper=None, cost=CHEAPEST, observe=lambda stage, seconds: seen.append(stage))
    lock.unlock(view := next(iter(photos.values()))[0], lock.enroll([view])[0])
    per_photo = ["read", "decode", "quality", "resize", "network", "projection"]
    assert seen == [*per_photo, "code and Argon2id"] * 2


ONE, NEAR, TURNED = (Look(1.0, 0),), (Look(0.6, 0),), (Look(1.0, 0), Look(0.6, 1))


def looking(lock: AiLock, looks: Looks, reference_looks: Looks) -> AiLock:
    """A lock of the same model whose default profile has other looks."""
    profile = replace(lock.profile, looks=looks, reference_looks=reference_looks)
    bundle = replace(lock.bundle, profiles={profile.name: profile})
    return AiLock(bundle, pepper=None, cost=CHEAPEST, check_quality=False)


def test_references_and_probes_have_looks_of_their_own(lock: AiLock, photos: Photos) -> None:
    view = next(iter(photos.values()))[0]
    other = looking(lock, ONE, TURNED)
    probe, reference = other.imageprint(view), other.imageprint(view, reference=True)
    assert np.array_equal(probe.margins, looking(lock, ONE, ONE).imageprint(view).margins)
    assert reference != probe
    swapped = looking(lock, TURNED, ONE)
    assert np.array_equal(reference.margins, swapped.imageprint(view).margins)
    assert swapped.imageprint(view, reference=True) == probe


def test_an_imageprint_is_that_of_the_mean_of_its_looks(lock: AiLock, photos: Photos) -> None:
    """Margins are affine in the embedding, so theirs is the mean of each look's margins."""
    with Image.open(next(iter(photos.values()))[0]) as image:
        pixels = np.asarray(image)
    both = looking(lock, TURNED, ONE).imageprint(pixels)
    alone = [looking(lock, (look,), ONE).imageprint(pixels).margins for look in TURNED]
    np.testing.assert_allclose(both.margins, np.mean(alone, axis=0), rtol=0, atol=1e-5)
    assert np.abs(alone[0] - alone[1]).max() > 1e-2


def test_enroll_takes_reference_looks_and_unlock_the_probe_s(
    lock: AiLock, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, second = next(iter(photos.values()))[:2]
    other = looking(lock, ONE, TURNED)
    taken: list[bool] = []
    imageprint = other.imageprint

    def noting(photo: PhotoSource, *, reference: bool = False) -> ImagePrint:
        taken.append(reference)
        return imageprint(photo, reference=reference)

    monkeypatch.setattr(other, "imageprint", noting)
    record, secret = other.enroll([view, second])
    expected = other.reference([imageprint(one, reference=True) for one in (view, second)])
    assert other.reproduce([expected], record) == secret
    with pytest.raises(UnlockError):
        other.unlock(np.zeros((300, 400, 3), np.uint8), record)
    assert taken == [True, True, False]


def test_a_record_of_other_looks_is_refused(lock: AiLock, photos: Photos) -> None:
    view = next(iter(photos.values()))[0]
    record, secret = looking(lock, ONE, ONE).enroll([view])
    for looks, reference_looks in ((NEAR, ONE), (ONE, NEAR)):
        with pytest.raises(RecordMismatchError, match="another bundle"):
            looking(lock, looks, reference_looks).unlock(view, record)
    assert looking(lock, ONE, ONE).unlock(view, record) == secret


def test_a_nearer_look_keeps_more_of_a_large_photo(
    lock: AiLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed: list[int] = []

    def decode(photo: PhotoSource, short_side_pixels: int, limits: Limits) -> Photo:
        needed.append(short_side_pixels)
        return decode_photo(photo, short_side_pixels, limits)

    monkeypatch.setattr("ailock_sdk.photo_reader.decode_photo", decode)
    other = looking(lock, ONE, (Look(1.0, 0), Look(0.5, 2)))
    pixels = np.zeros((64, 64, 3), np.uint8)
    other.imageprint(pixels)
    other.imageprint(pixels, reference=True)
    assert needed[1] == pytest.approx(2 * needed[0], abs=1)  # each was rounded up


def test_secrets_do_not_leak(lock: AiLock, photos: Photos) -> None:
    view = next(iter(photos.values()))[0]
    record, secret = lock.enroll([view])
    shown = f"{secret!r} {secret!s} {[secret]} {record!r} {lock.imageprint(view)!r}"
    assert bytes(secret).hex() not in shown
    assert str(bytes(secret)) not in shown
    assert record.objects[0].helper.hex() not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    other = next(v for v in photos.values() if view not in v)[0]
    with pytest.raises(UnlockError) as caught:
        lock.unlock(other, record)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert record.objects[0].helper.hex() not in "".join(traceback.format_exception(caught.value))


def test_a_refusal_shows_no_secret_among_its_locals(lock: AiLock, photos: Photos) -> None:
    """Crash reporters print the locals of every frame; here one of them holds the right secret."""
    view = next(iter(photos.values()))[0]
    record, secret = lock.enroll([view])
    altered = replace(record, tag=bytes(4))
    with pytest.raises(UnlockError) as caught:
        lock.unlock(view, altered)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(report.format())
    assert f"secret = {secret!r}" in shown
    assert bytes(secret).hex() not in shown
    assert repr(bytes(secret)) not in shown


def test_secret_is_32_bytes_compared_as_a_value() -> None:
    assert Secret(bytes(32)) == Secret(bytes(32)) != Secret(b"\1" * 32)
    assert len({Secret(bytes(32)), Secret(bytes(32))}) == 1
    assert Secret(bytes(32)) != bytes(32)
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(bytes(31))
