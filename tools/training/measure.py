"""Bundles side by side on the watched sets, int8, through the whole pipeline.

    python -m tools.training.measure --config tools/train_objects.toml --photos DIR \\
        --bundle models/inception_v3_slim CANDIDATE --also grocery_dev.zip same_place half --out OUT

One probe photo against references of one and of three photos, at each bundle's own radius, and at
the radius where one in 10,000 photos of other objects of the first same-place set gets in. Every
bundle meets the same trials. A figure hangs on how the hyperplanes happen to lie: ``--turns 30``
turns them at random, alike for all bundles, and gives means and standard deviations.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.capture import Look
from ailock_sdk.embedding import Bundle, Embedder, load_bundle
from ailock_sdk.imageprint import ImagePrint, combine, load_projections
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.sketch import correction_radius
from lab.files import sha256_of
from lab.fitting.hyperplanes import orthonormal_hyperplanes
from lab.photos.embeddings import InputView, Sight, segment_views
from lab.photos.photo_sets import open_photo_set
from tools.training.object_config import SAME_PLACE, TARGETED, WatchSource, read_object_config
from tools.training.watch import RANDOM_FMR, Trials, equal_error_rate, radius_at, rates

REFERENCES = 3
SETS_MAX = 20
"""Sets of three reference photos drawn from one object, where there are more."""
ALIKE = frozenset({"mouse_W", "mouse_X"})
"""Objects that may be of one model: neither each other's owner nor impostor."""


@dataclass(frozen=True)
class Seen:
    """``embeddings`` float32 (N, L, D) of each look at each photo, and the photos' objects (N,)."""

    embeddings: NDArray[np.float32]
    objects: NDArray[np.str_]


def see(bundle: Bundle, looks: Sequence[Look], source: WatchSource, photos: Path) -> Seen:
    """What the bundle's model makes of every look; no photo is refused for its quality."""
    photo_set = open_photo_set(photos / source.file)
    photo_set = photo_set.half(training=False) if source.split else photo_set
    contract = bundle.input
    sight = Sight(InputView.of(contract), looks=tuple(looks))
    embedder, layers = Embedder(bundle), bundle.profiles[DEFAULT_PROFILE].layers
    bar = tqdm(photo_set, source.file, unit="photo", disable=None)
    rows = [
        [np.concatenate(embedder.embed(view, layers)) for view in segment_views(data, sight)[0]]
        for _, _, data in bar
    ]
    return Seen(np.array(rows, np.float32), photo_set.objects)


def seen_before(
    bundle: Bundle, looks: Sequence[Look], source: WatchSource, photos: Path, cache: Path
) -> Seen:
    """As :func:`see`, kept in a file: bundles with one model differ in the projection only."""
    profile = bundle.profiles[DEFAULT_PROFILE]
    described = [sha256_of(bundle.model_path), sha256_of(photos / source.file), source.split]
    described += [[look.as_list() for look in looks], profile.layers, bundle.input.crop]
    file = cache / f"{hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16]}.npz"
    if not file.exists():
        found = see(bundle, looks, source, photos)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(file, embeddings=found.embeddings, objects=found.objects)
    with np.load(file) as kept:
        return Seen(kept["embeddings"], kept["objects"])


def prints(
    bundle: Bundle, source: WatchSource, photos: Path, cache: Path
) -> tuple[list[ImagePrint], list[ImagePrint], NDArray[np.str_]]:
    """Imageprints of a set's photos as references and as probes, and their objects."""
    profile = bundle.profiles[DEFAULT_PROFILE]
    if len(profile.layers) > 1 or len(profile.segments) > 1:
        raise ValueError("only profiles of one layer and one segment are measured here")
    looks = list(dict.fromkeys([*profile.reference_looks, *profile.looks]))
    seen = seen_before(bundle, looks, source, photos, cache)
    projection = load_projections(bundle.projection_path, profile.layers)[profile.layers[0]]

    def of(asked: Sequence[Look]) -> list[ImagePrint]:
        chosen = [looks.index(look) for look in asked]
        means = seen.embeddings[:, chosen].mean(axis=1)
        return [ImagePrint(projection.margins(mean)) for mean in means]

    return of(profile.reference_looks), of(profile.looks), seen.objects


def compare(
    references: NDArray[np.bool_],
    probes: NDArray[np.bool_],
    members: list[tuple[int, ...]],
    objects: NDArray[np.str_],
) -> Trials:
    """Every reference, made of the photos ``members``, against every probe that is not in it."""
    agree = np.where(references, 1, -1).astype(np.float32)
    agree = agree @ np.where(probes, 1, -1).astype(np.float32).T
    owner = objects[[member[0] for member in members]]
    kinds, owner_kinds = (np.array([n.rsplit("_", 1)[0] for n in o]) for o in (objects, owner))
    mated = owner[:, None] == objects[None]
    valid = np.ones_like(mated)
    for row, member in enumerate(members):
        valid[row, list(member)] = False
    alike = np.isin(owner, list(ALIKE))[:, None] & np.isin(objects, list(ALIKE))[None]
    valid &= mated | ~alike
    same_kind = (owner_kinds[:, None] == kinds[None]) & ~mated
    distances = np.rint((probes.shape[1] - agree) / 2).astype(np.int_)
    return Trials(distances[valid], mated[valid], same_kind[valid])


