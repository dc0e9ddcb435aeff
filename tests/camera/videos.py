"""Videos for the tests: the committed clips, and photos seen by a hand-held camera."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from ailock_sdk.camera.camera import Pixels

FRAMES_A_SECOND = 20
CLIPS = Path(__file__).resolve().parents[1] / "videos"


def clip(name: str) -> Path:
    """A committed video of a rendered object before a hand-held camera, 2 s or less, 640 x 480."""
    return CLIPS / f"{name}.mp4"


def frames(video: Path) -> Iterator[Pixels]:
    """What a video shows."""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def hand_held(photo: Path, seconds: float, *, seed: int = 0) -> Iterator[Pixels]:
    """Frames of a photo under a hand that trembles: some pixels to and fro, and sensor noise."""
    random = np.random.default_rng(seed)
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    height, width = pixels.shape[:2]
    margin = 8
    place = np.zeros(2)
    for _ in range(round(seconds * FRAMES_A_SECOND)):
        place = np.clip(0.8 * place + random.normal(0, 1, 2), -margin, margin)
        top, left = (margin + place).astype(int)
        part = pixels[top : top + height - 2 * margin, left : left + width - 2 * margin]
        noisy = part + random.normal(0, 2, part.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def dark(seconds: float) -> Iterator[Pixels]:
    """Frames with the lens covered."""
    for _ in range(round(seconds * FRAMES_A_SECOND)):
        yield np.full((464, 624, 3), 6, np.uint8)


def write_video(path: Path, parts: Sequence[Iterable[Pixels]]) -> Path:
    """An MJPEG video of the parts, one after another."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=FRAMES_A_SECOND)
        stream.pix_fmt = "yuvj420p"
        stream.codec_context.time_base = Fraction(1, FRAMES_A_SECOND)
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        first = True
        for part in parts:
            for pixels in part:
                if first:
                    stream.height, stream.width = pixels.shape[:2]
                    first = False
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def jpeg(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    return file.getvalue()
