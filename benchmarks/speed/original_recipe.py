"""The original ai.lock, from a photo to its bits, with public libraries only.

Re-created from the paper (arXiv 1712.02483) and its published programs (casprlab/ai.lock), in the
variant that the paper recommends, several layers and several segments (MLMS):

1. The JPEG is decoded in full: neither scikit-image nor TensorFlow's example program, which the
   original uses, reduces while decoding.
2. Five segments: four corners that overlap, and the centre. ``split_images.py`` cuts photos of
   270 x 312 pixels into pieces of 186 x 206; other sizes are cut in proportion.
3. Each segment at 299 x 299 through float Inception v3 in TensorFlow, as a frozen graph in a
   session. Two layers are read: ``pool_3`` (2,048 values) and ``mixed_8/pool`` (8 x 8 x 768 =
   49,152). All of ``mixed_8`` would be 81,920; the authors' notes name its pool.
4. PCA of 500 components for each layer, in float64 as scikit-learn computes it. All 500 are
   computed and then 200 are kept, from number 200 on, as ``Transform_PCA.py`` does; so the matrix
   of the second layer has 500 x 49,152 elements, 197 MB.
5. Gaussian projections to 500 bits for each layer and segment (seed 723657345): 5,000 bits.

Where the published programs are slower than they need to be, this is not: they write segments and
activations to files and run the network once for each segment *and* layer; here one run takes all
five segments and gives both layers (``batched``). ``published`` keeps their runs, without their
files.

The network's weights are random, and so are the PCA's components: no ImageNet weights ship with a
library, and neither the time nor the memory depends on them. The bits mean nothing.

The program: ``python -m benchmarks.speed.original_recipe prepare FOLDER`` makes the files that a
user of the original would have, ``once FOLDER THREADS WAY PHOTO`` prints one photo's bits in hex,
``serve FOLDER THREADS`` answers each line ``batched PHOTO`` or ``published PHOTO`` with them. It
shares no process with the SDK: two runtimes in one disturb each other.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LAYERS = {"pool_3": 2048, "mixed_8_pool": 8 * 8 * 768}
"""Layer -> number of values, in the order of the bits."""
SEGMENTS = 5
INPUT_PIXELS = 299
PAPER_WIDTH_PIXELS, PAPER_HEIGHT_PIXELS = 270, 312
SEGMENT_WIDTH_PIXELS, SEGMENT_HEIGHT_PIXELS = 186, 206
COMPONENTS = 500
WINDOW = slice(200, 400)
LAMBDA_BITS = 500
"""For each layer of each segment."""
LSH_SEED = 723657345
SEED = 2017
"""Of the random weights and components; it decides nothing that is measured."""
GRAPH, INPUT = "inception_v3.pb", "input"
READY = "ready.json"
"""Written last: the folder is complete, and for which TensorFlow."""


def segment_boxes() -> NDArray[np.float32]:
    """The five segments as (top, left, bottom, right), float32 (5, 4), shares of the photo."""
    high = SEGMENT_HEIGHT_PIXELS / PAPER_HEIGHT_PIXELS
    wide = SEGMENT_WIDTH_PIXELS / PAPER_WIDTH_PIXELS
    above, left = (1 - high) / 2, (1 - wide) / 2
    corners = [(0, 0), (0, 1 - wide), (1 - high, 0), (1 - high, 1 - wide), (above, left)]
    return np.array([(y, x, y + high, x + wide) for y, x in corners], np.float32)


class Projection:
    """One layer's PCA and its Gaussian projections.

    Parameters
    ----------
    components : float64 (500, D)
    mean : float64 (D,)
    """

    def __init__(self, components: NDArray[np.float64], mean: NDArray[np.float64]) -> None:
        self._components = components
        self._offset = mean @ components.T
        width = WINDOW.stop - WINDOW.start
        self._normals = np.random.RandomState(LSH_SEED).randn(LAMBDA_BITS, width)

    def bits(self, activations: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Bits (n, 500) of activations (n, D), one row a segment."""
        components = activations.astype(np.float64) @ self._components.T - self._offset
        return np.asarray(components[:, WINDOW] @ self._normals.T > 0)


