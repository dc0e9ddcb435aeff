"""Table 5 and Figure 6: synthetic images against the paper's recipe."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.accuracy.paper.figure6 import (
    NOT_PCA,
    WITH,
    WITHOUT,
    figure6,
    folds_of_images,
    train_with_ds2,
)
from benchmarks.accuracy.paper.protocol import Settings, Study
from benchmarks.accuracy.paper.recipe import Window
from benchmarks.accuracy.paper.table5 import synthetic_attack
from benchmarks.accuracy.paper.trials import Rule, Side, compare
from lab.errors import SyntheticImagesError
from lab.photos.synthetic import ImageKind, half_of
from lab.report.results import Absent, Figure, Table
from lab.statistics.comparisons import Comparisons
from lab.statistics.synthetic_far import compare_with_images
from tests.benchmarks.accuracy.paper.standins import PlantedEmbeddings, planted


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

    @property
    def objects(self) -> NDArray[np.str_]:
        return np.repeat(self.source.objects, self.copies)

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


SHOWN = ImageKind("Augmented photo attack", ("no DCGAN",), of_objects=True)


def test_images_that_show_an_object_attack_the_others_and_say_what_they_are() -> None:
    study = paper_study()
    synthetic = NearImages(study.roles["reference"][0])
    of_all, *_ = synthetic_attack(study, synthetic)
    table, *_ = synthetic_attack(study, synthetic, None, SHOWN)
    assert isinstance(of_all, Table)
    assert isinstance(table, Table)
    assert table.title.startswith("Augmented photo attack on SLSS")
    assert table.notes[0] == "no DCGAN"
    assert "no DCGAN" not in of_all.notes
    reference = study.roles["reference"][0]
    variant = study.variants["SLSS"]
    for row, before in zip(table.rows, of_all.rows, strict=True):
        bits, radius = row[0], row[2]
        assert isinstance(bits, int)
        ours = study.final_bits(reference, variant, bits)
        theirs = study.final_bits(synthetic, variant, bits)
        for half, accepted in enumerate((row[5], row[8])):
            chosen = slice(half, None, 2)
            expected = sum(
                int((a != b).sum()) <= radius
                for a, name in zip(ours, reference.objects, strict=True)
                for b, other in zip(theirs[chosen], synthetic.objects[chosen], strict=True)
                if name != other
            )
            assert accepted == expected
            assert isinstance(before[5 + 3 * half], int)
            assert accepted < before[5 + 3 * half]  # its own object is what an image opens most


def test_figure_6_keeps_images_from_their_own_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the trials of another fold, and in no components that the object's fold is seen by."""
    study = paper_study()
    reference, split = study.roles["reference"]
    synthetic = NearImages(reference)
    seen: list[int] = []

    def counting(references: Side, others: list[Side], rule: Rule) -> Comparisons:
        seen.extend(len(side) for side in others if rule.bits == 150)
        return compare(references, others, rule)

    monkeypatch.setattr("benchmarks.accuracy.paper.figure6.compare", counting)
    before = train_with_ds2(study, synthetic, SHOWN, in_components=True)
    # DS2 has one image of every photo; those of the 5 held-out objects' 15 photos train nothing.
    assert seen == [9] * 5
    assert before[150].attack.trials == 60 * 57
    own, joined = folds_of_images(study, reference.objects, SHOWN)
    assert np.array_equal(own, split.fold)
    assert ((joined == -1) == (own == -1)).all()
    assert (joined != own)[own >= 0].all()
    # An image of a held-out object changes no threshold; one of a training object does.
    for side, same in ((split.holdout, True), (~split.holdout, False)):
        moved = NearImages(reference)
        theirs = moved.objects == reference.objects[side][0]
        rows = theirs & (half_of(moved.paths) == "DS2")
        values = moved.read("a", "whole") + 40 * rows[:, None].astype(np.float32)
        monkeypatch.setattr(moved, "read", lambda *_, values=values: values, raising=False)
        after = train_with_ds2(study, moved, SHOWN, in_components=True)
        curves = [each[150].cross_validation.mean_f1 for each in (before, after)]
        assert np.array_equal(*curves) == same