def triples(objects: NDArray[np.str_], seed: int = 1) -> list[tuple[int, ...]]:
    """Sets of three photos of one object, some of them where there are many."""
    rng, found = np.random.default_rng(seed), []
    for name in np.unique(objects):
        sets = list(combinations(np.flatnonzero(objects == name).tolist(), REFERENCES))
        drawn = rng.permutation(len(sets))[:SETS_MAX]
        found += [sets[index] for index in drawn]
    return found


def measure(
    folder: Path, sources: list[WatchSource], photos: Path, cache: Path, turns: int = 1
) -> dict[str, object]:
    """All figures of a bundle, by set: as it is, or over ``turns`` of which that is the first."""
    bundle = load_bundle(folder)
    profile = bundle.profiles[DEFAULT_PROFILE]
    bits = sum(bundle.projections[layer].lambda_bits for layer in profile.layers)
    own = correction_radius(bits, profile.tau)
    met = [(source, *prints(bundle, source, photos, cache)) for source in sources]
    each = []
    for turn in range(turns):
        planes = orthonormal_hyperplanes(turn, bits, bits) if turn else np.eye(bits)
        turned = [
            (source, _turned(references, planes), _turned(probes, planes), objects)
            for source, references, probes, objects in met
        ]
        each.append(_figures(turned, own))
    found: dict[str, object] = {"bundle": folder.name, "radius": own}
    if turns == 1:
        return found | each[0]
    return found | {"turns": turns, "mean": _over(each, np.mean), "deviation": _over(each, np.std)}


def _turned(made: list[ImagePrint], planes: NDArray[np.float64]) -> list[ImagePrint]:
    return [ImagePrint(planes @ one.margins) for one in made]


def _over(each: Sequence[Any], statistic: Callable[[list[float]], Any]) -> Any:
    """Figures of several turns, nested alike, as one."""
    if isinstance(each[0], dict):
        return {key: _over([one[key] for one in each], statistic) for key in each[0]}
    return float(statistic(list(each)))


def _figures(
    met: list[tuple[WatchSource, list[ImagePrint], list[ImagePrint], NDArray[np.str_]]], own: int
) -> dict[str, object]:
    """The figures by set, at the radius ``own`` and at that of the random rate on the first."""
    found: dict[str, object] = {}
    equal: int | None = None
    for source, references, probes, objects in met:
        single: list[tuple[int, ...]] = [(index,) for index in range(len(objects))]
        probed = np.stack([probe.bits for probe in probes])
        one = compare(np.stack([r.bits for r in references]), probed, single, objects)
        if equal is None:
            if source.kind != SAME_PLACE:
                raise ValueError("the first set gives the radius, and is a same-place set")
            equal = found["radius_at_equal_fmr"] = radius_at(one, RANDOM_FMR)
        sets = triples(objects)
        joined = [combine([references[index] for index in member]).bits for member in sets]
        three = compare(np.stack(joined), probed, sets, objects)
        targeted = source.kind == TARGETED
        found[source.file + ("" if source.split else " (all)")] = {
            "photos": len(objects),
            "eer": equal_error_rate(one),
            "own radius": rates(one, own, targeted),
            "equal fmr": rates(one, equal, targeted),
            "own radius, 3 references": rates(three, own, targeted),
            "equal fmr, 3 references": rates(three, equal, targeted),
        }
    return found


def main() -> None:
    """Command-line entry point."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("--config", type=Path, required=True, help="its watched sets, the first of them first")
    add("--photos", type=Path, required=True, help="folder of photo sets")
    add("--bundle", type=Path, nargs="+", required=True)
    add("--also", nargs=3, action="append", default=[], metavar=("FILE", "KIND", "HALF_OR_ALL"))
    add("--turns", type=int, default=1, help="of the hyperplanes, at random; the first as it is")
    add("--out", type=Path, required=True, help="folder; one NAME.json for each bundle")
    add("--cache", type=Path, default=Path("out/looks"), help="where embeddings are kept")
    options = parser.parse_args()
    sources = [*read_object_config(options.config).watch]
    sources += [WatchSource(file, kind, split == "half") for file, kind, split in options.also]
    options.out.mkdir(parents=True, exist_ok=True)
    for bundle in options.bundle:
        found = measure(bundle, sources, options.photos, options.cache, options.turns)
        text = json.dumps(found, indent=1) + "\n"
        (options.out / f"{bundle.name}.json").write_text(text, "utf-8")
        print(text)


if __name__ == "__main__":
    main()
