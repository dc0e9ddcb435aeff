"""Experiment 4 of the NeuralHash thesis: networks that guess labels from bits (with PyTorch)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.hash_experiments import command, leakage, network
from benchmarks.accuracy.hash_experiments.network import Settings, history
from lab.bundles import find

SETTINGS = Settings(epochs=5, batch=10, seed=1)


def planted(classes: int, photos: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bits that name their class in the first ones, and noise; every third is for the test."""
    rng = np.random.default_rng(3)
    of_photo = rng.integers(0, classes, photos)
    words = rng.integers(0, 2, (classes, 30))
    bits = rng.integers(0, 2, (photos, 60)).astype(np.uint8)
    bits[:, :30] = words[of_photo] ^ (rng.random((photos, 30)) < 0.2)
    return bits, of_photo, np.arange(photos) % 3 != 0


@pytest.mark.parametrize("classes", [2, 5])
def test_planted_labels_are_learned(tmp_path: Path, classes: int) -> None:
    bits, truth, training = planted(classes)
    found = history(bits, truth, training, SETTINGS, tmp_path, "")
    assert (found.predicted == truth[~training]).mean() > 0.9
    assert found.curves["test_accuracy"][-1] == pytest.approx(
        (found.predicted == truth[~training]).mean()
    )
    assert all(len(found.curves[name]) == 5 for name in network.CURVES)
    assert found.curves["training_loss"][-1] < 0.02 < 0.98 < found.curves["training_accuracy"][-1]


def test_noise_is_learned_by_heart_and_not_guessed(tmp_path: Path) -> None:
    bits, truth, training = planted(2)
    truth = np.random.default_rng(4).permutation(truth)
    found = history(bits, truth, training, Settings(25, 10, 1), tmp_path, "")
    assert found.curves["training_accuracy"][-1] > 0.9
    assert 0.3 < found.curves["test_accuracy"][-1] < 0.7


def test_the_network_is_the_thesis() -> None:
    for classes, outputs in ((2, 1), (5, 5)):
        layers = list(network.network(96, classes))
        widths = [(one.in_features, one.out_features) for one in layers if hasattr(one, "bias")]
        assert widths == [(96, 256), (256, 512), (512, 256), (256, outputs)]
        assert layers[-2].p == 0.2


def test_a_history_is_kept_and_the_same_again(tmp_path: Path, monkeypatch) -> None:
    bits, truth, training = planted(2)
    first = history(bits, truth, training, SETTINGS, tmp_path / "one", "")
    again = history(bits, truth, training, SETTINGS, tmp_path / "two", "")
    monkeypatch.setattr(network, "_train", lambda *given: pytest.fail("trained again"))
    kept = history(bits, truth, training, SETTINGS, tmp_path / "one", "")
    for found in (again, kept):
        assert found.predicted.tolist() == first.predicted.tolist()
        for name in network.CURVES:
            assert found.curves[name].tolist() == first.curves[name].tolist()
    with pytest.raises(pytest.fail.Exception):
        history(bits, truth, ~training, SETTINGS, tmp_path / "one", "")
    (file,) = (tmp_path / "one").iterdir()
    with np.load(file) as stored:
        np.savez(file, **{**stored, "key": np.array("another")})
    with pytest.raises(pytest.fail.Exception):
        history(bits, truth, training, SETTINGS, tmp_path / "one", "")


def test_bits_give_the_kind_away_and_helper_data_do_not(
    make_lock, make_photos, tmp_path: Path, monkeypatch, capsys
) -> None:
    """Objects of two kinds that the bits tell apart; as many of each, trained on others."""
    kinds = np.random.default_rng(2).integers(0, 2, (2, 60))
    lock = make_lock()

    def imageprint(of: int, number: int) -> np.ndarray:
        flips = np.random.default_rng([of, number]).random(60) < 0.3
        return np.where(kinds[of % 2] ^ flips, 1.0, -1.0)

    original = lock.imageprint

    def of_a_kind(photo: bytes, *, reference: bool = False) -> object:
        made = original(photo, reference=reference)
        from io import BytesIO

        from PIL import Image

        of, number, _ = Image.open(BytesIO(photo)).getpixel((0, 0))
        return type(made)(imageprint(of, number))

    monkeypatch.setattr(lock, "imageprint", of_a_kind)
    monkeypatch.setattr(command, "AiLock", lambda bundle, profile: lock)
    monkeypatch.setattr(find, "find_bundle", lambda name: name)
    folder = make_photos([6] * 60)
    for of in range(60):
        (folder / f"object{of}").rename(folder / f"{('mug', 'lamp')[of % 2]}_{of}")
    sides = []

    def noted(inputs, classes, training, *rest):
        sides.append(training.reshape(60, 6))
        return history(inputs, classes, training, *rest)

    monkeypatch.setattr(network, "history", noted)
    out = tmp_path / "out"
    arguments = ["--photos", str(folder), "--bundle", "stub", "--out", str(out), "--epochs", "6"]
    arguments += ["--splits", "2"]
    assert main(["hash-experiment", "4", *arguments, "--bootstrap", "200"]) == 0
    assert "beats ZeroR" in capsys.readouterr().out
    found = {
        each["source"]: each
        for each in json.loads((out / "experiment_4.json").read_text("utf-8"))["labels"]
    }
    assert list(found) == list(leakage.INPUTS)
    assert [each["beats_zero_r"] for each in found.values()] == [True, False, False]
    assert found[leakage.BITS]["accuracy"]["value"] > 0.9
    assert len(sides) == 2 * 3
    for training in sides:  # an object's photos are all on one side
        assert training.all(axis=1).sum() == 42
        assert (~training).all(axis=1).sum() == 18
    assert [each["photos"] for each in found.values()] == [360] * 3
    assert [each["tested"] for each in found.values()] == [2 * 18 * 6] * 3
    assert found[leakage.BITS]["zero_r"]["value"] == pytest.approx(0.5, abs=0.2)
    curves = found[leakage.BITS]["curves"]["test_accuracy"]
    assert [len(curve) for curve in curves] == [6, 6]
    assert np.mean([curve[-1] for curve in curves]) == pytest.approx(
        found[leakage.BITS]["accuracy"]["value"]
    )
    for file in ("leakage.csv", "accuracy.png", "loss.png", "experiment_4.html"):
        assert (out / file).stat().st_size > 100
