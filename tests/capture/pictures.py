"""Large pictures in small files, written without holding them."""

from __future__ import annotations

import struct
import zlib

import numpy as np

PNG_CHANNELS = {
    "grey": (0, 1),
    "rgb": (2, 3),
    "palette": (3, 1),
    "grey-alpha": (4, 2),
    "rgba": (6, 4),
}
"""PNG's colour type and the samples of a pixel."""
ADAM7 = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]
"""Passes of an interlaced PNG: first column and row, steps."""


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(
    kind: str,
    width: int,
    height: int,
    *,
    depth: int = 8,
    interlaced: bool = False,
    clear: bool = False,
) -> bytes:
    """A PNG of a repeated random row; ``clear`` gives it a transparent colour."""
    colour_type, samples = PNG_CHANNELS[kind]
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    packer = zlib.compressobj(1)
    content = [
        packer.compress(_rows(-(-(width - x) // dx) * samples * depth // 8) * rows)
        for x, y, dx, dy in passes
        for rows in [64] * (-(-(height - y) // dy) // 64) + [-(-(height - y) // dy) % 64]
    ]
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    parts = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header)]
    if kind == "palette":
        parts.append(_chunk(b"PLTE", bytes(range(256)) * 3))
    if clear:
        transparent = {"palette": bytes(range(256)), "grey": b"\0\x07", "rgb": b"\0\x01" * 3}
        parts.append(_chunk(b"tRNS", transparent[kind]))
    parts += [_chunk(b"IDAT", b"".join(content) + packer.flush()), _chunk(b"IEND", b"")]
    return b"".join(parts)


def _rows(length: int) -> bytes:
    return b"\0" + np.random.default_rng(length).integers(0, 255, length, np.uint8).tobytes()
