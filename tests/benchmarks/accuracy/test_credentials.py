"""Synthetic credentials: drawn as the references' bits are, tried on all, counted exactly."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.special import bdtr

from benchmarks.accuracy.credentials import command as credentials
from benchmarks.accuracy.credentials.attack import credential_attack, draw_credentials
from benchmarks.accuracy.credentials.results import figure, notes, table
from lab.errors import CredentialError
from lab.statistics.hamming import distances, pack
from lab.statistics.intervals import Estimate
from lab.statistics.workers import open_workers


def references(count: int = 40, lambda_bits: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((count, lambda_bits)) < rng.uniform(0.2, 0.8, lambda_bits)


def unpacked(words: np.ndarray, lambda_bits: int) -> np.ndarray:
    return np.unpackbits(words.view(np.uint8), axis=1, count=lambda_bits)


def test_bits_are_ones_as_often_as_asked() -> None:
    wanted = np.linspace(0, 1, 70)
    samples = 20_000  # in several chunks, the last one smaller
    bits = unpacked(draw_credentials(wanted, samples, np.random.default_rng(1)), 70)
    assert bits.shape == (samples, 70)
    deviation = np.sqrt(wanted * (1 - wanted) / samples)
    assert (np.abs(bits.mean(axis=0) - wanted) <= 5 * deviation).all()
    correlation = np.corrcoef(bits[:, 1:-1].T) - np.eye(68)
    assert np.abs(correlation).max() < 6 / np.sqrt(samples)  # positions are independent


def test_a_position_without_a_one_or_a_zero_stays_so() -> None:
    bits = unpacked(draw_credentials(np.array([0.0, 1.0]), 9_000, np.random.default_rng(0)), 2)
    assert not bits[:, 0].any()
    assert bits[:, 1].all()


def test_every_reference_meets_every_sample() -> None:
    bits, radii, samples, seed = references(), {60: 18, 20: 3}, 500, 4
    attack = credential_attack(bits, radii, samples, seed)
    assert [each.lambda_bits for each in attack.attempts] == [20, 60]
    assert attack.trials == 2 * 40 * samples
    for each in attack.attempts:
        mine = bits[:, : each.lambda_bits]
        rng = np.random.default_rng([seed, each.lambda_bits])
        apart = distances(pack(mine), draw_credentials(mine.mean(axis=0), samples, rng))
        expected = np.bincount(apart.ravel(), minlength=each.lambda_bits + 1)
        np.testing.assert_array_equal(each.counts, expected)
        assert each.accepted == (apart <= each.radius).sum() > 0
        assert each.far.value == each.accepted / apart.size
        assert each.opened == (apart <= each.radius).any(axis=1).sum()
        assert each.far.low <= each.far.value <= each.far.high


def test_rate_is_that_of_the_binomial_where_bits_are_fair() -> None:
    """With every position a fair coin, distances are binomial whatever the reference."""
    half = references(30, 40, seed=1)
    bits = np.concatenate([half, ~half])
    attack = credential_attack(bits, {40: 12}, 20_000, seed=2)
    expected = bdtr(12, 40, 0.5)
    assert attack.attempts[0].far.value == pytest.approx(expected, rel=0.1)


def test_no_match_gives_the_rule_of_three_over_objects_times_samples() -> None:
    names = [f"object {index // 4}" for index in range(40)]
    attack = credential_attack(references(), {60: 0}, 300, objects=names)
    (found,) = attack.attempts
    assert found.far == Estimate(0, 0, 3 / (10 * 300))
    assert attack.objects == 10
    assert any("too narrow" in note for note in notes(attack))


def test_one_match_is_not_bounded_more_tightly_than_none() -> None:
    bits = references(80)
    distances_seen = credential_attack(bits, {60: 60}, 100).attempts[0].counts
    nearest = int(np.flatnonzero(distances_seen)[0])
    none, few = (credential_attack(bits, {60: c}, 100).attempts[0] for c in (nearest - 1, nearest))
    assert none.accepted == 0 < few.accepted
    assert few.far.high >= none.far.high


def test_photos_of_one_object_widen_the_interval() -> None:
    bits = np.repeat(references(30), 20, axis=0)
    apart = credential_attack(bits, {60: 20}, 300).attempts[0]
    together = credential_attack(
        bits, {60: 20}, 300, objects=[str(index // 20) for index in range(600)]
    ).attempts[0]
    assert together.far.value == apart.far.value > 0
    assert together.far.high - together.far.low > 2 * (apart.far.high - apart.far.low)


def test_threads_and_an_interrupted_run_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bits, radii = references(), {60: 18, 20: 3}
    alone = table(credential_attack(bits, radii, 400))
    with open_workers("2") as workers:
        found = credential_attack(bits, radii, 400, executor=workers, kept=tmp_path)
    assert table(found) == alone

    def never(task: object) -> None:
        raise AssertionError("counted again")

    monkeypatch.setattr("lab.statistics.histograms.count", never)
    assert table(credential_attack(bits, radii, 400, kept=tmp_path)) == alone


def test_table_and_figure_fit_the_report() -> None:
    attack = credential_attack(references(), {60: 18, 20: 3}, 100)
    found = table(attack)
    assert len(found.rows) == 2
    assert isinstance(found.rows[0][found.columns.index("FAR")], Estimate)
    rates, histogram = figure(attack).panels
    assert rates.series[0].x == (20, 60)
    for series in histogram.series:
        assert sum(series.y) == pytest.approx(1)
    assert len(figure(credential_attack(references(), {60: 18}, 100)).panels) == 1


@pytest.mark.parametrize(
    ("bits", "radii", "samples", "objects"),
    [
        (np.zeros((0, 8), bool), {8: 1}, 10, None),
        (np.zeros((2, 8), np.uint8), {8: 1}, 10, None),
        (np.zeros((2, 8), bool), {9: 1}, 10, None),
        (np.zeros((2, 8), bool), {8: 9}, 10, None),
        (np.zeros((2, 8), bool), {}, 10, None),
        (np.zeros((2, 8), bool), {8: 1}, 0, None),
        (np.zeros((2, 8), bool), {8: 1}, 10, ["one"]),
    ],
)
def test_what_cannot_be_attacked_is_refused(bits, radii, samples, objects) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CredentialError):
        credential_attack(bits, radii, samples, objects=objects)


@pytest.fixture
def command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_lock: Callable[..., object],
    make_photos: Callable[..., Path],
) -> Callable[[list[str]], dict[str, object]]:
    """Runs the command on a stub lock's photos; returns credentials.json."""
    photos = make_photos([3, 3, 3, 3])
    lock = make_lock(poor=frozenset({(1, 2)}))
    monkeypatch.setattr(credentials, "open_bundle", lambda name: name)
    monkeypatch.setattr(credentials, "AiLock", lambda bundle, profile: lock)

    def run(arguments: list[str]) -> dict[str, object]:
        parser = argparse.ArgumentParser()
        credentials.add_parser(parser.add_subparsers(required=True))
        given = ["credentials", "--photos", str(photos), "--out", str(tmp_path / "out"), *arguments]
        options = parser.parse_args(given)
        assert options.run(options, "python -m benchmarks.accuracy credentials") == 0
        assert (tmp_path / "out" / "credentials.png").read_bytes().startswith(b"\x89PNG")
        found: dict[str, object] = json.loads(
            (tmp_path / "out" / "credentials.json").read_text("utf-8")
        )
        return found

    return run


