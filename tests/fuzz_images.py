"""Mutated photos against ``decode_photo``: each must give a ``Photo`` or a ``PhotoFormatError``.

    python -m tests.fuzz_images --count 2000 --seed 1

A crash, a hang, a warning or any other exception is a fault; the exit status is 1 if there is any.
Mutant ``i`` of a seed is always the same bytes (with one Pillow version): ``mutant(seed, i)``.
"""

from __future__ import annotations

import argparse
import functools
import io
import multiprocessing
import random
import struct
import sys
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import numpy as np
from PIL import Image, features

from ailock_sdk.capture.decode import Photo, decode_photo
from ailock_sdk.errors import PhotoFormatError

TIME_LIMIT_SECONDS = 10.0
START_LIMIT_SECONDS = 60.0
SHORT_SIDE_PIXELS = 20
HEADER_LENGTH_BYTES = 128
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
EXTREME_FIELDS = [b"\x00\x00", b"\x00\x01", b"\x7f\xff", b"\xff\xff", b"\x00" * 4, b"\xff" * 4]

PHOTO = "photo"
REFUSED = "refused"


@functools.cache
def seeds() -> dict[str, bytes]:
    """Sound photos of every kind that is read, by name."""
    y, x = np.mgrid[:48, :64]
    noise = np.random.default_rng(0).integers(0, 60, (48, 64, 3))
    pixels = (np.stack([3 * x, 4 * y, x + y], 2) + noise).clip(0, 255).astype(np.uint8)
    rgb = Image.fromarray(pixels)
    rgba = rgb.copy()
    rgba.putalpha(Image.fromarray((x * 4).astype(np.uint8)))
    deep = Image.fromarray((x * y * 20).astype(np.uint16))
    palette = rgb.quantize(16)
    turned = Image.Exif()
    turned[0x0112] = 6
    turned[0x010F] = "maker"
    other = rgb.transpose(Image.Transpose.ROTATE_180)
    frames = {"save_all": True, "append_images": [other]}
    return {
        "jpeg": _save(rgb, "JPEG", exif=turned),
        "jpeg-progressive": _save(rgb, "JPEG", progressive=True, exif=turned),
        "jpeg-grey": _save(rgb.convert("L"), "JPEG"),
        "jpeg-cmyk": _save(rgb.convert("CMYK"), "JPEG"),
        "jpeg-restarts": _save(rgb, "JPEG", restart_marker_blocks=5),
        "jpeg-mpo": _save(rgb, "MPO", **frames),
        "png": _save(rgb, "PNG", exif=turned),
        "png-alpha": _save(rgba, "PNG"),
        "png-palette": _save(palette, "PNG", transparency=bytes(range(0, 160, 10))),
        "png-deep": _save(deep, "PNG"),
        "png-bilevel": _save(rgb.convert("1"), "PNG"),
        "png-animated": _save(rgb, "PNG", **frames),
        "webp": _save(rgb, "WEBP", exif=turned),
        "webp-lossless": _save(rgb, "WEBP", lossless=True),
        "webp-alpha": _save(rgba, "WEBP"),
        "webp-animated": _save(rgb, "WEBP", **frames),
        **({"avif": _save(rgba, "AVIF", exif=turned)} if features.check("avif") else {}),
    }


