"""Per-object errors, master images, operating points: against counts made one by one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy.paper.master_images import (
    all_matches,
    count_matches,
    master_results,
    wolves,
)
from benchmarks.accuracy.paper.object_errors import object_errors, object_results
from benchmarks.accuracy.paper.operating_points import operating_points
from benchmarks.accuracy.paper.systems import Crowd, Photo, System
from benchmarks.accuracy.paper.trials import Rule, Side, compare
from lab.report.results import Figure, Table
from lab.statistics.hamming import pack
from lab.statistics.intervals import Estimate

BITS = 64
OBJECTS = np.repeat(np.arange(12), 3)


def imageprints(seed: int, objects: np.ndarray, flips: float = 0.15) -> np.ndarray:
    """An object's random bits, of which each photo flips some: uint8 (N, BITS)."""
    rng = np.random.default_rng(seed)
    of_object = rng.integers(0, 2, (objects.max() + 1, BITS), dtype=np.uint8)
    noise = rng.random((len(objects), BITS)) < flips
    return of_object[objects] ^ noise


@pytest.fixture(params=[1, 3], ids=["one segment", "two of three segments"])
def rule(request: pytest.FixtureRequest) -> Rule:
    return Rule(BITS, (20, 22, 18)[: request.param], needed=1 if request.param == 1 else 2)


def crowd(role: str, seed: int, objects: np.ndarray, segments: int) -> tuple[Crowd, np.ndarray]:
    bits = np.stack([imageprints(seed + i, objects) for i in range(segments)])
    photos = tuple(
        Photo(role, i, f"{role} {number}", f"{number}/{i}.jpg") for i, number in enumerate(objects)
    )
    return Crowd(Side(tuple(map(pack, bits)), objects), photos), bits


def statistic(a: np.ndarray, b: np.ndarray, rule: Rule) -> int:
    """Of one reference and one probe, uint8 (segments, BITS) each, as trials.py defines it."""
    excess = sorted(int((x != y).sum()) - c for x, y, c in zip(a, b, rule.radii, strict=True))
    return excess[rule.needed - 1] + rule.radius


@pytest.fixture
def system(rule: Rule) -> System:
    references, _ = crowd("reference", 1, OBJECTS, len(rule.radii))
    others, _ = crowd("impostor", 50, np.arange(40), len(rule.radii))
    compared = compare(references.side, [others.side], rule, replicates=50)
    return System("made up", rule, references, references, (others,), compared)


def test_every_object_is_counted(rule: Rule) -> None:
    photos, bits = crowd("reference", 1, OBJECTS, len(rule.radii))
    found = object_errors(photos.side, photos.side, rule)
    for number in range(12):
        own = np.flatnonzero(number == OBJECTS)
        pairs = [(i, j) for i in own for j in own if i < j]
        values = {pair: statistic(bits[:, pair[0]], bits[:, pair[1]], rule) for pair in pairs}
        assert found.trials[number] == 3
        assert found.refused[number] == sum(v > rule.radius for v in values.values())
        assert found.distance[number] == max(values.values())
        assert values[tuple(found.furthest[number])] == max(values.values())
    assert 0 < found.refused.sum() < found.trials.sum()  # both outcomes were tried


def test_object_with_one_photo_has_no_rate() -> None:
    photos, _ = crowd("reference", 1, np.array([0, 0, 1]), 1)
    found = object_errors(photos.side, photos.side, Rule(BITS, (20,)))
    assert found.trials.tolist() == [1, 0]
    assert np.isnan(found.fnmr[1])
    assert found.distance[1] == -1


def test_object_errors_add_up_to_the_trials_of_the_protocol(system: System) -> None:
    found = object_errors(system.references.side, system.probes.side, system.rule)
    mated = system.comparisons.mated
    assert found.trials.sum() == mated.sum()
    assert found.refused.sum() == mated[system.rule.radius + 1 :].sum()


