"""Fit a bundle's frozen projections, from photos to ``projection.npz`` (SPEC section 3).

    python -m tools.fit_projection --bundle models/NAME --config tools/train_embedder.toml \\
        --photos FOLDER --layer mixed_8/pool 0 512 512 --self-test photo.png

Principal components, white or not, are those of the training sets' plain photos; sets on a bare
background are left out, for photos that users take are not like them. The ai.lock paper's are
``--kind pca --hyperplanes gaussian`` with the window 200 to 400. A discriminant keeps the
directions in which objects differ while random views of one photo, drawn as in training, agree; a
photo without an object name is an object of its own. Its components are then made white over the
plain photos, for the bits of ordinary photos must not correlate.

Photos and views are looked at as probes are. With several segments, all of them together make up
the photos of one projection, and views of different segments count as different objects.

Covariances are exact up to 4,096 dimensions; principal components of longer embeddings are fitted
incrementally (``lab.fitting.incremental_pca``, the ``fit`` extra), discriminants refused.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.capture import Look
from ailock_sdk.embedding import Embedder, Layer, ProjectionSpec, load_bundle
from ailock_sdk.errors import AilockError
from ailock_sdk.profiles import Profile
from lab.bundles.write import (
    PROJECTION,
    list_file,
    read_manifest,
    set_self_test,
    write_manifest,
)
from lab.errors import PhotoSetError
from lab.files import sha256_of, write_whole
from lab.fitting.incremental_pca import PAPER_COMPONENTS, IncrementalComponents
from lab.fitting.projections import (
    HYPERPLANES,
    KINDS,
    Components,
    Moments,
    discriminant_components,
    fold,
    principal_components,
    whitened,
)
from lab.photos.embeddings import InputView, Sight, embed_in_chunks
from lab.photos.photo_sets import PhotoSet, open_photo_set
from lab.report.provenance import command_line
from tools.projection.views import random_views, squares
from tools.training.config import Config, Source, read_config

MODULE = "tools.fit_projection"
RECORD = "projection.json"
"""What was fitted on what; listed in the manifest."""
EXACT_DIMENSIONS = 4096
"""Longest embeddings of which a D x D covariance is made: 128 MiB."""
Plain = Moments | IncrementalComponents
"""What is known of a layer's plain photos."""
_CODE_ORDER = 7
"""Of the code's blocks, unless the imageprint is too short for one such block."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, write and record; 0, or 1 with one line that says what is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        _run(options, command_line(MODULE, given))
    except (PhotoSetError, AilockError, ValueError) as error:
        print(f"fit_projection: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace, command: str) -> None:
    # Whatever can be refused is, before the long work begins.
    specs, config = _specs(options), read_config(options.config)
    profile = _profile(options, specs)
    manifest = read_manifest(options.bundle)
    manifest["input"]["crop"] = options.crop or manifest["input"]["crop"]
    bundle = load_bundle(options.bundle)
    if unknown := specs.keys() - bundle.layers.keys():
        raise ValueError(f"the bundle has no layer {min(unknown)!r}: {', '.join(bundle.layers)}")
    plain = {layer: _plain(layer, spec, bundle.layers[layer]) for layer, spec in specs.items()}
    planes = {
        layer: HYPERPLANES[spec.hyperplanes](spec.seed, spec.lambda_bits, spec.dimensions)
        for layer, spec in specs.items()
    }
    view = InputView(bundle.input.height, bundle.input.width, manifest["input"]["crop"])
    sight = Sight(view, profile.segments, profile.looks)
    camera = Camera(Embedder(bundle, options.threads), sight)

    used = _add_plain_photos(plain, camera, config, options)
    views = None
    if options.kind == "discriminant":
        views = _embed_views(list(specs), camera, config, options, used)
    arrays: dict[str, NDArray[Any]] = {}
    projections = {}
    for layer, spec in specs.items():
        components, window, share = _components(layer, spec, plain[layer], views, options)
        weights, offsets = fold(components, window, planes[layer])
        arrays |= {f"{layer}/weights": weights, f"{layer}/offsets": offsets}
        projections[layer] = {
            **spec.as_dict(),
            "exact_covariance": isinstance(plain[layer], Moments),
            "eigenvalue_share": round(share, 4),
        }
    record = {
        "command": command,
        "config_sha256": sha256_of(options.config),
        "crop": view.crop,
        "photos": used,
        "projections": projections,
        "seed": options.seed,
        **profile.imageprint_contract(),
    }
    if views is not None:
        record |= {
            "objects": int(views.objects.max()) + 1,
            "shrinkage": options.shrinkage,
            "views_per_photo": options.views,
        }
    _write(options, manifest, specs, profile, arrays, record)


@dataclass(frozen=True, eq=False)
class Camera:
    """What embeds photos, and what it looks at in each."""

    embedder: Embedder
    sight: Sight


@dataclass(frozen=True, eq=False)
class Views:
    """Embeddings of random views.

    Attributes
    ----------
    embeddings : float32 (N, D) for each layer
    objects : int (N,), alike where the same segment of the same object is seen
    """

    embeddings: dict[str, NDArray[np.float32]]
    objects: NDArray[np.int_]


def _plain(name: str, spec: ProjectionSpec, layer: Layer) -> Plain:
    """What takes in the plain photos of a layer."""
    start, stop = spec.window
    if not 0 <= start < stop <= layer.dimensions:
        raise ValueError(f"window [{start}, {stop}) is no part of {layer.dimensions} components")
    if layer.dimensions <= EXACT_DIMENSIONS:
        return Moments(layer.dimensions)
    if spec.kind == "discriminant":
        raise ValueError(
            f"a discriminant takes at most {EXACT_DIMENSIONS} dimensions, "
            f"{name} has {layer.dimensions}: pool it, or use --kind pca"
        )
    return IncrementalComponents(layer.dimensions, max(PAPER_COMPONENTS, stop))


def _components(
    layer: str,
    spec: ProjectionSpec,
    plain: Plain,
    views: Views | None,
    options: argparse.Namespace,
) -> tuple[Components, tuple[int, int], float]:
    """Components, the window of them to cut, and its share of all components' strength."""
    whiten = spec.kind == "whitened-pca"
    if isinstance(plain, IncrementalComponents):
        components = plain.components(whiten)
    elif views is None:
        components = principal_components(plain, whiten)
    else:
        components = discriminant_components(
            views.embeddings[layer], views.objects, options.shrinkage
        )
    share = components.share(*spec.window)
    print(
        f"{layer}: {spec.lambda_bits} bits of {components.matrix.shape[1]} components, "
        f"{share:.1%} of the eigenvalues' sum"
    )
    if views is None or isinstance(plain, IncrementalComponents):
        return components, spec.window, share
    return whitened(components, spec.window, plain), (0, spec.dimensions), share


