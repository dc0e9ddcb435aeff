"""The fingerprint of a profile from SPEC section 10 alone: folder in, 32 bytes out.

It parses the ``.npz`` itself and shares no code with the package.
"""

from __future__ import annotations

import ast
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any


def fingerprint(folder: Path, profile: str) -> bytes:
    """Of one profile of the bundle in ``folder``."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    chosen = manifest["profiles"][profile]
    packed = folder / manifest["projection"]
    layers = [
        {
            "outputs": [
                {
                    **{key: part[key] for key in ("output", "shape", "pooling")},
                    **unusual(part, norm="none", offset=None),
                }
                for part in manifest["layers"][layer]
            ],
            "weights": hashlib.sha256(
                values(packed, f"{layer}/weights.npy", weight_bytes(manifest, layer))
            ).hexdigest(),
            "offsets": hashlib.sha256(values(packed, f"{layer}/offsets.npy", 8)).hexdigest(),
        }
        for layer in chosen["layers"]
    ]
    given = manifest["input"]
    contract: dict[str, Any] = {
        "model": hashlib.sha256((folder / manifest["model"]).read_bytes()).hexdigest(),
        "input": {
            "height": given["height"],
            "width": given["width"],
            **{key: float(given[key]) for key in ("low", "high", "crop")},
            **unusual(given, layout="NHWC", fit="crop", filter="bilinear", decode="reduced"),
        },
        "layers": layers,
        "segments": chosen["segments"],
        **{
            key: [[float(fraction), turns] for fraction, turns in chosen[key]]
            for key in ("looks", "reference_looks")
        },
    }
    text = json.dumps(contract, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"ailock/v1/fingerprint" + text.encode("ascii")).digest()


def unusual(written: dict[str, Any], **usual: str | None) -> dict[str, Any]:
    """Of the keys that may be missing, those that are there and say something else."""
    return {key: written[key] for key in usual if written.get(key, usual[key]) != usual[key]}


def weight_bytes(manifest: dict[str, Any], layer: str) -> int:
    return 4 if manifest["projections"][layer]["kind"] == "matrix" else 2


def values(packed: Path, member: str, item_bytes: int) -> bytes:
    """The bytes of a little-endian array, row after row, from an ``.npz`` of NumPy's format 1."""
    with zipfile.ZipFile(packed) as archive:
        raw = archive.read(member)
    assert raw[:8] == b"\x93NUMPY\x01\x00"
    start = 10 + int.from_bytes(raw[8:10], "little")
    head = ast.literal_eval(raw[10:start].decode("latin-1"))
    assert head["descr"] == f"<f{item_bytes}"
    data = raw[start:]
    if not head["fortran_order"] or len(head["shape"]) == 1:
        return data
    rows, columns = head["shape"]
    return b"".join(
        data[place * item_bytes : (place + 1) * item_bytes]
        for row in range(rows)
        for place in range(row, rows * columns, rows)
    )
