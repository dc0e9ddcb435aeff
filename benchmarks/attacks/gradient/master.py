"""Only the bundle is known: a photo made to come near as many strangers' objects as it can.

As MasterPrints do with fingers (Roy, Memon and Ross, IEEE TIFS 12, 2017; Bontrager et al., BTAS
2018). The attacker has photos of his own, which stand for strangers': he looks for the bits that
most of them are within c of, and changes a photo until it has those bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ailock_sdk import ImagePrint
from benchmarks.attacks.gradient.descent import STANDARD, Recipe, attack, collision_loss
from benchmarks.attacks.gradient.likeness import Picture
from benchmarks.attacks.gradient.scene import Scene, distances
from lab.report.results import Table
from lab.statistics.intervals import Estimate, rule_of_three, share_by_object

TRIES = 5
"""What the throttle lets anybody try at once."""
STARTS, ROUNDS, SEARCH_RATE = 24, 400, 0.05
"""Of the search for bits, by Adam."""
WIDEST_BITS, NARROWEST_BITS = 20.0, 4.0
"""How soft "within c" is, at the first round and the last."""
CLOSE_SHARE = 0.05
"""A photo has the bits that were looked for once no more than these differ."""
REPLICATES = 1_000

Signs = NDArray[np.float32]
"""-1 and 1, (N, lambda)."""
Margins = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Strangers:
    """``margins`` (N, lambda) of reference photos, and the ``objects`` (N,) that they show."""

    margins: Margins
    objects: NDArray[np.str_]

    def opened(self, tries: Margins, radius: int, seed: int) -> Estimate:
        """The share of the photos that one of some probes is within c of."""
        hit = (distances(self.margins, tries) <= radius).any(axis=1)
        _, number = np.unique(self.objects, return_inverse=True)
        trials = np.bincount(number)
        bound = 0.0 if hit.any() else rule_of_three(len(trials))
        return share_by_object(
            np.bincount(number, weights=hit).astype(np.int64), trials, REPLICATES, seed, bound
        )


def search(own: Margins, radius: int, seed: int) -> Margins:
    """Bits, as margins (TRIES, lambda), that most of ``own`` are within c of.

    Each goes after what those before it left.
    """
    signs = _signs(own)
    return _greedily(own, radius, lambda left: _search_once(signs, left, radius, seed))


def choose(own: Margins, probes: Margins, radius: int) -> Margins:
    """The probes (TRIES, lambda) of unchanged photos that come near most of the others' photos."""
    near = distances(probes, own) <= radius
    np.fill_diagonal(near, False)
    return _greedily(own, radius, lambda left: probes[int(near[:, left].sum(axis=1).argmax())])


def _greedily(own: Margins, radius: int, best: Callable[[NDArray[np.bool_]], Margins]) -> Margins:
    left, found = np.ones(len(own), dtype=np.bool_), []
    for _ in range(TRIES):
        found.append(best(left))
        left &= distances(own, found[-1][None])[:, 0] > radius
    return np.array(found)


def _signs(margins: Margins) -> Signs:
    return np.where(margins >= 0, 1, -1).astype(np.float32)


def _search_once(signs: Signs, left: NDArray[np.bool_], radius: int, seed: int) -> Margins:
    """By gradients on soft bits, from several photos of those that are left."""
    wanted = torch.from_numpy(signs[left])
    lambda_bits = signs.shape[1]
    rng = np.random.default_rng([seed, int(left.sum())])
    starts = rng.choice(len(wanted), min(STARTS, len(wanted)), replace=False)
    soft = (0.5 * wanted[torch.from_numpy(starts)]).requires_grad_()
    optimiser = torch.optim.Adam([soft], SEARCH_RATE)
    for width in np.geomspace(WIDEST_BITS, NARROWEST_BITS, ROUNDS):
        apart = (lambda_bits - torch.tanh(soft) @ wanted.T) / 2
        optimiser.zero_grad()
        (-torch.sigmoid((radius - apart) / width).sum()).backward()
        optimiser.step()
    found = np.asarray(soft.detach().numpy(), dtype=np.float64)
    near = (distances(found, np.asarray(signs[left], dtype=np.float64)) <= radius).sum(axis=1)
    return np.asarray(found[int(near.argmax())])


def make_photos(
    scene: Scene, starts: list[Picture], wanted: Margins, recipe: Recipe
) -> Iterator[tuple[Picture, ImagePrint, int, float]]:
    """A photo changed to have each of the bits: with its imageprint, bits missed and seconds."""
    for start, margins in zip(starts, wanted, strict=True):
        target = ImagePrint(margins)
        most = round(CLOSE_SHARE * len(target))

        def watch(picture: Picture, _: int, target: ImagePrint = target, most: int = most) -> bool:
            return scene.bits_apart(picture, target) <= most

        loss = collision_loss(target.bits, slack=0.5)
        made = attack(STANDARD, scene.copy, start, loss, watch, recipe)
        seen = scene.print_of(made.picture)
        yield made.picture, seen, seen - target, made.seconds


def table(
    own: Strangers,
    victims: Strangers,
    probes: dict[str, Margins],
    everyday: Margins,
    radius: int,
    seed: int,
) -> Table:
    """What each kind of try opens, of the attacker's own photos and of strangers'.

    Parameters
    ----------
    probes : (TRIES, lambda) by what they are, best first
    everyday : margins (M, lambda) of unchanged photos, each a try of its own
    """
    rate = float((distances(victims.margins, everyday) <= radius).mean())
    rows: list[tuple[object, ...]] = [
        ("any photo of his", None, rate, _bits(rate), None, None),
    ]
    for name, tries in probes.items():
        first, all_of_them = (victims.opened(tries[:n], radius, seed) for n in (1, TRIES))
        chosen_on = own.opened(tries[:1], radius, seed).value
        rows.append((name, chosen_on, first, _bits(first.value), all_of_them))
        rows[-1] += (_bits(all_of_them.value),)
    return Table(
        "",
        f"Only the bundle known: strangers' reference photos opened, c = {radius}",
        (
            *("the attacker shows", "his own opened by one", "opened by one", "strength (bits)"),
            *(f"opened by {TRIES} tries", f"strength of {TRIES} tries (bits)"),
        ),
        tuple(rows),
        None,
        (
            f"{len(victims.margins):,} reference photos of {len(set(victims.objects)):,} objects; "
            f"the attacker looks at {len(own.margins):,} photos of other objects.",
            "Intervals: 95 %, bootstrap of the strangers' objects; if none is opened, the rule of "
            "three over objects.",
        ),
        {"his own opened by one": ".4f", "strength (bits)": ".1f"}
        | {f"strength of {TRIES} tries (bits)": ".1f"},
        "master",
    )


def _bits(share: float) -> float | None:
    return float(-np.log2(share)) if share else None
