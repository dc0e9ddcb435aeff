"""Calibration of a bundle's copy on the committed photos: tables, files, and what is written."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle, load_bundle
from ailock_sdk.sketch import correction_radius
from tools import calibrate

OBJECTS, SIDE = 10, 240


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 10 objects, two photos each: coloured tiles, one brighter than the other."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(2)
    for number in range(OBJECTS):
        tiles = rng.integers(0, 200, (6, 6, 3), dtype=np.uint8)
        for view, light in enumerate((0, 25)):
            photo = Image.fromarray(tiles + np.uint8(light)).resize((SIDE, SIDE))
            encoded = io.BytesIO()
            photo.save(encoded, "PNG")
            path = folder / f"object{number}" / f"{view}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(encoded.getvalue())
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imageprints")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_bundle(DEFAULT_BUNDLE).path, tmp_path / "bundle"))


def run(bundle: Path, photos: Path, cache: Path, *arguments: str) -> int:
    given = ["--bundle", str(bundle), "--photos", str(photos), "--cache", str(cache)]
    return calibrate.main([*given, "--bootstrap", "50", *arguments])


def test_tables_files_and_manifest_say_the_same(
    bundle: Path, photos: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bundle, photos, cache, "--cross-validation", "--out", str(tmp_path / "out")) == 0
    text = capsys.readouterr().out
    profile = load_bundle(bundle).profile("default")
    measured = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert [one["lambda_bits"] for one in measured["cross_validation"]][:2] == [50, 100]
    own = measured["cross_validation"][-1]
    assert len(own["folds"]) == 5
    (written,) = measured["profiles"]
    assert measured["tau"] == written["tau"]
    assert float(profile.tau) == own["tau"] == written["tau"] == profile.calibration["tau_cv"]
    radius = correction_radius(measured["lambda_bits"], profile.tau)
    assert radius == own["radius_bits"] == profile.calibration["radius_bits"]
    for name in ("1e-3", "1e-4", "2e-5"):
        assert f"radius_bits_at_fmr_{name}" in profile.calibration
        assert f"fnmr_at_fmr_{name}_95_high" in profile.calibration
    assert f"tau {profile.tau}, c = {radius}" in text
    assert "anecdotal" in text
    assert (tmp_path / "out" / "calibration.png").stat().st_size > 10_000


def test_what_is_asked_becomes_tau(bundle: Path, photos: Path, cache: Path) -> None:
    fingerprints = load_bundle(bundle).fingerprints
    assert run(bundle, photos, cache, "--tau", "0.7") == 0
    assert load_bundle(bundle).profile("default").tau == "0.7000"
    assert run(bundle, photos, cache, "--fmr", "0.02", "--code", "7", "4", "3") == 0
    profile = load_bundle(bundle).profile("default")
    radius = profile.calibration["radius_bits_at_fmr_2e-2"]
    assert profile.calibration["radius_bits"] == radius
    assert profile.code == (7, 4, 3)
    # Neither tau nor code decides what an imageprint is.
    assert load_bundle(bundle).fingerprints == fingerprints


def kinds_in(folder: Path) -> Path:
    """Two kinds of things, of two each. They must pass the quality gate: real photos."""
    names = {"mug_B": "mug", "mug_D": "other-mug", "thing_A": "clock", "thing_B": "robot"}
    names |= {"mug_A": "book"}  # of the training half, which is left out
    for name, photographed in names.items():
        (folder / name).mkdir(parents=True)
        for view in (1, 2):
            file = f"{photographed}-{view}.jpg"
            shutil.copy(Path(__file__).parents[1] / "photos" / file, folder / name / file)
    return folder


def test_a_radius_is_narrowed_until_the_owners_kind_stays_out(
    bundle: Path, photos: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = kinds_in(tmp_path / "kinds")
    arguments = ["--photos", str(photos), str(kinds)]
    arguments += ["--profiles", "wide=0.9", "near=0.9,0.01"]
    assert run(bundle, photos, cache, *arguments) == 1
    assert "--targeted" in capsys.readouterr().err
    targeted = ["--targeted", str(kinds), "--targeted-split", "held-out"]
    assert run(bundle, photos, cache, *arguments, *targeted) == 0
    found = load_bundle(bundle).profiles
    wide, near = (found[name].calibration for name in ("wide", "near"))
    assert wide["same_kind_accepted_1_1"] > 0.01 >= near["same_kind_accepted_1_1"]
    radii = [int(kept["radius_bits"]) for kept in (wide, near)]
    assert radii[0] > radii[1] > 100  # no narrower than need be


def test_profiles_share_their_bits_and_differ_in_radius(
    bundle: Path, photos: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_bundle(bundle).profile("default")
    kinds = kinds_in(tmp_path / "kinds")
    arguments = ["--profiles", "easy=0.2:6,8,3", "default=0.05", "strict=0.02:6,8,5"]
    targeted = ["--targeted", str(kinds), "--alike", "mug_B", "mug_D"]
    targeted += ["--targeted-split", "held-out"]
    assert run(bundle, photos, cache, *arguments, *targeted, "--out", str(tmp_path / "out")) == 0
    found = load_bundle(bundle)
    assert found.self_test is not None
    (imageprint,) = set(found.self_test.imageprints.values())
    assert set(found.self_test.imageprints) == set(found.profiles) == {"easy", "default", "strict"}
    text = capsys.readouterr().out
    radii, codes = {}, {}
    for name, profile in found.profiles.items():
        assert profile.imageprint_contract() == before.imageprint_contract()
        kept = profile.calibration
        radius = correction_radius(8 * len(imageprint), profile.tau)
        assert kept["radius_bits"] == radius
        assert kept["fmr_1_1"] == kept["fmr_at_radius"]
        assert {"same_kind_accepted_1_1", "other_kind_accepted_1_1_95_high"} <= set(kept)
        assert kept["targeted_1"] == "kinds (held-out objects)"
        assert kept["message_bits"] == 7 * profile.code[2]
        assert kept["strength_bits_random"] <= kept["message_bits"]
        assert "fmr_3_3" not in kept  # of two photos an object
        assert f"profile {name!r}, tau {profile.tau}, c = {radius}" in text
        radii[name], codes[name] = radius, profile.code
    assert radii["easy"] > radii["default"] > radii["strict"]
    assert codes == {"easy": (6, 8, 3), "default": before.code, "strict": (6, 8, 5)}
    measured = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert "tau" not in measured  # each profile has its own
    assert [one["profile"] for one in measured["profiles"]] == ["easy", "default", "strict"]


@pytest.mark.parametrize(
    "text", ["easy", "Easy=1e-3", "easy=2", "easy=1e-3:6,8", "easy=1e-3:a", "easy=1e-3,2"]
)
def test_a_profile_that_is_not_one_is_refused(
    text: str, bundle: Path, photos: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(bundle, photos, cache, "--profiles", text)
    assert "--profiles" in capsys.readouterr().err


@pytest.mark.parametrize(("keep", "reason"), [(1, "objects make"), (6, "5 folds need 10 objects")])
def test_too_few_objects_change_nothing(
    keep: int,
    reason: str,
    bundle: Path,
    photos: Path,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (bundle / "manifest.json").read_bytes()
    few = tmp_path / "few"
    for folder in sorted(photos.iterdir())[:keep]:
        shutil.copytree(folder, few / folder.name)
    assert run(bundle, few, cache) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("calibrate: ")
    assert reason in line
    assert (bundle / "manifest.json").read_bytes() == before


def test_no_tau_is_refused(
    bundle: Path, photos: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bundle, photos, cache, "--tau", "0.4") == 1
    assert "tau" in capsys.readouterr().err
