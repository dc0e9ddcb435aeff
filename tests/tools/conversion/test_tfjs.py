"""A graph model of TensorFlow.js made by the test, against the same arithmetic in NumPy."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="reading networks needs the extra [convert]")

from lab.errors import LayerFileError
from tools.conversion.tfjs import read_graph_model

RNG = np.random.default_rng(0)
WEIGHTS = {
    "kernel": RNG.standard_normal((1, 1, 3, 4)).astype(np.float32),
    "bias": RNG.standard_normal(4).astype(np.float32),
    "slope": RNG.standard_normal(4).astype(np.float32),
    "depth": RNG.standard_normal((2, 2, 4, 1)).astype(np.float32),
    "axes": np.array([1, 2], np.int32),
}


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def conv(op: str, name: str, inputs: list[str], fused: list[str]) -> dict[str, Any]:
    ones = {"list": {"i": ["1", "1", "1", "1"]}}
    attributes = {"strides": ones, "dilations": ones, "padding": {"s": text("VALID")}}
    if fused:
        attributes["fused_ops"] = {"list": {"s": [text(each) for each in fused]}}
    return {"op": op, "name": name, "input": inputs, "attr": attributes}


def write(folder: Path, nodes: list[dict[str, Any]], dtype: str = "float16") -> Path:
    """Float weights in half precision, in two files that part in the middle of one."""
    entries, raw = [], b""
    for name, values in WEIGHTS.items():
        entry: dict[str, Any] = {"name": name, "shape": list(values.shape)}
        entry["dtype"] = str(values.dtype)
        if values.dtype == np.float32:
            entry["quantization"] = {"dtype": dtype, "original_dtype": "float32"}
            values = values.astype(np.float16)
        entries.append(entry)
        raw += values.tobytes()
    (folder / "1.bin").write_bytes(raw[:21])
    (folder / "2.bin").write_bytes(raw[21:])
    constants = [{"op": "Const", "name": name, "attr": {}} for name in WEIGHTS]
    shape = {"shape": {"dim": [{"size": side} for side in ("-1", "4", "4", "3")]}}
    pixels = {"op": "Placeholder", "name": "in", "attr": {"shape": shape}}
    model = folder / "model.json"
    manifest = [{"paths": ["1.bin", "2.bin"], "weights": entries}]
    topology = {"node": [*constants, pixels, *nodes]}
    model.write_text(json.dumps({"modelTopology": topology, "weightsManifest": manifest}), "utf-8")
    return model


NODES = [
    conv("_FusedConv2D", "wide", ["in", "kernel", "bias"], ["BiasAdd", "Relu"]),
    {"op": "Mul", "name": "sloped", "input": ["wide", "slope:0"], "attr": {}},
    conv("DepthwiseConv2dNative", "deep", ["sloped", "depth"], []),
    {"op": "Mean", "name": "mean", "input": ["deep", "axes"], "attr": {}},
]


def test_a_graph_is_the_arithmetic_it_says(tmp_path: Path) -> None:
    network = read_graph_model(write(tmp_path, NODES))
    pixels = RNG.standard_normal((2, 4, 4, 3)).astype(np.float32)
    half = {name: each.astype(np.float16).astype(np.float32) for name, each in WEIGHTS.items()}
    sloped = np.maximum(pixels @ half["kernel"][0, 0] + half["bias"], 0) * half["slope"]
    deep = sum(
        sloped[:, i : i + 3, j : j + 3] * half["depth"][i, j, :, 0]
        for i in range(2)
        for j in range(2)
    )
    assert np.asarray(network(pixels)) == pytest.approx(deep.mean(axis=(1, 2)), abs=1e-5)
    part = read_graph_model(tmp_path / "model.json", "sloped")
    assert np.asarray(part(pixels)) == pytest.approx(sloped, abs=1e-5)
    caffe = read_graph_model(tmp_path / "model.json", "sloped", caffe=True)
    rgb = (pixels + np.float32([103.939, 116.779, 123.68]))[..., ::-1]
    assert np.asarray(caffe(rgb)) == pytest.approx(sloped, abs=1e-3)


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    for nodes, output, says in (
        ([{"op": "LSTM", "name": "x", "input": ["in"], "attr": {}}], None, "x: LSTM is not read"),
        (NODES, "none", "no node 'none'"),
        ([conv("_FusedConv2D", "x", ["in", "kernel"], ["Elu"])], None, "fused Elu is not read"),
    ):
        with pytest.raises(LayerFileError, match=says):
            read_graph_model(write(tmp_path, nodes), output)
    with pytest.raises(LayerFileError, match="weights of uint8 are not read"):
        read_graph_model(write(tmp_path, NODES, dtype="uint8"))
    model = write(tmp_path, NODES)
    (tmp_path / "2.bin").write_bytes(b"")
    with pytest.raises(LayerFileError, match="too short"):
        read_graph_model(model)
    (tmp_path / "2.bin").unlink()
    with pytest.raises(LayerFileError, match="cannot be read"):
        read_graph_model(model)
    model.write_text("[]", "utf-8")
    with pytest.raises(LayerFileError, match="no graph model"):
        read_graph_model(model)
