"""Several profiles side by side, and references of several photos, on stub locks."""

from __future__ import annotations

import json
import re
from itertools import combinations

import numpy as np
import pytest

from ailock_sdk.capture import Look
from ailock_sdk.imageprint import combine
from lab.errors import TooFewTrialsError
from lab.photos.labelled_photos import LabelledPhotos, open_labelled_photos
from lab.report.files import save
from lab.report.render_json import as_json
from lab.report.render_text import as_text
from lab.verification.evaluate import evaluate
from lab.verification.report import verification_report
from lab.verification.verification import Evaluation, Settings

pytestmark = pytest.mark.usefixtures("figures_once")
COUNTS = [4, 1, 5, 3, 6]
QUICK = Settings(quality_gate=False, bootstrap=30)


def trials_of(lock, photos: LabelledPhotos, size: int) -> tuple[list[int], list[int]]:
    """Mated and non-mated distances of all references of ``size`` photos, one by one."""
    probes = [lock.imageprint(photos.read(i)) for i in range(len(photos))]
    looked = [lock.imageprint(photos.read(i), reference=True) for i in range(len(photos))]
    mated, non_mated = [], []
    for name in set(photos.objects):
        own = [i for i, other in enumerate(photos.objects) if other == name]
        for members in combinations(own, size):
            reference = combine([looked[i] for i in members])
            for index, probe in enumerate(probes):
                if index not in members:
                    (mated if index in own else non_mated).append(reference - probe)
    return mated, non_mated


def assert_counts(found, distances: tuple[list[int], list[int]]) -> None:
    for counts, expected in zip(
        (found.comparisons.mated, found.comparisons.non_mated), distances, strict=True
    ):
        np.testing.assert_array_equal(counts, np.bincount(expected, minlength=len(counts)))


@pytest.fixture
def measured(make_lock, make_photos, tmp_path) -> Evaluation:
    """Two profiles side by side, with one to four reference photos."""
    photos = open_labelled_photos([make_photos(COUNTS)])
    settings = Settings(references=(1, 2, 3, 4), quality_gate=False, bootstrap=30)
    locks = make_lock(), make_lock("paper", lambda_bits=40, radius=9)
    return evaluate(locks[0], photos, tmp_path, settings, "command", locks[1:])


def test_every_reference_meets_every_other_photo_as_a_probe(
    make_lock, make_photos, tmp_path
) -> None:
    photos = open_labelled_photos([make_photos(COUNTS)])
    lock = make_lock()
    found = evaluate(lock, photos, tmp_path, QUICK, "command").main
    assert int(found.comparisons.mated.sum() + found.comparisons.non_mated.sum()) == 19 * 18
    assert_counts(found, trials_of(lock, photos, 1))


def test_profiles_beside_see_the_same_trials(measured, make_lock) -> None:
    main, other = measured.columns
    assert main.name == "stub 0, default"
    for found, lock in (
        (main, make_lock()),
        (other, make_lock("paper", lambda_bits=40, radius=9)),
    ):
        assert_counts(found, trials_of(lock, main.photos, 1))
        assert found.lambda_bits == lock.lambda_bits
    np.testing.assert_array_equal(main.references.members, other.references.members)
    for kind in ("resampled_mated", "resampled_non_mated"):  # the same objects were drawn
        sums = [getattr(column.comparisons, kind).sum(axis=1) for column in measured.columns]
        np.testing.assert_array_equal(*sums)
    assert main.extractor is not None
    assert other.extractor is None
    assert len(measured.times) == 2
    assert all(time.probe_seconds > 0 < time.reference_seconds for time in measured.times)


def test_one_to_four_reference_photos(measured, make_lock) -> None:
    assert list(measured.by_photos) == [(1, 1), (2, 1), (3, 1), (4, 1)]
    assert measured.by_photos[1, 1] is measured.main
    for (size, _), found in measured.by_photos.items():
        assert found is not None
        assert (found.reference_photos, found.probe_photos) == (size, 1)
        assert_counts(found, trials_of(make_lock(), found.photos, size))


def test_several_photos_in_a_probe(make_lock, make_photos, tmp_path) -> None:
    photos = open_labelled_photos([make_photos([4, 4, 4])])
    settings = Settings((2, 1), (2, 3), quality_gate=False, bootstrap=5)
    found = evaluate(make_lock(), photos, tmp_path, settings, "command")
    assert list(found.by_photos) == [(2, 2), (2, 3), (1, 2), (1, 3)]
    assert found.by_photos[2, 3] is None  # four photos do not make two and three
    assert found.by_photos[2, 2] is found.main
    assert int(found.main.comparisons.mated.sum()) == 3 * 6  # the two that the reference left
    fewer = found.by_photos[1, 3]
    assert fewer is not None
    assert int(fewer.comparisons.mated.sum()) == 3 * 4
    assert found.main.extractor is not None
    assert found.main.extractor["mated"]["trials"] == 18
    report = verification_report(found)
    written = json.loads(as_json(report))
    assert (written["references"], written["probes"]) == (2, 2)
    assert [(row["references"], row["probes"]) for row in written["by_references"]] == [
        *((2, 2), (2, 3), (1, 2), (1, 3)),
    ]
    assert all(len(pair["probes"]) == 2 for pair in written["hardest"]["mated"])
    assert "A probe is made of 2 photos" in as_text(report)
    assert (tmp_path / "worst.png") in save(report, tmp_path, "verify")


