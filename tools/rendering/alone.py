"""Photos of objects without a room, transparent around them, to be put before any background."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tools.rendering.development import develop
from tools.rendering.objects import Part
from tools.rendering.shots import Shot
from tools.rendering.studio import render_alone


def write_cut_out(
    shot: Shot, parts: list[Part], size: tuple[int, int], samples: int, path: Path
) -> None:
    """Write a shot's object alone as WebP, into a folder that is made if need be."""
    light, outline = render_alone(shot, parts, size, samples)
    image = develop(light, f"{shot.name}-alone", shot.exposure)
    image.putalpha(Image.fromarray((255 * outline).round().astype(np.uint8)))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"unfinished-{path.name}")
    image.save(unfinished, "WEBP", quality=85, method=6)
    unfinished.replace(path)