def _add_plain_photos(
    plain: Mapping[str, Plain], camera: Camera, config: Config, options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Show the training sets' photos, as they are, to ``plain``; returns what was used."""
    used: dict[str, dict[str, Any]] = {}
    for source in config.training:
        photos = _photos(source, options)
        used[source.file] = {"photos_plain": 0, "sha256": sha256_of(photos.source)}
        if source.cut_outs:
            continue
        photos = photos.sample(options.plain or len(photos), options.seed)
        used[source.file]["photos_plain"] = len(photos)
        bar = tqdm(photos, desc=f"{source.file}, plain", unit="photo", disable=None)
        encoded = (data for _, _, data in bar)
        for chunk in embed_in_chunks(camera.embedder, encoded, camera.sight, list(plain)):
            for layer, embeddings in chunk.items():
                plain[layer].add(embeddings)
    return used


def _embed_views(
    layers: Sequence[str],
    camera: Camera,
    config: Config,
    options: argparse.Namespace,
    used: dict[str, dict[str, Any]],
) -> Views:
    """Embed random views of every training set's photos; enters into ``used`` how many."""
    chunks: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
    names: list[str] = []
    # As large as the looks can use; a view is no sharper than the photo that it is drawn from.
    size = min(camera.sight.short_side, config.source_size)
    backgrounds: NDArray[np.uint8] | None = None
    for source in config.training:
        photos = _photos(source, options).sample(options.limit, options.seed)
        used[source.file]["photos_in_views"] = len(photos)
        flat = squares(photos, config.source_size)
        # The first set lends its photos as backgrounds: it should show many different things.
        backgrounds = flat if backgrounds is None else backgrounds
        views = random_views(flat, backgrounds, source, config, options.views, size, options.seed)
        total = len(photos) * options.views
        bar = tqdm(views, desc=source.file, total=total, unit="view", disable=None)
        for chunk in embed_in_chunks(camera.embedder, bar, camera.sight, layers):
            for layer, embeddings in chunk.items():
                chunks[layer].append(embeddings)
        names += [
            f"{source.file}:{name}:{segment}"
            for name in photos.objects
            for _ in range(options.views)
            for segment in options.segments
        ]
    _, objects = np.unique(names, return_inverse=True)
    return Views({layer: np.concatenate(parts) for layer, parts in chunks.items()}, objects)


def _photos(source: Source, options: argparse.Namespace) -> PhotoSet:
    photos = open_photo_set(options.photos / source.file)
    return photos.half(training=True) if source.split else photos


def _looks(given: Sequence[tuple[float, float]] | None) -> tuple[Look, ...]:
    """The looks asked for; without any, the whole segment, upright."""
    if given is None:
        return (Look(1.0, 0),)
    if odd := [turns for _, turns in given if not turns.is_integer()]:
        raise ValueError(f"a look has 0 to 3 quarter turns, not {odd[0]}")
    return tuple(Look(fraction, int(turns)) for fraction, turns in given)


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


def _profile(options: argparse.Namespace, specs: Mapping[str, ProjectionSpec]) -> Profile:
    """The profile to write, without a calibration."""
    bits = sum(spec.lambda_bits for spec in specs.values()) * len(options.segments)
    order = min(_CODE_ORDER, (bits - 1).bit_length())
    blocks = math.ceil(bits / (1 << order))
    return Profile(
        name=options.profile,
        layers=tuple(specs),
        segments=tuple(options.segments),
        looks=_looks(options.look),
        reference_looks=_looks(options.reference_look),
        tau=options.tau,
        code=(order, blocks, min(options.symbols, blocks)),
    )


def _write(
    options: argparse.Namespace,
    manifest: dict[str, Any],
    specs: Mapping[str, ProjectionSpec],
    profile: Profile,
    arrays: Mapping[str, NDArray[Any]],
    record: Mapping[str, Any],
) -> None:
    """The projection, its record, the manifest's entries, and the self-test that follows."""
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    write_whole(options.bundle / PROJECTION, packed.getvalue())
    text = json.dumps(record, indent=2, sort_keys=True) + "\n"
    write_whole(options.bundle / RECORD, text.encode())
    list_file(manifest, options.bundle / PROJECTION)
    list_file(manifest, options.bundle / RECORD)
    manifest["projection"] = PROJECTION
    manifest["projections"] = {layer: spec.as_dict() for layer, spec in specs.items()}
    manifest["profiles"] = {
        profile.name: {
            **profile.imageprint_contract(),
            "tau": profile.tau,
            "code": list(profile.code),
            "calibration": {},
        }
    }
    manifest["self_test"] = None
    write_manifest(options.bundle, manifest)
    if options.self_test is not None:
        set_self_test(options.bundle, options.self_test)
    bits = sum(spec.lambda_bits for spec in specs.values()) * len(profile.segments)
    print(f"{options.bundle}: profile {profile.name!r}, {bits} bits")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.splitlines()[0]
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
    for role, photo in (("", "a probe"), ("reference-", "a reference photo")):
        add(
            f"--{role}look",
            nargs=2,
            type=float,
            action="append",
            metavar=("FRACTION", "TURNS"),
            help=f"a look at each segment of {photo}; repeat for several (default: 1.0 0)",
        )
    add("--crop", type=float, help="centre square, of the short side (default: the manifest's)")
    add("--plain", type=int, help="photos of each set used as they are, at most (default: all)")
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
