"""Pack the photo sets of a run into one file, for a machine that has nothing else.

    python -m tools.training.pack --config tools/train_objects.toml --photos DIR --out photos.zip

Every photo becomes the centre square that a run would cut from it, as WebP of the best quality at
which all of them fit; masks stay PNG. ``tools.train_objects --photos photos.zip`` unpacks the file.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from tqdm import tqdm

from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import LABELS, PhotoSet, open_photo_set
from tools.training.cutouts import MASK, MASK_SUFFIX
from tools.training.object_config import ObjectConfig, read_object_config
from tools.training.watch import LOOKS

LARGEST = 50_000_000
QUALITIES = (90, 80, 70, 60, 50, 40, 30)
_SAMPLED = 20
"""One photo in so many is encoded to estimate the file's size."""
_SPARE = 0.03
"""Share of the size that the estimate may be wrong by; labels and masks count in it too."""


class TooLargeError(ValueError):
    """The photos do not fit at any quality."""


def pack(config: ObjectConfig, photos: Path, out: Path, largest: int = LARGEST) -> int:
    """Write ``out``; returns the quality.

    Raises
    ------
    TooLargeError
        The photos do not fit into ``largest`` bytes.
    """
    sets = {name: open_photo_set(photos / name) for name in config.files}
    quality = _quality(config, sets, largest)
    masked = {source.file for source in config.objects if source.outline == MASK}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, photo_set in sets.items():
            packed.writestr(name, _set(photo_set, _side(config, name), quality, name in masked))
    if (size := out.stat().st_size) > largest:
        out.unlink()
        raise TooLargeError(f"{size} bytes at quality {quality}, more than {largest}")
    return quality


def _side(config: ObjectConfig, name: str) -> int:
    """Pixels a side that a run can use of a set's photos."""
    if name not in {source.file for source in config.watch}:
        return config.source_size
    looked_at = math.ceil(config.input_size / min(look.fraction for look in LOOKS))
    return max(config.source_size, looked_at)


def _quality(config: ObjectConfig, sets: dict[str, PhotoSet], largest: int) -> int:
    """The best quality at which the sampled photos promise to fit."""
    totals = dict.fromkeys(QUALITIES, 0.0)
    for name, photo_set in sets.items():
        drawn = photo_set.sample(math.ceil(len(photo_set) / _SAMPLED), config.seed)
        for _, _, data in drawn:
            pixels = _square(data, _side(config, name))
            for quality in QUALITIES:
                totals[quality] += len(_webp(pixels, quality)) * len(photo_set) / len(drawn)
    for quality, total in totals.items():
        if total * (1 + _SPARE) <= largest:
            return quality
    raise TooLargeError(f"about {totals[QUALITIES[-1]]:.0f} bytes at the lowest quality")


def _set(photos: PhotoSet, side: int, quality: int, masks: bool) -> bytes:
    """One set as a zip file, as :func:`lab.photos.photo_sets.open_photo_set` reads it."""
    content, labels = io.BytesIO(), io.StringIO()
    rows = csv.writer(labels)
    rows.writerow(["path", "object", "kind"])
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        bar = tqdm(photos, photos.source.name, unit="photo", disable=None)
        for entry, (path, name, data) in zip(photos.entries, bar, strict=True):
            packed = str(PurePosixPath(path).with_suffix(".webp"))
            archive.writestr(packed, _webp(_square(data, side), quality))
            rows.writerow([packed, name, entry.kind])
        if masks:
            _copy_masks(photos, archive, side)
        archive.writestr(LABELS, labels.getvalue())
    return content.getvalue()


def _copy_masks(photos: PhotoSet, archive: zipfile.ZipFile, side: int) -> None:
    with zipfile.ZipFile(photos.source) as source:
        for entry in photos.entries:
            path = str(PurePosixPath(entry.path).with_suffix("")) + MASK_SUFFIX
            mask = Image.open(io.BytesIO(source.read(path)))
            short = min(mask.size)
            left, top = (mask.width - short) // 2, (mask.height - short) // 2
            square = mask.crop((left, top, left + short, top + short))
            content = io.BytesIO()
            square.resize((side, side), Image.Resampling.NEAREST).save(content, "PNG")
            archive.writestr(path, content.getvalue())


def _square(data: bytes, side: int) -> np.ndarray:
    return view_pixels(data, InputView(side, side, crop=1.0))


def _webp(pixels: np.ndarray, quality: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", quality=quality)
    return content.getvalue()


def main() -> None:
    """Command-line entry point."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photo sets")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    quality = pack(read_object_config(arguments.config), arguments.photos, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB, WebP quality {quality}")


if __name__ == "__main__":
    main()
