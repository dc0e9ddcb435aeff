"""Layer file to TFLite: the walk agrees with a plain NumPy one, int8 stays near float."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from tools.conversion.inception_v3 import INPUT, NODES, POOL_3, Concat, Conv, Pool

pytest.importorskip("tensorflow", reason="conversion needs the [convert] extra")

from ailock_sdk.embedding import Embedder, load_bundle
from lab.errors import LayerFileError
from tools import convert_tflite
from tools.conversion.keras_inception import build_model
from tools.conversion.layer_files import read_layer_files

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own deprecations

SIDE = 80
"""About the smallest input that leaves ``mixed_10`` a position."""
TINY = 16
"""Channels are those of the full network divided by this."""
OUTPUTS = ["mixed_10", "mixed_8/pool"]
COSINE_MIN = 0.98
"""Of int8 against float embeddings on random weights; measured above 0.99."""


@pytest.fixture(scope="module")
def layers() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(1)
    channels, result = {INPUT: 3}, {}
    for node in NODES:
        if isinstance(node, Conv):
            shape = (*node.kernel, channels[node.source], max(2, node.filters // TINY))
            spread = np.sqrt(2 / np.prod(shape[:3]))
            result[f"{node.name}/weights"] = np.float32(spread * rng.standard_normal(shape))
            result[f"{node.name}/bias"] = np.float32(0.1 * rng.standard_normal(shape[3]))
            channels[node.name] = shape[3]
        elif isinstance(node, Concat):
            channels[node.name] = sum(channels[s] for s in node.sources)
        else:
            channels[node.name] = channels[node.source]
    return result


@pytest.fixture(scope="module")
def layer_file(
    layers: dict[str, NDArray[np.float32]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.npz"
    np.savez(path, **layers)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo set of six smooth random pictures."""
    path = tmp_path_factory.mktemp("photos") / "photos.zip"
    rng = np.random.default_rng(2)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.csv", "path,object\n" + "".join(f"{i}.png,\n" for i in range(6)))
        for index in range(6):
            coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
            with archive.open(f"{index}.png", "w") as stream:
                coarse.resize((120, 100), Image.Resampling.BICUBIC).save(stream, "PNG")
    return path


