"""NeuralHash imported: a small network of its shape, its bits by hand, and every wrong file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock, UnlockError
from ailock_sdk.constants import RuntimeId
from ailock_sdk.embedding import Bundle, load_bundle
from ailock_sdk.embedding.neuralhash import import_neuralhash, read_matrix
from ailock_sdk.errors import BundleError
from ailock_sdk.sketch import CHEAPEST
from tests.onnx_networks import (
    BITS,
    DIMENSIONS,
    SIDE,
    of_means,
    random_matrix,
    random_weights,
    seed_file,
    tensor,
    write_files,
)

RED, GREEN, AQUA = (255, 0, 0), (0, 255, 0), (0, 255, 255)
BY_HAND = {
    RED: 8 * f"{0b110001_110001:03x}",
    GREEN: 8 * f"{0b000111_000111:03x}",
    AQUA: 8 * f"{0b001110_001110:03x}",
}
"""Value i is the mean of channel i % 3, 1 or -1; bit j is its sign, of odd j the opposite. Red is
(1, -1, -1): the bits are 1 (red), 1 (not green), 0 (blue), 0 (not red), 0 (green), 1 (not blue),
and so on."""


def by_hand(folder: Path) -> Bundle:
    weights = np.zeros((DIMENSIONS, 3, 8, 8), np.float32)
    for index in range(DIMENSIONS):
        weights[index, index % 3] = 1 / 64
    matrix = np.zeros((BITS, DIMENSIONS), np.float32)
    matrix[range(BITS), range(BITS)] = np.where(np.arange(BITS) % 2, -1, 1)
    return import_neuralhash(*write_files(folder, weights, matrix), folder / "neuralhash")


def digits(lock: AiLock, picture: Image.Image) -> str:
    return bytes(lock.imageprint(picture)).hex()


def test_the_hex_is_the_one_computed_by_hand(tmp_path: Path) -> None:
    with AiLock(by_hand(tmp_path), pepper=None, check_quality=False) as lock:
        for colour, expected in BY_HAND.items():
            assert digits(lock, Image.new("RGB", (500, 400), colour)) == expected
            assert len(expected) == 24


def test_the_whole_picture_is_squeezed(tmp_path: Path) -> None:
    """Three quarters of it are red, all of its centre square is green."""
    picture = Image.new("RGB", (1440, 360), RED)
    picture.paste(GREEN, (540, 0, 900, 360))
    with AiLock(by_hand(tmp_path), pepper=None, check_quality=False) as lock:
        assert digits(lock, picture) == BY_HAND[RED]


def test_it_is_a_bundle_of_its_own_facts(tmp_path: Path) -> None:
    bundle = by_hand(tmp_path)
    assert load_bundle(bundle.path) == bundle
    assert (bundle.runtime, bundle.subject, bundle.name) == ("onnx", "objects", "neuralhash")
    assert not bundle.profile("default").overcomplete
    card = (bundle.path / "CARD.md").read_text("utf-8")
    assert "may not be passed on" in card
    assert "it is weak" in card


def test_a_lock_opens_by_the_picture_and_not_by_another(tmp_path: Path) -> None:
    bundle = import_neuralhash(*write_files(tmp_path), tmp_path / "neuralhash")
    rng = np.random.default_rng(5)
    mine, other = (
        Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8)).resize((600, 450))
        for _ in range(2)
    )
    for profile in bundle.profiles:
        lock = AiLock(bundle, profile, pepper=None, cost=CHEAPEST, check_quality=False)
        with lock:
            record, secret = lock.enroll([mine])
            assert record.objects[0].runtime == RuntimeId.ONNXRUNTIME
            assert lock.unlock(mine.resize((640, 480)), record) == secret
            assert not lock.needs_reenroll(record)
            with pytest.raises(UnlockError):
                lock.unlock(other, record)


def test_the_strength_that_is_stated_is_the_code_s(tmp_path: Path) -> None:
    bundle = by_hand(tmp_path)
    for name, profile in bundle.profiles.items():
        lock = AiLock(bundle, name, pepper=None)
        assert lock.code.message_bits == profile.calibration["message_bits"]
        assert lock.lambda_bits == BITS


Files = tuple[Path, Path]


def other_side(files: Files) -> None:
    files[0].write_bytes(of_means(random_weights(), side=SIDE // 2).SerializeToString())


def other_output(files: Files) -> None:
    network = of_means(random_weights()[:64], outputs=64)
    files[0].write_bytes(network.SerializeToString())


def two_outputs(files: Files) -> None:
    network = of_means(random_weights())
    network.graph.output.append(tensor("cells", 1, 3, 8, 8))
    files[0].write_bytes(network.SerializeToString())


def matrix_with(value: float) -> bytes:
    matrix = random_matrix()
    matrix[95, 127] = value
    return seed_file(matrix)


BAD: dict[str, tuple[Callable[[Files], object], str]] = {
    "no network": (lambda f: f[0].unlink(), r"model\.onnx: No such file"),
    "no matrix": (lambda f: f[1].unlink(), r"seed1\.dat: No such file"),
    "not ONNX": (lambda f: f[0].write_bytes(b"PK"), "is no ONNX network that loads"),
    "network cut short": (
        lambda f: f[0].write_bytes(f[0].read_bytes()[:-9]),
        "is no ONNX network that loads",
    ),
    "other input": (other_side, r"takes \(1, 3, 180, 180\), NeuralHash takes \(1, 3, 360, 360\)"),
    "other output": (other_output, r"gives \(1, 64, 1, 1\), NeuralHash gives 128 values"),
    "two outputs": (two_outputs, "has 2 outputs, NeuralHash has one"),
    "matrix cut short": (
        lambda f: f[1].write_bytes(f[1].read_bytes()[:-1]),
        "has 49,279 bytes: a matrix of 96 x 128",
    ),
    "matrix too long": (
        lambda f: f[1].write_bytes(f[1].read_bytes() + b"0"),
        "has more than 49,280 bytes",
    ),
    "no magic": (
        lambda f: f[1].write_bytes(seed_file(random_matrix(), magic=b"PICKLE")),
        "another header",
    ),
    "other rows": (
        lambda f: f[1].write_bytes(seed_file(random_matrix(), rows=64)),
        "another header",
    ),
    "other columns": (
        lambda f: f[1].write_bytes(seed_file(random_matrix(), columns=96)),
        "another header",
    ),
    "other count": (
        lambda f: f[1].write_bytes(seed_file(random_matrix(), values=9)),
        "another header",
    ),
    "not a number": (
        lambda f: f[1].write_bytes(matrix_with(float("nan"))),
        "a value is no number",
    ),
    "an empty row": (
        lambda f: f[1].write_bytes(seed_file(random_matrix() * (np.arange(BITS) != 3)[:, None])),
        "a row is empty",
    ),
}


@pytest.mark.parametrize("defect", BAD)
def test_a_wrong_file_is_one_error_and_leaves_nothing(defect: str, tmp_path: Path) -> None:
    files = write_files(tmp_path)
    spoil, message = BAD[defect]
    spoil(files)
    with pytest.raises(BundleError, match=message) as caught:
        import_neuralhash(*files, tmp_path / "models" / "neuralhash")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "models").exists()


def test_a_folder_in_use_is_replaced_only_if_it_is_a_bundle_and_asked_for(tmp_path: Path) -> None:
    files, target = write_files(tmp_path), tmp_path / "neuralhash"
    first = import_neuralhash(*files, target)
    files[1].write_bytes(seed_file(random_matrix(seed=9)))
    with pytest.raises(BundleError, match="--replace replaces it"):
        import_neuralhash(*files, target)
    assert load_bundle(target).fingerprints == first.fingerprints
    assert import_neuralhash(*files, target, replace=True).fingerprints != first.fingerprints
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter").write_text("mine")
    with pytest.raises(BundleError, match="is not a bundle"):
        import_neuralhash(*files, other, replace=True)
    assert (other / "letter").read_text() == "mine"


def test_the_matrix_is_read_row_after_row(tmp_path: Path) -> None:
    matrix = random_matrix()
    (tmp_path / "seed").write_bytes(seed_file(matrix))
    np.testing.assert_array_equal(read_matrix(tmp_path / "seed"), matrix)
