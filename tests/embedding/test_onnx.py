"""Networks in ONNX: channels first, lengths of one, and every way in which one is no bundle's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ailock_sdk.embedding import Bundle, Embedder, choose_runtime, write_bundle
from ailock_sdk.errors import BundleError, RuntimeMissingError
from tests.onnx_networks import model, tensor

SIDE = 16
PIXELS = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def same(kind: int = TensorProto.FLOAT, *nodes: Any) -> onnx.ModelProto:
    """What goes in comes out."""
    shape = (1, 3, SIDE, SIDE)
    return model(
        list(nodes) or [helper.make_node("Identity", ["image"], ["out"])],
        [tensor("out", *shape, kind=kind)],
        [tensor("image", *shape, kind=kind)],
    )


def bundle(
    folder: Path, network: onnx.ModelProto | bytes, layout: str = "NCHW", **part: Any
) -> Bundle:
    shape = [3, SIDE, SIDE] if layout == "NCHW" else [SIDE, SIDE, 3]
    content = network if isinstance(network, bytes) else network.SerializeToString()
    manifest = {
        **{"format": "ailock-bundle/2", "version": "0", "licence": "none", "source": "a test"},
        **{"runtime": "onnx", "model": "model.onnx", "projection": None},
        "input": {
            **{"height": SIDE, "width": SIDE, "low": -1.0, "high": 1.0, "crop": 1.0},
            "layout": layout,
        },
        "layers": {"all": [{"output": "out", "shape": shape, "pooling": "flatten", **part}]},
        **{"projections": {}, "profiles": {}, "self_test": None},
    }
    return write_bundle(folder / "small", {"model.onnx": content}, manifest)


def embedding(bundle: Bundle, pixels: np.ndarray = PIXELS) -> np.ndarray:
    (found,) = Embedder(bundle, threads=1).embed(pixels, ["all"])
    assert found.dtype == np.float32
    return found


def test_channels_come_first(tmp_path: Path) -> None:
    expected = (PIXELS.transpose(2, 0, 1) / 127.5 - 1).astype(np.float32)
    np.testing.assert_allclose(embedding(bundle(tmp_path, same())), expected.ravel(), atol=1e-7)


def test_channels_come_last(tmp_path: Path) -> None:
    shape = ("batch", SIDE, SIDE, 3)
    nodes = [helper.make_node("Identity", ["image"], ["out"])]
    network = model(nodes, [tensor("out", *shape)], [tensor("image", *shape)])
    found = embedding(bundle(tmp_path, network, layout="NHWC"))
    np.testing.assert_allclose(found, (PIXELS / 127.5 - 1).ravel(), atol=1e-6)


def test_a_normed_output_has_length_one(tmp_path: Path) -> None:
    plain = embedding(bundle(tmp_path / "plain", same()))
    unit = embedding(bundle(tmp_path / "unit", same(), norm="l2"))
    assert np.linalg.norm(unit.astype(np.float64)) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(unit * np.linalg.norm(plain), plain, rtol=1e-5)


def test_a_root_is_of_the_output_plus_its_offset(tmp_path: Path) -> None:
    squares = same(TensorProto.FLOAT, helper.make_node("Mul", ["image", "image"], ["out"]))
    plain = embedding(bundle(tmp_path / "plain", squares))
    root = embedding(bundle(tmp_path / "root", squares, norm="root", offset=0.04))
    # Rounded correctly after each step, as the specification says: alike on every machine.
    exact = np.array([np.sqrt(np.float64(np.float32(v + np.float32(0.04)))) for v in plain])
    np.testing.assert_array_equal(root, exact.astype(np.float32))
    assert len(np.unique(root)) > 10


def test_a_negative_output_has_no_root(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="negative"):
        embedding(bundle(tmp_path, same(), norm="root", offset=0.04))


def test_an_output_of_zeros_stays(tmp_path: Path) -> None:
    nodes = [helper.make_node("Sub", ["image", "image"], ["out"])]
    assert not embedding(bundle(tmp_path, same(TensorProto.FLOAT, *nodes), norm="l2")).any()


def test_what_is_no_number_is_no_embedding(tmp_path: Path) -> None:
    nodes = [helper.make_node("Log", ["image"], ["out"])]  # of numbers below zero
    with pytest.raises(BundleError, match="gives for a photo what is no embedding in 'out'"):
        embedding(bundle(tmp_path, same(TensorProto.FLOAT, *nodes)))


def two_inputs() -> onnx.ModelProto:
    shape = (1, 3, SIDE, SIDE)
    nodes = [helper.make_node("Add", ["a", "b"], ["out"])]
    return model(nodes, [tensor("out", *shape)], [tensor("a", *shape), tensor("b", *shape)])


def weights_elsewhere() -> onnx.ModelProto:
    """Its one constant would be read from a file that the bundle does not list."""
    network = same(TensorProto.FLOAT, helper.make_node("Add", ["image", "more"], ["out"]))
    constant = network.graph.initializer.add()
    constant.name, constant.data_type = "more", TensorProto.FLOAT
    constant.dims.extend([1, 3, SIDE, SIDE])
    constant.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "weights.bin"), ("offset", "0"), ("length", "3072")):
        constant.external_data.add(key=key, value=value)
    return network


BAD: dict[str, tuple[Any, str]] = {
    "no network": (lambda: b"no network", "does not load: "),
    "empty": (lambda: b"", "does not load: "),
    "two inputs": (two_inputs, "it takes a of tensor.float., b of tensor.float., not one tensor"),
    "integers": (lambda: same(TensorProto.UINT8), "it takes image of tensor.uint8., not one"),
    "weights elsewhere": (weights_elsewhere, "does not load: "),
}


@pytest.mark.parametrize("defect", BAD)
def test_another_network_is_one_error(
    defect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, message = BAD[defect]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(np.ones((3, SIDE, SIDE), np.float32).tobytes())
    with pytest.raises(BundleError, match=message) as caught:
        Embedder(bundle(tmp_path, make()), threads=1)
    assert "\n" not in str(caught.value)


def test_another_shape_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"takes \(1, 3, 16, 16\), its manifest says \(1, 16"):
        Embedder(bundle(tmp_path / "input", same(), layout="NHWC"), threads=1)
    with pytest.raises(BundleError, match=r"gives \(3, 16, 16\), the manifest says \(768,\)"):
        Embedder(bundle(tmp_path / "output", same(), shape=[768]), threads=1)
    with pytest.raises(BundleError, match="the model has no output 'logits'"):
        Embedder(bundle(tmp_path / "name", same(), output="logits"), threads=1)


def test_without_the_extra_one_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bundle(tmp_path, same())
    choose_runtime.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    try:
        with pytest.raises(RuntimeMissingError, match=r"pip install 'ailock-sdk\[onnx\]'"):
            Embedder(made)
    finally:
        choose_runtime.cache_clear()
