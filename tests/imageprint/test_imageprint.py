"""The imageprint value object, combination and projections."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ailock_sdk.errors import BundleError
from ailock_sdk.imageprint import ImagePrint, Projection, combine, load_projections

margins = npst.arrays(
    np.float64, st.integers(1, 70), elements=st.floats(-1e6, 1e6, allow_nan=False)
)


@given(margins)
def test_bits_are_signs_and_pack_most_significant_first(values: np.ndarray) -> None:
    imageprint = ImagePrint(values)
    text = "".join("1" if v >= 0 else "0" for v in values)
    padded = text + "0" * (-len(text) % 8)
    assert bytes(imageprint) == int(padded, 2).to_bytes(len(padded) // 8, "big")
    assert len(imageprint) == len(values)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=70))
def test_minus_is_hamming_distance(pairs: list[tuple[bool, bool]]) -> None:
    a, b = (ImagePrint(np.where([p[i] for p in pairs], 1.0, -1.0)) for i in (0, 1))
    assert a - b == b - a == sum(x != y for x, y in pairs)
    assert (a == b) == (a - b == 0)


def test_imageprint_is_immutable_and_shows_nothing() -> None:
    values = np.array([0.123456, -2.0, 3.0])
    imageprint = ImagePrint(values)
    values[:] = -1
    assert imageprint.bits.tolist() == [True, False, True]
    with pytest.raises(ValueError, match="read-only"):
        imageprint.bits[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        imageprint.margins[0] = 0
    assert repr(imageprint) == "ImagePrint(<3 bits>)"


@pytest.mark.parametrize("bad", [[], [[1.0]], [np.nan], [np.inf]])
def test_margins_are_checked(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="margins"):
        ImagePrint(np.array(bad))


def test_different_lengths_do_not_compare() -> None:
    with pytest.raises(ValueError, match="do not compare"):
        ImagePrint(np.ones(3)) - ImagePrint(np.ones(4))
    assert ImagePrint(np.ones(3)) != ImagePrint(np.ones(4))


def test_combination_follows_the_surer_photo_whatever_its_scale() -> None:
    sure = np.array([3.0, -0.1, 1.0])
    unsure = np.array([-0.1, 3.0, 1.0])
    combined = combine([ImagePrint(sure), ImagePrint(1000 * unsure)])
    assert combined.bits.all()
    assert combine([ImagePrint(-sure)]) == ImagePrint(-sure)


def test_combination_of_noisy_photos_is_nearer_than_each() -> None:
    rng = np.random.default_rng(5)
    true = rng.standard_normal(4096)
    photos = [ImagePrint(true + 0.8 * rng.standard_normal(4096)) for _ in range(3)]
    reference = ImagePrint(true)
    assert combine(photos) - reference < 0.8 * min(p - reference for p in photos)


def test_combination_is_checked() -> None:
    with pytest.raises(ValueError, match="at least one"):
        combine([])
    with pytest.raises(ValueError, match="lengths"):
        combine([ImagePrint(np.ones(3)), ImagePrint(np.ones(4))])


def test_projection_is_affine() -> None:
    rng = np.random.default_rng(1)
    projection = Projection(rng.standard_normal((5, 7)), rng.standard_normal(5))
    embedding = rng.standard_normal(7).astype(np.float32)
    slow = [
        sum(float(w) * float(e) for w, e in zip(row, embedding, strict=True)) - float(offset)
        for row, offset in zip(projection.weights, projection.offsets, strict=True)
    ]
    np.testing.assert_allclose(projection.margins(embedding), slow, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="7 dimensions"):
        projection.margins(np.zeros(6, np.float32))


_CPU_AFTER_A_PROJECTION = """
import time
import numpy as np
from ailock_sdk.imageprint import Projection

def idle_cpu():
    before = time.process_time()
    time.sleep(0.05)
    return time.process_time() - before

projection = Projection(np.ones((512, 1024)), np.zeros(512))
embedding = np.ones(1024, np.float32)
while idle_cpu() > 0.004:  # OpenBLAS's threads wait busily after their start, too
    pass
projection.margins(embedding)
print(idle_cpu())
"""


def test_no_thread_waits_busily_after_a_projection() -> None:
    """It would take a core from the key derivation: 24 ms where OpenBLAS had shared the work.

    Counted is this process's CPU time while it sleeps, which other processes do not change.
    """
    command = [sys.executable, "-c", _CPU_AFTER_A_PROJECTION]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert float(done.stdout) < 0.004


def test_projection_file_round_trip(tmp_path: Path) -> None:
    weights = np.arange(6, dtype=np.float16).reshape(2, 3)
    np.savez(tmp_path / "p.npz", **{"a/b/weights": weights, "a/b/offsets": np.zeros(2)})
    loaded = load_projections(tmp_path / "p.npz", ["a/b"])["a/b"]
    np.testing.assert_array_equal(loaded.weights, weights.astype(np.float64))


@pytest.mark.parametrize("defect", ["missing", "cut", "pickle", "float64", "nan", "shape"])
def test_bad_projection_files(tmp_path: Path, defect: str) -> None:
    path = tmp_path / "p.npz"
    arrays = {"x/weights": np.zeros((2, 3), np.float16), "x/offsets": np.zeros(2)}
    if defect == "missing":
        del arrays["x/offsets"]
    elif defect == "pickle":
        arrays["x/offsets"] = np.array([None, pickle], dtype=object)[:1].repeat(2)
    elif defect == "float64":  # float32 is a matrix's
        arrays["x/weights"] = arrays["x/weights"].astype(np.float64)
    elif defect == "nan":
        arrays["x/offsets"] = np.full(2, np.nan)
    elif defect == "shape":
        arrays["x/offsets"] = np.zeros(3)
    np.savez(path, **arrays)
    if defect == "cut":
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BundleError):
        load_projections(path, ["x"])


def test_margins_are_not_pickled_unnoticed() -> None:
    imageprint = ImagePrint(np.array([0.5, -0.25, 1.0]))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="an ImagePrint is not pickled"):
            pickle.dumps(imageprint, protocol)
    assert copy.copy(imageprint) is copy.deepcopy(imageprint) is imageprint
