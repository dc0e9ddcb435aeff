"""Keras's Inception v3 as layers: the same network, from files and downloads that are checked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="conversion needs the [convert] extra")

from lab.errors import LayerFileError
from tools import convert_tflite
from tools.conversion import imagenet_weights
from tools.conversion.imagenet_weights import download, fold, read_keras_weights
from tools.conversion.inception_v3 import KERAS_NODES, MIXED_8_POOL, NODES, POOL_3
from tools.conversion.keras_inception import build_model
from tools.conversion.quiet_tensorflow import keras
from tools.conversion.weights import load_weights

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own deprecations

SIDE = 139
CONTENT = b"weights, let us say" * 1000


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Keras's own network with random weights and random batch statistics."""
    model = keras.applications.InceptionV3(weights=None, input_shape=(299, 299, 3))
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.get_weights()[0].shape
            beta, mean = 0.3 * rng.standard_normal((2, *shape))
            layer.set_weights([beta, mean, rng.uniform(0.2, 0.8, shape)])
    return model


def test_folded_network_is_the_keras_network(model: keras.Model) -> None:
    body = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(SIDE, SIDE, 3)
    )
    body.set_weights(model.get_weights()[: len(body.get_weights())])
    rng = np.random.default_rng(2)
    pixels = np.float32(rng.uniform(-1, 1, (1, SIDE, SIDE, 3)))
    theirs = keras.Model(body.input, [body.output, body.get_layer("mixed8").output])
    last, mixed_8 = (np.asarray(output)[0] for output in theirs(pixels))
    expected = {POOL_3: last.mean(axis=(0, 1)), MIXED_8_POOL: mixed_8[..., -768:]}

    ours = build_model(fold(body), SIDE, [POOL_3, MIXED_8_POOL], KERAS_NODES)(pixels)
    for name, values in expected.items():
        found = np.asarray(ours[name.replace("/", "_")])[0]
        np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-4 * values.max())
    # The release of 2015 differs, in one pool: its graph must not be taken for Keras's.
    other = np.asarray(build_model(fold(body), SIDE, [POOL_3], NODES)(pixels)[POOL_3])[0]
    assert np.abs(other - expected[POOL_3]).max() > 0.1 * np.abs(expected[POOL_3]).max()


@pytest.mark.parametrize("name", ["whole.h5", "weights.weights.h5"])
def test_keras_files_give_the_weights_they_hold(
    name: str, model: keras.Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if name == "whole.h5":
        model.save(path)
    else:
        model.save_weights(path)
    weights = load_weights([str(path)])
    expected = fold(model)
    assert weights.layers.keys() == expected.keys()
    assert all(np.array_equal(weights.layers[key], expected[key]) for key in expected)
    assert weights.nodes == KERAS_NODES
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert weights.files == ((name, digest),)
    assert weights.licence == "not stated"
    with pytest.raises(LayerFileError, match="not used"):
        load_weights([str(path)], sha256="0" * 64)


def test_files_that_are_not_its_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_bytes(CONTENT)
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    for name in ("text.h5", "other.weights.h5", "none.h5"):
        with pytest.raises(LayerFileError, match=name) as caught:
            read_keras_weights(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(LayerFileError, match="one Keras file"):
        load_weights([str(tmp_path / "text.h5")] * 2)


class _Handler(BaseHTTPRequestHandler):
    """Serves :data:`CONTENT`, of which it promises ``surplus`` bytes too many."""

    def __init__(self, surplus: int, *arguments: object) -> None:
        self.surplus = surplus
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT) + self.surplus))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A server in place of the publisher's; yields the folder that downloads are kept in."""
    with HTTPServer(("127.0.0.1", 0), partial(_Handler, getattr(request, "param", 0))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        monkeypatch.setattr(imagenet_weights, "URL", f"http://127.0.0.1:{http.server_port}/w.h5")
        monkeypatch.setattr(imagenet_weights, "MD5", hashlib.md5(CONTENT).hexdigest())
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        yield tmp_path / "models"
        http.shutdown()
        thread.join()


def test_download_is_kept_once_its_hash_is_right(server: Path) -> None:
    path = download()
    assert path.read_bytes() == CONTENT
    assert path.parent == server
    path.write_bytes(b"damaged later")
    assert download().read_bytes() == CONTENT


def test_download_with_another_hash_is_not_used(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagenet_weights, "MD5", "0" * 32)
    with pytest.raises(LayerFileError, match=r"not the published 0{32}"):
        download()


@pytest.mark.parametrize("server", [7], indirect=True)
def test_download_cut_short_leaves_nothing(server: Path) -> None:
    with pytest.raises(LayerFileError, match=r"cannot be downloaded.*retrieval incomplete"):
        download()
    assert not list(server.iterdir())


def test_no_network_is_one_line_and_no_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(imagenet_weights, "URL", "http://127.0.0.1:9/w.h5")  # nobody listens
    out = tmp_path / "bundles" / "inception_v3"
    (tmp_path / "photo.png").touch()
    arguments = ["--weights", "imagenet", "--representative", str(tmp_path), "--out", str(out)]
    assert convert_tflite.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("convert_tflite: the ImageNet weights cannot be downloaded")
    assert error.count("\n") == 1
    assert "--weights" in error
    assert not out.parent.exists()
