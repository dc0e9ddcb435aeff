"""Histograms of distances: exact, the same whoever counts, resumed; and the scale command."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.scale import command as scale
from benchmarks.accuracy.scale import count
from benchmarks.accuracy.scale.count import brute_force, check_moments, count_and_check
from benchmarks.accuracy.scale.imageprints import random_imageprints, read_imageprints
from lab.errors import ScaleError
from lab.statistics import histograms
from lab.statistics.hamming import Words, distances, pack
from lab.statistics.histograms import Task, distance_histogram, pairs_kept
from lab.statistics.workers import Workers, open_workers

SIDE = 64
"""Of the tests' blocks: several, and some at the edges that are smaller."""


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histograms, "BLOCK_SIDE", SIDE)
    monkeypatch.setattr(histograms, "DIAGONAL_STRIP", 24)


def random_words(rows: int, lambda_bits: int, seed: int) -> Words:
    return pack(np.random.default_rng(seed).integers(0, 2, (rows, lambda_bits), dtype=np.uint8))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("lambda_bits", [1, 50, 64, 65, 192, 500, 600])
def test_histogram_is_that_of_unpacked_bits(lambda_bits: int) -> None:
    a, b = random_words(150, lambda_bits, 1), random_words(203, lambda_bits, 2)
    counts = distance_histogram(a, b, lambda_bits)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, brute_force(a, b, lambda_bits))


def test_all_bits_may_differ() -> None:
    a, b = pack(np.zeros((3, 500), bool)), pack(np.ones((2, 500), bool))
    counts = distance_histogram(a, b, 500)
    assert counts[500] == counts.sum() == 6


@pytest.mark.parametrize(("rows", "columns"), [(70, 2051), (1, 33_000), (3, 11_000)])
def test_tiles_at_every_edge_are_counted(rows: int, columns: int) -> None:
    """More rows and columns than a tile has, and no multiple of it; few rows have wide tiles."""
    a, b = random_words(rows, 500, 3), random_words(columns, 500, 4)
    np.testing.assert_array_equal(distance_histogram(a, b, 500), brute_force(a, b, 500))


@pytest.mark.usefixtures("small_blocks")
def test_one_set_counts_unordered_pairs_once() -> None:
    words = random_words(2 * SIDE + 37, 100, 5)
    words[3] = words[90]  # equal photos are a pair at distance 0; a photo and itself are none
    table = distances(words, words)
    expected = np.bincount(table[np.triu_indices(len(words), k=1)], minlength=101)
    np.testing.assert_array_equal(distance_histogram(words, words, 100, same=True), expected)
    assert expected[0] == 1


@pytest.mark.usefixtures("small_blocks")
def test_by_row_is_one_histogram_a_row() -> None:
    a, b = random_words(SIDE + 9, 130, 6), random_words(150, 130, 7)
    by_row = distance_histogram(a, b, 130, by_row=True)
    for row, counts in zip(distances(a, b), by_row, strict=True):
        np.testing.assert_array_equal(np.bincount(row, minlength=131), counts)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("how", ["same", "by_row", "plain"])
def test_threads_and_a_cluster_count_the_same(cluster: str, how: str) -> None:
    a = random_imageprints(150, 40, 500, seed=8)
    b = a if how == "same" else random_imageprints(170, 40, 500, seed=8, side=1)
    options = {} if how == "plain" else {how: True}
    alone = distance_histogram(a, b, 500, **options)
    for text in ("2", cluster):
        with open_workers(text) as workers:
            found = distance_histogram(a, b, 500, workers, **options)
        np.testing.assert_array_equal(found, alone)


class Interrupted(Workers):
    """Threads of which the user has enough after so many blocks; notes every block."""

    def __init__(self, blocks: int) -> None:
        super().__init__(lambda work, task: None, 1, remote=False)
        self.left = blocks
        self.seen: list[Task] = []

    def results(self, work, tasks):  # type: ignore[no-untyped-def]
        for task in tasks:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.seen.append(task)
            yield work(task)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("how", ["same", "by_row", "plain"])
def test_an_interrupted_run_is_taken_up(tmp_path: Path, how: str) -> None:
    a = random_words(4 * SIDE, 70, 9)
    options = {} if how == "plain" else {how: True}
    kept = tmp_path / "folder" / "counted.npz"
    blocks = 10 if how == "same" else 16
    with pytest.raises(KeyboardInterrupt):
        distance_histogram(a, a, 70, Interrupted(5), kept=kept, **options)
    rest = Interrupted(blocks)
    found = distance_histogram(a, a, 70, rest, kept=kept, **options)
    assert len(rest.seen) == blocks - 5
    np.testing.assert_array_equal(found, distance_histogram(a, a, 70, **options))
    nothing = Interrupted(0)
    again = distance_histogram(a, a, 70, nothing, kept=kept, **options)
    np.testing.assert_array_equal(again, found)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("change", ["data", "lambda", "rows", "garbage"])
