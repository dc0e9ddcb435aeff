"""Rates against impostors of the owner's kind, on stub locks whose distances are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.errors import PhotoSetError, TooFewTrialsError
from lab.photos.labelled_photos import open_labelled_photos
from lab.statistics.samples import Samples
from lab.verification.evaluate import acquire
from lab.verification.targeted import measure

NAMES = ("mug_A", "mug_B", "mug_C", "lamp_A", "lamp_B", "clock_A")


@pytest.fixture
def kinds(make_photos, tmp_path: Path) -> Path:
    """Three mugs, two lamps and a clock, four photos each."""
    folder = make_photos([4] * len(NAMES))
    for number, name in enumerate(NAMES):
        (folder / f"object{number}").rename(folder / name)
    return folder


@pytest.fixture
def samples(make_lock, kinds: Path, tmp_path: Path) -> Samples:
    return acquire(make_lock(), open_labelled_photos([kinds]), tmp_path / "cache")


def test_rates_are_those_of_the_pairs_asked_for(make_lock, samples: Samples) -> None:
    lock = make_lock(radius=22)
    found = measure(lock, samples, [(1, 1)], bootstrap=20)[1, 1]
    assert found is not None
    bits = (samples.reference_bits[:, None] != samples.probe_bits[None]).sum(axis=2) <= 22
    of = np.array([samples.names[i] for i in samples.objects])
    kind = np.array([name.split("_")[0] for name in of])
    same = (kind[:, None] == kind[None]) & (of[:, None] != of[None])
    own = (of[:, None] == of[None]) & ~np.eye(len(of), dtype=np.bool_)
    other = kind[:, None] != kind[None]
    assert found.trials == (same.sum(), other.sum(), own.sum())
    for name in ("mug", "lamp", "clock"):
        rates, mine = found.kinds[name], kind[:, None] == name
        assert rates.objects == len({o for o in of if o.startswith(name)})
        if name == "clock":
            assert rates.same_kind is None
        else:
            assert rates.same_kind is not None
            assert rates.same_kind.value == pytest.approx(bits[same & mine].mean())
        assert rates.other_kind is not None
        assert rates.other_kind.value == pytest.approx(bits[other & mine].mean())
        assert rates.refused is not None
        assert rates.refused.value == pytest.approx(1 - bits[own & mine].mean())
    assert found.all.same_kind is not None
    assert 0 < found.all.same_kind.value == pytest.approx(bits[same].mean())
    assert found.all.same_kind.low is not None


def test_the_strict_radius_is_asked_for_apart(make_lock, samples: Samples) -> None:
    lock = make_lock(radius=22)
    strict = measure(lock, samples, [(1, 1)], radius=0, bootstrap=0)[1, 1]
    assert strict is not None
    assert strict.all.refused is not None
    assert strict.all.refused.value == 1
    assert strict.all.refused.low is None


def test_more_photos_at_either_end(make_lock, samples: Samples) -> None:
    lock = make_lock(radius=40)  # its enrolment takes any photos together
    found = measure(lock, samples, [(1, 1), (2, 2), (3, 2)], bootstrap=0)
    assert list(found) == [(1, 1), (2, 2), (3, 2)]
    assert found[3, 2] is None  # four photos do not make three and two
    two = found[2, 2]
    assert two is not None
    assert two.trials[2] == len(NAMES) * 6
    assert two.probes.members.shape[1] == 2


def test_objects_that_may_be_one_are_left_out(make_lock, samples: Samples) -> None:
    lock = make_lock()
    plain = measure(lock, samples, [(1, 1)], bootstrap=0)[1, 1]
    apart = measure(lock, samples, [(1, 1)], [("mug_B", "mug_A")], bootstrap=0)[1, 1]
    assert plain is not None
    assert apart is not None
    assert plain.trials[0] - apart.trials[0] == 2 * 16
    assert not apart.same_kind[0, 1]
    with pytest.raises(PhotoSetError, match="'mug_Z'"):
        measure(lock, samples, [(1, 1)], [("mug_Z", "mug_A")])


def test_names_without_kinds_are_refused(make_lock, make_photos, tmp_path: Path) -> None:
    folder = make_photos([2, 2])
    for number, name in enumerate(("mug", "lamp")):
        (folder / f"object{number}").rename(folder / name)
    lone = acquire(make_lock(), open_labelled_photos([folder]), tmp_path / "cache")
    with pytest.raises(TooFewTrialsError, match="mug_A and mug_B"):
        measure(make_lock(), lone, [(1, 1)])
