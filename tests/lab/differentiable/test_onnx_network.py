"""The copy of an ONNX graph against ONNX's own reference; needs PyTorch and onnx."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock
from ailock_sdk.embedding.neuralhash import import_neuralhash
from lab.errors import LayerFileError

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-tools")
onnx = pytest.importorskip("onnx", reason="needs onnx: make test-tools")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from lab.differentiable.onnx_network import OnnxNetwork  # noqa: E402
from lab.differentiable.pipeline import differentiable  # noqa: E402
from tests.conftest import PHOTOS  # noqa: E402
from tests.onnx_networks import BITS, random_matrix, random_weights, write_files  # noqa: E402

NODES = (
    ("Conv", "image w0 b0", "a", {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("InstanceNormalization", "a s0 s1", "b", {"epsilon": 1e-6}),
    ("Clip", "b low high", "c", {}),
    ("Mul", "c scale", "d", {}),
    ("Conv", "d w1", "e", {"group": 4, "pads": [1, 0, 1, 2], "auto_pad": "NOTSET"}),
    ("BatchNormalization", "e s0 s1 s1 s0", "f", {}),
    ("Add", "f s2", "g", {}),
    ("Relu", "g", "h", {}),
    ("AveragePool", "h", "i", {"kernel_shape": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("MaxPool", "h", "j", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ("Concat", "i j", "k", {"axis": 1}),
    ("GlobalAveragePool", "k", "l", {}),
    ("Flatten", "l", "m", {}),
    ("Gemm", "m w2 b2", "out", {"transB": 1}),
)
SHAPES = {"w0": (4, 3, 3, 3), "b0": (4,), "s0": (4,), "s1": (4,), "w1": (4, 1, 3, 3)}
SHAPES |= {"scale": (1,), "s2": (1, 4, 1, 1), "w2": (5, 8), "b2": (5,), "low": (), "high": ()}
OUTPUTS = ("k", "out")


def model(nodes: tuple[tuple[str, str, str, dict[str, object]], ...]) -> bytes:
    rng = np.random.default_rng(2)
    arrays = {n: np.asarray(rng.uniform(0.1, 1, s), np.float32) for n, s in SHAPES.items()}
    arrays["low"], arrays["high"] = np.float32(-0.5) * np.ones(()), np.float32(0.7) * np.ones(())
    made = [helper.make_node(kind, i.split(), [o], **extra) for kind, i, o, extra in nodes]
    graph = helper.make_graph(
        made,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 12, 16])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in OUTPUTS],
        [numpy_helper.from_array(np.float32(array), name) for name, array in arrays.items()],
    )
    opset = [helper.make_opsetid("", 15)]
    return helper.make_model(graph, opset_imports=opset).SerializeToString()


def test_every_operator_does_what_onnx_says() -> None:
    raw = model(NODES)
    pixels = np.random.default_rng(1).uniform(-1, 1, (1, 3, 12, 16)).astype(np.float32)
    real = ReferenceEvaluator(onnx.load_from_string(raw)).run(list(OUTPUTS), {"image": pixels})
    found = OnnxNetwork(raw, OUTPUTS, "NCHW")(torch.from_numpy(pixels))
    assert len(found) == len(OUTPUTS)
    for mine, theirs in zip(found, real, strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine.numpy() - theirs).max() < 1e-4


def test_an_unknown_operator_is_one_error() -> None:
    with pytest.raises(LayerFileError, match="does not know the ONNX operator Sin"):
        OnnxNetwork(model((*NODES, ("Sin", "out", "sine", {}))), OUTPUTS, "NCHW")


def test_what_is_no_model_is_one_error() -> None:
    with pytest.raises(LayerFileError, match="not an ONNX model"):
        OnnxNetwork(b"nothing of the kind", OUTPUTS, "NCHW")


def test_the_copy_of_a_hash_is_its_pipeline(tmp_path: Path) -> None:
    files = write_files(tmp_path, random_weights(), random_matrix())
    bundle = import_neuralhash(*files, tmp_path / "neuralhash")
    with Image.open(PHOTOS / "mug-1.jpg") as opened:
        picture = np.array(opened.convert("RGB").resize((500, 311)))  # it is squeezed, bicubic
    with AiLock(bundle, pepper=None, check_quality=False) as lock:
        real = lock.imageprint(picture)
        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
        (found,) = differentiable(lock.bundle, lock.profile)(pixels).numpy()
    assert found.shape == (BITS,)
    size = np.sqrt(np.square(real.margins).mean())
    assert np.abs(found - real.margins).max() < 0.01 * size
