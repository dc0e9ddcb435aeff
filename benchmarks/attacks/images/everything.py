"""Images of a DCGAN for ``run``: what it makes of reference photos, tried on their locks."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting
from lab.errors import ExperimentError
from lab.photos.synthetic import open_synthetic
from lab.synthetic.synthetic_images import SyntheticSettings, make_synthetic
from lab.verification.synthetic_attack import AttackSettings, profile_attack

FULL = SyntheticSettings(images=2_000, epochs=8, size=32, width=16)
QUICK = SyntheticSettings(images=64, epochs=1, variants=8, size=32, width=4)


def run(setting: Setting) -> Findings:
    """Make the images, and compare each with every reference."""
    if find_spec("torch") is None:
        raise ExperimentError("the DCGAN needs PyTorch: pip install 'ailock-sdk[attack]'")
    settings = QUICK if setting.quick else FULL
    folder = make_synthetic(setting.labelled, setting.out / "dcgan", settings, progress=True)
    table = profile_attack(
        setting.lock,
        setting.labelled,
        open_synthetic(folder),
        setting.cache,
        AttackSettings(setting.sample(1_000, 50), setting.seed, progress=True),
    )
    kept = [row for row in table.rows if row[1] == "no"]
    trials, accepted = (sum(int(str(row[at])) for row in kept) for at in (3, 4))
    found = f"{accepted} of {trials:,} accepted"
    tried = "images of a DCGAN of the reference photos"
    return Findings((Verdict("false match rate", tried, "", found, None),), (table,))


ATTACK = Attack("synthetic images", "photos of the objects, to train a generator on", run)
