"""Synthetic objects whose photos share bits, and locks that see them: fixtures for every folder."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.capture import Look, QualityIssue
from ailock_sdk.errors import EnrollmentError, PhotoQualityError
from ailock_sdk.imageprint import ImagePrint, combine
from ailock_sdk.sketch import Code
from lab.statistics.samples import Samples, arrange

MakeSamples = Callable[..., Samples]


@pytest.fixture
def make_samples() -> MakeSamples:
    """A maker of samples: objects are random words, photos flip their bits.

    ``flips`` is the share of flipped bits, one number or one for each object; ``counts`` the photos
    of each object. With ``reference_flips`` a photo flips other bits as a reference than as a
    probe; otherwise it looks the same.
    """

    def make(
        counts: list[int],
        flips: float | np.ndarray,
        lambda_bits: int = 70,
        seed: int = 0,
        reference_flips: float | None = None,
    ) -> Samples:
        rng = np.random.default_rng(seed)
        objects = np.repeat(np.arange(len(counts)), counts)
        words = rng.integers(0, 2, (len(counts), lambda_bits))[objects]

        def photos(share: float | np.ndarray) -> np.ndarray:
            bits = words ^ (rng.random(words.shape) < share)
            return np.where(bits, 1, -1) * rng.uniform(0.1, 1, words.shape)

        probes = photos(np.broadcast_to(flips, len(counts))[objects, None])
        references = None if reference_flips is None else photos(reference_flips)
        names = [f"object {index}" for index in objects]
        return arrange(probes, names, np.ones(len(objects), dtype=np.bool_), references)

    return make


class StubLock:
    """A lock whose photos are pictures of one colour: red is the object, green the photo.

    An object is a random word of the lock's own; each photo flips bits of it, as a reference others
    and fewer than as a probe. ``poor`` photos (object, photo) are refused by the quality gate.
    """

    def __init__(
        self,
        name: str = "stub",
        lambda_bits: int = 60,
        radius: int = 14,
        looks: Sequence[Look] = (Look(1.0, 0),),
        reference_looks: Sequence[Look] = (Look(1.0, 0), Look(0.8, 0)),
        poor: frozenset[tuple[int, int]] = frozenset(),
    ) -> None:
        self.bundle = SimpleNamespace(
            name=name,
            version="0",
            path=Path("no such folder"),
            model_sha256="0" * 64,
        )
        self.fingerprint = hashlib.sha256(name.encode()).digest()
        self.code = Code(lambda_bits, 5, 2, 1)
        self.profile = SimpleNamespace(
            name="default",
            layers=("layer",),
            segments=("whole",),
            looks=tuple(looks),
            reference_looks=tuple(reference_looks),
            tau="0.75",
            code=(5, 2, 1),
        )
        self.runtime = "stub 1"
        self.lambda_bits = lambda_bits
        self.radius = radius
        self.check_quality = True
        self.poor = poor
        self.calls: list[bool] = []

    def imageprint(self, photo: bytes | np.ndarray, *, reference: bool = False) -> ImagePrint:
        self.calls.append(reference)
        if isinstance(photo, bytes):
            photo = np.asarray(Image.open(io.BytesIO(photo)).convert("RGB"))
        of, number = int(photo[0, 0, 0]), int(photo[0, 0, 1])
        if self.check_quality and (of, number) in self.poor:
            raise PhotoQualityError([QualityIssue.BLURRED])
        seed = self.fingerprint[0]
        word = np.random.default_rng([seed, of]).integers(0, 2, self.lambda_bits)
        looks = len(self.profile.reference_looks if reference else self.profile.looks)
        rng = np.random.default_rng([seed, of, number, looks])
        bits = word ^ (rng.random(self.lambda_bits) < 0.15 / looks)
        return ImagePrint(np.where(bits, 1, -1) * rng.uniform(0.1, 1, self.lambda_bits))

    def reference(self, imageprints: Sequence[ImagePrint]) -> ImagePrint:
        for one in imageprints:
            if one - combine(imageprints) > self.radius // 2:
                raise EnrollmentError("too unlike")
        return combine(imageprints)


@pytest.fixture
def make_lock() -> Callable[..., StubLock]:
    """A maker of stub locks; the arguments are those of ``StubLock``."""
    return StubLock


@pytest.fixture
def make_photos(tmp_path: Path) -> Callable[[Sequence[int]], Path]:
    """A maker of folders of such photos as a stub lock reads: so many of each object."""

    def make(counts: Sequence[int], folder: str = "photos") -> Path:
        for of, count in enumerate(counts):
            for number in range(count):
                file = tmp_path / folder / f"object{of}" / f"{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (130, 130), (of, number, 0)).save(file)
        return tmp_path / folder

    return make


@pytest.fixture
def figures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw each figure of a report as a file, and not twice more for its page.

    What the page shows in its light and its dark colours, tests/lab/report looks at.
    """
    monkeypatch.setattr("lab.report.render_html.panel_png", lambda *_: b"no picture")
