"""Attacks by images: augmentations, the DCGAN (with PyTorch), the gate, and Table 5's counts."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ailock_sdk import AiLock
from benchmarks.accuracy.paper.figure6 import NOT_PCA, WITH, WITHOUT, figure6, train_with_ds2
from benchmarks.accuracy.paper.protocol import Settings, Study
from benchmarks.accuracy.paper.recipe import Window
from benchmarks.accuracy.paper.table5 import mean_difference, synthetic_attack
from benchmarks.accuracy.paper.trials import Rule, Side, compare
from benchmarks.attacks.images import augmentations
from benchmarks.attacks.images.augmentations import VARIANTS, variants
from benchmarks.attacks.images.synthetic_images import (
    SyntheticSettings,
    make_synthetic,
    training_pictures,
)
from lab.errors import SyntheticImagesError
from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.quality import gate_issues, reasons, refused_at_any_size
from lab.photos.synthetic import half_of, open_synthetic
from lab.report.results import Absent, Figure, Table
from lab.statistics.comparisons import Comparisons
from lab.statistics.synthetic_far import SyntheticTrials, compare_with_images
from lab.verification.synthetic_attack import AttackSettings, profile_attack
from tests.benchmarks.paper_standins import PlantedEmbeddings, planted

PHOTOS = Path(__file__).resolve().parents[1] / "photos" / "labels.csv"
TINY = SyntheticSettings(images=64, epochs=2, variants=6, size=16, width=4, batch=16, seed=7)


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    """A square of a committed photo, uint8 (96, 96, 3)."""
    with Image.open(PHOTOS.parent / "mug-1.jpg") as picture:
        return np.asarray(picture.convert("RGB").resize((96, 96)))


# --- augmentations --------------------------------------------------------------------------


def test_twenty_different_variants_the_photo_first(photo: NDArray[np.uint8]) -> None:
    found = variants(photo, seed=1)
    assert len(found) == VARIANTS == 20
    assert all(one.shape == photo.shape and one.dtype == np.uint8 for one in found)
    assert np.array_equal(found[0], photo)
    assert len({one.tobytes() for one in found}) == 20  # the original's script has four copies


def test_variants_depend_on_photo_and_seed_only(photo: NDArray[np.uint8]) -> None:
    before = photo.copy()
    first, again, other = variants(photo, 1), variants(photo, 1), variants(photo, 2)
    assert np.array_equal(photo, before)
    assert all(map(np.array_equal, first, again))
    assert all(map(np.array_equal, first[:7], variants(photo, 1, 7)))
    # The script's sixteen and the blur take no chances; noise and zooms do.
    changed = [not np.array_equal(a, b) for a, b in zip(first, other, strict=True)]
    assert changed == [False] * 17 + [True] * 3


def test_turns_are_the_four_quarter_turns(photo: NDArray[np.uint8]) -> None:
    turned = variants(photo, 1)[0:16:4]
    for found, quarters in zip(turned, (0, 2, 1, 3), strict=True):
        assert np.array_equal(found, np.rot90(photo, quarters))


def test_each_enhancement_does_what_it_says(photo: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(photo)
    pixels = photo.astype(np.float64)

    def of(augmentation: augmentations.Augmentation) -> NDArray[np.float64]:
        return np.asarray(augmentation(picture, rng)).astype(np.float64)

    def saturation(image: NDArray[np.float64]) -> float:
        return float((image.max(axis=2) - image.min(axis=2)).mean())

    bright = of(augmentations.brightness)
    assert np.abs(bright - np.minimum(255, pixels * 1.5)).max() <= 1
    assert saturation(of(augmentations.colour)) == pytest.approx(0.8 * saturation(pixels), rel=0.03)
    assert of(augmentations.contrast).std() == pytest.approx(0.8 * pixels.std(), rel=0.03)
    assert np.diff(of(augmentations.blur), axis=1).var() < 0.7 * np.diff(pixels, axis=1).var()
    noise = of(augmentations.noise) - pixels
    unclipped = noise[pixels < 150]
    assert unclipped.min() >= 1
    assert unclipped.max() == 99
    assert unclipped.mean() == pytest.approx(50, abs=1)


def test_zoom_enlarges_the_middle() -> None:
    y, x = np.mgrid[:100, :100]
    disc = (np.hypot(x - 49.5, y - 49.5) < 20).astype(np.uint8)[:, :, None] * np.uint8(255)
    picture = Image.fromarray(np.repeat(disc, 3, axis=2))
    areas = [
        np.asarray(augmentations.zoom(picture, np.random.default_rng(seed))).mean() / disc.mean()
        for seed in range(20)
    ]
    assert min(areas) > 1.1**2 * 0.95
    assert max(areas) < 1.5**2 * 1.05
    assert max(areas) > min(areas) * 1.2


def test_an_oblong_photo_and_a_wrong_count_are_refused(photo: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="square"):
        variants(photo[:50], 1)
    with pytest.raises(ValueError, match="1 to 20"):
        variants(photo, 1, 21)


def test_training_pictures_are_every_variant_and_unreadable_photos_are_counted(
    tmp_path: Path, photo: NDArray[np.uint8]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(photo).save(tmp_path / name / "1.png")
    (tmp_path / "a" / "2.png").write_bytes(b"no photo")
    photos = open_labelled_photos([tmp_path])
    pictures, left_out = training_pictures(photos, TINY)
    assert left_out == 1
    assert pictures.shape == (2 * TINY.variants, 16, 16, 3)
    assert np.array_equal(pictures[0], pictures[TINY.variants])  # both photos are one
    # A picture of 16 pixels shows what the photo shows.
    small = np.asarray(Image.fromarray(photo).resize((16, 16))).astype(float)
    assert np.corrcoef(pictures[0].ravel(), small.ravel())[0, 1] > 0.97


# --- the DCGAN ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: on machines that others use too, small steps wait for each other."""
    torch = pytest.importorskip("torch", reason="the DCGAN needs the extra [train]")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def made_once(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with ``TINY``; tests must not change it."""
    out = tmp_path_factory.mktemp("made")
    make_synthetic(open_labelled_photos([PHOTOS]), out, TINY)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.glob("*/*.png")}
    assert found
    return found


def test_without_pytorch_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    monkeypatch.delitem(__import__("sys").modules, "benchmarks.attacks.images.dcgan", raising=False)
    with pytest.raises(SyntheticImagesError, match=r"ailock-sdk\[train\]"):
        make_synthetic(open_labelled_photos([PHOTOS]), tmp_path, TINY)


@pytest.mark.usefixtures("one_thread")
def test_images_come_as_a_photo_set_of_two_equal_halves(made_once: Path) -> None:
    made = open_synthetic(made_once / "images")
    assert len(made) == TINY.images
    assert sorted(half_of(made.paths).tolist()) == ["DS1"] * 32 + ["DS2"] * 32
    images = [np.asarray(Image.open(io.BytesIO(made.read(i)))) for i in range(len(made))]
    assert all(image.shape == (16, 16, 3) for image in images)
    assert len({image.tobytes() for image in images}) == len(images)
    with Image.open(made_once / "samples.png") as grids:
        assert grids.size == (2 * (2 * 8 * 16 + 8), 2 * 8 * 16)

    issues = gate_issues(made)
    assert set(issues) == set(made.paths)
    assert all("too_small" in issue for issue in issues.values())


@pytest.mark.usefixtures("one_thread")
def test_an_interrupted_run_gives_what_an_uninterrupted_one_gives(
    tmp_path: Path, made_once: Path
) -> None:
    photos = open_labelled_photos([PHOTOS])
    whole = contents(made_once / "images")
    asked = iter(range(1000))
    make_synthetic(photos, tmp_path / "cut", TINY, stop=lambda: next(asked) == 2)
    assert next(asked) == 3  # stopped in its third step, in the middle of the first epoch
    assert not (tmp_path / "cut" / "images").exists()
    folder = make_synthetic(photos, tmp_path / "cut", TINY)
    assert contents(folder) == whole
    # Images lost on the way are made again, the same; more of them leave the others as they are.
    (folder / "DS2" / "000003.png").unlink()
    assert contents(make_synthetic(photos, tmp_path / "cut", TINY)) == whole
    more = contents(make_synthetic(photos, tmp_path / "cut", dataclasses.replace(TINY, images=300)))
    assert len(more) == 300
    assert {name: more[name] for name in whole} == whole
    other_seed = dataclasses.replace(TINY, seed=8)
    assert contents(make_synthetic(photos, tmp_path / "seed", other_seed)) != whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": 5}, "even"),
        ({"size": 20}, "power of two"),
        ({"variants": 21}, "1 to 20"),
        ({"batch": 1000}, "more photos or a smaller batch"),
    ],
)
@pytest.mark.usefixtures("one_thread")
def test_settings_out_of_range_are_refused(
    tmp_path: Path, change: dict[str, int], message: str
) -> None:
    photos = open_labelled_photos([PHOTOS])
    with pytest.raises(SyntheticImagesError, match=message):
        make_synthetic(photos, tmp_path, dataclasses.replace(TINY, **change))
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.usefixtures("one_thread")
def test_other_settings_neither_mix_images_nor_train_on(made_once: Path, tmp_path: Path) -> None:
    photos = open_labelled_photos([PHOTOS])
    before = contents(made_once / "images"), (made_once / "dcgan.pt").read_bytes()
    for change, message in (
        ({"seed": 8}, "other settings or photos"),
        ({"epochs": 3}, "other settings or photos"),
        ({"images": 32}, "64 images already"),
    ):
        with pytest.raises(SyntheticImagesError, match=message):
            make_synthetic(photos, made_once, dataclasses.replace(TINY, **change))
    assert (contents(made_once / "images"), (made_once / "dcgan.pt").read_bytes()) == before
    checkpoint = tmp_path / "dcgan.pt"
    checkpoint.write_bytes(before[1])
    for change, message in (
        ({"seed": 8}, "of other settings or photos"),
        ({"epochs": 1}, "more than 1 epochs"),
    ):
        with pytest.raises(SyntheticImagesError, match=message):
            make_synthetic(photos, tmp_path, dataclasses.replace(TINY, **change))
        assert checkpoint.read_bytes() == before[1]
    checkpoint.write_bytes(before[1][:100])
    with pytest.raises(SyntheticImagesError, match="cannot be read"):
        make_synthetic(photos, tmp_path, TINY)


@pytest.mark.usefixtures("one_thread")
def test_training_fits_the_pictures(tmp_path: Path) -> None:
    """On pictures of one colour, images take that colour: the networks do learn."""
    from benchmarks.attacks.images.dcgan import Dcgan, DcganSettings

    pictures = np.zeros((64, 16, 16, 3), dtype=np.uint8)
    pictures[..., 0] = 230
    model = Dcgan(DcganSettings(size=16, epochs=40, width=8, batch=16, seed=1), "red")
    before = model.generate(0, 32).mean(axis=(0, 1, 2))
    model.train(pictures, tmp_path / "dcgan.pt")
    red, green, blue = model.generate(0, 32).mean(axis=(0, 1, 2))
    assert red > before[0] + 30
    assert green < before[1] - 30
    assert blue < before[2] - 30
    assert len(model.history) == 40


# --- the quality gate -----------------------------------------------------------------------


def test_the_gate_tells_size_from_the_rest(tmp_path: Path, photo: NDArray[np.uint8]) -> None:
    (tmp_path / "DS1").mkdir()
    rng = np.random.default_rng(0)
    texture = np.repeat(np.repeat(rng.integers(0, 255, (64, 64, 3)), 1, 0), 1, 1)
    Image.fromarray(texture.astype(np.uint8)).save(tmp_path / "DS1" / "0.png")
    Image.new("RGB", (64, 64), (128, 128, 128)).save(tmp_path / "DS1" / "1.png")
    Image.new("RGB", (256, 256), (5, 5, 5)).save(tmp_path / "DS1" / "2.png")
    (tmp_path / "DS1" / "3.png").write_bytes(b"no photo")
    issues = gate_issues(open_labelled_photos([tmp_path]))
    assert list(issues.values()) == ["too_small", "too_small,no_texture", "too_dark", "unreadable"]
    assert refused_at_any_size(list(issues.values())).tolist() == [False, True, True, True]
    assert reasons(list(issues.values()))["too_small"] == 2


# --- Table 5 --------------------------------------------------------------------------------


def test_counts_equal_brute_force_over_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.statistics.synthetic_far.BLOCK_DISTANCES", 64)
    rng = np.random.default_rng(3)
    references = rng.integers(0, 2, (9, 70), dtype=np.uint8)
    images = rng.integers(0, 2, (41, 70), dtype=np.uint8)
    objects = np.array(["b", "a", "c", "a", "b", "c", "a", "a", "b"])
    found = compare_with_images(references, objects, images)
    expected = np.zeros((3, 71), dtype=np.int64)
    for reference, name in zip(references, objects, strict=True):
        for image in images:
            expected["abc".index(name), int((reference != image).sum())] += 1
    assert np.array_equal(found.histograms, expected)
    assert (found.images, found.trials) == (41, 9 * 41)
    assert found.accepted(33) == expected[:, :34].sum() > 0
    assert compare_with_images(references, objects, images[:0]).far(9, 10, 1) is None


def test_intervals_draw_objects_and_zero_is_bounded_by_the_rule_of_three() -> None:
    histograms = np.zeros((20, 11), dtype=np.int64)
    histograms[:, 9] = 100
    none = SyntheticTrials(histograms, 50).far(8, 200, 1)
    assert none is not None
    assert (none.value, none.low, none.high) == (0.0, 0.0, 3 / (20 * 50))
    histograms[0, :2] = 50, 0
    histograms[0, 9] = 50  # one object gets all that is accepted: its absence must show
    one = SyntheticTrials(histograms, 50).far(3, 2000, 1)
    assert one is not None
    assert one.value == 50 / 2000
    assert one.low == 0.0
    assert one.high is not None
    assert 0.05 <= one.high <= 0.1  # two to four times drawn
    exact = SyntheticTrials(histograms, 50).far(3, 0, 1)
    assert exact is not None
    assert exact.low is None


def test_mean_difference_is_that_of_all_pairs() -> None:
    bits = np.random.default_rng(1).integers(0, 2, (12, 30), dtype=np.uint8)
    pairs = [(bits[i] != bits[j]).mean() for i in range(12) for j in range(i)]
    assert mean_difference(bits) == pytest.approx(np.mean(pairs))


@dataclasses.dataclass(eq=False)
class NearImages:
    """Stands in for the synthetic role: noisy copies of reference embeddings, in DS1 and DS2."""

    source: PlantedEmbeddings
    folders: tuple[str, ...] = ("DS1", "DS2")
    copies: int = 2

    @property
    def paths(self) -> tuple[str, ...]:
        count = len(self.source) * self.copies
        return tuple(f"{self.folders[i % len(self.folders)]}/{i}.png" for i in range(count))

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, layer: str, segment: str) -> NDArray[np.float32]:
        near = np.repeat(self.source.read(layer, segment), self.copies, axis=0)
        noise = np.random.default_rng(4).standard_normal(near.shape)
        return (near + 1.5 * noise).astype(np.float32)


def paper_study() -> Study:
    settings = Settings(
        ("a",),
        (),
        window=Window(3, 12),
        lambdas=(50, 150),
        replicates=50,
        lsh_seed=5,
        seed=3,
    )
    return Study({"reference": planted("reference", 20, 3, 5, seed=1)}, settings)


def test_table_5_counts_what_the_recipe_accepts() -> None:
    study = paper_study()
    synthetic = NearImages(study.roles["reference"][0])
    paths = synthetic.paths
    issues = {path: "too_small" if i % 3 else "too_small,blurred" for i, path in enumerate(paths)}
    table, gated, figure = synthetic_attack(study, synthetic, issues)
    assert isinstance(table, Table)
    assert isinstance(gated, Table)
    assert isinstance(figure, Figure)
    assert table.number == "Table 5"
    reference = study.roles["reference"][0]
    variant = study.variants["SLSS"]
    seen = 0
    for row, printed in zip(table.rows, table.paper or (), strict=True):
        bits, tau, radius = (row[0], row[1], row[2])
        assert isinstance(bits, int)
        assert isinstance(radius, int)
        ours = study.final_bits(reference, variant, bits)
        theirs = study.final_bits(synthetic, variant, bits)
        for half, (far, accepted) in enumerate(((row[3], row[5]), (row[6], row[8]))):
            expected = sum(int((a != b).sum()) <= radius for a in ours for b in theirs[half::2])
            assert accepted == expected
            assert far == pytest.approx(1e6 * expected / (len(ours) * len(theirs) / 2))
            seen += expected
        assert radius == int(bits * (10_000 - round(float(str(tau)) * 10_000)) // 10_000)
        assert printed[0] == bits
        assert printed[3] == pytest.approx({50: 33.87, 150: 4.34}[bits])
    assert seen > 0, "nothing was accepted: the counts were not tried"
    for row in gated.rows:
        assert row[3] == sum(
            int(p.startswith(str(row[1]))) for p in paths if issues[p] == "too_small"
        )
        assert isinstance(row[4], int)
        assert isinstance(row[5], int)
        assert row[5] <= row[4]
    assert "refuses 120 as they are" in gated.notes[0]
    assert "and 40 however" in gated.notes[0]


def test_table_5_is_absent_without_its_lambdas_and_needs_its_folders() -> None:
    study = paper_study()
    synthetic = NearImages(study.roles["reference"][0], ("other",))
    with pytest.raises(SyntheticImagesError, match="DS1 and DS2"):
        synthetic_attack(study, synthetic)
    study.settings = dataclasses.replace(study.settings, lambdas=(60,))
    (absent,) = synthetic_attack(study, synthetic)
    assert isinstance(absent, Absent)


def test_figure_6_without_ds2_is_the_study_and_not_pca_keeps_its_components() -> None:
    study = paper_study()
    synthetic = NearImages(study.roles["reference"][0])
    (figure,) = figure6(study, synthetic)
    assert isinstance(figure, Figure)
    assert [line.label for line in figure.panels[0].series] == [WITHOUT, NOT_PCA, WITH]
    outcome = study.outcome("SLSS", 150)
    assert figure.panels[0].series[0].y[1] == pytest.approx(100 * outcome.fold_f1)
    half = half_of(synthetic.paths) == "DS1"
    reference = study.roles["reference"][0]
    images = study.final_bits(synthetic, study.variants["SLSS"], 150)[half]
    ours = study.final_bits(reference, study.variants["SLSS"], 150)
    kept = train_with_ds2(study, synthetic, in_components=False)[150]
    fitted = train_with_ds2(study, synthetic, in_components=True)[150]
    expected = compare_with_images(ours, reference.objects, images).histograms
    assert np.array_equal(kept.attack.histograms, expected)
    assert not np.array_equal(fitted.attack.histograms, expected)
    # Impostors as near as these ask for a stricter threshold than the study's own.
    assert kept.cross_validation.tau > outcome.cross_validations[0].tau
    assert kept.cross_validation.f1 < outcome.fold_f1


def test_figure_6_sees_each_image_once_in_the_fold_it_is_dealt_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = paper_study()
    reference = study.roles["reference"][0]
    seen: list[int] = []

    def counting(references: Side, others: list[Side], rule: Rule) -> Comparisons:
        found = compare(references, others, rule)
        own = len(references) * (len(references) - 1) // 2
        total = int(found.mated.sum() + found.non_mated.sum())
        assert total == own + sum(len(references) * len(side) for side in others)
        if rule.bits == 150:
            seen.append(sum(map(len, others)))
        return found

    monkeypatch.setattr("benchmarks.accuracy.paper.figure6.compare", counting)
    train_with_ds2(study, NearImages(reference), in_components=False)
    assert seen == [12] * 5  # 60 references' 60 images in DS2; there is no other role


# --- a bundle's own profile -----------------------------------------------------------------


def test_the_profile_accepts_copies_of_its_references_and_no_noise(
    lock: AiLock, tmp_path: Path
) -> None:
    """Copies of the references pass as 'synthetic images' at a distance that c allows."""
    references = open_labelled_photos([PHOTOS])
    rng = np.random.default_rng(0)
    for number, path in enumerate(references.paths[:4]):
        file = tmp_path / "images" / "DS1" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((PHOTOS.parent / path).read_bytes())
        noise = tmp_path / "images" / "DS2" / f"{number}.png"
        noise.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(noise)
    made = open_synthetic(tmp_path / "images")
    table = profile_attack(lock, references, made, tmp_path / "cache", AttackSettings(50))
    rows = {(row[0], row[1]): row for row in table.rows}
    trials = len(references) * 4
    assert rows["DS1", "no"][2:4] == rows["DS1", "yes"][2:4] == (4, trials)
    assert isinstance(rows["DS1", "no"][4], int)
    assert rows["DS1", "no"][4] >= 4  # each copy at least opens its own photo's record
    assert rows["DS2", "no"][4] == 0
