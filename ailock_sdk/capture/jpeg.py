"""Is a JPEG whole? Its markers in order, and its data neither too long nor too short.

Decoders make a picture of whatever they are given, and say nothing. Damage shows in three ways:
the chain of segments and restart markers breaks; the data, read from a wrong bit on, holds more or
fewer blocks than the picture; or no byte is left that a program for text would have changed. What
is too much or too little shows in a picture that is declared one row of blocks taller: behind
sound data that row is empty, but for its first block, where the decoder finds the end.

References
----------
ITU-T T.81, annexes B and F.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, JpegImagePlugin

from ailock_sdk.errors import PhotoFormatError

DCT_DIVISORS = (8, 4, 2)
"""The reductions that a JPEG decoder does for free, greatest first."""
_SOI, _TEM, _EOI, _SOS, _DRI = 0xD8, 0x01, 0xD9, 0xDA, 0xDD
_RESTARTS = range(0xD0, 0xD8)
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xCA}
_ARITHMETIC = range(0xC9, 0xD0)
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_END = b"\xff\xd9"
_COEFFICIENT_BYTES = 2.2
"""With what is kept beside them (measured)."""
_MAX_HEIGHT_PIXELS = 65_500
"""Of libjpeg."""
_FILLER = bytes.fromhex("fe5ad3a66b") * 8
"""A decoder looks at it only if the data before it was too short."""
_SURELY_THERE = 8
"""A byte value that occurs less often may be missing by chance."""
_DIGEST_ROWS = 64


@dataclass(frozen=True)
class JpegLayout:
    """What the markers of a JPEG's first picture say.

    Attributes
    ----------
    width, height : int
        In pixels.
    height_at : int
        Where the file says ``height``, in two bytes.
    unit_width, unit_height : int
        Pixels that one unit (MCU) of the data covers.
    vertical_ratio : int
        Rows of pixels to a row of the coarsest component.
    held_bytes : int
        What a decoder keeps of the whole picture beside its pixels: every coefficient, if they come
        in several scans, else nothing.
    scan_ends : tuple of int
        Where the data of each scan ends.
    arithmetic : bool
        Whether it is coded so, not by Huffman's method.
    """

    width: int
    height: int
    height_at: int
    unit_width: int
    unit_height: int
    vertical_ratio: int
    held_bytes: int
    scan_ends: tuple[int, ...]
    arithmetic: bool


@dataclass(frozen=True)
class _Frame:
    """A frame header; ``sampling`` has (horizontal, vertical) factors by component."""

    marker: int
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]

    @staticmethod
    def read(marker: int, content: bytes) -> _Frame:
        _, height, width, count = struct.unpack_from(">BHHB", content)
        components = (content[6 + 3 * i : 9 + 3 * i] for i in range(count))
        return _Frame(marker, width, height, {c[0]: (c[1] >> 4, c[1] & 15) for c in components})

    @property
    def most(self) -> tuple[int, int]:
        return max(x for x, _ in self.sampling.values()), max(y for _, y in self.sampling.values())

    def blocks(self, component: int) -> int:
        (x, y), (most_x, most_y) = self.sampling[component], self.most
        return -(-self.width * x // (8 * most_x)) * -(-self.height * y // (8 * most_y))

    def units(self, components: bytes) -> int:
        """Units of a scan of these components."""
        if len(components) == 1:
            return self.blocks(components[0])
        x, y = self.most
        return -(-self.width // (8 * x)) * -(-self.height // (8 * y))


def damaged() -> PhotoFormatError:
    """The error for what does not decode as it was meant."""
    return PhotoFormatError("the photo is damaged or incomplete: copy it again or take a new one")


def read_layout(data: bytes) -> JpegLayout:
    """Follow the markers of a JPEG from its start to the end of its first picture.

    Raises
    ------
    PhotoFormatError
        They are damaged, or the file ends before the picture.
    """
    try:
        return _walk(data)
    except (LookupError, struct.error, ValueError, ZeroDivisionError):
        raise damaged() from None


def _walk(data: bytes) -> JpegLayout:
    frame: _Frame | None = None
    interval = height_at = 0
    scan_ends: list[int] = []
    in_parts = False
    position = len(_END)
    while True:
        match = _MARKER.match(data, position)
        if match is None:
            raise damaged()
        marker, position = match[1][0], match.end()
        if marker == _EOI:
            break
        if marker in _RESTARTS or marker in (_SOI, _TEM):
            raise damaged()
        (length,) = struct.unpack_from(">H", data, position)
        content = data[position + 2 : position + length]
        if len(content) != length - 2 or (marker in _FRAMES and frame is not None):
            raise damaged()
        if marker in _FRAMES:
            frame, height_at = _Frame.read(marker, content), position + 3
        elif marker == _DRI:
            (interval,) = struct.unpack(">H", content)
        position += length
        if marker == _SOS:
            if frame is None:
                raise damaged()
            components = content[1 : 1 + 2 * content[0] : 2]
            in_parts |= len(components) < len(frame.sampling)
            units = frame.units(components)
            position = _end_of_scan(data, position, -(-units // interval) - 1 if interval else 0)
            scan_ends.append(position)
    if frame is None or not scan_ends:
        raise damaged()
    x, y = frame.most if len(frame.sampling) > 1 else (1, 1)
    held = int(_COEFFICIENT_BYTES * 64 * sum(map(frame.blocks, frame.sampling)))
    return JpegLayout(
        width=frame.width,
        height=frame.height,
        height_at=height_at,
        unit_width=8 * x,
        unit_height=8 * y,
        vertical_ratio=y // min(factor for _, factor in frame.sampling.values()),
        held_bytes=held if in_parts or frame.marker in _PROGRESSIVE else 0,
        scan_ends=tuple(scan_ends),
        arithmetic=frame.marker in _ARITHMETIC,
    )


def _end_of_scan(data: bytes, start: int, restarts: int) -> int:
    """Where the data of a scan ends that has so many restart markers."""
    position = start
    for number in range(restarts + 1):
        match = _MARKER.search(data, position)
        if match is None or (match[1][0] in _RESTARTS) != (number < restarts):
            raise damaged()
        if number < restarts and match[1][0] != _RESTARTS[number % len(_RESTARTS)]:
            raise damaged()
        end, position = match.start(), match.end()
    if _went_through_text_mode(data, start, end):
        raise damaged()
    return end


def _went_through_text_mode(data: bytes, start: int, end: int) -> bool:
    """Whether line ends were translated: every LF has a CR, or no CR is left among all values."""
    feeds = data.count(b"\n", start, end)
    if feeds >= _SURELY_THERE and data.count(b"\r\n", start, end) == feeds:
        return True
    if feeds < _SURELY_THERE or data.count(b"\r", start, end):
        return False
    counts = np.bincount(np.frombuffer(data, np.uint8, end - start, start), minlength=256)
    return int(np.delete(counts, ord("\r")).min()) >= _SURELY_THERE


def decode_jpeg(data: bytes, layout: JpegLayout, divisor: int) -> Image.Image:
    """The picture at the DCT scale 1 / ``divisor``, at least; perhaps with rows below it.

    Raises
    ------
    PhotoFormatError
        The data is too long or too short for the picture.
    """
    taller = _taller(data, layout)
    if taller is None:
        return _reduced(data, divisor)
    end = layout.scan_ends[-1]
    image = _reduced(taller, divisor)
    # What stands below may change rows above it only where rows are interpolated or smoothed.
    serves = layout.vertical_ratio <= divisor and not layout.held_bytes
    if _empty_behind(image, layout, divisor) or layout.held_bytes:
        filled = _filled(data, layout)
        del image, taller
        image = _reduced(filled, divisor)
        found = _digest(image)
        del image, filled
        image = _reduced(data[:end] + _END, divisor)
        if _digest(image) != found:
            raise damaged()
    elif not serves:
        del image
        image = _reduced(data, divisor)
    return image


def _reduced(data: bytes, divisor: int) -> Image.Image:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    width, height = image.size
    image.draft("RGB", (width // divisor, height // divisor))  # Pillow picks this divisor
    image.load()
    return image


def _taller(data: bytes, layout: JpegLayout) -> bytes | None:
    """The picture declared one row of units taller, where it can be."""
    height = layout.unit_height * (-(-layout.height // layout.unit_height) + 1)
    if height > _MAX_HEIGHT_PIXELS or layout.arithmetic:
        return None
    end = layout.scan_ends[-1]
    while data[end - 1] in (0x00, 0xFF):  # some encoders fill up a block of memory
        end -= 1
    at = layout.height_at
    return b"".join([data[:at], height.to_bytes(2, "big"), data[at + 2 : end], _END])


def _filled(data: bytes, layout: JpegLayout) -> bytes:
    """The picture with something behind the data of each scan."""
    starts = (0, *layout.scan_ends)
    parts = [data[a:b] for a, b in zip(starts, layout.scan_ends, strict=False)]
    return b"".join(part + _FILLER for part in parts) + _END


def _empty_behind(taller: Image.Image, layout: JpegLayout, divisor: int) -> bool:
    """Whether nothing at all lies behind the picture; a single unit is what the end looks like."""
    columns = np.arange(-(-layout.width // layout.unit_width)) * layout.unit_width
    columns = (columns + layout.unit_width // 2) // divisor  # the middles of the units
    columns[-1] = min(columns[-1], taller.width - 1)
    rows = np.asarray(taller.crop((0, taller.height - 1, *taller.size)))  # (1, W) or (1, W, bands)
    units = rows[0, columns].reshape(len(columns), -1)
    found = (units != units[-1]).any(axis=1)
    if found[1:].any():
        raise damaged()
    return not found[0]


def _digest(image: Image.Image) -> bytes:
    digest = hashlib.sha256()
    for top in range(0, image.height, _DIGEST_ROWS):
        bottom = min(top + _DIGEST_ROWS, image.height)
        digest.update(image.crop((0, top, image.width, bottom)).tobytes())
    return digest.digest()
