"""The two networks of a DCGAN (Radford, Metz and Chintala, ICLR 2016) in PyTorch.

Their shape follows the TensorFlow implementation that ai.lock used (carpedm20/DCGAN-tensorflow):
5 x 5 kernels, strides of 2, weights drawn with deviation 0.02, 100 latent values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LATENT_DIMENSIONS = 100
WEIGHT_DEVIATION = 0.02
LEAK = 0.2
KERNEL_PIXELS, PADDING_PIXELS = 5, 2
SMALLEST_MAP_PIXELS = 4


@dataclass(frozen=True)
class DcganSettings:
    """What determines a network, besides the training pictures.

    Attributes
    ----------
    size : side of the images in pixels, a power of two from 8
    epochs : passes over the training pictures (the paper: 100)
    width : channels of the layer next to the image; each further one has twice as many
    batch : pictures in a step
    seed : of the weights, the order and the latents
    """

    size: int = 64
    epochs: int = 100
    width: int = 64
    batch: int = 64
    seed: int = 1

    def __post_init__(self) -> None:
        if self.size < 2 * SMALLEST_MAP_PIXELS or self.size & (self.size - 1):
            raise ValueError(f"the size must be a power of two from 8, not {self.size}")
        if min(self.epochs, self.width) < 1 or self.batch < 2:
            raise ValueError("epochs and width must be at least 1, the batch at least 2")

    @property
    def levels(self) -> int:
        """Strided layers between the smallest map and the image."""
        return int(math.log2(self.size // SMALLEST_MAP_PIXELS))


class Generator(nn.Module):
    """Latents float32 (B, 100) in [-1, 1] -> images (B, 3, size, size) in [-1, 1]."""

    def __init__(self, settings: DcganSettings) -> None:
        super().__init__()
        channels = [settings.width << level for level in reversed(range(settings.levels))]
        self._first = channels[0]
        self.project = nn.Linear(LATENT_DIMENSIONS, channels[0] * SMALLEST_MAP_PIXELS**2)
        layers: list[nn.Module] = [nn.BatchNorm2d(channels[0]), nn.ReLU()]
        for before, after in zip(channels, [*channels[1:], 3], strict=True):
            layers.append(
                nn.ConvTranspose2d(before, after, KERNEL_PIXELS, 2, PADDING_PIXELS, 1, bias=True)
            )
            layers += [nn.Tanh()] if after == 3 else [nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor) -> Tensor:
        side = SMALLEST_MAP_PIXELS
        return self.layers(self.project(latents).view(-1, self._first, side, side))


class Discriminator(nn.Module):
    """Images (B, 3, size, size) in [-1, 1] -> how real they look, logits (B,)."""

    def __init__(self, settings: DcganSettings) -> None:
        super().__init__()
        channels = [settings.width << level for level in range(settings.levels)]
        layers: list[nn.Module] = []
        for before, after in zip([3, *channels[:-1]], channels, strict=True):
            layers.append(nn.Conv2d(before, after, KERNEL_PIXELS, 2, PADDING_PIXELS))
            if before != 3:
                layers.append(nn.BatchNorm2d(after))
            layers.append(nn.LeakyReLU(LEAK))
        layers += [nn.Flatten(), nn.Linear(channels[-1] * SMALLEST_MAP_PIXELS**2, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).squeeze(1)


def draw_weights(networks: Iterable[nn.Module], seed: int) -> None:
    """Weights of every layer, as the DCGAN paper draws them; the same for the same seed."""
    rng = torch.Generator().manual_seed(seed)
    for network in networks:
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                nn.init.normal_(module.weight, 0.0, WEIGHT_DEVIATION, generator=rng)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, WEIGHT_DEVIATION, generator=rng)
