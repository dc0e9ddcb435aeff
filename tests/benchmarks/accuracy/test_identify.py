"""One against many: searches counted as slowly and plainly as can be, and the command."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.identify import command, speed
from benchmarks.accuracy.identify.rates import Rates
from benchmarks.accuracy.identify.searches import Draw, Searches, drawn, given, search_all
from lab.bundles import find
from lab.errors import ScaleError, TooFewTrialsError
from lab.report.results import Report
from lab.statistics.hamming import pack
from lab.statistics.workers import open_workers

COUNTS = [4, 1, 3, 5, 2, 3, 6]


def plainly(draws: list[Draw], count: int, bits: int) -> Searches:
    """Probe by probe and entry by entry."""
    mates, strangers, others = (np.zeros((count, bits + 1), int) for _ in range(3))
    identified, ranks = np.zeros((count, bits + 2), int), np.zeros((count, count), int)
    for draw in draws:
        for probe, who in zip(draw.probes, draw.shown, strict=True):
            nearest: dict[int, int] = {}
            for entry, whose in zip(draw.gallery, draw.enrolled, strict=True):
                far = sum(bin(int(word)).count("1") for word in probe ^ entry)
                nearest[whose] = min(far, nearest.get(whose, bits))
            own = nearest.pop(who, None)
            for far in nearest.values():
                others[who, far] += 1
            if own is None:
                strangers[who, min(nearest.values())] += 1
                continue
            rank = 1 + sum(far <= own for far in nearest.values())
            mates[who, own] += 1
            ranks[who, rank - 1] += 1
            identified[who, own if rank == 1 else bits + 1] += 1
    people = len(np.unique(draws[-1].enrolled))
    photos = {
        int(photo)
        for draw in draws
        for photo, who in zip(draw.photos, draw.shown, strict=True)
        if who not in draw.enrolled
    }
    size = people, len(draws[-1].enrolled), len(photos)
    return Searches(mates, identified, ranks, strangers, others, *size)


@pytest.mark.parametrize("enrolled", [1, 2])
def test_searches_are_those_of_plain_counting(make_samples, enrolled: int) -> None:
    """Few bits, so that identities tie with the mate."""
    samples = make_samples(COUNTS, 0.25, lambda_bits=12, reference_flips=0.1)
    draws = list(drawn(samples, 0.3, enrolled, 3, seed=5))
    found, expected = (
        count(draws, len(samples.names), samples.lambda_bits) for count in (search_all, plainly)
    )
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)
    assert found.ranks[:, 1:].any()
    assert found.strangers.sum() > 0
    assert found.identified[:, -1].sum() == found.ranks[:, 1:].sum() > 0


def test_draws_keep_their_rule(make_samples) -> None:
    samples = make_samples(COUNTS, 0.1, reference_flips=0.02)
    draws = list(drawn(samples, 0.4, 2, 6, seed=1))
    references, probes = pack(samples.reference_bits), pack(samples.probe_bits)
    for draw in draws:
        strangers = set(range(len(COUNTS))) - set(draw.enrolled)
        assert len(strangers) >= 3
        assert 1 in strangers  # one photo
        assert 4 in strangers  # two, both would be enrolled
        assert (np.bincount(draw.enrolled)[np.unique(draw.enrolled)] == 2).all()
        assert len(draw.gallery) + len(draw.probes) == sum(COUNTS)
        np.testing.assert_array_equal(draw.probes, probes[draw.photos])
        np.testing.assert_array_equal(draw.shown, samples.objects[draw.photos])
        rest = np.setdiff1d(np.arange(len(samples)), draw.photos)
        np.testing.assert_array_equal(draw.gallery, references[rest])
    assert len({tuple(draw.enrolled) for draw in draws}) > 1


def test_nobody_to_enrol_is_an_error(make_samples) -> None:
    with pytest.raises(TooFewTrialsError, match="--enrolled"):
        list(drawn(make_samples([1, 1, 2], 0.1), 0.0, 2, 1, seed=1))


def counted(bits: int, rows: list[dict[int, int]], width: int = 1) -> np.ndarray:
    table = np.zeros((len(rows), bits + width), int)
    for row, counts in zip(table, rows, strict=True):
        for at, number in counts.items():
            row[at] = number
    return table


def test_rates_at_a_false_alarm_rate() -> None:
    """Ten strangers' searches, the nearest at 3 bits: one in ten is allowed 3, none are 2."""
    none: dict[int, int] = {}
    found = Searches(
        mates=counted(8, [{2: 2, 4: 2}, {3: 3, 5: 1}, none]),
        identified=counted(8, [{2: 2, 4: 2}, {3: 2, 9: 2}, none], 2),
        ranks=counted(3, [{0: 4}, {0: 2, 1: 2}, none], 0),
        strangers=counted(8, [none, none, {3: 1, 5: 9}]),
        others=counted(8, [none, none, {3: 1, 5: 9}]),
        identities=2,
        entries=2,
        stranger_photos=10,
    )
    rates = Rates(found, bootstrap=200, seed=1)
    tenth, rarer = rates.at_far(10), rates.at_far(11)
    assert (tenth.threshold, rarer.threshold) == (4 - 0, 2)
    assert tenth.far.value == 0.1
    assert (tenth.identified.value, tenth.flagged.value) == (6 / 8, 7 / 8)
    assert (rarer.identified.value, rarer.flagged.value) == (2 / 8, 2 / 8)
    assert rarer.far.value == 0
    assert rarer.far.high == 1.0  # the rule of three, of one stranger
    low, high = tenth.identified.low, tenth.identified.high
    assert low is not None
    assert high is not None
    assert low <= 0.5 < 0.75 < high <= 1.0  # replicates of one identity alone
    assert not tenth.enough
    nothing = rates.at_far(1_000_000)
    assert (nothing.threshold, nothing.identified.value) == (2, 2 / 8)
    impossible = Rates(replace(found, strangers=counted(8, [none, none, {0: 10}])), 200, 1)
    lost = impossible.at_far(100)
    assert (lost.threshold, lost.identified.value, lost.identified.high) == (-1, 0.0, 1.0)
    harmless = Rates(replace(found, strangers=counted(8, [none, none, {8: 10}])), 200, 1)
    assert vars(harmless.at_far(100).flagged) == {"value": 1.0, "low": 0.0, "high": 1.0}
    assert rates.at_rank(1).value == 6 / 8
    everybody = rates.at_rank(2)
    assert (everybody.value, everybody.low, everybody.high) == (1.0, 0.0, 1.0)  # of two


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SHARD", 500)
    monkeypatch.setattr(speed, "LEAST_SECONDS", 0.0)


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("probes", [1, 5])
def test_a_search_finds_what_unpacked_bits_say(probes: int) -> None:
    """14 bits: many random entries are within 2."""
    bits = np.random.default_rng(7).integers(0, 2, (probes, 14), dtype=np.uint8)
    shards = list(speed._shards(bits, 2, 1234, seed=7))
    assert [shard.entries for shard in shards] == [500, 500, 234]
    expected, found = set(), set()
    for shard in shards:
        words = speed._draw(shard, 1)
        entries = np.unpackbits(words.view(np.uint8), axis=1, count=14)
        assert not np.unpackbits(words.view(np.uint8), axis=1)[:, 14:].any()
        for probe, entry in np.ndindex(probes, shard.entries):
            far = int((bits[probe] != entries[entry]).sum())
            if far <= 2:
                expected.add((probe, shard.start + entry, far))
        found |= set(speed.search(shard).flagged)
    assert found == expected
    assert len(found) > 1
    assert (0, 1233, 2) in found