class OriginalRecipe:
    """The whole recipe, loaded from the files of :func:`prepare` and kept warm.

    Parameters
    ----------
    folder : what :func:`prepare` filled
    threads : CPU threads of the network; 0 leaves them to TensorFlow, which takes all cores
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        tf = _tensorflow()
        definition = tf.compat.v1.GraphDef()
        definition.ParseFromString((folder / GRAPH).read_bytes())
        size = (INPUT_PIXELS, INPUT_PIXELS)
        with tf.Graph().as_default() as graph:
            self._path = tf.compat.v1.placeholder(tf.string, [])
            pixels = tf.io.decode_jpeg(tf.io.read_file(self._path), channels=3)
            cut = tf.image.crop_and_resize(
                pixels[tf.newaxis], segment_boxes(), [0] * SEGMENTS, size
            )
            views = cut / 127.5 - 1.0
            self._views = tf.compat.v1.placeholder_with_default(views, [None, *size, 3])
            layers = [f"{layer}:0" for layer in LAYERS]
            self._layers = tf.import_graph_def(definition, {INPUT: self._views}, layers)
        config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads)
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        self._projections = [
            Projection(np.load(folder / f"{layer}.npy"), np.load(folder / f"{layer}_mean.npy"))
            for layer in LAYERS
        ]

    def batched(self, photo: Path) -> NDArray[np.bool_]:
        """The photo's 5,000 bits, bool (5, 1000): segments, and in each both layers' bits."""
        return self._bits(self._session.run(self._layers, {self._path: str(photo)}))

    def published(self, photo: Path) -> NDArray[np.bool_]:
        """The same with a run for each segment and layer."""
        views = self._session.run(self._views, {self._path: str(photo)})
        parts = [
            [self._session.run(layer, {self._views: view[np.newaxis]}) for view in views]
            for layer in self._layers
        ]
        return self._bits([np.concatenate(layer) for layer in parts])

    def _bits(self, activations: Sequence[NDArray[np.float32]]) -> NDArray[np.bool_]:
        return np.concatenate(
            [
                projection.bits(layer.reshape(SEGMENTS, -1))
                for projection, layer in zip(self._projections, activations, strict=True)
            ],
            axis=1,
        )


def prepare(folder: Path) -> None:
    """Make the frozen graph and both PCAs, 300 MB, unless this TensorFlow made them already."""
    tf = _tensorflow()
    ready = {"tensorflow": tf.__version__, "keras": tf.keras.__version__}
    marker = folder / READY
    if marker.is_file() and json.loads(marker.read_text("utf-8")) == ready:
        return
    folder.mkdir(parents=True, exist_ok=True)
    marker.unlink(missing_ok=True)
    (folder / GRAPH).write_bytes(_frozen_network(tf))
    generator = np.random.default_rng(SEED)
    for layer, dimensions in LAYERS.items():
        components = generator.standard_normal((COMPONENTS, dimensions)) / np.sqrt(dimensions)
        np.save(folder / f"{layer}.npy", components)
        np.save(folder / f"{layer}_mean.npy", np.zeros(dimensions))
    marker.write_text(json.dumps(ready), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """The program of the module's docstring."""
    command, folder = arguments[0], Path(arguments[1])
    if command == "prepare":
        prepare(folder)
        return 0
    recipe = OriginalRecipe(folder, int(arguments[2]))
    ways = {"batched": recipe.batched, "published": recipe.published}
    if command == "once":
        print(_hex(ways[arguments[3]](Path(arguments[4]))))
        return 0
    print("ready", flush=True)
    for line in sys.stdin:
        way, photo = line.rstrip("\n").split(" ", 1)
        print(_hex(ways[way](Path(photo))), flush=True)
    return 0


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()


def _tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it announces itself on standard error
    import tensorflow

    return tensorflow


def _frozen_network(tf: Any) -> bytes:
    """Inception v3 of Keras with its random weights, as a serialised graph of constants."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    tf.keras.utils.set_random_seed(SEED)
    network = tf.keras.applications.InceptionV3(weights=None)
    # The last max pooling is the one inside mixed_8, of what mixed_7 gives.
    *_, pool = (x for x in network.layers if isinstance(x, tf.keras.layers.MaxPooling2D))
    model = tf.keras.Model(network.input, [network.get_layer("avg_pool").output, pool.output])

    def run(views: Any) -> list[Any]:
        outputs = model(views, training=False)
        return [tf.identity(y, name=layer) for y, layer in zip(outputs, LAYERS, strict=True)]

    shape = tf.TensorSpec([None, INPUT_PIXELS, INPUT_PIXELS, 3], tf.float32, name=INPUT)
    concrete = tf.function(run).get_concrete_function(shape)
    frozen = convert_variables_to_constants_v2(concrete)
    return bytes(frozen.graph.as_graph_def().SerializeToString())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
