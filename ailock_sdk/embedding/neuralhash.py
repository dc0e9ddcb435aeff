"""Apple's NeuralHash as a bundle, of the user's own files: none of them is shipped.

The network takes the whole picture as 360 x 360 RGB in [-1, 1], channels first, and gives 128
values; a matrix (96, 128) makes 96 bits of them, 1 where the product is at least 0.

References
----------
Apple, "CSAM Detection: Technical Summary", 2021.
Struppek, Hintersdorf, Neider and Kersting, "Learning to break deep perceptual hashing", FAccT 2022.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding.bundle import Bundle
from ailock_sdk.embedding.new_bundle import check_new_folder, write_bundle
from ailock_sdk.embedding.runtime import choose_runtime
from ailock_sdk.embedding.session import Tensor, open_session
from ailock_sdk.errors import BundleError

SIDE_PIXELS, DIMENSIONS, BITS = 360, 128, 96
LAYER = "neuralhash"
_HEADER_BYTES = 128
_SEED_BYTES = _HEADER_BYTES + 4 * BITS * DIMENSIONS
_MAGIC = b"KRYSIA"
_ROWS_AT, _COLUMNS_AT, _VALUES_AT = 0x28, 0x54, 0x78
"""Where the header says 96 and 128, as float32, and their product, as a 64-bit integer."""
_MODEL_BYTES_MAX = 512 * 2**20

_MEASURED_ON = "faces of ColorFERET, by the thesis that measured NeuralHash on them; not here"
# Each code finds at least 99 % of the words of as many wrong bits as its profile forgives. What is
# easier to guess is not its message but another picture: once in 1 / far.
_PROFILES = {
    "default": {
        "tau": "0.9000",
        "code": [3, 14, 7],
        "calibration": {
            "source": _MEASURED_ON,
            "far": 0.0016,
            "frr": 0.3145,
            "message_bits": 28,
        },
    },
    "easy": {
        "tau": "0.7600",
        "code": [3, 12, 3],
        "calibration": {
            "source": _MEASURED_ON,
            "eer": 0.0968,
            "message_bits": 12,
        },
    },
}

_CARD = """\
# {name}

Apple's NeuralHash, of two files of the user's own: it may not be passed on.

- A photo's imageprint has 96 bits, in Apple's order: `ailock hash --bundle {name} PHOTO`.
- As a lock it is weak. It tells pictures apart, not objects: another view of a thing is another
  picture. `default` forgives 9 bits and opens by hardly more than the picture that was enrolled: of
  other views of a thing it refuses 96 %. `easy` forgives 23, refuses 56 % and lets 0.03 % of other
  things in, 8.5 % of other faces. Whoever has the photo has the lock, and so has he who changes a
  picture until it has the photo's bits.
