"""Large pictures in small files, written without holding them."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

PNG_KINDS = {"grey": (0, 1), "rgb": (2, 3), "palette": (3, 1), "grey-alpha": (4, 2), "rgba": (6, 4)}
"""PNG's colour type and the samples of a pixel."""
ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)),
    *((1, 0, 2, 2), (0, 1, 1, 2)),
)
"""Passes of an interlaced PNG: first column, first row, steps across and down."""
TRANSPARENT = {"palette": bytes(range(256)), "grey": b"\0\x07", "rgb": b"\0\x01" * 3}
SEGMENT = re.compile(rb"\xff([\xc0-\xcf\xda-\xdf\xe0-\xef])(..)", re.DOTALL)


def png(
    kind: str,
    size: tuple[int, int],
    *,
    depth: int = 8,
    interlaced: bool = False,
    transparent: bool = False,
) -> bytes:
    """A PNG whose rows are all the same random one; perhaps one of its colours is transparent."""
    colour_type, samples = PNG_KINDS[kind]
    packer = zlib.compressobj(1)
    pixels = []
    for left, top, across, down in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        length = -(-(size[0] - left) // across) * samples * depth // 8
        noise = np.random.default_rng(length).integers(0, 255, 4096, np.uint8)
        row = b"\0" + np.resize(noise, length).tobytes()  # zlib finds it again
        pixels += [packer.compress(row) for _ in range(-(-(size[1] - top) // down))]
    header = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, interlaced)
    chunks = [(b"IHDR", header)]
    if kind == "palette":
        chunks.append((b"PLTE", bytes(range(256)) * 3))
    if transparent:
        chunks.append((b"tRNS", TRANSPARENT[kind]))
    chunks += [(b"IDAT", b"".join(pixels) + packer.flush()), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def jpeg(size: tuple[int, int], mode: str = "RGB", **options: Any) -> bytes:
    """A JPEG of a row of units over and over: each is an interval between restart markers."""
    width, height = size
    noise = np.random.default_rng(1).integers(0, 256, (1, -(-width // 8), 3), np.uint8)
    row = Image.fromarray(noise.repeat(8, 1)[:, :width].repeat(8, 0)).convert(mode)
    file = io.BytesIO()
    row.save(file, "JPEG", subsampling=0, restart_marker_rows=1, **options)
    data, rows = file.getvalue(), -(-height // 8)
    parts, position = [data[:2]], 2
    while match := SEGMENT.match(data, position):
        end = match.end() - 2 + int.from_bytes(match[2], "big")
        segment = data[position:end]
        if match[1] in b"\xc0\xc1\xc2":  # the frame: its height
            segment = segment[:5] + struct.pack(">H", height) + segment[7:]
        parts.append(segment)
        position = end
        if match[1] == b"\xda":
            end = re.compile(rb"\xff[^\x00]", re.DOTALL).search(data, position).start()  # type: ignore[union-attr]
            restarts = (bytes([0xFF, 0xD0 + number % 8]) for number in range(rows))
            units = data[position:end]
            parts.append(units + b"".join(next(restarts) + units for _ in range(rows - 1)))
            position = end
    return b"".join([*parts, b"\xff\xd9"])