@pytest.mark.usefixtures("small_shards")
def test_threads_and_a_cluster_search_the_same(cluster: str) -> None:
    alone = speed.search_speed(2100, 4, 20, 3, seed=2)
    assert alone.flagged > 1
    for text in ("2", cluster):
        with open_workers(text) as workers:
            found = speed.search_speed(2100, 4, 20, 3, seed=2, workers=workers)
        assert found.flagged == alone.flagged
        assert found.rate > 0


def test_a_search_that_misses_the_planted_entry_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_within", lambda *_: [])
    with pytest.raises(ScaleError, match="planted"):
        speed.search_speed(100, 1, 64, 3, seed=1)


@pytest.fixture
def run(make_lock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(command, "AiLock", lambda bundle, profile: make_lock(radius=20))
    monkeypatch.setattr(find, "find_bundle", lambda name: name)

    def call(*options: str) -> tuple[int, str, Path]:
        out = tmp_path / "out"
        arguments = ["--bundle", "stub", "--out", str(out), "--bootstrap", "20"]
        status = main(["identify", *arguments, *options])
        printed = capsys.readouterr()
        return status, printed.out + printed.err, out

    return call


def test_one_set_is_split(run, make_photos) -> None:
    status, text, out = run(
        *("--gallery", str(make_photos([5] * 12)), "--draws", "3", "--no-quality-gate"),
        *("--entries", "1000", "3e3"),
    )
    assert status == 0, text
    written = json.loads((out / "identify.json").read_text("utf-8"))
    assert written["format"] == "ailock-identify/1"
    assert (written["identities"], written["entries"]) == (6, 6)
    assert written["mated_searches"] == 3 * 6 * 4
    assert written["stranger_searches"] == 3 * 6 * 5
    assert written["cmc"]["1"]["value"] > 0.9
    assert set(written["cmc"]) == set("12345")
    assert set(written["at_far"]) == {"0.01", "0.001"}
    assert [(s["entries"], s["probes"]) for s in written["speed"]] == [
        *((1000, 1), (1000, 32), (3000, 1), (3000, 32))
    ]
    assert all(s["hashes_a_second"] > 0 for s in written["speed"])
    assert "too few strangers" in text
    assert "9.68 %" in text
    names = {file.name for file in out.iterdir()}
    assert names >= {"identify.html", "cmc.png", "trade_off.png", "distances.png", "rates.png"}


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    """Reports in place of files: drawing takes long."""
    reports: list[Report] = []
    monkeypatch.setattr(command, "save", lambda report, out, name: reports.append(report) or [])
    return reports


def test_strangers_are_those_whom_the_gallery_lacks(run, make_photos, reported) -> None:
    gallery, probes = make_photos([1] * 4, "gallery"), make_photos([2] * 6, "probes")
    status, text, _ = run("--gallery", str(gallery), "--probes", str(probes), "--entries")
    assert status == 0, text
    written = reported[0].document
    assert (written["mated_searches"], written["stranger_searches"]) == (8, 4)
    assert written["speed"] == []
    for name in ("object4", "object5"):
        shutil.rmtree(probes / name)
    status, text, _ = run("--gallery", str(gallery), "--probes", str(probes), "--entries")
    assert status == 0, text
    assert reported[1].document["at_far"] is None
    assert "give --probes photos of others" in text


def test_sets_without_a_common_name_are_an_error(run, make_photos) -> None:
    gallery, probes = make_photos([1] * 3, "gallery"), make_photos([2] * 3, "probes")
    for folder in list(probes.iterdir()):
        folder.rename(probes / f"other {folder.name}")
    status, text, _ = run("--gallery", str(gallery), "--probes", str(probes), "--entries")
    assert status == 1
    assert "same name" in text


def test_two_sets_share_their_names(make_samples) -> None:
    gallery, probes = make_samples([1, 2, 1], 0.0), make_samples([1, 1, 1, 3], 0.0, seed=1)
    draw, names = given(gallery, probes)
    assert names == ("object 0", "object 1", "object 2", "object 3")
    assert draw.enrolled.tolist() == [0, 1, 1, 2]
    assert draw.shown.tolist() == [0, 1, 2, 3, 3, 3]
