"""The networks of FaceNet (Schroff et al., CVPR 2015, arXiv 1503.03832), in Keras.

NN2 is the paper's Table 2, an Inception network with L2 pooling in places; Inception-ResNet v2 is
that of ``keras.applications``. Both end in an embedding of length one. Pixels are RGB in [-1, 1],
(N, side, side, 3).

Every convolution is followed by batch normalisation without a scale, whose offsets stand for the
biases, and by ReLU. The table's "norm" is batch normalisation too: the paper does not say what it
is. The model that it started from (GoogLeNet) had local response normalisation there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.training.quiet_keras import keras

NN2, INCEPTION_RESNET_V2 = "nn2", "inception_resnet_v2"

MAX, L2 = "max", "L2"


@dataclass(frozen=True)
class Normalisation:
    """Of ``keras.layers.BatchNormalization``; FaceNet's have no scale."""

    momentum: float
    epsilon: float

    def __call__(self, name: str) -> keras.layers.Layer:
        """The layer."""
        return keras.layers.BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, scale=False, name=name
        )


@dataclass(frozen=True)
class Row:
    """An inception module of Table 2: filters of its branches, 0 where it has none.

    ``stride`` is that of the 3x3 and 5x5 convolutions and of the pooling, ``projection`` the 1x1
    convolution after the pooling.
    """

    name: str
    one: int
    reduce_three: int
    three: int
    reduce_five: int
    five: int
    pooling: str
    projection: int
    stride: int = 1


ROWS = (
    Row("3a", 64, 96, 128, 16, 32, MAX, 32),
    Row("3b", 64, 96, 128, 32, 64, L2, 64),
    Row("3c", 0, 128, 256, 32, 64, MAX, 0, stride=2),
    Row("4a", 256, 96, 192, 32, 64, L2, 128),
    Row("4b", 224, 112, 224, 32, 64, L2, 128),
    Row("4c", 192, 128, 256, 32, 64, L2, 128),
    Row("4d", 160, 144, 288, 32, 64, L2, 128),
    Row("4e", 0, 160, 256, 64, 128, MAX, 0, stride=2),
    Row("5a", 384, 192, 384, 48, 128, L2, 128),
    Row("5b", 384, 192, 384, 48, 128, MAX, 128),
)


def build(kind: str, side: int, dimensions: int, norm: Normalisation) -> keras.Model:
    """One of the networks by name, with random weights.

    Raises
    ------
    ValueError
        There is no network of this name.
    """
    bodies: dict[str, Callable[[int, Normalisation], tuple[object, object]]] = {
        NN2: _nn2,
        INCEPTION_RESNET_V2: _inception_resnet_v2,
    }
    if kind not in bodies:
        raise ValueError(f"network {kind!r} is none of {', '.join(bodies)}")
    pixels, maps = bodies[kind](side, norm)
    pooled = keras.layers.GlobalAveragePooling2D(name="avg_pool")(maps)
    connected = keras.layers.Dense(dimensions, name="fully_conn")(pooled)
    unit = keras.layers.UnitNormalization(name="l2_normalization")(connected)
    return keras.Model(pixels, unit, name=kind)


def _inception_resnet_v2(side: int, norm: Normalisation) -> tuple[object, object]:
    body = keras.applications.InceptionResNetV2(
        include_top=False, weights=None, input_shape=(side, side, 3)
    )
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum, layer.epsilon = norm.momentum, norm.epsilon
    return body.input, body.output


def _nn2(side: int, norm: Normalisation) -> tuple[object, object]:
    pixels = keras.Input((side, side, 3), name="pixels")
    maps = _conv(pixels, 64, 7, "conv1", norm, stride=2)
    maps = norm("norm1")(_max_pool(maps, 2, "pool1"))
    maps = _conv(maps, 64, 1, "inception2_reduce", norm)
    maps = _conv(maps, 192, 3, "inception2", norm)
    maps = _max_pool(norm("norm2")(maps), 2, "pool2")
    for row in ROWS:
        maps = _module(maps, row, norm)
    return pixels, maps


def _module(maps: object, row: Row, norm: Normalisation) -> object:
    """The branches side by side; those that reduce see the whole map."""
    name = f"inception{row.name}"
    branches = [_conv(maps, row.one, 1, f"{name}_1x1", norm)] if row.one else []
    for size, reduced, filters in (
        (3, row.reduce_three, row.three),
        (5, row.reduce_five, row.five),
    ):
        narrow = _conv(maps, reduced, 1, f"{name}_{size}x{size}_reduce", norm)
        branches.append(_conv(narrow, filters, size, f"{name}_{size}x{size}", norm, row.stride))
    pool = _l2_pool if row.pooling == L2 else _max_pool
    pooled = pool(maps, row.stride, f"{name}_pool")
    if row.projection:
        pooled = _conv(pooled, row.projection, 1, f"{name}_pool_proj", norm)
    return keras.layers.Concatenate(name=name)([*branches, pooled])


def _conv(
    maps: object, filters: int, size: int, name: str, norm: Normalisation, stride: int = 1
) -> object:
    layer = keras.layers.Conv2D(
        filters,
        size,
        stride,
        "same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )
    return keras.layers.ReLU(name=f"{name}_relu")(norm(f"{name}_norm")(layer(maps)))


def _max_pool(maps: object, stride: int, name: str) -> object:
    return keras.layers.MaxPooling2D(3, stride, "same", name=name)(maps)


def _l2_pool(maps: object, stride: int, name: str) -> object:
    """Root of the mean square of 3x3: of the sum, up to a factor that normalisation takes out."""
    squares = keras.layers.Multiply(name=f"{name}_square")([maps, maps])
    mean = keras.layers.AveragePooling2D(3, stride, "same", name=f"{name}_mean")(squares)
    # The root of zero has no gradient.
    return keras.ops.sqrt(mean + 1e-6)
