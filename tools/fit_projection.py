"""Fit a bundle's frozen projections, from photos to ``projection.npz`` (SPEC section 3).

    python -m tools.fit_projection --bundle models/NAME --config tools/train_embedder.toml \\
        --photos FOLDER --layer mixed_8/pool 0 512 512 --self-test photo.png

Each photo of the configuration's training sets is shown to the network in several random views
(the same augmentation as in training); the discriminant keeps the directions in which objects
differ while the views of one object agree. A photo without an object name is an object of its own.
Discriminants and whitened components are then made white over the same sets' plain photos, those on
a bare background left out, for the bits of ordinary photos must not correlate.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.embedding import Embedder, ProjectionSpec, load_bundle
from ailock_sdk.errors import AilockError
from tools.bundle_files import (
    PROJECTION,
    list_file,
    read_manifest,
    replace_file,
    set_self_test,
    write_manifest,
)
from tools.embeddings import InputView, embed_all, view_pixels
from tools.photo_sets import PhotoSet, PhotoSetError, open_photo_set, sha256_of
from tools.projection_math import (
    HYPERPLANES,
    KINDS,
    Components,
    discriminant_components,
    fold,
    principal_components,
    whitened,
)
from tools.training.augmentation import augment
from tools.training.config import Config, Source, read_config

RECORD = "projection.json"
"""What was fitted on what; listed in the manifest."""
_BATCH = 20
_CODE_ORDER = 7
_CODE_COLUMNS = 1 << _CODE_ORDER


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, write and record; 0, or 1 with one line that says what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (PhotoSetError, AilockError, ValueError) as error:
        print(f"fit_projection: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    specs = _specs(options)
    manifest = read_manifest(options.bundle)
    manifest["input"]["crop"] = options.crop or manifest["input"]["crop"]
    config = read_config(options.config)
    fitting = _embed(options, config, list(specs), manifest["input"]["crop"])
    arrays: dict[str, NDArray[Any]] = {}
    shares = {}
    for layer, spec in specs.items():
        plain = fitting.plain[layer]
        components = _components(spec.kind, fitting.views[layer], fitting.objects, options, plain)
        shares[layer] = round(components.share(*spec.window), 4)
        print(
            f"{layer}: {spec.lambda_bits} bits of {components.matrix.shape[1]} components, "
            f"{shares[layer]:.1%} of the eigenvalues' sum; {len(plain)} plain photos"
        )
        window = spec.window
        if spec.kind == "discriminant":
            components, window = whitened(components, window, plain), (0, spec.dimensions)
        planes = HYPERPLANES[spec.hyperplanes](spec.seed, spec.lambda_bits, spec.dimensions)
        arrays[f"{layer}/weights"], arrays[f"{layer}/offsets"] = fold(
            components, window, planes, plain
        )
    record = {
        "photos": fitting.used,
        "objects": int(fitting.objects.max()) + 1,
        "views_per_photo": options.views,
        "shrinkage": options.shrinkage,
        "seed": options.seed,
        "eigenvalue_share": shares,
    }
    _write(options, manifest, specs, arrays, record)


@dataclass(frozen=True, eq=False)
class Fitting:
    """What projections are fitted on.

    Attributes
    ----------
    views : embeddings (N, D) of augmented views, for each layer
    objects : (N,) the object of each view
    plain : embeddings (M, D) of photos as they are, for each layer
    used : photo counts and SHA-256 of the sets
    """

    views: dict[str, NDArray[np.float32]]
    objects: NDArray[np.int_]
    plain: dict[str, NDArray[np.float32]]
    used: dict[str, Any]


def _components(
    kind: str,
    views: NDArray[np.float32],
    objects: NDArray[np.int_],
    options: argparse.Namespace,
    plain: NDArray[np.float32],
) -> Components:
    if kind == "discriminant":
        return discriminant_components(views, objects, options.shrinkage)
    return principal_components(plain, whiten=kind == "whitened-pca")


def _embed(
    options: argparse.Namespace, config: Config, layers: Sequence[str], crop: float
) -> Fitting:
    """Embed the plain photos and the views of every training set."""
    bundle = load_bundle(options.bundle)
    embedder = Embedder(bundle, options.threads)
    view = InputView(bundle.input.height, bundle.input.width, crop)
    parts: list[dict[str, NDArray[np.float32]]] = []
    plain: list[dict[str, NDArray[np.float32]]] = []
    names: list[str] = []
    used: dict[str, Any] = {}
    backgrounds: NDArray[np.uint8] | None = None
    for source in config.training:
        every = _photos(source, options)
        if not source.cut_outs:
            bar = tqdm(every, desc=f"{source.file}, plain", unit="photo", disable=None)
            whole = (view_pixels(data, view) for _, _, data in bar)
            plain.append(embed_all(embedder, whole, layers))
        photos = every.sample(options.limit, options.seed)
        flat = _squares(photos, config.source_size)
        # The first set lends its photos as backgrounds: it should show many different things.
        backgrounds = flat if backgrounds is None else backgrounds
        pixels = _views(flat, backgrounds, source, config, view, options)
        total = len(photos) * options.views
        bar = tqdm(pixels, desc=source.file, total=total, unit="view", disable=None)
        parts.append(embed_all(embedder, bar, layers))
        names += [f"{source.file}:{o}" for o in photos.objects for _ in range(options.views)]
        used[source.file] = {
            "photos_in_views": len(photos),
            "photos_plain": 0 if source.cut_outs else len(every),
            "sha256": sha256_of(photos.source),
        }
    _, objects = np.unique(names, return_inverse=True)
    return Fitting(_joined(parts), objects, _joined(plain), used)


def _joined(parts: Sequence[dict[str, NDArray[np.float32]]]) -> dict[str, NDArray[np.float32]]:
    return {layer: np.concatenate([part[layer] for part in parts]) for layer in parts[0]}


def _photos(source: Source, options: argparse.Namespace) -> PhotoSet:
    photos = open_photo_set(options.photos / source.file)
    if source.split:
        photos = photos.half(training=True)
    return photos


def _squares(photos: PhotoSet, size: int) -> NDArray[np.uint8]:
    """The centre squares of a set, uint8 (N, size, size, 3)."""
    whole = InputView(size, size, 1.0)
    return np.stack([view_pixels(data, whole) for _, _, data in photos])


def _views(
    squares: NDArray[np.uint8],
    backgrounds: NDArray[np.uint8],
    source: Source,
    config: Config,
    view: InputView,
    options: argparse.Namespace,
) -> Iterator[NDArray[np.uint8]]:
    """All random views of each photo in turn, as the network's input pixels."""
    # A seed of the set's own: adding a set leaves the views of the others as they were.
    seed = options.seed + zlib.crc32(source.file.encode())
    rng, draw = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    size = math.ceil(max(view.height, view.width) / view.crop)
    for start in range(0, len(squares), _BATCH):
        batch = np.repeat(squares[start : start + _BATCH], options.views, axis=0)
        behind = backgrounds[draw.integers(0, len(backgrounds), len(batch))]
        cut_outs = torch.full((len(batch),), source.cut_outs)
        augmented = augment(
            torch.from_numpy(batch),
            cut_outs,
            torch.from_numpy(behind),
            size,
            config.augmentation,
            rng,
        )
        rounded = ((augmented + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
        for image in rounded.contiguous().numpy():
            yield view_pixels(image, view)


def _specs(options: argparse.Namespace) -> dict[str, ProjectionSpec]:
    """The wanted projections by layer, in the profile's order."""
    specs = {}
    for layer, start, stop, bits in options.layer:
        specs[layer] = ProjectionSpec(
            kind=options.kind,
            window=(int(start), int(stop)),
            hyperplanes=options.hyperplanes,
            # A layer's hyperplanes are its own, whatever other layers are fitted beside it.
            seed=options.seed + zlib.crc32(layer.encode()),
            lambda_bits=int(bits),
        )
    return specs


def _write(
    options: argparse.Namespace,
    manifest: dict[str, Any],
    specs: Mapping[str, ProjectionSpec],
    arrays: Mapping[str, NDArray[Any]],
    record: Mapping[str, Any],
) -> None:
    """The projection, its record, the manifest's entries, and the self-test that follows."""
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    replace_file(options.bundle / PROJECTION, packed.getvalue())
    text = json.dumps(record, indent=2, sort_keys=True) + "\n"
    replace_file(options.bundle / RECORD, text.encode())
    list_file(manifest, options.bundle / PROJECTION)
    list_file(manifest, options.bundle / RECORD)
    manifest["projection"] = PROJECTION
    manifest["projections"] = {
        layer: {
            "kind": spec.kind,
            "window": list(spec.window),
            "hyperplanes": spec.hyperplanes,
            "seed": spec.seed,
            "lambda_bits": spec.lambda_bits,
        }
        for layer, spec in specs.items()
    }
    bits = sum(spec.lambda_bits for spec in specs.values()) * len(options.segments)
    manifest["profiles"] = {
        options.profile: {
            "layers": list(specs),
            "segments": options.segments,
            "tau": options.tau,
            "code": [_CODE_ORDER, math.ceil(bits / _CODE_COLUMNS), options.symbols],
            "calibration": {},
        }
    }
    manifest["self_test"] = None
    write_manifest(options.bundle, manifest)
    if options.self_test is not None:
        set_self_test(options.bundle, options.self_test)
    print(f"{options.bundle}: profile {options.profile!r}, {bits} bits")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.fit_projection", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--bundle", type=Path, required=True, help="a bundle folder with a model")
    add("--config", type=Path, required=True, help="training sets and augmentation (TOML)")
    add("--photos", type=Path, required=True, help="folder of the sets that the file names")
    add(
        "--layer",
        nargs=4,
        action="append",
        required=True,
        metavar=("LAYER", "START", "STOP", "BITS"),
        help="a layer, its window of components and its bits; repeat for several layers",
    )
    add("--kind", choices=KINDS, default="discriminant")
    add("--hyperplanes", choices=sorted(HYPERPLANES), default="orthonormal")
    add("--crop", type=float, help="centre square, of the short side (default: the manifest's)")
    add("--views", type=int, default=3, help="random views of each photo, at least 2")
    add("--limit", type=int, default=1000, help="photos of each set shown in views, at most")
    add("--shrinkage", type=float, default=0.3, help="of the within-object covariance, 0 to 1")
    add("--seed", type=int, default=7)
    add("--threads", type=int, help="CPU threads of the network")
    add("--profile", default="default", help="name of the profile to write")
    add("--segments", nargs="+", default=["whole"])
    add("--tau", default="0.6800", help="until tools.calibrate chooses one")
    add("--symbols", type=int, default=3, help="message symbols k of the code")
    add("--self-test", type=Path, help="a photo to keep, with its imageprint, in the bundle")
    return parser


if __name__ == "__main__":
    sys.exit(main())