def _save(image: Image.Image, format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def split(data: bytes) -> list[bytes]:
    """A photo as its signature and its chunks (PNG, WebP) or marker segments (JPEG)."""
    if data.startswith(PNG_SIGNATURE):
        parts, position, overhead, header = [data[:8]], 8, 12, ">I"
    elif data.startswith(b"RIFF"):
        parts, position, overhead, header = [data[:12]], 12, 8, "<4xI"
    else:
        parts, position, overhead, header = [data[:2]], 2, 2, ">2xH"
    while position + 8 <= len(data):
        if overhead == 2 and data[position : position + 2] == b"\xff\xda":
            break  # entropy-coded data follows and has no length
        (length,) = struct.unpack_from(header, data, position)
        length += length % 2 if overhead == 8 else 0
        parts.append(data[position : position + overhead + length])
        position += overhead + length
    return [*parts, data[position:]]


def _flip_bits(rng: random.Random, data: bytes, _: bytes) -> bytes:
    changed = bytearray(data)
    for _i in range(rng.choice([1, 1, 2, 8, 40])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _edit_header(rng: random.Random, data: bytes, _: bytes) -> bytes:
    changed = bytearray(data)
    for _i in range(rng.randint(1, 3)):
        value = rng.choice([*EXTREME_FIELDS, rng.randbytes(1)])
        at = rng.randrange(min(HEADER_LENGTH_BYTES, len(data)))
        changed[at : at + len(value)] = value
    return bytes(changed)


def _truncate(rng: random.Random, data: bytes, _: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _splice(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    return data[: rng.randrange(len(data))] + donor[rng.randrange(len(donor)) :]


def _cut_or_repeat(rng: random.Random, data: bytes, _: bytes) -> bytes:
    start, end = sorted(rng.randrange(len(data) + 1) for _i in range(2))
    return data[:start] + data[start:end] * rng.choice([0, 2, 5]) + data[end:]


def _reorder_chunks(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    first, *rest = split(data)
    change = rng.choice(["shuffle", "drop", "repeat", "foreign"])
    if change == "shuffle":
        rng.shuffle(rest)
    elif change == "drop":
        del rest[rng.randrange(len(rest))]
    elif change == "repeat":
        rest.insert(rng.randrange(len(rest)), rng.choice(rest))
    else:
        rest.insert(rng.randrange(len(rest)), rng.choice(split(donor)))
    return first + b"".join(rest)


def _edit_chunk(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """One chunk's content mutated, with a right checksum where PNG would refuse it otherwise."""
    parts = split(data)
    at = rng.randrange(1, len(parts))
    is_png_chunk = data.startswith(PNG_SIGNATURE) and len(parts[at]) > 12
    if not is_png_chunk:
        if parts[at]:
            parts[at] = rng.choice([_flip_bits, _truncate])(rng, parts[at], donor)
        return b"".join(parts)
    name, content = parts[at][4:8], parts[at][8:-4]
    content = rng.choice([_flip_bits, _edit_header, _truncate])(rng, content, donor)
    checksum = zlib.crc32(name + content)
    parts[at] = struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
    return b"".join(parts)


MUTATIONS: list[Callable[[random.Random, bytes, bytes], bytes]] = [
    _flip_bits,
    _edit_header,
    _truncate,
    _splice,
    _cut_or_repeat,
    _reorder_chunks,
    _edit_chunk,
]


def mutant(seed: int, index: int) -> tuple[str, bytes]:
    """The name of the sound photo and the mutated bytes; every kind in turn, at random after."""
    rng = random.Random(f"{seed}/{index}")
    names = list(seeds())
    name = names[index % len(names)]
    data = seeds()[name]
    for _ in range(rng.choice([1, 1, 2])):
        donor = seeds()[rng.choice(names)]
        data = rng.choice(MUTATIONS)(rng, data, donor) or data
    return name, data


def _outcome(data: bytes) -> str:
    try:
        photo = decode_photo(data, SHORT_SIDE_PIXELS)
    except PhotoFormatError:
        return REFUSED
    except BaseException as error:  # whatever it is, it is the finding
        return f"{type(error).__name__}: {error}"
    sound = isinstance(photo, Photo) and photo.pixels.shape[2] == 3 and photo.pixels.size > 0
    return PHOTO if sound else "not a sound Photo"


def _work(connection: Connection, seed: int) -> None:
    warnings.simplefilter("error")
    connection.send("ready")
    while True:
        connection.send(_outcome(mutant(seed, connection.recv())[1]))


class _Worker:
    """A process of its own, so that a crash or a hang inside a decoder is only a finding."""

    def __init__(self, seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, seed), daemon=True)
        self._process.start()
        theirs.close()
        if not self._ours.poll(START_LIMIT_SECONDS) or self._ours.recv() != "ready":
            raise RuntimeError("the worker process did not start")

    def outcome(self, index: int) -> str:
        self._ours.send(index)
        if not self._ours.poll(TIME_LIMIT_SECONDS):
            return f"hang: more than {TIME_LIMIT_SECONDS:g} s"
        try:
            return str(self._ours.recv())
        except EOFError:
            self._process.join()
            return f"crash: exit status {self._process.exitcode}"

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._ours.close()


@dataclass
class Summary:
    """What became of the mutants: counts by (kind of photo, outcome) and each fault's text."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def total(self, outcome: str) -> int:
        return sum(count for (_, found), count in self.counts.items() if found == outcome)


def run_campaign(count: int, seed: int) -> Summary:
    """Decode mutants 0 to ``count - 1`` of ``seed``.

    Raises
    ------
    ValueError
        ``count`` is below 1: a campaign without inputs shows nothing.
    """
    if count < 1:
        raise ValueError("a campaign needs at least one input")
    summary = Summary()
    worker = _Worker(seed)
    try:
        for index in range(count):
            name, _ = mutant(seed, index)
            outcome = worker.outcome(index)
            if outcome in (PHOTO, REFUSED):
                summary.counts[name, outcome] += 1
                continue
            summary.counts[name, "fault"] += 1
            summary.faults.append(f"mutant({seed}, {index}), {name}: {outcome}")
            if outcome.startswith(("hang", "crash")):
                worker.stop()
                worker = _Worker(seed)
    finally:
        worker.stop()
    return summary


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    summary = run_campaign(options.count, options.seed)
    outcomes = (PHOTO, REFUSED, "fault")
    print(f"{'kind':<20}" + "".join(f"{outcome:>10}" for outcome in outcomes))
    for name in seeds():
        print(f"{name:<20}" + "".join(f"{summary.counts[name, o]:>10}" for o in outcomes))
    print(f"{'all':<20}" + "".join(f"{summary.total(o):>10}" for o in outcomes))
    for fault in summary.faults:
        print(fault)
    return 1 if summary.faults else 0


if __name__ == "__main__":
    sys.exit(main())
