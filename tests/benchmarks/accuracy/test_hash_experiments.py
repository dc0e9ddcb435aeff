"""Experiments 1 to 3 of the NeuralHash thesis, and what experiment 4 is fed with."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ailock_sdk.embedding import DEFAULT_BUNDLE, list_bundles
from ailock_sdk.sketch import Code, permutation
from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.hash_experiments import command, leakage, thesis_values
from benchmarks.accuracy.hash_experiments.distances import compare_hashes, count_distances
from benchmarks.accuracy.hash_experiments.labels import labels_of
from benchmarks.accuracy.hash_experiments.study import Study
from benchmarks.accuracy.hash_experiments.thresholds import anchor_rates
from lab.bundles import find
from lab.errors import ExperimentError, TooFewTrialsError
from lab.photos.labelled_photos import open_labelled_photos
from lab.statistics.comparisons import object_weights
from lab.statistics.samples import Samples, arrange
from tests.conftest import PHOTOS

COUNTS = [4, 1, 3, 2]


@pytest.fixture
def run(make_lock, make_photos, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(command, "AiLock", lambda bundle, profile: make_lock())
    monkeypatch.setattr(find, "find_bundle", lambda name: name)

    def call(number: int, counts: list[int] = COUNTS, *options: str) -> tuple[int, str, Path]:
        out = tmp_path / "out"
        arguments = ["--photos", str(make_photos(counts)), "--bundle", "stub", "--out", str(out)]
        status = main(["hash-experiment", str(number), *arguments, "--bootstrap", "20", *options])
        shown = capsys.readouterr()
        return status, shown.out + shown.err, out

    return call


def document(out: Path, number: int) -> dict:
    return json.loads((out / f"experiment_{number}.json").read_text("utf-8"))


def of_bits(words: list[str], subjects: str) -> Samples:
    """One photo for each word of bits; equal letters are one subject."""
    margins = np.array([[1.0 if bit == "1" else -1.0 for bit in word] for word in words])
    return arrange(margins, list(subjects), np.ones(len(words), dtype=np.bool_))


# --- distances ------------------------------------------------------------------------------


def test_distances_are_those_of_every_two_photos(make_samples) -> None:
    samples = make_samples(COUNTS, 0.2, lambda_bits=70, reference_flips=0.4)
    found = count_distances(samples)
    bits, objects = samples.probe_bits, samples.objects
    assert len(samples) == 10
    for photo in range(len(samples)):
        apart = (bits != bits[photo]).sum(axis=1)
        own = objects == objects[photo]
        others = np.bincount(apart[~own], minlength=71)
        assert found.others[photo].tolist() == others.tolist()
        own[photo] = False
        assert found.same[photo].tolist() == np.bincount(apart[own], minlength=71).tolist()
    same, others = found.by_subject()
    assert same.sum(axis=1).tolist() == [12, 0, 6, 2]
    compared = compare_hashes(samples, object_weights(4, 0, 1))
    assert compared.mated.tolist() == same.sum(axis=0).tolist()
    assert compared.non_mated.tolist() == others.sum(axis=0).tolist()


@pytest.mark.parametrize("counts", [[3], [1, 1, 1]])
def test_too_few_photos_are_an_error(make_samples, counts) -> None:
    with pytest.raises(TooFewTrialsError, match="two photos of one"):
        count_distances(make_samples(counts, 0.2))


def test_experiment_1_counts_and_draws_every_subject(run) -> None:
    status, text, out = run(1)
    assert status == 0
    found = document(out, 1)
    assert (sum(found["same"]), sum(found["others"])) == (12 + 6 + 2, 90 - 20)
    by_subject = found["by_subject"]
    assert [sum(by_subject[f"object{n}"]["same"]) for n in range(4)] == [12, 0, 6, 2]
    assert (
        np.sum([each["others"] for each in by_subject.values()], axis=0).tolist()
        == (found["others"])
    )
    assert "3 of 3 subjects" in (out / "experiment_1.md").read_text("utf-8")
    assert f"{thesis_values.MOST_COMMON_OTHERS_BITS}" in text
    for file in ("histograms.png", "subject_histograms.png", "distances.csv", "experiment_1.html"):
        assert (out / file).stat().st_size > 100
    run(1, COUNTS, "--panels", "2")
    assert "2 of 3 subjects" in (out / "experiment_1.md").read_text("utf-8")


def test_experiment_2_has_each_subjects_mean_and_deviation(run, make_lock) -> None:
    status, text, out = run(2)
    assert status == 0
    found = document(out, 2)
    hashes = {
        (of, number): make_lock().imageprint(np.array([[[of, number, 0]]], dtype=np.uint8)).bits
        for of, count in enumerate(COUNTS)
        for number in range(count)
    }
    apart = {(a, b): int((hashes[a] != hashes[b]).sum()) for a in hashes for b in hashes if a != b}
    same = [d for (a, b), d in apart.items() if a[0] == b[0]]
    others = [d for (a, b), d in apart.items() if a[0] != b[0]]
    for name, value in (
        ("mated_mean_bits", np.mean(same)),
        ("mated_sd_bits", np.std(same)),
        ("non_mated_mean_bits", np.mean(others)),
        ("non_mated_sd_bits", np.std(others)),
    ):
        assert found["all"][name]["value"] == pytest.approx(value)
    rows = found["by_subject"]
    assert len(rows) == 3  # one subject has one photo
    means = [row["mean, same subject"] for row in rows]
    assert means == sorted(means)
    for row in rows:
        of = int(row["subject"].removeprefix("object"))
        own = [d for (a, b), d in apart.items() if a[0] == b[0] == of]
        away = [d for (a, b), d in apart.items() if a[0] == of != b[0]]
        assert row["mean, same subject"] == pytest.approx(np.mean(own))
        assert row["deviation, same subject"] == pytest.approx(np.std(own))
        assert row["mean, other subjects"] == pytest.approx(np.mean(away))
        assert row["deviation, other subjects"] == pytest.approx(np.std(away))
    for printed in ("36.61", "00596", "17.02"):
        assert printed in text


# --- thresholds -----------------------------------------------------------------------------


def test_the_anchor_has_the_lowest_far_of_those_that_accept_their_subject() -> None:
    samples = of_bits(["000000", "000001", "001111", "111000", "000111"], "aaabb")
    found = anchor_rates(count_distances(samples), replicates=0, seed=1)
    bits = samples.probe_bits
    apart = (bits[:, None] != bits[None]).sum(axis=2)
    assert apart.tolist() == [
        [0, 1, 4, 3, 3],
        [1, 0, 3, 4, 2],
        [4, 3, 0, 5, 1],
        [3, 4, 5, 0, 6],
        [3, 2, 1, 6, 0],
    ]
    # Of a. At 0 none accepts another. At 1 a0 and a1 accept each other and none of b; at 2 a0 alone
    # accepts none of b. At 3 a1 and a2 accept b1 alone, and the first counts, which accepts both of
    # its own. At 4 a2 alone spares b0.
    assert found.far[0].tolist() == [0, 0, 0, 0.5, 0.5, 1, 1]
    assert found.frr[0].tolist() == [1, 0.5, 0.5, 0, 0, 0, 0]
    # Of b: b0 and b1 accept each other at 6; before, the one that accepts fewer of a counts, b0.
    assert found.frr[1].tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert found.far[1].tolist() == pytest.approx([0, 0, 0, 1 / 3, 2 / 3, 1, 1])
    far, frr = found.at(3)
    assert (far.value, frr.value) == (pytest.approx(5 / 12), 0.5)


def test_a_photo_that_accepts_none_of_its_subject_is_no_anchor() -> None:
    # Both near a's accept b0 from 2 on; the far one spares it, and accepts no a before 5.
    samples = of_bits(["000000", "000001", "111110", "000011", "000111"], "aaabc")
    found = anchor_rates(count_distances(samples), replicates=0, seed=1)
    assert (found.far[0, 2], found.frr[0, 2]) == (0.5, 0.5)


def test_the_equal_error_rate_is_where_the_anchors_curves_cross(make_samples) -> None:
    samples = make_samples([3] * 30, 0.3, lambda_bits=40)
    found = anchor_rates(count_distances(samples), replicates=50, seed=1)
    eer, at = found.equal_error_rate()
    far, frr = found.far.mean(axis=0), found.frr.mean(axis=0)
    below = int(at.value)
    assert far[below] <= eer.value <= far[below + 1]
    assert frr[below] >= eer.value >= frr[below + 1]
    assert 0 < eer.low <= eer.value <= eer.high < 0.5


def test_experiment_3_has_the_thesis_points_and_every_threshold(run) -> None:
    status, text, out = run(3, [5, 5, 5, 5])
    assert status == 0
    found = document(out, 3)
    assert all(len(curve) == 61 for curve in found["curves"].values())
    far, frr = found["curves"]["FAR"], found["curves"]["FRR"]
    assert (far[-1], frr[-1]) == (1, 0)
    assert found["eer"]["value"] < 0.2
    for printed in ("0.16", "31.45", "9.68", "99.55", "99.08", "0.39"):
        assert printed in text
    rows = (out / "thresholds.csv").read_text("utf-8").splitlines()
    bits = [line.split(",")[1] for line in rows if line[:1].isdigit()]
    assert bits == ["0", "6", "14", "33", "36"]  # of 60
    assert (out / "far_frr.png").stat().st_size > 1000


@pytest.mark.skipif(DEFAULT_BUNDLE not in list_bundles(), reason="the default bundle is not built")
def test_the_default_bundle_tells_the_committed_objects_apart(tmp_path: Path) -> None:
    arguments = ["--photos", str(PHOTOS / "labels.csv"), "--out", str(tmp_path)]
    assert main(["hash-experiment", "3", *arguments, "--bootstrap", "20"]) == 0
    found = document(tmp_path, 3)
    assert found["eer"]["value"] <= found["eer_all_comparisons"]["value"] < 0.3


# --- leakage, what does not need PyTorch ----------------------------------------------------


def study_of(photos: Path, make_lock, labels: tuple[str, ...] = ()) -> Study:
    opened = open_labelled_photos([photos])
    samples = arrange(
        np.ones((len(opened), 60)), list(opened.objects), np.ones(len(opened), dtype=np.bool_)
    )
    return Study(make_lock(), opened, samples, 20, 1, labels, 40, 1, 1, Path("none"))


@pytest.fixture
def faces(tmp_path: Path, make_photos) -> Path:
    make_photos([1] * 6)
    lines = ["path,object,view,age,gender,kind"]
    for number in range(6):
        kind = "ab"[number % 2] if number else ""
        lines.append(f"photos/object{number}/0.png,n{number},0,3{number},{'mf'[number % 2]},{kind}")
    (tmp_path / "labels.csv").write_text("\n".join(lines), "utf-8")
    return tmp_path / "labels.csv"


def test_labels_are_columns_of_the_photo_set(faces: Path, make_lock) -> None:
    found = labels_of(study_of(faces, make_lock))
    assert {name: "".join(values) for name, values in found.items()} == {"gender": "mfmfmf"}
    found = labels_of(study_of(faces, make_lock, ("kind",)))
    assert found["kind"].tolist() == ["", "b", "a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("label", "message"),
    [("race", "takes one of age, gender, kind"), ("age", "6 kinds in 6"), ("view", "no label")],
)
def test_a_label_that_is_none_is_an_error(faces: Path, make_lock, label, message) -> None:
    with pytest.raises(ExperimentError, match=message):
        labels_of(study_of(faces, make_lock, (label,)))


def test_without_labels_the_kind_is_in_the_names(make_photos, make_lock) -> None:
    folder = make_photos([2, 2, 2])
    for number, name in enumerate(("mug_A", "mug_B", "lamp_A")):
        (folder / f"object{number}").rename(folder / name)
    found = labels_of(study_of(folder, make_lock))
    assert found["kind"].tolist() == ["lamp"] * 2 + ["mug"] * 4


def test_helper_data_is_a_codeword_on_the_permuted_bits() -> None:
    code = Code(60, 5, 2, 1)
    bits = np.random.default_rng(1).integers(0, 2, (3, 60)).astype(np.uint8)
    found = leakage.inputs_of(bits, code, seed=7)
    rng = np.random.default_rng([7, 5])
    for index in range(3):
        message = rng.integers(0, 1 << code.symbol_bits, code.message_symbols)
        order = permutation(60)
        stored, undone = found[leakage.STORED][index], found[leakage.IN_ORDER][index]
        assert (stored ^ bits[index][order]).tolist() == code.encode(message).astype(int).tolist()
        assert undone[order].tolist() == stored.tolist()
    assert found[leakage.BITS] is bits


def test_subjects_are_split_seven_to_three() -> None:
    first, again, other = leakage.split(40, 1), leakage.split(40, 1), leakage.split(40, 2)
    assert first.sum() == 28
    assert first.tolist() == again.tolist() != other.tolist()


def test_without_pytorch_experiment_4_says_what_to_install(run, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "benchmarks.accuracy.hash_experiments.network", raising=False)
    status, text, out = run(4)
    assert status == 1
    assert "pip install 'ailock-sdk[train]'" in text
    assert not (out / "experiment_4.json").exists()
