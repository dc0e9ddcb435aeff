"""Changed records and vaults: a clear error or a refusal each, nothing opens, nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ailock_sdk import AiLock, ImagePrint, UnknownNameError
from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import KdfCost
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.records import enrol, near, peppered
from benchmarks.attacks.setting import Setting
from benchmarks.attacks.tampering.outcomes import Outcomes, told
from benchmarks.attacks.tampering.records import try_records
from benchmarks.attacks.tampering.vaults import CUT, make_scene, try_vaults
from lab.errors import LabError
from lab.report.results import Table
from lab.statistics.hamming import distances, pack

NAME = "tampering"
PIN = Hidden(b"4711")
COST = KdfCost(time_cost=2, memory_cost_kib=64, lanes=1)
"""Of the record that is downgraded: above the least there is."""


def run(setting: Setting) -> Findings:
    """Change records, then vaults."""
    rng = setting.rng(NAME)
    records = changed_records(setting.lock, rng)
    with TemporaryDirectory() as folder:
        locks = [locks_of_photos(setting, rng) for _ in range(setting.sample(4, 1))]
        changed: list[Outcomes] = []
        known: list[Outcomes] = []
        lost = 0
        for number, photos in enumerate(locks):
            place = Path(folder) / str(number)
            place.mkdir(mode=0o700)
            mine, elsewhere = (rng.bytes(PEPPER_LENGTH_BYTES) for _ in range(2))
            scene = make_scene(place, setting.lock, mine, elsewhere, photos)
            found, limits, missing = try_vaults(scene)
            changed, known, lost = changed + found, known + limits, lost + missing
    unnoticed = sum(
        (one.owner + one.stranger)[UnknownNameError.__name__] for one in changed if one.way == CUT
    )
    verdicts = (
        _verdict("changed records", records),
        _verdict("changed vault files", changed),
        Verdict("integrity", "the original put back: locks lost", "none", lost, lost == 0),
        Verdict(
            "integrity",
            "cut vaults that look as if they never held the lock",
            "none",
            unnoticed,
            unnoticed == 0,
        ),
        *(
            Verdict("integrity", one.way, "", f"removed photo: {told(one.stranger)}", None)
            for one in known[:2]
        ),
    )
    return Findings(verdicts, (_table(records, "Records"), _table(changed + known, "Vaults")))


ATTACK = Attack(NAME, "the record, or the vault file, to read and to write", run)


def locks_of_photos(setting: Setting, rng: np.random.Generator) -> list[tuple[bytes, bytes]]:
    """Three objects, of each a reference photo and a probe that is near, and far from the others.

    Raises
    ------
    LabError
        There are no three such objects.
    """
    samples, lock = setting.samples, setting.lock
    apart = distances(pack(samples.reference_bits), pack(samples.probe_bits)).astype(int)
    chosen: list[tuple[int, int]] = []
    for reference in rng.permutation(len(samples)):
        mine = np.flatnonzero(samples.objects == samples.objects[reference])
        probes = mine[(mine != reference) & (apart[reference, mine] <= lock.radius - 10)]
        if not len(probes) or samples.objects[reference] in samples.objects[[r for r, _ in chosen]]:
            continue
        probe = int(probes[0])
        if all(min(apart[reference, p], apart[r, probe]) > lock.radius + 10 for r, p in chosen):
            chosen.append((int(reference), probe))
        if len(chosen) == 3:
            read = setting.labelled.read
            return [(read(int(samples.photos[r])), read(int(samples.photos[p]))) for r, p in chosen]
    raise LabError("needs --photos of three objects that open their own locks and no other's")


def changed_records(lock: AiLock, rng: np.random.Generator) -> list[Outcomes]:
    """Show two probes to every way of changing a record of random imageprints."""
    pepper = rng.bytes(PEPPER_LENGTH_BYTES)
    prints = [ImagePrint(rng.normal(size=lock.lambda_bits)) for _ in range(3)]
    kept = Hidden(pepper)
    record, secret = enrol(lock, [prints[0]], rng, pepper=kept, pin=PIN, cost=COST)
    other, _ = enrol(lock, [prints[1]], rng, pepper=kept, pin=PIN)
    forged, _ = enrol(lock, [prints[2]], rng, pin=PIN)
    owner = near(prints[0], lock.lambda_bits // 10, rng)
    mine = peppered(lock, pepper)
    return try_records(mine, record, secret, other, forged, owner, prints[2], PIN)


def _verdict(what: str, found: Sequence[Outcomes]) -> Verdict:
    opened = sum(one.opened for one in found)
    crashed = sum(len(one.crashed) for one in found)
    tried = sum(one.tried for one in found)
    told_ = f"{opened} opened, {crashed} crashed"
    wanted = "none opens, each is refused or a clear error"
    return Verdict("integrity", f"{what}, {tried:,} attempts", wanted, told_, not opened + crashed)


def _table(found: Sequence[Outcomes], title: str) -> Table:
    ways: dict[str, Outcomes] = {}
    for one in found:
        sum_ = ways.setdefault(one.way, Outcomes(one.way))
        sum_.stranger += one.stranger
        sum_.owner += one.owner
        sum_.crashed += one.crashed
    rows = tuple(
        (one.way, one.tried, told(one.stranger), told(one.owner), len(one.crashed))
        for one in ways.values()
    )
    columns = ("what was done", "attempts", "stranger's photo", "owner's photo", "crashes")
    return Table("", f"{title} changed", columns, rows, name=f"{title.lower()}_changed")
