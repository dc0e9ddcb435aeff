"""Faces of a photo set, found, turned upright and cut out: a photo set of them.

    python -m tools.align_faces --photos SET.zip --out FACES.zip

Found by the package ``mtcnn`` (Zhang et al., "Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks", arXiv 1604.02878; its weights are inside), extra ``faces``. Eyes,
nose and corners of the mouth come to where the aligned faces of ArcFace have them (Deng et al.,
arXiv 1801.07698), by the similarity that does it best. Of several faces the largest counts; a photo
without a face is resized whole, and ``labels.csv`` says so in ``kind``. Names of files and objects
stay, so that a pairs file serves as before.
"""

from __future__ import annotations

import argparse
import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from ailock_sdk.capture import decode_photo
from lab.command import run_module
from lab.errors import ExperimentError
from lab.files import replacing
from lab.photos.photo_sets import LABELS, open_photo_set

TEMPLATE = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Left and right eye, nose, left and right corner of the mouth, in pixels of a side of 112."""
TEMPLATE_SIDE = 112
PARTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
"""Left and right in the photo, as MTCNN names them."""
SHORT_SIDE = 1024
"""Photos are looked at no larger."""
FACE, WHOLE = "face", "no face found"

Find = Callable[[NDArray[np.uint8]], NDArray[np.float64] | None]
"""Five points (5, 2), x and y in pixels, of the largest face of uint8 RGB (H, W, 3), if any."""


def similarity(points: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn, scale and shift that bring ``targets`` (N, 2) nearest to ``points``: (2, 3).

    Least squares in the two numbers of turn and scale and the two of the shift; from places in the
    result to places in the photo, as resampling wants it.
    """
    x, y = targets.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    system = np.concatenate(
        [np.stack([x, -y, one, zero], axis=1), np.stack([y, x, zero, one], axis=1)]
    )
    a, b, right, down = np.linalg.lstsq(system, points.T.ravel(), rcond=None)[0]
    return np.array([[a, -b, right], [b, a, down]])


def aligned(
    pixels: NDArray[np.uint8], points: NDArray[np.float64] | None, side: int
) -> Image.Image:
    """The face of five points, or without them the whole photo, ``side`` pixels a side."""
    image = Image.fromarray(pixels)
    if points is None:
        return image.resize((side, side), Image.Resampling.LANCZOS)
    # In steps: a face much larger than the result would lose every second line.
    shrink = max(1, int(np.ptp(points[:, 1]) / (0.4 * side)))
    image = image.reduce(shrink)
    matrix = similarity(points / shrink, np.array(TEMPLATE) * side / TEMPLATE_SIDE)
    return image.transform(
        (side, side), Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BICUBIC
    )


def mtcnn() -> Find:
    """The detector.

    Raises
    ------
    ExperimentError
        The package is not installed.
    """
    try:
        from mtcnn import MTCNN
    except ModuleNotFoundError:
        raise ExperimentError(
            "finding faces needs an extra package: pip install 'ailock-sdk[faces]'"
        ) from None
    detector = MTCNN()

    def find(pixels: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        faces = detector.detect_faces(pixels)
        if not faces:
            return None
        largest = max(faces, key=lambda face: face["box"][2] * face["box"][3])
        return np.array([largest["keypoints"][part] for part in PARTS], dtype=np.float64)

    return find


def align(photos: Path, out: Path, side: int, find: Find) -> int:
    """Write a photo set of aligned faces, whole or not at all; how many had no face."""
    source = open_photo_set(photos)
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["path", "object", "kind"])
    missed = 0
    with replacing(out) as stream, zipfile.ZipFile(stream, "w") as archive:
        for path, name, encoded in tqdm(source, "faces", unit="photo", disable=None):
            pixels = np.asarray(decode_photo(encoded, SHORT_SIDE).pixels)
            points = find(pixels)
            missed += points is None
            entry = PurePosixPath(path).with_suffix(".jpg").as_posix()
            file = io.BytesIO()
            aligned(pixels, points, side).save(file, "JPEG", quality=95)
            archive.writestr(entry, file.getvalue())
            rows.writerow([entry, name, WHOLE if points is None else FACE])
        archive.writestr(LABELS, table.getvalue())
    return missed


def main() -> int:
    """Command-line entry point."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="labelled photo set, file or folder")
    add("--out", type=Path, required=True, help="photo set to write, a zip file")
    add("--pixels", type=int, default=TEMPLATE_SIDE, help="side of a face in the result")
    parser.set_defaults(run=_run)
    return run_module("tools.align_faces", parser, None)


def _run(options: argparse.Namespace, command: str) -> int:
    missed = align(options.photos, options.out, options.pixels, mtcnn())
    print(f"{options.out}: {missed} photos without a face are whole")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
