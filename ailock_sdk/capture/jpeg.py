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
_NEXT_MARKER = re.compile(rb"\xff([\x01-\xfe])", re.DOTALL)
"""Its first byte is a constant, which Python finds fifty times as fast as a repeated one."""
_END = b"\xff\xd9"
_COEFFICIENT_BYTES = 2.2
"""With what is kept beside them (measured)."""
_MAX_SIDE_PIXELS = 65_500
"""Of libjpeg."""
_EXTRA_UNITS = 2
"""By which an interval between restart markers is declared longer: the end may fill the first."""
_PADDING_UNITS = 8
"""The bits that fill up the last byte are one each in a scan that refines."""
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
    width, height, height_at : int
        In pixels; where the file says ``height``, in two bytes.
    unit_width, unit_height : int
        Pixels that one unit (MCU) of the data covers.
    vertical_ratio : int
        Rows of pixels to a row of the coarsest component.
    held_bytes : int
        What a decoder keeps of the whole picture beside its pixels: every coefficient, if they come
        in several scans, else nothing.
    scans : tuple of (int, int)
        Where the data of each scan begins and ends.
    interval, interval_at : int
        Units between restart markers, 0 without; where the file says so, in two bytes.
    restarts : tuple of int
        Where the restart markers of the last scan are.
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
    scans: tuple[tuple[int, int], ...]
    interval: int
    interval_at: int
    restarts: tuple[int, ...]
    arithmetic: bool

    @property
    def columns(self) -> int:
        """Units in a row."""
        return -(-self.width // self.unit_width)

    @property
    def rows(self) -> int:
        """Rows of units."""
        return -(-self.height // self.unit_height)

    @property
    def intervals_grow(self) -> bool:
        """Whether each interval is declared longer to see where it ends: without much memory."""
        return self.interval > 2 * _EXTRA_UNITS and not self.held_bytes

    @property
    def last_interval(self) -> int:
        """Units behind the last restart marker that is declared longer; else 0."""
        if not self.intervals_grow:
            return 0
        return self.rows * self.columns - len(self.restarts) * self.interval

    @property
    def longer_rows(self) -> int:
        """Rows of units of the picture whose empty ends are looked at."""
        units = self.rows * self.columns
        if self.intervals_grow:
            units += len(self.restarts) * _EXTRA_UNITS
        return -(-units // self.columns) + 1


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
    interval = interval_at = height_at = 0
    scans: list[tuple[int, int]] = []
    restarts: list[int] = []
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
            interval_at = position + 2
        position += length
        if marker == _SOS:
            if frame is None:
                raise damaged()
            components = content[1 : 1 + 2 * content[0] : 2]
            in_parts |= len(components) < len(frame.sampling)
            units = frame.units(components)
            restarts = []
            start, number = position, -(-units // interval) - 1 if interval else 0
            position = _end_of_scan(data, start, number, restarts)
            scans.append((start, position))
    if frame is None or not scans:
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
        scans=tuple(scans),
        interval=interval,
        interval_at=interval_at,
        restarts=tuple(restarts),
        arithmetic=frame.marker in _ARITHMETIC,
    )


def _end_of_scan(data: bytes, start: int, number: int, restarts: list[int]) -> int:
    """Where the data of a scan ends that has so many restart markers, whose places are added."""
    position = start
    for count in range(number + 1):
        match = _NEXT_MARKER.search(data, position)
        if match is None or (match[1][0] in _RESTARTS) != (count < number):
            raise damaged()
        end, position = match.start(), match.end()
        while end > start and data[end - 1] == 0xFF:  # a marker may begin with several
            end -= 1
        if count < number:
            if match[1][0] != _RESTARTS[count % len(_RESTARTS)]:
                raise damaged()
            restarts.append(end)
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
    """The picture at the DCT scale 1 / ``divisor``; perhaps with rows below it.

    Raises
    ------
    PhotoFormatError
        The data is too long or too short for the picture.
    """
    longer = _longer(data, layout)
    if longer is None:
        return _reduced(data, divisor)
    image = _reduced(longer, divisor)
    suspect = _ends_early(image, layout, divisor) or layout.held_bytes > 0
    # What stands below may change rows above it only where rows are interpolated or smoothed.
    if not suspect and not layout.intervals_grow and layout.vertical_ratio <= divisor:
        return image
    del longer, image
    if suspect:
        with_more = _digest(_reduced(_filled(data, layout), divisor))
    image = _reduced(data[: layout.scans[-1][1]] + _END, divisor)
    if suspect and _digest(image) != with_more:
        raise damaged()
    return image


def _reduced(data: bytes, divisor: int) -> Image.Image:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    width, height = image.size
    image.draft("RGB", (width // divisor, height // divisor))  # Pillow picks this divisor
    image.load()
    return image


def _longer(data: bytes, layout: JpegLayout) -> bytes | None:
    """The picture declared as long as ``layout.longer_rows``, if it can be."""
    height = layout.unit_height * layout.longer_rows
    if max(height, layout.width + layout.unit_width) > _MAX_SIDE_PIXELS or layout.arithmetic:
        return None
    start, end = layout.scans[-1]
    while end > start and data[end - 1] in (0x00, 0xFF):  # some encoders fill up their memory
        end -= 1
    changes = [(layout.height_at, height)]
    if layout.intervals_grow:  # units that have all their pixels, so that each has a middle
        changes.append((layout.height_at + 2, layout.columns * layout.unit_width))
        changes.append((layout.interval_at, layout.interval + _EXTRA_UNITS))
    parts, position = [], 0
    for at, value in sorted(changes):
        parts += [data[position:at], value.to_bytes(2, "big")]
        position = at + 2
    return b"".join([*parts, data[position:end], _END])


def _filled(data: bytes, layout: JpegLayout) -> bytes:
    """The picture with something behind the data of each scan and interval."""
    ends = sorted({*(end for _, end in layout.scans), *layout.restarts})
    parts = [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return b"".join(part + _FILLER for part in parts) + _END


def _ends_early(longer: Image.Image, layout: JpegLayout, divisor: int) -> bool:
    """Whether an end is empty altogether; behind sound data is the unit where it was noticed.

    Raises
    ------
    PhotoFormatError
        More than that is there.
    """
    columns = np.arange(layout.columns) * layout.unit_width + layout.unit_width // 2
    columns = np.minimum(columns // divisor, longer.width - 1)  # the middles of the units
    first = 0 if layout.intervals_grow else layout.rows
    lines = []
    for row in range(first, layout.longer_rows):
        y = (row * layout.unit_height + layout.unit_height // 2) // divisor
        lines.append(np.asarray(longer.crop((0, y, longer.width, y + 1)))[0, columns])
    units = np.concatenate(lines).reshape(len(lines) * layout.columns, -1)
    found = (units != units[-1]).any(axis=1)  # the last of all is empty
    ends = np.array([layout.last_interval])
    if layout.intervals_grow:
        each = layout.interval + _EXTRA_UNITS
        ends = np.arange(len(layout.restarts) + 1) * each + layout.interval
        ends[-1] += layout.last_interval - layout.interval
    at_the_end = _PADDING_UNITS if layout.held_bytes else 1
    if found[ends[:-1] + 1].any() or found[ends[-1] + at_the_end :].any():
        raise damaged()
    return not found[ends].all()


def _digest(image: Image.Image) -> bytes:
    digest = hashlib.sha256()
    for top in range(0, image.height, _DIGEST_ROWS):
        bottom = min(top + _DIGEST_ROWS, image.height)
        digest.update(image.crop((0, top, image.width, bottom)).tobytes())
    return digest.digest()
