"""The whole tool on a few made-up photos: what it writes, that it repeats, what it refuses."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="fitting needs the [fit] extra")
pytest.importorskip("sklearn", reason="fitting needs the [fit] extra")

from ailock_sdk import AiLock
from ailock_sdk.capture import Look
from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle, load_bundle
from lab.bundles.write import write_manifest
from tools import fit_projection
from tools.projection import components

CONFIG = Path(__file__).resolve().parents[2] / "tools" / "train_embedder.toml"
SETS = """
[[training]]
file = "things.zip"
weight = 1
cards = true

[[training]]
file = "cut_outs.zip"
weight = 1
cut_outs = true
"""
PLACE = """
[[training]]
file = "place.zip"
weight = 1
plain = 5
real = true
"""
PHOTOS, SIDE, BITS = 24, 96, 8
LOOKS = ["--look", "1.0", "0", "--look", "0.65", "0", "--reference-look", "1.0", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photo sets, and a configuration that names them."""
    folder = tmp_path_factory.mktemp("fit")
    rng = np.random.default_rng(4)
    for name in ("things.zip", "cut_outs.zip", "place.zip"):
        objects = [f"mug_{i // 2}" if name == "place.zip" else "" for i in range(PHOTOS)]
        with zipfile.ZipFile(folder / name, "w") as archive:
            rows = "".join(f"{i}.png,{each}\n" for i, each in enumerate(objects))
            archive.writestr("labels.csv", "path,object\n" + rows)
            for number in range(PHOTOS):
                tiles = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
                encoded = io.BytesIO()
                Image.fromarray(tiles).resize((SIDE, SIDE)).save(encoded, "PNG")
                archive.writestr(f"{number}.png", encoded.getvalue())
    settings, _, _ = CONFIG.read_text("utf-8").partition("[[training]]")
    dev = '[[dev]]\nfile = "things.zip"\nweight = 1\n'
    (folder / "config.toml").write_text(settings + SETS + dev, "utf-8")
    (folder / "with_place.toml").write_text(settings + SETS + PLACE + dev, "utf-8")
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_bundle(DEFAULT_BUNDLE).path, tmp_path / "bundle"))


def run(
    bundle: Path, folder: Path, *arguments: str, stop: int = 12, config: str = "config.toml"
) -> int:
    layer = min(load_bundle(bundle).layers)
    return fit_projection.main(
        [
            *("--bundle", str(bundle), "--config", str(folder / config)),
            *("--photos", str(folder), "--layer", layer, "2", str(stop), str(BITS)),
            *("--limit", "6", "--views", "2", "--threads", "1", *arguments),
        ]
    )


def test_real_photos_of_a_place_count_though_few_of_them_are_plain(
    bundle: Path, folder: Path
) -> None:
    assert run(bundle, folder) == 0
    without = (bundle / "projection.npz").read_bytes()
    assert run(bundle, folder, config="with_place.toml") == 0
    assert (bundle / "projection.npz").read_bytes() != without
    record = json.loads((bundle / "projection.json").read_text("utf-8"))
    place = record["photos"]["place.zip"]
    assert (place["photos_plain"], place["photos_real"]) == (5, PHOTOS)
    assert place["photos_in_views"] == 6
    assert "photos_real" not in record["photos"]["things.zip"]


def test_lengths_of_one_stay_lengths_of_one(bundle: Path, folder: Path) -> None:
    """As a face network's are: a fit says whether a root is taken, and nothing else."""
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    layer = min(manifest["layers"])
    manifest["layers"][layer][0] |= {"norm": "l2"}
    manifest["layers"][layer][0].pop("offset", None)
    write_manifest(bundle, manifest)
    assert run(bundle, folder, "--kind", "pca") == 0
    (part,) = load_bundle(bundle).layers[layer].parts
    assert (part.norm, part.offset) == ("l2", None)


@pytest.mark.parametrize(
    ("kind", "offset"), [("discriminant", None), ("whitened-pca", 0.04), ("pca", None)]
)
def test_a_profile_is_written_and_again_the_same(
    kind: str, offset: float | None, bundle: Path, folder: Path
) -> None:
    arguments = ["--kind", kind, "--hyperplanes", "gaussian", *LOOKS]
    arguments += [] if offset is None else ["--root", str(offset)]
    assert run(bundle, folder, *arguments) == 0
    (part,) = load_bundle(bundle).layers[min(load_bundle(bundle).layers)].parts
    assert part.offset == offset
    written = {file.name: file.read_bytes() for file in bundle.glob("projection.*")}
    profile = load_bundle(bundle).profile("default")
    assert profile.looks == (Look(1.0, 0), Look(0.65, 0))
    assert profile.reference_looks == (Look(1.0, 1),)
    assert profile.overcomplete
    record = json.loads(written["projection.json"])
    (spec,) = record["projections"].values()
    assert (spec["kind"], spec["window"], spec["hyperplanes"]) == (kind, [2, 12], "gaussian")
    assert spec["exact_covariance"]
    assert "--kind" in record["command"]
    assert str(folder) not in record["command"]
    assert record["looks"] == [[1.0, 0], [0.65, 0]]
    assert record["photos"]["things.zip"]["photos_plain"] == PHOTOS
    assert record["photos"]["cut_outs.zip"]["photos_plain"] == 0
    assert ("views_per_photo" in record) == (kind == "discriminant")
    lock = AiLock(load_bundle(bundle), pepper=None, check_quality=False)
    with zipfile.ZipFile(folder / "things.zip") as archive:
        margins = np.stack(
            [lock.imageprint(archive.read(f"{i}.png")).margins for i in range(PHOTOS)]
        )
    np.testing.assert_allclose(margins.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(margins.std(axis=0, ddof=1), 1, atol=5e-3)
    assert run(bundle, folder, *arguments) == 0
    assert {file.name: file.read_bytes() for file in bundle.glob("projection.*")} == written


def test_long_embeddings_are_fitted_incrementally(
    bundle: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(components, "EXACT_DIMENSIONS", 100)
    monkeypatch.setattr(components, "PAPER_COMPONENTS", 16)
    assert run(bundle, folder, "--kind", "pca") == 0
    (spec,) = json.loads((bundle / "projection.json").read_bytes())["projections"].values()
    assert not spec["exact_covariance"]
    assert run(bundle, folder) == 1
    assert "a discriminant takes at most 100 dimensions" in capsys.readouterr().err


def test_segments_share_a_projection(bundle: Path, folder: Path) -> None:
    assert run(bundle, folder, "--segments", "whole", "centre", "--symbols", "1") == 0
    lock = AiLock(load_bundle(bundle), pepper=None, check_quality=False)
    assert lock.lambda_bits == 2 * BITS
    assert json.loads((bundle / "projection.json").read_bytes())["objects"] == 2 * 2 * 6


def test_a_window_outside_the_components_is_refused(
    bundle: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stop in (2, 10_000):
        assert run(bundle, folder, stop=stop) == 1
        assert f"window [2, {stop}) is no part of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--layer", "absent", "0", "9", "8"], "no layer 'absent'"),
        (["--look", "1.5", "0"], "fraction"),
        (["--look", "1.0", "0.5"], "0 to 3 quarter turns"),
        (["--look", "1.0", "0", "--look", "1.0", "0"], "repeat a look"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str],
    reason: str,
    bundle: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {file.name: file.read_bytes() for file in bundle.iterdir()}
    assert run(bundle, folder, *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fit_projection: ")
    assert reason in line
    assert {file.name: file.read_bytes() for file in bundle.iterdir()} == before
