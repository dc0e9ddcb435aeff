"""The comparison page: the same pairs for all, and what is not here is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.capture import decode_photo
from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle
from ailock_sdk.errors import BundleError
from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.compare import command, measure, perceptual, systems
from benchmarks.accuracy.paper.recipe import LSH_SEED, TrainingSet
from lab.bundles import find
from lab.photos.labelled_photos import open_labelled_photos
from lab.report.render_json import as_json
from lab.report.results import Absent, Chapter, Report, Table
from lab.statistics.intervals import Estimate
from tests.conftest import PHOTOS

KINDS = ("mug_A", "mug_B", "lamp_A", "lamp_B")
HASHES = {"pHash": 64, "dHash": 64, "wHash": 64, "colour hash": 42, "PDQ": 256}


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("imagehash", "pdqhash"):
        monkeypatch.setitem(sys.modules, package, None)


@pytest.fixture
def run(make_lock, make_photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    def bundle(name: str) -> str:
        if name == "facenet":
            raise BundleError("there is no bundle 'facenet'")
        return name

    monkeypatch.setattr(
        command, "AiLock", lambda name, profile, check_quality: make_lock(name, radius=20)
    )
    monkeypatch.setattr(find, "find_bundle", bundle)
    targeted = make_photos([3] * 4, "targeted")
    for number, name in enumerate(KINDS):
        (targeted / f"object{number}").rename(targeted / name)

    def call(*options: str) -> tuple[int, str, Path]:
        out = tmp_path / "out"
        arguments = ["--photos", str(make_photos([4] * 9)), "--bundles", "stub", "--out", str(out)]
        status = main(["compare", *arguments, "--bootstrap", "20", *options])
        printed = capsys.readouterr()
        return status, printed.out + printed.err, out

    return call


@pytest.mark.usefixtures("no_packages")
def test_what_is_not_here_is_named_with_what_gives_it(run, monkeypatch) -> None:
    reports = []  # in place of files: drawing takes long
    monkeypatch.setattr(command, "save", lambda report, out, name: reports.append(report) or [])
    status, text, _ = run()
    assert status == 0, text
    written = reports[0].document
    assert [each["name"] for each in written["systems"]] == ["stub 0", "neuralhash 0"]
    assert set(written["absent"]) == {
        *("FaceNet", "The paper's recipe", "Perceptual hashes of imagehash"),
        *("Perceptual hashes of pdqhash", "Targeted impostors", "Cost of an attack"),
    }
    assert "ailock models import facenet" in written["absent"]["FaceNet"]
    assert "ailock-sdk[compare]" in written["absent"]["Perceptual hashes of pdqhash"]
    assert "--unlabelled" in written["absent"]["The paper's recipe"]
    for title in written["absent"]:
        assert title in text.split("Side by side")[0]


@pytest.mark.usefixtures("no_packages")
def test_targeted_impostors_and_attacks(run, tmp_path: Path, make_lock) -> None:
    attacked = tmp_path / "collision.json"
    columns = ("variant", "aim", "photos", "PNG", "JPEG 85", "L2", "SSIM", "steps", "minutes")
    row = ("standard", "within 20 bits", 10, Estimate(0.8, 0.5, 0.9), Estimate(0.6), 4, 0.9, 42, 3)
    summary = Table("", "Collision", columns, (row,), name="summary")
    facts = {"Model": f"stub, fingerprint {make_lock('neuralhash').fingerprint.hex()}"}
    chapter = Chapter("", {}, (summary, Absent("", "Pictures", "none")))
    attacked.write_text(as_json(Report("Collision", facts, (), (chapter,))), "utf-8")
    targeted = str(tmp_path / "targeted")
    status, text, out = run("--targeted", targeted, "--attacks", str(attacked))
    assert status == 0, text
    written = json.loads((out / "compare.json").read_text("utf-8"))
    assert written["format"] == "ailock-compare/1"
    ours, neural = written["systems"]
    assert (len(ours["attacks"]), len(neural["attacks"])) == (0, 1)
    assert "within 20 bits: 80.0 % of 10 in 3 min" in text
    for each in written["systems"]:
        assert each["inverse_fmr"] == 100  # 1,152 pairs tell no less
        assert each["measures"]["eer"]["value"] < 0.1
        assert set(each["impostors"]) == {"same_kind", "other_kind", "refused"}
        assert each["milliseconds"] > 0
    assert not {"Targeted impostors", "Cost of an attack"} & set(written["absent"])
    assert {"det.png", "bars.png", "compare.html"} <= {file.name for file in out.iterdir()}
    attacked.write_text("{}", "utf-8")
    status, text, _ = run("--attacks", str(attacked))
    assert status == 1
    assert "benchmarks.attacks collision" in text


def test_a_photo_that_one_system_cannot_read_is_left_out_for_all(make_photos) -> None:
    class Blind:
        def __init__(self, to: int) -> None:
            self.to = to

        def margins(self, photos):
            found = np.ones((len(photos), 8))
            found[self.to] = np.nan
            return found, np.ones_like(found)

    photos = open_labelled_photos([make_photos([3, 3])])
    samples = measure._samples([Blind(0), Blind(4)], photos)
    assert [one.photos.tolist() for one in samples] == [[1, 2, 3, 5]] * 2


def test_perceptual_hashes_are_their_packages_own() -> None:
    imagehash = pytest.importorskip("imagehash", reason="needs the extra [compare]")
    pdqhash = pytest.importorskip("pdqhash", reason="needs the extra [compare]")
    found, absent = perceptual.perceptual_hashes()
    assert not absent
    assert {each.name: each.bits for each in found} == HASHES
    file = next(path for path in sorted(PHOTOS.rglob("*")) if path.suffix in (".jpg", ".webp"))
    picture = Image.open(file).convert("RGB")
    expected = {
        "pHash": imagehash.phash(picture).hash,
        "dHash": imagehash.dhash(picture).hash,
        "wHash": imagehash.whash(picture).hash,
        "colour hash": imagehash.colorhash(picture).hash,
        "PDQ": pdqhash.compute(np.asarray(picture))[0],
    }
    for each in found:
        bits = each.hash(file.read_bytes())
        assert bits.shape == (each.bits,)
        np.testing.assert_array_equal(bits, np.asarray(expected[each.name]).ravel())


def test_unreadable_files_have_no_hash(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "object"
    folder.mkdir(parents=True)
    (folder / "0.png").write_bytes(b"no photo")
    Image.new("RGB", (64, 64)).save(folder / "1.png")

    def corner(photo: bytes) -> np.ndarray:
        return decode_photo(photo, 64).pixels[0, 0]

    one = systems.PhotoHash("corner", 3, "", corner)
    probes, references = one.margins(open_labelled_photos([tmp_path / "photos"]))
    assert np.isnan(probes[0]).all()
    assert references[1].tolist() == [-1, -1, -1]


def test_the_recipe_is_components_and_hyperplanes(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = find_bundle(DEFAULT_BUNDLE)
    photos = open_labelled_photos([PHOTOS / "labels.csv"]).keep(range(8))
    made = []

    class Kept(TrainingSet):
        def __init__(self, embeddings) -> None:
            made.append(embeddings)
            super().__init__(embeddings)

    monkeypatch.setattr(systems, "TrainingSet", Kept)
    recipe = systems.paper_recipe(bundle, photos)
    (embeddings,) = made
    assert embeddings.shape == (8, bundle.layers["pool_3"].dimensions)
    centred = embeddings - embeddings.mean(axis=0)
    _, _, axes = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    normals = np.random.default_rng(LSH_SEED).standard_normal((500, 3))
    assert "components 3-6 (the paper: 200-400)" in recipe.made_of  # 7 components
    expected = centred @ axes[3:6].T @ normals.T >= 0
    for number in range(8):
        bits = recipe.hash(photos.read(number))
        assert np.mean(bits != expected[number]) < 0.01  # float32 at a hyperplane
