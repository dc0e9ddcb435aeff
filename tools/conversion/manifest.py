"""What the manifest of a converted bundle says, before it has a projection (SPEC section 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ailock_sdk.errors import BundleError
from lab.bundles.write import MODEL, Manifest
from tools.conversion.inception_v3 import LAST_MAP, POOL_3, output_name

FLOAT32 = "float32"
"""The precision that the others are compared with."""
PRECISIONS = ("int8", "float16", FLOAT32)
LOW, HIGH = -1.0, 1.0
"""What the graph takes for pixel values 0 and 255."""


def describe(
    side: int,
    shapes: Mapping[str, Sequence[int]],
    crop: float,
    flattened: Sequence[str] = (),
    joined: Sequence[Sequence[str]] = (),
) -> Manifest:
    """The manifest of a bundle that has no file yet; layers are pooled by mean, or flattened.

    Parameters
    ----------
    side : height and width of the model's input, in pixels
    shapes : of each output by its node, without the batch; every output is a layer
    crop : the centre square that is looked at, a share of the short side
    flattened : layers whose positions are kept apart
    joined : layers that also make one together, ``A+B``

    Raises
    ------
    BundleError
        A layer to flatten or to join is not among the outputs.
    """
    layers = {}
    for node, shape in shapes.items():
        # ai.lock's "last hidden layer" is the mean of the last map: pooled exactly, by the SDK.
        layer = POOL_3 if node == LAST_MAP else node
        pooling = "flatten" if layer in flattened else "mean"
        layers[layer] = [{"output": output_name(node), "shape": list(shape), "pooling": pooling}]
    if unknown := {name for names in joined for name in names} - layers.keys():
        raise BundleError(f"no layer {min(unknown)!r} to join; there are: {', '.join(layers)}")
    layers |= {"+".join(names): [layers[name][0] for name in names] for names in joined}
    if unknown := set(flattened) - layers.keys():
        raise BundleError(f"no layer {min(unknown)!r} to flatten; there are: {', '.join(layers)}")
    return {
        "format": "ailock-bundle/2",
        "files": {},
        "model": MODEL,
        "projection": None,
        "input": {"height": side, "width": side, "low": LOW, "high": HIGH, "crop": crop},
        "layers": layers,
        "projections": {},
        "profiles": {},
        "self_test": None,
    }


def model_file(precision: str) -> str:
    """The file of a precision: int8 is ``model.tflite``, the others have their name in it."""
    return MODEL if precision == "int8" else f"model_{precision}.tflite"
