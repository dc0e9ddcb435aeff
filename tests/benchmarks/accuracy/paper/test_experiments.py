"""The paper's experiments on planted objects: every table and figure, and what is absent."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import floor, log2
from pathlib import Path

import numpy as np
import pytest

from ailock_sdk import AiLock
from benchmarks.accuracy.paper import figure4 as figure4_module
from benchmarks.accuracy.paper.default_profile import DefaultProfile, measure
from benchmarks.accuracy.paper.entropy import entropy
from benchmarks.accuracy.paper.experiments import run_experiments
from benchmarks.accuracy.paper.figure4 import figure4
from benchmarks.accuracy.paper.lsim import lsim
from benchmarks.accuracy.paper.protocol import Settings, Study
from benchmarks.accuracy.paper.rates import mean_eer
from benchmarks.accuracy.paper.recipe import WHOLE, Window
from benchmarks.accuracy.paper.roles import open_roles
from benchmarks.accuracy.paper.split import Split
from benchmarks.accuracy.paper.table3 import table3
from benchmarks.accuracy.paper.table4 import table4
from lab.report.results import Absent, Figure, Result, Table
from lab.statistics.error_rates import equal_error_rate
from lab.statistics.hamming import pack
from lab.statistics.intervals import Estimate
from tests.benchmarks.accuracy.paper.standins import PlantedEmbeddings, planted
from tests.conftest import PHOTOS

SETTINGS = Settings(
    ("a", "b"), window=Window(3, 12), lambdas=(30, 60), replicates=25, lsh_seed=5, seed=3
)


def roles() -> dict[str, tuple[PlantedEmbeddings, Split]]:
    return {
        "reference": planted("reference", 20, 3, 5, seed=1),
        "illumination": planted("illumination", 14, 4, 4, seed=2),
        "category": planted("category", 30, 1, 5, seed=3),
        "impostor": planted("impostor", 60, 1, 9, seed=4),
    }


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(roles(), SETTINGS)


@pytest.fixture(scope="module")
def results(study: Study) -> list[Result]:
    return run_experiments(study)


def titled(results: list[Result], text: str) -> Result:
    (found,) = (each for each in results if text in each.title)
    return found


def test_every_experiment_reports(results: list[Result]) -> None:
    made = [(each.number, type(each)) for each in results if not isinstance(each, Absent)]
    assert made == [
        ("Figure 4", Figure),
        ("Table 3", Table),
        ("Table 4", Table),
        ("Figure 5", Figure),
        ("", Table),  # equal error rates
        ("", Table),  # illumination
        ("", Table),  # P1 and P2
        ("", Figure),  # by angle
        ("", Table),  # entropy
    ]
    assert not any(isinstance(each, Absent) for each in results)


def test_the_same_settings_give_the_same_results(results: list[Result]) -> None:
    assert run_experiments(Study(roles(), SETTINGS)) == results


def test_a_radius_is_the_floor_of_lambda_times_one_minus_tau(study: Study) -> None:
    (table,) = table3(study)
    assert isinstance(table, Table)
    for bits, tau, radius, f1 in table.rows:
        assert radius == floor(round(bits * (1 - tau), 6))
        assert 0 < f1 <= 100
    assert study.radii() == {30: table.rows[0][2], 60: table.rows[1][2]}


def test_more_segments_that_must_match_accept_no_more(study: Study) -> None:
    (table,) = table4(study)
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [3, 4, 5]
    assert table.rows[0][1] == pytest.approx(study.outcome("SLMS", 60).fold_f1 * 100)
    assert table.rows[0][2] == pytest.approx(study.outcome("MLMS", 60).fold_f1 * 100)
    # With noise as strong as here, asking for all five refuses many mated photos.
    assert table.rows[2][1] < table.rows[0][1]


def test_figure_4_scales_all_windows_where_one_does_not_fit(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure4_module, "WINDOWS", (Window(0, 125), Window(200, 200)))
    (figure,) = figure4(study)
    assert isinstance(figure, Figure)
    labels = [line.label for line in figure.panels[0].series]
    assert labels == ["0-10 (paper: 0-125)", "16-32 (paper: 200-400)"]  # 40 of the paper's 500
    scaled = Study(roles(), replace(SETTINGS, window=Window(16, 16)))
    assert figure.panels[0].series[1].y[-1] == pytest.approx(
        scaled.outcome("SLSS", 60).fold_f1 * 100
    )


def test_figure_5_has_six_panels_with_what_the_paper_states(results: list[Result]) -> None:
    figure = titled(results, "Variants")
    assert isinstance(figure, Figure)
    assert [panel.y_label for panel in figure.panels] == ["F1 (%)", "FAR (%)", "FRR (%)"] * 2
    for panel in figure.panels:
        ours = [line for line in panel.series if line.style == "ours"]
        assert [line.label for line in ours] == ["SLSS", "MLSS", "SLMS", "MLMS"]
        for line in ours:
            assert line.x == (30, 60)
            assert (line.low is not None) == ("hold-out" in panel.title)
    stated = [line for line in figure.panels[0].series if line.style == "paper"]
    assert [(line.label, line.x) for line in stated] == [("MLMS, paper", (500,))]


def test_the_mean_eer_is_that_of_the_folds(study: Study) -> None:
    folds = study.outcome("SLSS", 60).folds
    found = mean_eer(folds)
    alone = [float(equal_error_rate(fold.mated, fold.non_mated)[0]) for fold in folds]
    assert found.value == pytest.approx(np.mean(alone))
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high


def test_no_error_is_not_reported_as_certainty(results: list[Result]) -> None:
    table = titled(results, "Equal error rates")
    assert isinstance(table, Table)
    zeros = [
        cell
        for row in table.rows
        for cell in row[3:]
        if isinstance(cell, Estimate) and cell.value == 0
    ]
    assert zeros
    assert all(cell.high is not None and cell.high > 0 for cell in zeros)
    assert any("5 objects" in note for note in table.notes)


def test_illumination_pairs_are_those_of_its_holdout(results: list[Result]) -> None:
    table = titled(results, "Illumination")
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["SLSS", "MLSS", "SLMS", "MLMS"]
    assert "120 pairs" in table.notes[0]  # 16 x 15 / 2
    assert "24 of them mated" in table.notes[0]


def test_without_a_role_or_segments_the_report_says_so() -> None:
    only = {"reference": planted("reference", 20, 3, 5, seed=1)}
    settings = Settings(("a",), (), window=Window(3, 12), lambdas=(30,), replicates=0)
    found = run_experiments(Study(only, settings))
    absent = {each.title: each.reason for each in found if isinstance(each, Absent)}
    assert "--illumination" in absent["Illumination robustness"]
    assert "five segments" in absent["F1 by number of segments that must match"]
    assert {"Variant MLSS", "Variant SLMS", "Variant MLMS"} <= set(absent)
    figure = titled(found, "Variants")
    assert isinstance(figure, Figure)
    assert figure.panels[3].series[0].low is None


def test_too_few_photos_make_absences_not_errors() -> None:
    few = {"reference": planted("reference", 12, 1, 2)}  # no object has two photos
    settings = Settings(("a",), (), window=Window(0, 5), lambdas=(30,), replicates=5)
    found = run_experiments(Study(few, settings))
    assert found
    assert {type(each) for each in found} == {Absent}
    wide = Settings(("a",), (), lambdas=(30,), replicates=5)
    enough = {"reference": planted("reference", 20, 3, 5)}
    assert isinstance(titled(run_experiments(Study(enough, wide)), "tau of SLSS"), Table)
    asked = replace(wide, window=Window(200, 200))
    absent = titled(run_experiments(Study(enough, asked)), "tau of SLSS")
    assert isinstance(absent, Absent)
    assert "components 200-400 need more than 400 training photos" in absent.reason


# --- locality sensitivity and entropy -------------------------------------------------------


def test_equal_bits_follow_the_angle() -> None:
    settings = Settings(("a",), (), window=Window(0, 40), lambdas=(500,), replicates=5)
    dense = Study({"reference": planted("reference", 40, 4, 20, seed=6)}, settings)
    table, figure = lsim(dense)
    assert isinstance(figure, Figure)
    measured, line = figure.panels[0].series
    assert (line.x, line.y) == ((0, 180), (100, 0))
    # A bin's mean over many pairs; its angle is known to half a bin.
    for angle, share in zip(measured.x, measured.y, strict=True):
        assert share == pytest.approx(100 * (1 - angle / 180), abs=4)
    # One pair deviates by a binomial's sqrt(p (1 - p) / 500), some 2 points.
    rms = float(figure.notes[-1].split()[2])
    assert 1 < rms < 3.5
    assert isinstance(table, Table)
    (row,) = table.rows
    outcome = dense.outcome("SLSS", 500)
    mated = outcome.holdout.mated
    within = mated[: outcome.rule.radius + 1].sum() / mated.sum()
    assert row[2].value == pytest.approx(within)
    assert row[4] == "yes"


def test_independent_fair_bits_have_lambda_degrees_of_freedom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = Study(roles(), SETTINGS)
    bits = np.random.default_rng(0).integers(0, 2, (60, 120), dtype=np.uint8)

    def coins(
        self: Study,
        role: str,
        rows: np.ndarray,
        layers: tuple[str, ...],
        segment: str,
        lambda_bits: int,
        window: Window | None,
    ) -> np.ndarray:
        return pack(bits[rows, : lambda_bits * len(layers)])

    monkeypatch.setattr(Study, "_words", coins)
    (table,) = entropy(study)
    assert isinstance(table, Table)
    by_name = {(row[0], row[1]): row for row in table.rows}
    assert by_name["MLSS", 60][2] == pytest.approx(50, abs=1)
    # 1,770 pairs: the deviation is known to some 2 %, its square to twice that.
    assert by_name["MLSS", 60][4] == pytest.approx(120, rel=0.15)
    assert "1,770 pairs" in table.notes[0]


def test_entropy_at_the_threshold_equals_brute_force(study: Study) -> None:
    (table,) = entropy(study)
    assert isinstance(table, Table)
    row = next(row for row in table.rows if row[:2] == ("SLSS", 30))
    variant = study.variants["SLSS"]
    side = study.side("impostor", np.ones(60, dtype=np.bool_), variant, 30)
    found = np.unpackbits(side.words[0].view(np.uint8), axis=1)[:, :30]
    shares = np.array([(found[i] != found[j]).mean() for i, j in combinations(range(60), 2)])
    fmr = (shares <= row[5] / 30 + 1e-9).mean()
    assert row[6] == pytest.approx(fmr)
    assert fmr > 0
    assert row[7] == pytest.approx(-log2(fmr))
    assert row[8] < row[7]
    assert row[4] == pytest.approx(shares.mean() * (1 - shares.mean()) / shares.var())


def test_pairs_of_one_object_are_no_random_pairs(study: Study) -> None:
    one = {"reference": planted("reference", 20, 3, 5, seed=1)}
    (table,) = entropy(Study(one, SETTINGS))
    assert isinstance(table, Table)
    assert f"{15 * 14 // 2 - 5 * 3} pairs" in table.notes[0]  # 15 hold-out photos of 5 objects


# --- the default profile --------------------------------------------------------------------


def test_the_default_profile_meets_the_same_holdout_trials(lock: AiLock, tmp_path: Path) -> None:
    (photos,) = open_roles({"reference": [PHOTOS / "labels.csv"]}).values()
    names = list(dict.fromkeys(photos.objects))
    held_out = [name for name in names if photos.objects.count(name) > 1][:3]
    held = np.isin(photos.objects, held_out)
    fold = np.where(held, -1, np.arange(len(held)) % 5)
    embeddings = PlantedEmbeddings("reference", np.array(photos.objects))
    small = Study({"reference": (embeddings, Split(held, fold))}, SETTINGS)
    beside = DefaultProfile(lock, {"reference": photos}, tmp_path)
    f1, far, frr, _ = measure(small, beside)

    order = sorted(np.flatnonzero(held), key=lambda i: (photos.objects[i], i))
    references = [lock.imageprint(photos.read(int(i)), reference=True) for i in order]
    probes = [lock.imageprint(photos.read(int(i))) for i in order]
    counts = np.zeros((2, 2))
    for i, j in combinations(range(len(order)), 2):
        mated = photos.objects[order[i]] == photos.objects[order[j]]
        counts[int(mated), int(references[i] - probes[j] <= lock.radius)] += 1
    (tn, fp), (fn, tp) = counts
    assert far.value == pytest.approx(fp / (fp + tn))
    assert frr.value == pytest.approx(fn / (fn + tp))
    assert f1.value == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert beside.name == "inception_v3_slim, profile default"
    assert WHOLE in lock.profile.segments