def test_what_was_kept_of_other_data_is_not_used(tmp_path: Path, change: str) -> None:
    a, b, kept = random_words(SIDE, 70, 10), random_words(SIDE, 70, 11), tmp_path / "counted.npz"
    distance_histogram(a, b, 70, kept=kept)
    assert pairs_kept(kept, a, b, 70) == SIDE**2
    lambda_bits = 70
    if change == "data":
        b = random_words(SIDE, 70, 12)
    elif change == "lambda":
        lambda_bits = 128
    elif change == "rows":
        a = a[1:]
    else:
        kept.write_bytes(kept.read_bytes()[:60])
    assert pairs_kept(kept, a, b, lambda_bits) == 0
    found = distance_histogram(a, b, lambda_bits, kept=kept)
    np.testing.assert_array_equal(found, brute_force(a, b, lambda_bits))


def test_wrong_words_are_refused() -> None:
    a = random_words(4, 500, 0)
    with pytest.raises(ValueError, match=r"hamming\.pack"):
        distance_histogram(a, a, 64)
    with pytest.raises(ValueError, match="by row"):
        distance_histogram(a, a, 500, same=True, by_row=True)
    with pytest.raises(ValueError, match="differ"):
        distance_histogram(a, a[:3], 500, same=True)


def test_random_imageprints_have_a_mated_tail() -> None:
    objects = 60
    a = random_imageprints(240, objects, 500, seed=1)
    b = random_imageprints(120, objects, 500, seed=1, side=1)
    mated = np.arange(240)[:, None] % objects == np.arange(120) % objects
    table = distances(a, b)
    assert 80 < table[mated].mean() < 130
    assert 240 < table[~mated].mean() < 260
    np.testing.assert_array_equal(a, random_imageprints(240, objects, 500, seed=1))


@pytest.mark.parametrize("moved", [(0, 1), (3, 2), (-1, 0)])
def test_moments_find_any_miscounted_pair(moved: tuple[int, int]) -> None:
    a, b = random_words(90, 77, 1), random_words(5000, 77, 2)
    counts = distance_histogram(a, b, 77)
    check_moments(counts, a, b, 77)
    counts[38 + moved[0]] -= 1
    counts[38 + moved[1]] += 1
    with pytest.raises(ScaleError, match="own counts"):
        check_moments(counts, a, b, 77)


def test_equal_and_opposite_errors_change_the_squares() -> None:
    a, b = random_words(50, 77, 1), random_words(60, 77, 2)
    counts = distance_histogram(a, b, 77)
    counts[[37, 38, 39, 40]] += np.array([-1, 1, 1, -1])
    with pytest.raises(ScaleError, match="squares"):
        check_moments(counts, a, b, 77)


def test_a_wrong_histogram_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = random_words(50, 77, 1), random_words(60, 77, 2)

    def shifted(*arguments: object, **options: object) -> np.ndarray:
        return np.roll(distance_histogram(*arguments, **options), 1)  # type: ignore[arg-type]

    monkeypatch.setattr(count, "distance_histogram", shifted)
    with pytest.raises(ScaleError):
        count_and_check(a, b, 77)


def command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    scale.add_parser(parser.add_subparsers(required=True))
    options = parser.parse_args(["scale", *arguments])
    return int(options.run(options, "python -m benchmarks.accuracy scale"))


def test_command_writes_a_checked_histogram(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    assert command(["--pairs", "4e4", "--workers", "2", "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "scale.json").read_text("utf-8"))
    assert report["lambda_bits"] == 500
    assert report["pairs"] == report["pairs_counted_by_this_run"] == sum(report["histogram"])
    assert report["pairs"] == report["checked_bit_by_bit"] == 200 * 200
    assert report["pairs_per_second"] > 0
    assert 10 < report["peak_mib"] < 4096
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "scale.partial.npz").exists()
    shown = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert "| pairs checked bit by bit | 40,000 |" in shown


def test_command_on_given_imageprints_and_a_cluster(tmp_path: Path, cluster: str) -> None:
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((30, 90)), rng.standard_normal((20, 90))
    np.savez(tmp_path / "given.npz", a=a, b=b)
    out = tmp_path / "out"
    given = ["--imageprints", str(tmp_path / "given.npz"), "--lambda", "80", "--out", str(out)]
    assert command([*given, "--workers", cluster]) == 0
    report = json.loads((out / "scale.json").read_text("utf-8"))
    expected = ((a[:, None, :80] >= 0) != (b[None, :, :80] >= 0)).sum(axis=2)
    assert report["histogram"] == np.bincount(expected.ravel(), minlength=81).tolist()
    assert report["largest_worker_peak_mib"] > 10


@pytest.mark.parametrize(
    "arrays",
    [
        {"a": np.zeros((2, 8), bool)},
        {"a": np.zeros((2, 8), bool), "b": np.zeros((2, 9), bool)},
        {"a": np.full((2, 8), np.nan), "b": np.zeros((2, 8))},
        {"a": np.full((2, 8), 2), "b": np.zeros((2, 8), int)},
        {"a": np.zeros((0, 8), bool), "b": np.zeros((2, 8), bool)},
        {"a": np.zeros(8, bool), "b": np.zeros(8, bool)},
    ],
    ids=["missing", "lengths", "nan", "numbers", "empty", "shape"],
)
def test_unusable_files_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    file = tmp_path / "given.npz"
    np.savez(file, **arrays)
    with pytest.raises(ScaleError, match=r"given\.npz"):
        read_imageprints(file)
    with pytest.raises(ScaleError, match="nowhere"):
        read_imageprints(tmp_path / "nowhere.npz")