def patches(features: NDArray[np.float32], node: Conv | Pool, fill: float) -> NDArray[np.float32]:
    """Windows (h, w, C, kh, kw) of an (H, W, C) map, zero padding or ``fill`` around it."""
    kernel = node.kernel if isinstance(node, Conv) else (3, 3)
    pad = [(side // 2, side // 2) if node.same else (0, 0) for side in kernel]
    padded = np.pad(features, [*pad, (0, 0)], constant_values=fill)
    return sliding_window_view(padded, kernel, (0, 1))[:: node.stride, :: node.stride]


def reference(
    layers: dict[str, NDArray[np.float32]], pixels: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Every node's map, written out as the graph's definition says."""
    maps = {INPUT: pixels}
    for node in NODES:
        if isinstance(node, Concat):
            maps[node.name] = np.concatenate([maps[s] for s in node.sources], axis=2)
        elif isinstance(node, Conv):
            windows = patches(maps[node.source], node, 0.0)
            summed = np.einsum("hwcij,ijck->hwk", windows, layers[f"{node.name}/weights"])
            maps[node.name] = np.maximum(summed + layers[f"{node.name}/bias"], 0)
        elif node.kind == "max":
            maps[node.name] = patches(maps[node.source], node, -np.inf).max(axis=(3, 4))
        else:
            maps[node.name] = np.nanmean(patches(maps[node.source], node, np.nan), axis=(3, 4))
    maps[POOL_3] = maps["mixed_10"].mean(axis=(0, 1))
    return maps


def test_walk_agrees_with_numpy(layers: dict[str, NDArray[np.float32]]) -> None:
    outputs = ["mixed_2", "mixed_3", "mixed_8/pool", "mixed_10", POOL_3]
    rng = np.random.default_rng(3)
    pixels = np.float32(rng.uniform(-1, 1, (SIDE, SIDE, 3)))
    found = build_model(layers, SIDE, outputs)(pixels[np.newaxis])
    expected = reference(layers, pixels)
    for name in outputs:
        ours = np.asarray(found[name.replace("/", "_")])[0]
        np.testing.assert_allclose(ours, expected[name], rtol=1e-3, atol=1e-4, err_msg=name)


def test_walk_ends_where_the_weights_end(layers: dict[str, NDArray[np.float32]]) -> None:
    short = {k: v for k, v in layers.items() if not k.startswith("mixed_9_tower_1_conv_1")}
    assert build_model(short, SIDE, ["mixed_8"]).output.keys() == {"mixed_8"}
    with pytest.raises(LayerFileError, match=r"mixed_10.*lack mixed_9_tower_1_conv_1"):
        build_model(short, SIDE, ["mixed_10"])


def test_weights_that_do_not_fit_are_refused(layers: dict[str, NDArray[np.float32]]) -> None:
    wrong = layers | {"conv_1/weights": np.zeros((3, 3, 99, 2), np.float32)}
    with pytest.raises(LayerFileError, match="conv_1: weights are"):
        build_model(wrong, SIDE, ["mixed"])


def test_int8_bundle_loads_and_agrees(layer_file: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    arguments = ["--weights", str(layer_file), "--input", str(SIDE), "--outputs", *OUTPUTS]
    arguments += ["--representative", str(photos), "--out", str(out)]
    assert convert_tflite.main(arguments) == 0
    bundle = load_bundle(out)
    assert sorted(p.name for p in out.iterdir()) == ["CARD.md", "manifest.json", "model.tflite"]
    assert set(bundle.layers) == {POOL_3, "mixed_8/pool"}
    assert not [p for p in tmp_path.iterdir() if p != out]

    layers = read_layer_files([layer_file])
    rng = np.random.default_rng(4)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    exact = reference(layers, np.float32(pixels / 127.5 - 1))
    expected = [exact[POOL_3], exact["mixed_8/pool"].mean(axis=(0, 1))]
    found = Embedder(bundle, 1).embed(pixels, [POOL_3, "mixed_8/pool"])
    for ours, theirs in zip(found, expected, strict=True):
        cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
        assert cosine > COSINE_MIN


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_bad_weights_give_one_line_and_no_folder(
    damage: str, layer_file: Path, photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    weights, out = tmp_path / "weights.npz", tmp_path / "bundle"
    if damage == "cut":
        weights.write_bytes(layer_file.read_bytes()[:1000])
    arguments = ["--weights", str(weights), "--representative", str(photos), "--out", str(out)]
    assert convert_tflite.main(arguments) == 1
    error = capfd.readouterr().err
    assert error.startswith("convert_tflite: ")
    assert error.count("\n") == 1
    assert str(weights) in error
    assert not out.exists()


def test_empty_photo_set_is_an_error(
    layer_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none").mkdir()
    arguments = ["--weights", str(layer_file), "--input", str(SIDE)]
    arguments += ["--representative", str(tmp_path / "none"), "--out", str(tmp_path / "bundle")]
    assert convert_tflite.main(arguments) == 1
    assert "holds no photo" in capfd.readouterr().err


Convert = Callable[..., int]


@pytest.fixture
def run(layer_file: Path, photos: Path) -> Convert:
    """Convert the tiny network; returns the exit status."""

    def call(out: Path, *more: str) -> int:
        arguments = ["--weights", str(layer_file), "--input", str(SIDE), "--out", str(out)]
        return convert_tflite.main([*arguments, "--representative", str(photos), *more])

    return call


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo set of four objects in three noisy views each."""
    folder, rng = tmp_path_factory.mktemp("labelled"), np.random.default_rng(6)
    for thing in range(4):
        (folder / str(thing)).mkdir()
        plain = rng.integers(30, 226, (9, 9, 3))
        for view in range(3):
            noisy = np.uint8(plain + rng.integers(-20, 21, plain.shape))
            whole = Image.fromarray(noisy).resize((120, 100), Image.Resampling.BICUBIC)
            whole.save(folder / str(thing) / f"{view}.png")
    return folder


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def row_of(table: str, *first: str) -> str:
    """The line of a Markdown table whose first cells are these."""
    return next(line for line in table.splitlines() if cells(line)[: len(first)] == list(first))


def test_every_precision_in_one_call_with_its_report(
    run: Convert,
    labelled: Path,
    layer_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "tiny"
    more = ["--precisions", "int8", "float16", "float32", "--window", "1", "5", "--bits", "16"]
    assert run(out, *more, "--report", str(labelled), "--licence", "Apache-2.0") == 0
    models = ["model.tflite", "model_float16.tflite", "model_float32.tflite"]
    assert sorted(p.name for p in out.iterdir()) == ["CARD.md", "manifest.json", *models]
    bundle = load_bundle(out)
    assert bundle.model == "model.tflite"
    assert set(bundle.files) == set(models)
    assert {part.pooling for x in bundle.layers.values() for part in x.parts} == {"mean"}

    table, card = capsys.readouterr().out, (out / "CARD.md").read_text()
    for layer in (POOL_3, "mixed_8/pool"):
        float32, int8 = (row_of(table, p, f"`{layer}`") for p in ("float32", "int8"))
        assert cells(float32)[3:6] == ["1.0000", "1.0000", "0.00%"]
        assert float(cells(int8)[3]) > COSINE_MIN
        assert float32 in card
        assert int8 in card
    for said in (
        hashlib.sha256(layer_file.read_bytes()).hexdigest(),
        "photos.zip (6 of 6 photos, SHA-256",
        "python -m tools.convert_tflite --weights tiny.npz",
        "Licence of the weights: Apache-2.0",
        "tensorflow",
    ):
        assert said in card
    assert str(tmp_path) not in card


def test_endpoints_that_the_weights_do_not_allow_are_left_out(
    layers: dict[str, NDArray[np.float32]],
    run: Convert,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    short = {k: v for k, v in layers.items() if not k.startswith("mixed_9_tower_1_conv_1")}
    np.savez(tmp_path / "short.npz", **short)
    assert run(tmp_path / "tiny", "--weights", str(tmp_path / "short.npz")) == 0
    assert set(load_bundle(tmp_path / "tiny").layers) == {"mixed_8/pool"}
    error = capsys.readouterr().err
    assert error == (
        "convert_tflite: `pool_3` is left out: the weights lack mixed_9_tower_1_conv_1.\n"
    )


def test_layers_can_be_flattened(run: Convert, tmp_path: Path) -> None:
    assert run(tmp_path / "tiny", "--flatten", "mixed_8/pool") == 0
    layer = load_bundle(tmp_path / "tiny").layers["mixed_8/pool"]
    (part,) = layer.parts
    assert (part.pooling, layer.dimensions) == ("flatten", np.prod(part.shape))


def test_layers_can_be_joined(run: Convert, tmp_path: Path) -> None:
    assert run(tmp_path / "tiny", "--join", "mixed_8/pool", "pool_3") == 0
    bundle = load_bundle(tmp_path / "tiny")
    names = ["mixed_8/pool", "pool_3", "mixed_8/pool+pool_3"]
    pixels = np.zeros((bundle.input.height, bundle.input.width, 3), np.uint8)
    *each, together = Embedder(bundle).embed(pixels, names)
    np.testing.assert_array_equal(together, np.concatenate(each))


def test_a_bundle_is_replaced_only_if_asked(
    run: Convert, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tiny"
    assert run(out, "--version", "1.0.0") == 0
    assert run(out, "--version", "2.0.0") == 1
    assert "--replace" in capsys.readouterr().err
    assert load_bundle(out).version == "1.0.0"
    (out / "stale.txt").touch()
    assert run(out, "--version", "2.0.0", "--replace") == 0
    assert load_bundle(out).version == "2.0.0"
    assert not (out / "stale.txt").exists()

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    assert run(tmp_path / "mine", "--replace") == 1
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("step", ["convert", "measure", "write_card"])
def test_stopped_by_hand_nothing_is_left(
    step: str, run: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(convert_tflite, step, stop)
    assert run(tmp_path / "tiny") == 130
    assert not list(tmp_path.iterdir())


def test_stopped_while_moving_the_old_bundle_stays(
    run: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "tiny"
    assert run(out, "--version", "1.0.0") == 0
    rename = Path.replace

    def stop(self: Path, target: Path) -> Path:
        if self.name == "finished":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    assert run(out, "--version", "2.0.0", "--replace") == 130
    assert load_bundle(out).version == "1.0.0"
    assert [p.name for p in tmp_path.iterdir()] == ["tiny"]


def test_windows_that_cannot_be_are_refused_at_once(
    run: Convert, labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for window, reason in (
        ("200 400", "photos.zip has 6 photos"),
        ("5 5", "the first number is below the second"),
    ):
        assert run(tmp_path / "t", "--report", str(labelled), "--window", *window.split()) == 1
        assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