- Its rates on your photos: `python -m benchmarks.accuracy verify --bundle {name} --photos ...`
"""


def import_neuralhash(model: Path, seed: Path, target: Path, replace: bool = False) -> Bundle:
    """Make a bundle of NeuralHash's network and matrix.

    Parameters
    ----------
    model : Path
        The network as ONNX.
    seed : Path
        ``neuralhash_128x96_seed1.dat``: a header of 128 bytes and the matrix.
    target : Path
        The bundle's folder.
    replace : bool
        Put it in the place of a bundle that is there.

    Raises
    ------
    BundleError
        A file is missing, damaged, or of another shape; the text says which. Or the folder is in
        use.
    RuntimeMissingError
        There is no ONNX interpreter.
    """
    check_new_folder(target, replace)
    matrix = read_matrix(seed)
    content = _read(model, _MODEL_BYTES_MAX)
    output, shape = _checked_output(content, model)
    arrays = io.BytesIO()
    content_of = {f"{LAYER}/weights": matrix, f"{LAYER}/offsets": np.zeros(BITS)}
    np.savez(arrays, **content_of)  # type: ignore[arg-type]
    manifest = {
        "format": "ailock-bundle/2",
        "version": "1.0.0",
        "licence": "Apple's: not to be passed on",
        "source": f"Apple NeuralHash, imported from {model.name} and {seed.name}",
        "runtime": "onnx",
        "model": "model.onnx",
        "projection": "projection.npz",
        "input": {
            **{"height": SIDE_PIXELS, "width": SIDE_PIXELS, "low": -1.0, "high": 1.0},
            **{"crop": 1.0, "layout": "NCHW", "fit": "stretch"},
            **{"filter": "bicubic", "decode": "full"},
        },
        "layers": {LAYER: [{"output": output, "shape": shape, "pooling": "flatten"}]},
        "projections": {
            LAYER: {
                **{"kind": "matrix", "window": [0, DIMENSIONS], "hyperplanes": "given"},
                **{"seed": 0, "lambda_bits": BITS},
            }
        },
        "profiles": {
            name: {
                **{"layers": [LAYER], "segments": ["whole"]},
                **{"looks": [[1.0, 0]], "reference_looks": [[1.0, 0]]},
                **rest,
            }
            for name, rest in _PROFILES.items()
        },
        "self_test": None,
    }
    files = {
        "model.onnx": content,
        "projection.npz": arrays.getvalue(),
        "CARD.md": _CARD.format(name=target.name).encode("utf-8"),
    }
    return write_bundle(target, files, manifest, replace)


def read_matrix(seed: Path) -> NDArray[np.float32]:
    """The matrix of a seed file: float32 (96, 128).

    Raises
    ------
    BundleError
        The file is missing, of another size, or its header or values are not such a matrix's.
    """
    content = _read(seed, _SEED_BYTES)
    if len(content) != _SEED_BYTES:
        raise BundleError(
            f"{seed} has {len(content):,} bytes: a matrix of {BITS} x {DIMENSIONS} float32 values "
            f"behind its header has {_SEED_BYTES:,}"
        )
    header = content[:_HEADER_BYTES]
    (rows,), (columns,) = (struct.unpack_from("<f", header, at) for at in (_ROWS_AT, _COLUMNS_AT))
    (values,) = struct.unpack_from("<Q", header, _VALUES_AT)
    if _MAGIC not in header or (rows, columns, values) != (BITS, DIMENSIONS, BITS * DIMENSIONS):
        raise BundleError(
            f"{seed} has another header than a matrix of {BITS} x {DIMENSIONS} values: give "
            "neuralhash_128x96_seed1.dat"
        )
    matrix = np.frombuffer(content, "<f4", offset=_HEADER_BYTES).reshape(BITS, DIMENSIONS)
    if not np.isfinite(matrix).all() or not matrix.any(axis=1).all():
        raise BundleError(f"{seed} is damaged: a value is no number, or a row is empty")
    return matrix


def _checked_output(content: bytes, model: Path) -> tuple[str, list[int]]:
    """The one output of the network, and its shape without the batch."""
    runtime = choose_runtime("onnx")
    try:
        session = open_session(content, runtime, threads=1)
    except MemoryError:
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BundleError(f"{model} is no ONNX network that loads: {reason}") from None
    expected = (1, 3, SIDE_PIXELS, SIDE_PIXELS)
    if not session.input.fits(expected):
        raise BundleError(f"{model} takes {session.input.shape}, NeuralHash takes {expected}")
    if len(session.outputs) != 1:
        raise BundleError(f"{model} has {len(session.outputs)} outputs, NeuralHash has one")
    ((output, tensor),) = session.outputs.items()
    if not _gives_the_vector(tensor):
        raise BundleError(f"{model} gives {tensor.shape}, NeuralHash gives {DIMENSIONS} values")
    return output, [int(side) for side in tensor.shape[1:]]


def _gives_the_vector(tensor: Tensor) -> bool:
    sides = tensor.shape[1:]
    return all(isinstance(side, int) for side in sides) and np.prod(sides, dtype=int) == DIMENSIONS


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from None
    if len(content) > most:
        raise BundleError(f"{path} has more than {most:,} bytes: it is another file")
    return content