def test_all_from_the_same_prints(make_lock, make_photos, tmp_path) -> None:
    photos = open_labelled_photos([make_photos([5, 5])])
    lock = make_lock()
    settings = Settings(references=(1, 2, 3, 4), quality_gate=False, bootstrap=0)
    evaluate(lock, photos, tmp_path, settings, "command")
    assert sorted(lock.calls) == [False] * 10 + [True] * 10


def test_too_few_photos_for_so_many_references_leave_a_row(
    make_lock, make_photos, tmp_path
) -> None:
    photos = open_labelled_photos([make_photos([2, 2])])
    settings = Settings(references=(1, 2), quality_gate=False, bootstrap=5)
    found = evaluate(make_lock(), photos, tmp_path, settings, "command")
    assert found.by_photos == {(1, 1): found.main, (2, 1): None}
    report = verification_report(found)
    assert "too few photos" in as_text(report)
    assert json.loads(as_json(report))["by_references"][1] == {"references": 2, "probes": 1}
    assert (tmp_path / "references.png") in save(report, tmp_path, "verify")
    with pytest.raises(TooFewTrialsError, match="with 2 photos in a reference"):
        evaluate(make_lock(), photos, tmp_path, Settings(references=(2,)), "command")


def test_what_one_gate_refuses_is_left_out_for_all(make_lock, make_photos, tmp_path) -> None:
    photos = open_labelled_photos([make_photos([3, 3, 3])])
    locks = (
        make_lock(poor=frozenset({(0, 1)})),
        make_lock("other", poor=frozenset({(0, 1), (2, 2)})),
    )
    found = evaluate(locks[0], photos, tmp_path, Settings(bootstrap=5), "command", locks[1:])
    for column in found.columns:
        assert column.samples.photos.tolist() == [0, 2, 3, 4, 5, 6, 7]
        assert column.failures == 2
        assert column.issues == ("", "blurred", "", "", "", "", "", "", "blurred")


def test_what_one_enrolment_refuses_is_left_out_for_all(make_lock, make_photos, tmp_path) -> None:
    photos = open_labelled_photos([make_photos([4] * 5)])
    strict = make_lock("strict", radius=7)
    alone = [
        evaluate(lock, photos, tmp_path, Settings(references=(2,), bootstrap=0), "c").main
        for lock in (make_lock(), strict)
    ]
    assert alone[0].references.refused < alone[1].references.refused
    settings = Settings(references=(2,), bootstrap=0)
    both = evaluate(make_lock(), photos, tmp_path, settings, "c", [strict]).columns
    np.testing.assert_array_equal(both[0].references.members, both[1].references.members)
    assert len(both[0].references) <= min(len(each.references) for each in alone)
    for column in both:
        assert column.references.refused + len(column.references) == 30


def test_the_report_shows_both_columns_and_all_rows(measured, tmp_path) -> None:
    report = verification_report(measured)
    files = save(report, tmp_path / "out", "verify")
    assert {file.name for file in files} == {
        *("verify.json", "verify.md", "det.png", "histograms.png", "worst.png", "references.png"),
        *("verify.html", "det.csv", "histograms.csv", "references.csv"),
        *("figures.csv", "side_by_side.csv", "by_references.csv"),
    }
    assert all(file.stat().st_size > 1000 for file in files if file.suffix != ".csv")
    text = re.sub(" +", " ", as_text(report))
    assert "| measure | stub 0, default | paper 0, default |" in text
    assert "| lambda | 60 bits | 40 bits |" in text
    assert "references.png" in text
    assert "references.png" not in as_text(report, pictures=False)
    written = json.loads(as_json(report))
    assert [column["bundle"]["name"] for column in written["side_by_side"]] == ["stub", "paper"]
    assert written["side_by_side"][0]["measures"] == written["measures"]
    assert written["side_by_side"][0]["looks"] == {"probe": 1, "reference": 2}
    assert [row["references"] for row in written["by_references"]] == [1, 2, 3, 4]
    assert sum(written["by_references"][3]["histograms"]["mated"]) == 1 * 0 + 5 + 15 * 2


def test_alone_there_is_one_table(make_lock, make_photos, tmp_path) -> None:
    photos = open_labelled_photos([make_photos([2, 2])])
    found = evaluate(make_lock(), photos, tmp_path, QUICK, "command")
    assert found.times == ()
    report = verification_report(found)
    assert as_text(report).count("\n|---") == 1
    written = json.loads(as_json(report))
    assert written["side_by_side"] == written["by_references"] == []
    assert "references.png" not in {file.name for file in save(report, tmp_path, "verify")}


def test_other_looks_are_not_read_from_the_cache(make_lock, make_photos, tmp_path) -> None:
    photos = open_labelled_photos([make_photos([2, 2])])
    evaluate(make_lock(), photos, tmp_path, QUICK, "command")
    again, other = make_lock(), make_lock(looks=[Look(0.9, 0)])
    for lock in (again, other):
        evaluate(lock, photos, tmp_path, QUICK, "command")
    assert again.calls == []
    assert other.calls == [False] * 4  # its references were looked at alike


def test_sets_are_evaluated_together_or_one_by_one(make_lock, make_photos, tmp_path) -> None:
    sets = [make_photos([3, 3], "one"), make_photos([2, 2, 2], "two")]
    lock = make_lock()
    joint = evaluate(lock, open_labelled_photos(sets), tmp_path, QUICK, "command").main
    assert len(joint.samples.names) == 5
    lock.calls.clear()
    for source, objects in zip(sets, (2, 3), strict=True):
        alone = evaluate(lock, open_labelled_photos([source]), tmp_path, QUICK, "command").main
        assert len(alone.samples.names) == objects
    assert lock.calls == []
