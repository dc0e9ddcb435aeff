"""Training a DCGAN in PyTorch, interrupted and resumed, and generating images with it.

The schedule follows the TensorFlow implementation that ai.lock used (carpedm20/DCGAN-tensorflow):
Adam with rate 2e-4 and beta1 0.5, batches of 64, uniform latents, and two steps of the generator
for each of the discriminator, lest the latter win.

Every random number comes from the seed and the number of the step: a run that was interrupted and
resumed gives, on one machine with one number of threads, what an uninterrupted one gives. A kill
loses the steps since the last checkpoint, a minute's worth.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from lab.files import replacing
from lab.synthetic.networks import (
    LATENT_DIMENSIONS,
    DcganSettings,
    Discriminator,
    Generator,
    draw_weights,
)

LEARNING_RATE, BETAS = 2e-4, (0.5, 0.999)
GENERATOR_STEPS = 2
"""Steps of the generator for one of the discriminator."""
SAVE_INTERVAL_SECONDS = 60.0

_ORDER, _LATENT, _GENERATED = range(3)
"""Streams of random numbers: the order of the photos, latents of training, latents of images."""


class CheckpointError(Exception):
    """A checkpoint belongs to other settings or photos, or cannot be read; the text says which."""


def latents(seed: int, number: int, count: int, stream: int = _GENERATED) -> Tensor:
    """Latents float32 (count, 100), uniform in [-1, 1), of batch ``number``."""
    rng = np.random.default_rng((seed, stream, number))
    drawn = rng.uniform(-1, 1, (count, LATENT_DIMENSIONS))
    return torch.from_numpy(drawn.astype(np.float32))


class Dcgan:
    """Both networks, their optimisers, and how far training has got.

    Parameters
    ----------
    settings : of the networks
    pictures : key of the training pictures (a hash): a checkpoint of others is refused
    device : where it runs; a GPU if there is one
    """

    def __init__(
        self, settings: DcganSettings, pictures: str, device: torch.device | None = None
    ) -> None:
        self.settings, self._pictures = settings, pictures
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        self.generator = Generator(settings)
        self.discriminator = Discriminator(settings)
        draw_weights([self.generator, self.discriminator], settings.seed)
        for network in (self.generator, self.discriminator):
            network.to(self.device, memory_format=torch.channels_last)
        self._optimisers = [
            torch.optim.Adam(network.parameters(), LEARNING_RATE, BETAS)
            for network in (self.generator, self.discriminator)
        ]
        self.step = 0
        self.history: list[dict[str, float]] = []
        """For each finished epoch its number and the mean losses of its steps."""
        self._epoch_losses: list[list[float]] = []

    def train(
        self,
        pictures: NDArray[np.uint8],
        checkpoint: Path,
        progress: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train to the last epoch, or on from where ``checkpoint`` stands; it is kept up to date.

        Parameters
        ----------
        pictures : uint8 RGB (N, size, size, 3)
        progress : show a bar on stderr, if that is a terminal
        stop : asked after every step; training then stops there, its checkpoint written

        Raises
        ------
        ValueError
            Fewer pictures than a batch, or of another size.
        CheckpointError
            The checkpoint is of other settings or pictures.
        """
        batch, side = self.settings.batch, self.settings.size
        if len(pictures) < batch or pictures.shape[1:] != (side, side, 3):
            raise ValueError(
                f"pictures of shape {pictures.shape} do not make a batch of {batch} at {side} "
                "pixels: give more photos or a smaller batch"
            )
        if checkpoint.exists():
            self.load(checkpoint)
        steps_an_epoch = len(pictures) // batch  # an incomplete last batch is left out
        steps = steps_an_epoch * self.settings.epochs
        if self.step > steps:
            raise CheckpointError(
                f"{checkpoint} was trained for more than {self.settings.epochs} epochs; "
                "ask for as many, give another folder or delete it"
            )
        saved = time.monotonic()
        bar = tqdm(
            total=steps,
            initial=self.step,
            desc=f"DCGAN, {self.device.type}",
            unit="batch",
            disable=None if progress else True,
        )
        with bar:
            while self.step < steps:
                epoch, place = divmod(self.step, steps_an_epoch)
                order = np.random.default_rng((self.settings.seed, _ORDER, epoch)).permutation(
                    len(pictures)
                )
                chosen = np.sort(order[place * batch : (place + 1) * batch])
                self._epoch_losses.append(
                    self._train_step(_as_tensor(pictures[chosen]).to(self.device))
                )
                self.step += 1
                bar.update()
                if place == steps_an_epoch - 1:
                    self._finish_epoch(epoch + 1)
                    bar.set_postfix({k: f"{v:.2f}" for k, v in self.history[-1].items()})
                if stop():
                    break
                if time.monotonic() - saved > SAVE_INTERVAL_SECONDS:
                    self.save(checkpoint)
                    saved = time.monotonic()
        # Not when an exception ends it: a step may be half done.
        self.save(checkpoint)

    def generate(self, number: int, count: int) -> NDArray[np.uint8]:
        """Images of batch ``number``, uint8 RGB (count, size, size, 3); always the same ones.

        Batch normalisation uses the means of training, so that an image does not depend on those
        generated beside it.
        """
        self.generator.eval()
        with torch.no_grad():
            images = self.generator(latents(self.settings.seed, number, count).to(self.device))
        scaled = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(scaled.permute(0, 2, 3, 1).cpu().numpy())

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "key": self._key(),
            "step": self.step,
            "history": self.history,
            "epoch_losses": self._epoch_losses,
            "networks": [self.generator.state_dict(), self.discriminator.state_dict()],
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
        }
        with replacing(path) as stream:
            torch.save(state, stream)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        CheckpointError
            It cannot be read, or is of other settings or pictures.
        """
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except Exception as error:  # torch raises what its readers raise
            raise CheckpointError(f"{path} cannot be read ({error}); delete it") from None
        if state["key"] != self._key():
            raise CheckpointError(
                f"{path} is of other settings or photos; give another folder or delete it"
            )
        self.step, self.history = state["step"], state["history"]
        self._epoch_losses = state["epoch_losses"]
        generator, discriminator = state["networks"]
        self.generator.load_state_dict(generator)
        self.discriminator.load_state_dict(discriminator)
        for optimiser, kept in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)

    def _train_step(self, real: Tensor) -> list[float]:
        """One step of the discriminator, two of the generator: their losses."""
        self.generator.train()
        self.discriminator.train()
        generator_optimiser, discriminator_optimiser = self._optimisers
        noise = latents(self.settings.seed, self.step, len(real), _LATENT).to(self.device)
        fake = self.generator(noise)
        looks_real, looks_fake = self.discriminator(real), self.discriminator(fake.detach())
        discriminator_loss = _loss(looks_real, 1.0) + _loss(looks_fake, 0.0)
        discriminator_optimiser.zero_grad()
        discriminator_loss.backward()
        discriminator_optimiser.step()
        self.discriminator.requires_grad_(False)  # the generator's steps need no gradient of it
        for again in range(GENERATOR_STEPS):
            images = self.generator(noise) if again else fake
            generator_loss = _loss(self.discriminator(images), 1.0)
            generator_optimiser.zero_grad()
            generator_loss.backward()
            generator_optimiser.step()
        self.discriminator.requires_grad_(True)
        return [
            discriminator_loss.item(),
            generator_loss.item(),
            looks_real.detach().sigmoid().mean().item(),
            looks_fake.detach().sigmoid().mean().item(),
        ]

    def _finish_epoch(self, epoch: int) -> None:
        names = ("discriminator", "generator", "real_taken_for_real", "fake_taken_for_real")
        means = np.mean(self._epoch_losses, axis=0).tolist()
        self.history.append({"epoch": epoch, **dict(zip(names, means, strict=True))})
        self._epoch_losses = []

    def _key(self) -> dict[str, Any]:
        """All that the course of training depends on; more epochs may follow."""
        settings = asdict(self.settings)
        del settings["epochs"]
        return {**settings, "pictures": self._pictures}


def _loss(logits: Tensor, truth: float) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))


def _as_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """uint8 (B, S, S, 3) -> float32 (B, 3, S, S) in [-1, 1], channels last in memory."""
    return torch.from_numpy(pictures.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2)
