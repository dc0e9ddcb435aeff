"""Fit a bundle's frozen projections, from photos to ``projection.npz`` (SPEC section 3).

    python -m tools.fit_projection --bundle models/NAME --config tools/train_embedder.toml \\
        --photos FOLDER --layer mixed_8/pool 0 512 512 --self-test photo.png

Principal components, white or not, are those of the training sets' plain photos; sets on a bare
background are left out, for photos that users take are not like them. The ai.lock paper's are
``--kind pca --hyperplanes gaussian`` with the window 200 to 400. A discriminant keeps the
directions in which objects differ while random views of one photo, drawn as in training, agree; a
photo without an object name is an object of its own. So do the real photos of sets that have
several of an object (``real`` in the configuration), and with ``--grids``, and the configuration of
``tools.train_objects``, views of one object before several backgrounds; each of the three kinds has
the same say. Its components are
then made white over the plain photos, for the bits of ordinary photos must not correlate.

Photos and views are looked at as probes are. With several segments, all of them together make up
the photos of one projection, and views of different segments count as different objects.

Covariances are exact up to 4,096 dimensions; principal components of longer embeddings are fitted
incrementally (``lab.fitting.incremental_pca``, the ``fit`` extra), discriminants refused.
"""

from __future__ import annotations

import argparse
import math
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ailock_sdk.capture import Look
from ailock_sdk.embedding import Embedder, Layer, Output, ProjectionSpec, load_bundle
from ailock_sdk.profiles import Profile
from lab.bundles.write import read_manifest
from lab.command import ERRORS, run_module
from lab.files import sha256_of
from lab.fitting.projections import HYPERPLANES, KINDS, Moments, fold
from lab.photos.embeddings import InputView, Sight
from tools.projection.components import discriminant, plain_photos, principal
from tools.projection.photos import (
    Camera,
    TrainingSets,
    add_plain_photos,
    embed_real,
    embed_scenes,
    embed_views,
)
from tools.projection.write import write_projection
from tools.training.config import read_views
from tools.training.object_config import read_object_config
from tools.training.scene_views import SceneViews

MODULE = "tools.fit_projection"
_CODE_ORDER = 7
"""Of the code's blocks, unless the imageprint is too short for one such block."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, write and record; 0, or 1 with one line that says what is wrong."""
    return run_module(
        MODULE, _parser(), arguments, name="fit_projection", errors=(*ERRORS, ValueError)
    )


def _run(options: argparse.Namespace, command: str) -> int:
    # Whatever can be refused is, before the long work begins.
    specs, config = _specs(options), read_views(options.config)
    profile = _profile(options, specs)
    if options.grids and (options.kind != "discriminant" or profile.segments[1:]):
        raise ValueError("scenes are for a discriminant of one segment: they show one object each")
    manifest = read_manifest(options.bundle)
    manifest["input"]["crop"] = options.crop or manifest["input"]["crop"]
    bundle = load_bundle(options.bundle)
    if unknown := specs.keys() - bundle.layers.keys():
        raise ValueError(f"the bundle has no layer {min(unknown)!r}: {', '.join(bundle.layers)}")
    projected = {layer: _rooted(bundle.layers[layer], options.root) for layer in specs}
    bundle = replace(bundle, layers={**bundle.layers, **projected})
    manifest["layers"] |= {name: layer.as_list() for name, layer in projected.items()}
    plain = {
        layer: plain_photos(layer, spec, bundle.layers[layer]) for layer, spec in specs.items()
    }
    planes = {
        layer: HYPERPLANES[spec.hyperplanes](spec.seed, spec.lambda_bits, spec.dimensions)
        for layer, spec in specs.items()
    }
    view = replace(InputView.of(bundle.input), crop=manifest["input"]["crop"])
    sight = Sight(view, profile.segments, profile.looks)
    camera = Camera(Embedder(bundle, options.threads), sight)
    sets = TrainingSets(config, options.photos, options.seed)

    used = add_plain_photos(plain, camera, sets, options.plain)
    kinds = []
    if options.kind == "discriminant":
        layers = list(specs)
        kinds = [embed_views(layers, camera, sets, options.views, options.limit, used)]
        if (real := embed_real(layers, camera, sets, used)) is not None:
            kinds.append(real)
        if options.grids:
            shown, size = (
                read_object_config(options.config),
                min(sight.short_side, config.source_size),
            )
            scenes = SceneViews(shown, options.photos, options.grids, size, options.seed)
            kinds.append(embed_scenes(layers, camera, scenes))
    arrays: dict[str, NDArray[Any]] = {}
    projections = {}
    for layer, spec in specs.items():
        known = plain[layer]
        if kinds and isinstance(known, Moments):
            seen = [(each.embeddings[layer], each.objects) for each in kinds]
            fit = discriminant(spec, known, seen, options.shrinkage)
        else:
            fit = principal(spec, known)
        print(
            f"{layer}: {spec.lambda_bits} bits of {fit.found} components, "
            f"{fit.share:.1%} of the eigenvalues' sum"
        )
        weights, offsets = fold(fit.components, fit.window, planes[layer])
        arrays |= {f"{layer}/weights": weights, f"{layer}/offsets": offsets}
        projections[layer] = {
            **spec.as_dict(),
            "exact_covariance": isinstance(known, Moments),
            "eigenvalue_share": round(fit.share, 4),
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
    if kinds:
        record |= {
            "objects": sum(int(each.objects.max()) + 1 for each in kinds),
            **({"grids": options.grids} if options.grids else {}),
            "shrinkage": options.shrinkage,
            "views_per_photo": options.views,
        }
    write_projection(options.bundle, manifest, specs, profile, arrays, record, options.self_test)
    bits = sum(spec.lambda_bits for spec in specs.values()) * len(profile.segments)
    print(f"{options.bundle}: profile {profile.name!r}, {bits} bits")
    return 0


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


def _rooted(layer: Layer, offset: float | None) -> Layer:
    """The layer with the root of its outputs, or without; what else it does to them stays."""
    if offset is not None:
        return Layer(
            tuple(Output(p.output, p.shape, p.pooling, "root", offset) for p in layer.parts)
        )
    return Layer(
        tuple(Output(p.output, p.shape, p.pooling) if p.norm == "root" else p for p in layer.parts)
    )


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.splitlines()[0]
    )
    parser.set_defaults(run=_run)
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
    add("--root", metavar="OFFSET", type=float, help="project the root of the layer plus this")
    add("--crop", type=float, help="centre square, of the short side (default: the manifest's)")
    add("--plain", type=int, help="photos of each set used as they are, at most (default: all)")
    add("--views", type=int, default=3, help="random views of each photo, at least 2")
    add("--limit", type=int, default=1000, help="photos of each set shown in views, at most")
    add("--grids", type=int, default=0, help="grids of scenes, as the configuration has them")
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
