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
from dataclasses import dataclass, field

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
_BARE_FEED = re.compile(rb"(?<!\r)\n")
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


@dataclass
class JpegLayout:
    """What the markers of a JPEG's first picture say. A unit is an MCU of its data.

    Attributes
    ----------
    coding : int
        The marker of the frame.
    width, height : int
        In pixels.
    height_at : int
        Where the file says ``height``, in two bytes.
    sampling : dict of int to tuple
        Horizontal and vertical factor of each component.
    interval : int
        Units between restart markers, 0 without.
    interval_at : int
        Where the file says ``interval``, in two bytes.
    is_in_parts : bool
        Whether some scan lacks a component.
    scans : list of tuple
        Where the data of each scan begins and ends.
    restarts : list of int
        Where the restart markers of the last scan are.
    """

    coding: int = 0
    width: int = 0
    height: int = 0
    height_at: int = 0
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    interval: int = 0
    interval_at: int = 0
    is_in_parts: bool = False
    scans: list[tuple[int, int]] = field(default_factory=list)
    restarts: list[int] = field(default_factory=list)

    @property
    def _factors(self) -> tuple[int, int]:
        return max(x for x, _ in self.sampling.values()), max(y for _, y in self.sampling.values())

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height of a unit in pixels."""
        x, y = self._factors if len(self.sampling) > 1 else (1, 1)
        return 8 * x, 8 * y

    @property
    def columns(self) -> int:
        """Units in a row."""
        return -(-self.width // self.unit[0])

    @property
    def rows(self) -> int:
        """Rows of units."""
        return -(-self.height // self.unit[1])

    @property
    def vertical_ratio(self) -> int:
        """Rows of pixels to a row of the coarsest component."""
        return self.unit[1] // (8 * min(y for _, y in self.sampling.values()))

    @property
    def held_bytes(self) -> int:
        """What a decoder keeps of the whole picture beside its pixels: every coefficient, or 0."""
        if not self.is_in_parts and self.coding not in _PROGRESSIVE:
            return 0
        return int(_COEFFICIENT_BYTES * 64 * sum(map(self.blocks, self.sampling)))

    def blocks(self, component: int) -> int:
        """Blocks of 8 x 8 samples that a component has."""
        (x, y), (most_x, most_y) = self.sampling[component], self._factors
        return -(-self.width * x // (8 * most_x)) * -(-self.height * y // (8 * most_y))

    @property
    def intervals_grow(self) -> bool:
        """Whether each interval is declared longer to see where it ends: without much memory."""
        return self.interval > 2 * _EXTRA_UNITS and not self.held_bytes

    @property
    def longer_units(self) -> int:
        """Units before the end of the picture whose empty ends are looked at."""
        extra = len(self.restarts) * _EXTRA_UNITS if self.intervals_grow else 0
        return self.rows * self.columns + extra

    @property
    def longer_rows(self) -> int:
        """Rows of units of that picture."""
        return -(-self.longer_units // self.columns) + 1

    @property
    def longer_height(self) -> int:
        """Its height in pixels."""
        return self.longer_rows * self.unit[1]


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
    layout = JpegLayout()
    position = len(_END)
    while True:
        match = _MARKER.match(data, position)
        if match is None:
            raise damaged()
        marker, position = match[1][0], match.end()
        if marker == _EOI and layout.scans:
            return layout
        if marker in _RESTARTS or marker in (_SOI, _TEM, _EOI):
            raise damaged()
        (length,) = struct.unpack_from(">H", data, position)
        content = data[position + 2 : position + length]
        if len(content) != length - 2 or (marker in _FRAMES and layout.sampling):
            raise damaged()
        if marker in _FRAMES:
            _, layout.height, layout.width, count = struct.unpack_from(">BHHB", content)
            layout.coding, layout.height_at = marker, position + 3
            for at in range(6, 6 + 3 * count, 3):
                layout.sampling[content[at]] = content[at + 1] >> 4, content[at + 1] & 15
        elif marker == _DRI:
            (layout.interval,) = struct.unpack(">H", content)
            layout.interval_at = position + 2
        position += length
        if marker == _SOS:
            components = content[1 : 1 + 2 * content[0] : 2]
            layout.is_in_parts |= len(components) < len(layout.sampling)
            units = layout.rows * layout.columns
            if len(components) == 1:
                units = layout.blocks(components[0])
            number = -(-units // layout.interval) - 1 if layout.interval else 0
            layout.restarts, end = _scan(data, position, number)
            layout.scans.append((position, end))
            position = end


def _scan(data: bytes, start: int, number: int) -> tuple[list[int], int]:
    """Where a scan's restart markers are, of which it has so many, and where its data ends."""
    restarts = []
    marker, end, position = _next_marker(data, start)
    for count in range(number):
        if marker != _RESTARTS[count % len(_RESTARTS)]:
            raise damaged()
        restarts.append(end)
        marker, end, position = _next_marker(data, position)
    if marker in _RESTARTS or _went_through_text_mode(data, start, end):
        raise damaged()
    return restarts, end