def test_command_attacks_the_profile(
    command: Callable[[list[str]], dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = command(["--samples", "200"])
    assert (found["references"], found["objects"]) == (11, 4)  # one photo is refused
    (only,) = found["lambdas"]  # type: ignore[misc]
    assert (only["lambda_bits"], only["radius"]) == (60, 14)
    assert only["trials"] == sum(only["histogram"]) == found["trials"] == 11 * 200
    header, row = (
        shown
        for shown in capsys.readouterr().out.splitlines()
        if "60 |" in shown or "c (bits)" in shown
    )
    assert header.split("|")[1:3] == [" lambda (bits) ", " c (bits) "]
    assert [cell.strip() for cell in row.split("|")[1:4]] == ["60", "14", "2,200"]


def test_command_makes_the_trials_asked_for(
    command: Callable[[list[str]], dict[str, object]],
) -> None:
    found = command(
        ["--trials", "1e4", "--lambda", "20", "60", "--references", "5", "--no-quality-gate"]
    )
    assert (found["references"], found["samples"], found["trials"]) == (5, 1000, 10_000)
    short, whole = found["lambdas"]  # type: ignore[misc]
    assert (short["lambda_bits"], short["radius"]) == (20, 5)  # tau 0.75
    assert (whole["lambda_bits"], whole["radius"]) == (60, 14)  # the profile's own
    with pytest.raises(CredentialError, match="12 usable"):
        command(["--references", "13", "--no-quality-gate"])
