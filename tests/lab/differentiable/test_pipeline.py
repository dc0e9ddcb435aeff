"""The copy against the real int8 pipeline, on the default bundle; needs PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock
from lab.errors import LayerFileError

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-tools")

from lab.differentiable.pipeline import Pipeline, differentiable  # noqa: E402
from lab.differentiable.tflite_network import TfliteNetwork  # noqa: E402

SIDE_PIXELS = 345
MOST_BITS = 24
"""Of 512, by which the copy may differ: it rounds as the int8 network does, but from float32."""


@pytest.fixture(scope="module")
def pictures(photos: dict[str, list[Path]]) -> list[np.ndarray]:
    found = []
    for views in photos.values():
        with Image.open(views[0]) as opened:
            found.append(np.array(opened.convert("RGB").resize((SIDE_PIXELS, SIDE_PIXELS))))
    assert found
    return found


@pytest.fixture(scope="module")
def copy(lock: AiLock) -> Pipeline:
    torch.set_num_threads(1)
    return differentiable(lock.bundle, lock.profile)


def as_tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float()


def test_the_copy_gives_the_bits_of_the_pipeline(
    lock: AiLock, copy: Pipeline, pictures: list[np.ndarray]
) -> None:
    for picture in pictures:
        real = lock.imageprint(picture)
        found = copy(as_tensor(picture))[0].numpy()
        assert np.count_nonzero((found >= 0) != real.bits) <= MOST_BITS
        assert np.corrcoef(found, real.margins)[0, 1] > 0.995


def test_a_reference_is_looked_at_as_one(lock: AiLock, pictures: list[np.ndarray]) -> None:
    copy = differentiable(lock.bundle, lock.profile, reference=True)
    real = lock.imageprint(pictures[0], reference=True)
    found = copy(as_tensor(pictures[0]))[0].numpy()
    assert np.count_nonzero((found >= 0) != real.bits) <= MOST_BITS


def test_photos_need_not_be_square(
    lock: AiLock, copy: Pipeline, pictures: list[np.ndarray]
) -> None:
    wide = np.ascontiguousarray(pictures[0][40:300])
    found = copy(as_tensor(wide))[0].numpy()
    assert np.count_nonzero((found >= 0) != lock.imageprint(wide).bits) <= MOST_BITS


def test_gradients_lead_downhill(copy: Pipeline, pictures: list[np.ndarray]) -> None:
    pixels = as_tensor(pictures[0]).requires_grad_()
    before = copy(pixels).square().mean()
    before.backward()
    assert pixels.grad is not None
    assert pixels.grad.isfinite().all()
    step = pixels.grad / pixels.grad.abs().max() * 4
    with torch.no_grad():
        after = copy((pixels - step).clamp(0, 255)).square().mean()
    assert after < before


OPERATORS = """
import sys
import numpy as np
import tensorflow as tf
layers = tf.keras.layers
given = layers.Input((12, 17, 3), batch_size=1)
x = layers.Conv2D(8, 3, 2, padding="same", activation="relu6")(given)
y = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
x = layers.Add()([x, y])
x = layers.MaxPool2D(3, 2, padding="same")(x)
y = layers.AveragePooling2D(3, 1, padding="same")(x)
z = layers.GlobalAveragePooling2D(keepdims=True)(x)
x = layers.Concatenate()([x, layers.Multiply()([y, z])])
x = layers.Rescaling([0.5] * 16, [0.1] * 16)(x)
x = layers.Conv2D(6, (1, 3), padding="valid")(x)
x = layers.Dense(5)(layers.GlobalAveragePooling2D()(x))
model = tf.keras.Model(given, x)
rng = np.random.default_rng(1)
model.set_weights([rng.normal(0, 0.4, w.shape).astype("float32") for w in model.get_weights()])
for kind in ("float", "int8"):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if kind == "float":
        open(sys.argv[1] + "/float.tflite", "wb").write(converter.convert())
        continue
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [rng.uniform(-1, 1, (1, 12, 17, 3)).astype("float32")] for _ in range(50)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    open(sys.argv[1] + "/int8.tflite", "wb").write(converter.convert())
"""


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tensorflow", reason="needs TensorFlow: make test-tools")
    folder = tmp_path_factory.mktemp("operators")
    # In a process of its own: loaded together TensorFlow and PyTorch crash on exit.
    subprocess.run([sys.executable, "-c", OPERATORS, folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("kind", ["float", "int8"])
def test_every_operator_does_what_tflite_does(operators: Path, kind: str) -> None:
    from ai_edge_litert.interpreter import Interpreter

    model = (operators / f"{kind}.tflite").read_bytes()
    runner = Interpreter(model_content=model).get_signature_runner()
    ((name, _),) = runner.get_input_details().items()
    ((output, _),) = runner.get_output_details().items()
    copy = TfliteNetwork(model, [output])
    for seed in range(5):
        pixels = np.random.default_rng(seed).uniform(-1, 1, (1, 12, 17, 3)).astype(np.float32)
        real = runner(**{name: pixels})[output]
        (found,) = copy(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        tolerance = 1e-4 if kind == "float" else 0.04 * np.abs(real).max()
        assert np.abs(found.numpy() - real).max() < tolerance


def test_what_is_no_model_is_one_error() -> None:
    with pytest.raises(LayerFileError, match="not a TFLite model"):
        TfliteNetwork(b"nothing of the kind", ["mixed_8"])