def _next_marker(data: bytes, start: int) -> tuple[int, int, int]:
    """The next marker in a scan, where it begins and where it ends."""
    match = _NEXT_MARKER.search(data, start)
    if match is None:
        raise damaged()
    begin = match.start()
    while begin > start and data[begin - 1] == 0xFF:  # it may begin with several
        begin -= 1
    return match[1][0], begin, match.end()


def _went_through_text_mode(data: bytes, start: int, end: int) -> bool:
    """Whether line ends were translated: every LF has a CR, or no CR is left among all values."""
    if data.find(b"\r", start, end) >= 0:  # sound data shows a LF of its own soon
        bare = _BARE_FEED.search(data, start, end)
        return bare is None and data.count(b"\n", start, end) >= _SURELY_THERE
    if data.count(b"\n", start, end) < _SURELY_THERE:
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
    """The picture declared as long as ``layout.longer_height``, if it can be."""
    longest = max(layout.longer_height, layout.width + layout.unit[0])
    if longest > _MAX_SIDE_PIXELS or layout.coding in _ARITHMETIC:
        return None
    start, end = layout.scans[-1]
    while end > start and data[end - 1] in (0x00, 0xFF):  # some encoders fill up their memory
        end -= 1
    changes = [(layout.height_at, layout.longer_height)]
    if layout.intervals_grow:  # units that have all their pixels, so that each has a middle
        changes.append((layout.height_at + 2, layout.columns * layout.unit[0]))
        changes.append((layout.interval_at, layout.interval + _EXTRA_UNITS))
    parts: list[bytes | memoryview] = []
    whole, position = memoryview(data), 0  # whose slices are no copies
    for at, value in sorted(changes):
        parts += [whole[position:at], value.to_bytes(2, "big")]
        position = at + 2
    return b"".join([*parts, whole[position:end], _END])


def _filled(data: bytes, layout: JpegLayout) -> bytes:
    """The picture with something behind the data of each scan and interval."""
    ends = sorted({*(end for _, end in layout.scans), *layout.restarts})
    parts = [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return b"".join(part + _FILLER for part in parts) + _END


def _ends_early(longer: Image.Image, layout: JpegLayout, divisor: int) -> bool:
    """Whether an end is empty altogether; behind sound data is the unit where it was noticed.

    The picture is damaged if more than that is there.
    """
    width, height = layout.unit
    columns = np.arange(layout.columns) * width + width // 2
    columns = np.minimum(columns // divisor, longer.width - 1)  # the middles of the units
    first = 0 if layout.intervals_grow else layout.rows
    lines = []
    for row in range(first, layout.longer_rows):
        y = (row * height + height // 2) // divisor
        lines.append(np.asarray(longer.crop((0, y, longer.width, y + 1)))[0, columns])
    units = np.concatenate(lines).reshape(len(lines) * layout.columns, -1)
    found = (units != units[-1]).any(axis=1)  # the last of all is empty
    intervals = np.arange(len(layout.restarts) if layout.intervals_grow else 0)
    ends = intervals * (layout.interval + _EXTRA_UNITS) + layout.interval
    last = layout.longer_units - first * layout.columns
    at_the_end = _PADDING_UNITS if layout.held_bytes else 1
    if found[ends + 1].any() or found[last + at_the_end :].any():
        raise damaged()
    return not (found[ends].all() and found[last])


def _digest(image: Image.Image) -> bytes:
    digest = hashlib.sha256()
    for top in range(0, image.height, _DIGEST_ROWS):
        bottom = min(top + _DIGEST_ROWS, image.height)
        digest.update(image.crop((0, top, image.width, bottom)).tobytes())
    return digest.digest()