def test_matches_are_those_counted_one_by_one(rule: Rule) -> None:
    references, first = crowd("reference", 1, OBJECTS, len(rule.radii))
    wide = Rule(rule.bits, tuple(c + 8 for c in rule.radii), rule.needed)  # or nothing matches
    for probes, second, same in (
        (references, first, True),
        (*crowd("impostor", 50, np.arange(40), len(rule.radii)), False),
    ):
        found = count_matches(references.side, probes.side, wide, same)
        hits = np.zeros((len(references), len(probes)), dtype=bool)
        for j in range(len(probes)):
            met = [i for i in range(len(references)) if not (same and OBJECTS[i] == OBJECTS[j])]
            values = {i: statistic(first[:, i], second[:, j], wide) for i in met}
            hits[met, j] = [values[i] <= wide.radius for i in met]
            assert found.trials[j] == len(met)
            assert found.mean[j] == pytest.approx(np.mean(list(values.values())))
            assert found.distance[j] == min(values.values())
            assert values[int(found.nearest[j])] == min(values.values())
        assert found.matches.tolist() == hits.sum(axis=0).tolist()
        assert found.reference_matches.tolist() == hits.sum(axis=1).tolist()
        assert found.reference_trials.sum() == found.trials.sum()
        assert hits.any()


def test_blocks_do_not_change_matches(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [each for _, each in all_matches(system)]
    monkeypatch.setattr("lab.statistics.hamming.BLOCK_DISTANCES", 100)
    for one, other in zip(whole, (each for _, each in all_matches(system)), strict=True):
        for name in vars(one):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_photo_that_lies_between_objects_is_the_first_wolf() -> None:
    references, bits = crowd("reference", 1, OBJECTS, 1)
    middle = (bits[0].mean(axis=0) > 0.5).astype(np.uint8)
    plain = np.random.default_rng(9).integers(0, 2, (30, BITS), dtype=np.uint8)
    plain[17] = middle  # nearer to everyone than a random photo is
    photos = tuple(Photo("impostor", i, str(i), f"{i}.jpg") for i in range(30))
    others = Crowd(Side((pack(plain),), np.arange(30)), photos)
    rule = Rule(BITS, (24,))
    compared = compare(references.side, [others.side], rule, replicates=0)
    system = System("made up", rule, references, references, (others,), compared)
    found = all_matches(system)
    assert wolves(system, found)[0].photo == photos[17]
    table = master_results(system, found)[0]
    assert isinstance(table, Table)
    assert table.rows[0][0] == "impostor: 17.jpg"
    assert table.rows[0][1] > 5


def test_distribution_over_objects_ends_at_all(system: System) -> None:
    figure, table = object_results([system], "here")
    assert isinstance(figure, Figure)
    assert isinstance(table, Table)
    line = figure.panels[0].series[0]
    assert line.y[-1] == 100
    assert list(line.y) == sorted(line.y)
    rates = [row[2] for row in table.rows]
    assert rates == sorted(rates, reverse=True)
    assert all(rate > 0 for rate in rates)


def test_det_meets_the_rates_at_the_radius(system: System) -> None:
    table, figure = operating_points([system], "here")
    assert isinstance(table, Table)
    assert isinstance(figure, Figure)
    (row,) = table.rows
    by_name = dict(zip(table.columns, row, strict=True))
    mated = system.comparisons.mated
    frr = mated[system.rule.radius + 1 :].sum() / mated.sum()
    at_radius = by_name["FNMR at c"]
    assert isinstance(at_radius, Estimate)
    assert at_radius.value == pytest.approx(frr)
    assert by_name["FNMR at FMR 1e-4"] == "too few trials"
    line = figure.panels[0].series[0]
    assert list(line.y) == sorted(line.y, reverse=True)  # FNMR falls as FMR is allowed to rise
    assert line.y[-1] == 0  # everything is accepted at FMR 1
    assert line.low is not None
    assert line.high is not None
    assert all(low <= high for low, high in zip(line.low, line.high, strict=True))
