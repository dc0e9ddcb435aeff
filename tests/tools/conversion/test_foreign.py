"""Networks of the user's own become TFLite bundles: ONNX and Keras, with what it costs in bits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx2tf", reason="converting needs the [convert-onnx] extra")
pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras's own

from ailock_sdk import AiLock, UnlockError  # noqa: E402
from ailock_sdk.cli import main  # noqa: E402
from ailock_sdk.cli.exit_codes import ExitCode  # noqa: E402
from ailock_sdk.embedding import load_bundle  # noqa: E402
from ailock_sdk.errors import ProfileError  # noqa: E402
from ailock_sdk.sketch import CHEAPEST  # noqa: E402
from tests.conftest import PHOTOS  # noqa: E402
from tests.onnx_networks import of_means, random_weights, write_files  # noqa: E402
from tools.codes.trials import TARGET, measure  # noqa: E402
from tools.conversion.quiet_tensorflow import keras  # noqa: E402
from tools.import_facenet import CODES, TAU  # noqa: E402

Run = Callable[..., tuple[int, str, str]]
ROW = re.compile(r"\| *(\w+) *\|.*?\| *([\d.]+)% *\| *([\d.]+) *\| *(\d+) *\|$", re.MULTILINE)
SIDE, VALUES = 64, 128


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("AILOCK_MODELS", str(tmp_path / "models"))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["models", "import", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return call


def rows(text: str) -> dict[str, tuple[float, float, int]]:
    """Of the parity table: share of equal imageprints in per cent, mean and most bits apart."""
    return {name: (float(a), float(b), int(c)) for name, a, b, c in ROW.findall(text)}


def face_network(
    path: Path, unit: bool = True, side: int | None = SIDE, values: int = VALUES
) -> Path:
    keras.utils.set_random_seed(4)
    layers = [
        keras.Input((side, side, 3)),
        keras.layers.Conv2D(16, 5, 4, activation="relu"),
        keras.layers.AveragePooling2D(5) if side else keras.layers.GlobalAveragePooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(values, use_bias=False),
        *([keras.layers.UnitNormalization()] if unit else []),
    ]
    keras.Sequential(layers).save(path)
    return path


def test_an_onnx_network_keeps_its_bits(
    run: Run, tmp_path: Path, photos: dict[str, list[Path]]
) -> None:
    model, seed = write_files(tmp_path)
    files = ("--model", model, "--seed", seed)
    assert run("neuralhash", *files, "--out", tmp_path / "onnx")[0] == ExitCode.OK
    code, out, err = run("neuralhash", *files, "--to", "tflite", "--report", PHOTOS)
    assert code == ExitCode.OK, err
    assert rows(out) == {"float32": (100.0, 0.0, 0)}
    folder = tmp_path / "models" / "neuralhash"
    original, converted = load_bundle(tmp_path / "onnx"), load_bundle(folder)
    assert (converted.runtime, converted.input.layout) == ("tflite", "NHWC")
    assert "| float32 |" in (folder / "CARD.md").read_text("utf-8")
    locks = [AiLock(each, pepper=None, check_quality=False) for each in (original, converted)]
    view = photos["mug"][0]
    first, second = (lock.imageprint(view) for lock in locks)
    assert first == second
    assert np.abs(first.margins - second.margins).max() < 1e-3 * np.abs(first.margins).max()


@pytest.mark.parametrize("kind", ["keras", "onnx"])
def test_a_face_network_becomes_an_int8_bundle(
    kind: str, run: Run, tmp_path: Path, photos: dict[str, list[Path]]
) -> None:
    weights = tmp_path / f"facenet.{kind}"
    if kind == "keras":
        face_network(weights)
    else:
        weights.write_bytes(of_means(random_weights(), side=160).SerializeToString())
    words = ("--weights", weights, "--representative", PHOTOS, "--report", PHOTOS)
    assert run("facenet", *words)[0] == ExitCode.OK
    code, out, err = run("facenet", *words, "--replace")
    assert code == ExitCode.OK, err
    _, mean, most = rows(out)["int8"]
    assert mean <= 0.05 * VALUES
    assert most <= 0.1 * VALUES
    bundle = load_bundle(tmp_path / "models" / "facenet")
    assert (bundle.subject, bundle.runtime) == ("faces", "tflite")
    assert (bundle.input.height, bundle.input.width) == (2 * (SIDE if kind == "keras" else 160,))
    assert bundle.layers["embedding"].parts[0].norm == "l2"
    assert not bundle.profile("default").overcomplete
    first = photos["mug"][0]
    with pytest.raises(ProfileError, match="allow_faces"):
        AiLock(bundle, pepper=None, cost=CHEAPEST).enroll([first])
    lock = AiLock(bundle, pepper=None, cost=CHEAPEST, allow_faces=True)
    assert lock.lambda_bits == VALUES
    record, secret = lock.enroll([first])
    assert lock.unlock(first, record) == secret
    inverted = 255 - np.asarray(lock_pixels(first))
    with pytest.raises(UnlockError):
        lock.unlock(inverted, record)


def lock_pixels(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_its_length_is_taken_outside_the_network(run: Run, tmp_path: Path) -> None:
    """Inside it int8 would leave a vector of length 1 seven bits a value."""
    found = []
    for unit in (True, False):
        weights = face_network(tmp_path / f"{unit}.keras", unit)
        out = tmp_path / f"bundle{unit}"
        assert (
            run(*("facenet", "--weights", weights, "--precisions", "float32", "--out", out))[0]
            == ExitCode.OK
        )
        found.append((out / "model_float32.tflite").read_bytes())
    sizes = {len(content) for content in found}
    assert max(sizes) - min(sizes) < 64


def damaged(folder: Path) -> list[Any]:
    (folder / "damaged.keras").write_bytes(b"PK nothing")
    return ["--weights", folder / "damaged.keras"]


def no_onnx(folder: Path) -> list[Any]:
    (folder / "damaged.onnx").write_bytes(b"nothing")
    return ["--weights", folder / "damaged.onnx"]


def grey(folder: Path) -> list[Any]:
    keras.Sequential([keras.Input((SIDE, SIDE, 1)), keras.layers.Flatten()]).save(
        folder / "grey.keras"
    )
    return ["--weights", folder / "grey.keras"]


BAD: dict[str, tuple[Callable[[Path], list[Any]], str]] = {
    "missing": (lambda folder: ["--weights", folder / "x.keras"], "x.keras: No such file"),
    "no Keras model": (damaged, "is no Keras model that loads"),
    "no ONNX network": (no_onnx, "is no ONNX network that loads"),
    "grey pictures": (grey, "not from one RGB picture"),
    "any size": (
        lambda folder: ["--weights", face_network(folder / "any.keras", side=None)],
        "takes pictures of any size: save it with a fixed one",
    ),
    "few values": (
        lambda folder: ["--weights", face_network(folder / "few.keras", values=9)],
        "gives 9 values: a lock needs 64",
    ),
    "int8 without photos": (
        lambda folder: ["--weights", face_network(folder / "f.keras"), "--precisions", "int8"],
        "int8 needs --representative photos",
    ),
}


@pytest.mark.parametrize("defect", BAD)
def test_what_will_not_do_is_one_error_and_leaves_nothing(
    defect: str, run: Run, tmp_path: Path
) -> None:
    make, message = BAD[defect]
    words = make(tmp_path)
    if "--precisions" not in words:
        words += ["--precisions", "float32"]
    code, out, err = run("facenet", *words)
    assert (code, out) == (ExitCode.SETUP, "")
    assert message in err
    assert err.splitlines()[-1].startswith("ailock: ")
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("bits", CODES)
def test_codes_find_what_the_profile_forgives(bits: int) -> None:
    radius = int(bits * (1 - float(TAU)))
    share = measure((bits, *CODES[bits]), radius, radius, 2000)
    assert share.estimate.high >= TARGET
    assert share.accepted >= 0.98 * share.trials
